//! Records into a schema of PostgreSQL, one table for each stream.
//!
//! The types of the source travel with the records: `declared.rs` reads them, `fit.rs` makes every value the bytes of such a type or says that
//! it is none, `staged.rs` finds another column for it then, and `plan.rs` says what all values of a field together need. `filling.rs` makes
//! the table fit and `moves.rs` writes what has changed.
//!
//! Records wait in temporary tables of the session, which the server takes away by itself when the session ends, however it ends. Only
//! at the end one transaction moves them all: [`Load::prepare`] fills the tables, [`Load::commit`] makes it so. Behind a pooler, which gives
//! the session to others after every transaction, all of it is one transaction from the beginning on.
//!
//! Invariants: nobody sees half of a run; a table is touched only when this product made it for the same source, which the table
//! `_vestibule_tables` of the schema knows; a field becomes a column whose type holds every value of it as it is; names are always quoted.

mod columns;
mod declared;
mod destination;
mod filling;
mod fit;
mod merge;
pub(in crate::engines) mod moments;
mod moves;
pub(in crate::engines) mod numbers;
mod plan;
mod register;
mod room;
mod sending;
mod shape;
mod staged;
mod statements;
mod target;
mod texts;
mod types;
mod way;
mod widen;

pub(super) use destination::check_destination;
pub use target::{LoadTarget, LoadWay, TlsMode};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Error;

use super::session::{Session, StepPurpose};
use super::{connect, refusals};
use crate::engines::hosts::Hosts;
use crate::engines::{ChosenStream, Column, Failure, FailureReason, KeyPath, Record, SyncType};
use sending::BatchOnItsWay;
use shape::TableShape;
use staged::Staging;
pub(in crate::engines) use types::ColumnType;

/// An answer to a question that costs nothing.
const NUDGE: Duration = Duration::from_secs(10);
/// Moving all records into their tables may take this long.
const MERGE: Duration = Duration::from_secs(4 * 3_600);
/// The last word of the transaction.
const COMMIT: Duration = Duration::from_secs(60);
/// Whether it can be used, all in all.
const CHECK: Duration = Duration::from_secs(45);

/// A stream's table.
#[derive(Debug, Clone)]
pub struct LoadTable {
    /// Its name.
    pub name: String,
    /// The stream, for people.
    pub stream: String,
    /// The records of this run take the place of everything that is there.
    pub replaces: bool,
    /// Fields that name a record; of several with the same the last one stays.
    pub keys: Vec<KeyPath>,
    /// The run whose records this one adds to; the table must hold what that run left. `None`: nobody looks.
    continues: Option<String>,
    /// What the source says about its fields.
    declared: Vec<(String, Option<ColumnType>)>,
    /// The source is read whole each time.
    is_whole: bool,
}

impl LoadTable {
    /// The table of a stream; `from_start` when nothing of earlier runs counts.
    pub fn new(name: &str, chosen: &ChosenStream, from_start: bool) -> Self {
        let is_incremental = chosen.sync_type == SyncType::Incremental;
        let is_wanted = |column: &&Column| chosen.fields.as_ref().is_none_or(|fields| fields.contains(&column.name));
        let declared = |column: &Column| (column.name.clone(), declared::declared(&chosen.stream, column));
        Self {
            name: name.to_owned(),
            stream: chosen.stream.full_name(),
            replaces: !is_incremental || from_start,
            continues: None,
            keys: chosen.primary_key.iter().filter(|path| !path.is_empty()).cloned().collect(),
            declared: chosen.stream.columns.iter().filter(is_wanted).map(declared).collect(),
            is_whole: !is_incremental,
        }
    }

    /// The run whose records this one adds to.
    pub(in crate::engines) fn continued_run(&self) -> Option<&str> {
        self.continues.as_deref().filter(|_| !self.replaces)
    }

    /// Whether the source is read whole each time.
    pub(in crate::engines) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The records take the place of all that it holds.
    pub(in crate::engines) fn begin_anew(&mut self) {
        self.replaces = true;
        self.continues = None;
    }

    /// Its fields that are known beforehand, and what the source says about them.
    pub(in crate::engines) fn fields(&self) -> impl Iterator<Item = (&str, Option<&ColumnType>)> {
        self.declared.iter().map(|(name, kind)| (name.as_str(), kind.as_ref()))
    }

    /// What the source says about its fields, in PostgreSQL's names of types.
    pub(in crate::engines) fn declared_types(&self) -> impl Iterator<Item = (&str, String)> {
        self.declared.iter().filter_map(|(name, kind)| Some((name.as_str(), kind.as_ref()?.sql())))
    }

    /// The same for records that add to those of an earlier run.
    #[must_use]
    pub fn continuing(self, run: Option<&str>) -> Self {
        Self { continues: run.map(str::to_owned), ..self }
    }
}

/// What a table has become that was to be added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableLoss {
    /// It is not there any more.
    Gone,
    /// It does not hold what was added to it last.
    Other,
}

/// Whose records they are.
#[derive(Debug, Clone)]
pub struct Loading {
    /// The source's lasting name.
    pub source_id: String,
    /// Its name for people.
    pub source: String,
    /// The run.
    pub run: String,
    /// When it began (RFC 3339).
    pub began: String,
}

