//! Records on their way into a place that dlt loads into.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::place::DltTarget;
use super::program::{self, DriverAnswer, FoundTable};
use super::spool::Spool;
use super::types;
use crate::engines::folder::RunFolder;
use crate::engines::hosts::Hosts;
use crate::engines::{Failure, FailureReason, LoadTable, Loading, Record, TableLoss};

/// Looking at the tables may take this long, and waiting for another run that writes to the same file.
const LOOK: Duration = Duration::from_secs(2_100);
/// Loading all records may take this long.
const LOAD: Duration = Duration::from_secs(4 * 3_600);

/// Records that wait for dlt. Dropped, it leaves nothing of them.
pub struct DltLoad {
    target: DltTarget,
    loading: Loading,
    tables: Vec<LoadTable>,
    /// `None` while it is written to.
    spool: Option<Spool>,
    /// What is worth a line of the log.
    pub notes: Vec<String>,
    /// Tables that cannot be added to, by their places.
    pub lost: Vec<(usize, TableLoss)>,
}

/// Sees that the place is there and that no table is somebody else's, and makes the files where records wait.
pub(in crate::engines) async fn open(
    hosts: &Hosts,
    target: &DltTarget,
    loading: Loading,
    tables: Vec<LoadTable>,
) -> Result<DltLoad, Failure> {
    let is_files = target.kind.is_files();
    if let Some(table) = tables.iter().find(|table| !is_files && !table.is_whole() && table.keys.is_empty()) {
        let words = format!(
            "{} is read as INCREMENTAL without primary keys, so its table would hold records twice. Choose its primary keys, or read it as FULL_TABLE.",
            table.stream
        );
        return Err(Failure::new(FailureReason::NotSupported, words));
    }
    target.judge(hosts).await?;
    let folder = RunFolder::make(&target.driver.runs, &target.driver.rng).map_err(no_room)?;
    let spool = Spool::begin(folder, tables.len()).map_err(no_room)?;
    let mut load =
        DltLoad { target: target.clone(), loading, tables, spool: Some(spool), notes: Vec::new(), lost: Vec::new() };
    match load.ask("look", &[], LOOK).await? {
        DriverAnswer::Found(found) => load.judge(&found)?,
        _ => return Err(program::unheard()),
    }
    if is_files && load.tables.iter().any(|table| !table.replaces) {
        load.notes.push(
            "Files are added and never changed: of records with the same key the newest is the one with the highest _dlt_load_id."
                .to_owned(),
        );
    }
    Ok(load)
}

fn no_room(error: std::io::Error) -> Failure {
    let words = "The data folder has no room for the records that wait to be loaded, or cannot be written to.";
    Failure::new(FailureReason::NoRoom, words).with_detail(error)
}

impl DltLoad {
    /// Takes note of tables that cannot be added to.
    fn judge(&mut self, found: &[FoundTable]) -> Result<(), Failure> {
        for (place, (table, found)) in self.tables.iter().zip(found).enumerate() {
            let Some(run) = table.continued_run() else { continue };
            if !found.is_there {
                self.lost.push((place, TableLoss::Gone));
            } else if found.run.as_deref() != Some(run) {
                self.lost.push((place, TableLoss::Other));
            } else if !self.target.kind.is_files() && found.keys.as_ref() != Some(&json!(table.keys)) {
                let words = format!(
                    "The primary keys of {} have changed since its table {} was filled. Start an extraction from the beginning once; it fills the table anew.",
                    table.stream, table.name
                );
                return Err(Failure::new(FailureReason::Refused, words));
            }
        }
        for (place, _) in self.lost.clone() {
            self.begin_anew(place);
        }
        Ok(())
    }

    /// The records that come for this table take the place of all that it holds. Before the first of them.
    pub fn begin_anew(&mut self, place: usize) {
        self.tables.get_mut(place).into_iter().for_each(LoadTable::begin_anew);
    }

    /// Takes some records.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn write(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        self.on_disk(move |spool| spool.write(&records)).await
    }

    /// Does what may take a while on a disk where nobody waits for it.
    async fn on_disk(
        &mut self,
        work: impl FnOnce(&mut Spool) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Failure> {
        let gone = || no_room(std::io::Error::other("what waits is gone"));
        let mut spool = self.spool.take().ok_or_else(gone)?;
        let done = tokio::task::spawn_blocking(move || work(&mut spool).map(|()| spool)).await;
        self.spool = Some(done.map_err(|_| gone())?.map_err(no_room)?);
        Ok(())
    }

    /// Hands everything to dlt and waits until it is committed. Streams that could not be read to the end (`incomplete`) take nobody's place.
    ///
    /// # Errors
    /// Why it cannot. What was loaded until then is put right by the next run.
    pub async fn prepare(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        self.on_disk(Spool::finish).await?;
        let stays = |place: &usize| self.tables.get(*place).filter(|table| table.is_whole());
        for table in incomplete.iter().filter_map(stays) {
            let note = format!("The table {} stays as it was: its stream was not read to the end.", table.name);
            self.notes.push(note);
        }
        let DriverAnswer::Done(beside) = self.ask("load", incomplete, LOAD).await? else {
            return Err(program::unheard());
        };
        for name in beside {
            self.notes.push(format!(
                "Some values of the table {name} do not fit the type of their column: they stand as text in columns whose names end in __v_text."
            ));
        }
        Ok(())
    }

    async fn ask(&self, mode: &str, incomplete: &[usize], limit: Duration) -> Result<DriverAnswer, Failure> {
        let tables = self.tables.iter().enumerate();
        let tables: Vec<Value> =
            tables.map(|(place, table)| self.described(place, table, incomplete.contains(&place))).collect();
        let task = self.target.task(
            mode,
            &json!({
                "pipeline": format!("vestibule_{}", self.loading.source_id.replace('-', "")),
                "source": self.loading.source, "run": self.loading.run, "tables": tables,
            }),
        );
        let asked = self.target.driver.ask(&task, self.target.masks(), limit);
        let answered = timeout(limit, asked).await;
        answered.unwrap_or_else(|_| {
            let words = format!("dlt was not done within {} minutes, so it was stopped.", limit.as_secs() / 60);
            Err(Failure::new(FailureReason::Timeout, words))
        })
    }

    fn described(&self, place: usize, table: &LoadTable, is_incomplete: bool) -> Value {
        let columns: serde_json::Map<String, Value> =
            table.declared_types().map(|(name, kind)| (name.to_owned(), types::hint(&kind))).collect();
        json!({
            "name": table.name, "stream": table.stream, "replaces": table.replaces, "keys": table.keys,
            "continues": table.continued_run(), "is_whole": table.is_whole(), "is_incomplete": is_incomplete,
            "columns": columns, "file": self.spool.as_ref().and_then(|spool| spool.path(place)),
        })
    }

    /// The failure without any secret.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        self.target.hide(failure)
    }
}

impl std::fmt::Debug for DltLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DltLoad").field("loading", &self.loading).field("tables", &self.tables).finish_non_exhaustive()
    }
}