/// Records on their way into a schema. Dropped, it leaves nothing.
pub struct Load {
    session: Arc<Session>,
    /// Everything is one transaction, because a pooler is in between.
    is_one: bool,
    target: LoadTarget,
    loading: Loading,
    tables: Vec<LoadTable>,
    /// The tables that were there at the beginning.
    there: BTreeMap<String, TableShape>,
    /// Their records, by the places of the tables.
    stagings: Vec<Option<Staging>>,
    /// A batch on its way.
    sending: Option<BatchOnItsWay>,
    /// A `numeric` of the server can be infinite.
    has_infinite: bool,
    /// What is worth a line of the log.
    pub notes: Vec<String>,
    /// Tables that cannot be added to, by their places: they are filled anew, so whoever reads has to begin at the beginning.
    pub lost: Vec<(usize, TableLoss)>,
}

/// Signs in and makes the places where records wait.
pub(in crate::engines) async fn open(
    hosts: &Hosts,
    target: &LoadTarget,
    loading: Loading,
    tables: Vec<LoadTable>,
) -> Result<Load, Failure> {
    let session = connect::open(hosts, &target.options()).await?;
    let room = session.step(room::look(&session, target)).await?;
    let mut load = Load {
        session: Arc::new(session),
        is_one: room.is_pooled,
        target: target.clone(),
        loading,
        there: BTreeMap::new(),
        stagings: tables.iter().map(|_| None).collect(),
        tables,
        sending: None,
        has_infinite: room.has_infinite,
        notes: Vec::new(),
        lost: Vec::new(),
    };
    load.session.begin(StepPurpose::Write).await.map_err(|error| load.refusal(&error))?;
    load.look_at_tables().await?;
    let names: Vec<&str> = load.tables.iter().map(|table| table.name.as_str()).collect();
    load.there = load.columns(&names).await?;
    for place in 0..load.tables.len() {
        load.run(&statements::waiting_room(place, load.is_one)).await?;
    }
    if load.is_one {
        load.notes.push(room::POOLED.to_owned());
    }
    load.end_step().await?;
    Ok(load)
}

/// Signs in and sees whether tables can be made; gives what was found, in words.
pub(in crate::engines) async fn check(hosts: &Hosts, target: &LoadTarget) -> Result<String, Failure> {
    let look = async {
        let session = connect::open(hosts, &target.options()).await?;
        Ok(session.step(room::look(&session, target)).await?.in_words(target))
    };
    timeout(CHECK, look).await.unwrap_or_else(|_| Err(slow("The server did not answer within 45 seconds.")))
}

fn slow(words: &str) -> Failure {
    Failure::new(FailureReason::Timeout, words)
}

impl Load {
    /// Takes some records.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn write(&mut self, records: &[Record]) -> Result<(), Failure> {
        let mut rest = records;
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|record| record.stream == first.stream).count();
            let (same, after) = rest.split_at(count);
            self.take(first.stream, same).await?;
            rest = after;
        }
        Ok(())
    }

    /// Begins a transaction, unless everything is one.
    async fn begin(&self) -> Result<(), Failure> {
        if self.is_one {
            return Ok(());
        }
        self.session.begin(StepPurpose::Write).await.map_err(|error| self.refusal(&error))
    }

    /// Ends a transaction, unless everything is one.
    async fn end_step(&self) -> Result<(), Failure> {
        if self.is_one { Ok(()) } else { self.run("COMMIT").await }
    }

    /// The records that come for this table take the place of all that it holds. Before the first of them.
    pub fn begin_anew(&mut self, place: usize) {
        self.tables.get_mut(place).into_iter().for_each(LoadTable::begin_anew);
    }

    /// Asks whether the database is still there; what stands between forgets connections that are silent for long.
    ///
    /// # Errors
    /// It is not.
    pub async fn nudge(&self) -> Result<(), Failure> {
        if self.sending.as_ref().is_some_and(BatchOnItsWay::is_under_way) {
            // What is on its way is not silent, and tells itself how it ended.
            return Ok(());
        }
        timeout(NUDGE, self.run("")).await.unwrap_or_else(|_| Err(slow("The database does not answer any more.")))
    }

    /// Moves everything into its tables, seen by nobody yet. Streams that could not be read to the end (`incomplete`) take nobody's
    /// place.
    ///
    /// # Errors
    /// Why it cannot; then nothing has changed.
    pub async fn prepare(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        let merged = timeout(MERGE, self.merge(incomplete)).await;
        merged.unwrap_or_else(|_| Err(slow("The database did not fill the tables within four hours.")))
    }

    /// Makes it so, for everybody at once.
    ///
    /// # Errors
    /// Why nobody can say that it is so.
    pub async fn commit(self) -> Result<(), Failure> {
        let done = timeout(COMMIT, self.run("COMMIT")).await;
        done.unwrap_or_else(|_| Err(slow("The database did not confirm the records within a minute.")))
    }

    async fn run(&self, statement: &str) -> Result<(), Failure> {
        self.session.run(statement).await.map_err(|error| self.refusal(&error))
    }

    fn refusal(&self, error: &Error) -> Failure {
        self.target.hide(refusals::of_writing(error, &self.target.user, &self.target.schema))
    }
}

impl std::fmt::Debug for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load").field("loading", &self.loading).field("tables", &self.tables).finish_non_exhaustive()
    }
}
