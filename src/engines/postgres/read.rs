//! Reading tables: a cursor on the server, a batch at a time, each row as JSON the server made.

use futures_util::TryStreamExt as _;
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use super::bounds::{KeyBounds, KeyQuestions};
use super::options::Options;
use super::quote::{literal, quoted};
use super::session::Session;
use super::state::{Mark, PostgresState};
use super::versions::{Relation, SeenMoment};
use super::{connect, refusals};
use crate::engines::hosts::Hosts;
use crate::engines::run::{EngineRun, EventSink};
use crate::engines::{ChosenStream, ConnectorEvent, Failure, FailureReason, Level, ReadEnd, Record, SyncType};

/// A batch is passed on when it has this many bytes; the next `FETCH` aims at as many, between a row and this many rows.
const BATCH: usize = 1 << 20;
const MOST_ROWS: usize = 10_000;
const FIRST_ROWS: usize = 100;
/// Bytes of a row as JSON.
const LONGEST_ROW: usize = 64 << 20;
/// A position is told after this many rows.
const STATE_EVERY: usize = 50_000;

/// Reads the chosen tables one after another, each as it is at one moment.
pub(super) async fn read(
    hosts: &Hosts,
    run: &EngineRun<'_>,
    chosen: &[ChosenStream],
    kept: Option<&Value>,
) -> Result<ReadEnd, Failure> {
    let (options, sink) = (Options::read(run.config.expose())?, &run.sink);
    let mut state = PostgresState::from_kept(kept)?;
    let session = connect::connect(hosts, &options, run).await?;
    let mut end = ReadEnd::default();
    let mut last = None;
    for (place, one) in chosen.iter().enumerate() {
        let name = one.stream.full_name();
        sink.progress(&format!("Reading {name}")).await?;
        match (Table { session: &session, options: &options, place, chosen: one, sink }).read(&mut state).await {
            Ok(rows) => sink.log(Level::Info, &format!("{name}: {rows} rows.")).await?,
            Err(failure) if is_of_table(&failure) => {
                sink.log(Level::Error, &format!("{name} could not be read. {}", failure.message)).await?;
                end.incomplete.push(place);
                last = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
        sink.send(ConnectorEvent::State(state.kept())).await?;
    }
    match last {
        Some(failure) if end.incomplete.len() == chosen.len() => Err(failure),
        _ => Ok(end),
    }
}

/// Whether other tables may be read all the same.
fn is_of_table(failure: &Failure) -> bool {
    matches!(failure.reason, FailureReason::Permission | FailureReason::Refused)
}

struct Table<'a> {
    session: &'a Session,
    options: &'a Options,
    place: usize,
    chosen: &'a ChosenStream,
    sink: &'a EventSink,
}

/// How the rows of a table are told that are new.
enum Way<'a> {
    /// All rows, each time.
    Whole,
    /// By their versions.
    Versions(Relation),
    /// By a key, and by their versions where they have some.
    Key(&'a str, Relation, KeyBounds),
}

impl Table<'_> {
    async fn read(&self, state: &mut PostgresState) -> Result<usize, Failure> {
        let name = self.chosen.stream.full_name();
        let (way, kept) = self.way(state.of(&name)).await?;
        self.session.step(self.fetch_all(state, way, kept)).await
    }

    /// Looks before the table is read, in transactions of its own; gives the way and what of the mark counts for it.
    async fn way(&self, mark: Option<&Mark>) -> Result<(Way<'_>, Option<Mark>), Failure> {
        if self.chosen.sync_type != SyncType::Incremental {
            return Ok((Way::Whole, None));
        }
        let (name, table) = (self.chosen.stream.full_name(), self.table());
        let relation = Relation::look(self.session, &table).await?;
        let key = self.chosen.cursor.as_ref().and_then(|path| path.first());
        let key = key.filter(|_| !(self.options.by_version && relation.has_versions));
        let kept = mark.filter(|mark| mark.key.as_ref() == key).cloned();
        let Some(key) = key else {
            if self.options.by_version && relation.has_versions {
                return Ok((Way::Versions(relation), kept));
            }
            let words = if self.options.by_version {
                "Its rows have no versions that this user may read: it is a view, a foreign table, or only some of its columns are granted. \
                 Choose a replication key, or read it whole."
            } else {
                "It is to be read incrementally, and no replication key was chosen."
            };
            return Err(Failure::new(FailureReason::Refused, words));
        };
        let questions = KeyQuestions { session: self.session, table: &table, key, relation: &relation };
        let bounds = questions.look(kept.as_ref(), &name, self.sink).await?;
        Ok((Way::Key(key, relation, bounds), kept))
    }

    async fn run(&self, statement: &str) -> Result<(), Failure> {
        self.session.run(statement).await.map_err(|error| refusals::of_statement(&error))
    }

    async fn fetch_all(&self, state: &mut PostgresState, way: Way<'_>, kept: Option<Mark>) -> Result<usize, Failure> {
        let name = self.chosen.stream.full_name();
        let moment = match &way {
            Way::Versions(relation) | Way::Key(_, relation, _) if relation.has_versions => {
                Some(SeenMoment::now(self.session, &self.table(), relation).await?)
            }
            _ => None,
        };
        let condition = self.condition(&way, kept.as_ref(), moment.as_ref()).await?;
        let select = self.select(&way, &condition).await?;
        self.run(&format!("DECLARE rows NO SCROLL CURSOR FOR {select}")).await?;
        let mut passed = Passed::default();
        let (mut total, mut wanted, mut told) = (0, FIRST_ROWS, 0);
        loop {
            let (count, bytes) = self.fetch(wanted, &mut passed).await?;
            total += count;
            if count < wanted {
                break;
            }
            if let (Way::Key(key, ..), Some(value), true) = (&way, &passed.value, total - told >= STATE_EVERY) {
                told = total;
                let kept = kept.clone().unwrap_or_default();
                state.set(&name, Mark { key: Some((*key).to_owned()), value: Some(value.clone()), ..kept });
                self.sink.send(ConnectorEvent::State(state.kept())).await?;
            }
            wanted = (BATCH / (bytes / count.max(1)).max(1)).clamp(1, MOST_ROWS);
        }
        let seen = moment.map(SeenMoment::into_seen);
        match way {
            Way::Whole => {}
            Way::Versions(_) => state.set(&name, Mark { seen, ..Mark::default() }),
            Way::Key(key, _, bounds) => {
                if passed.without > 0 {
                    let again = if seen.is_some() { "whenever they change" } else { "each time" };
                    let words =
                        format!("{name}: {} rows have no value in {key}; such rows are read {again}.", passed.without);
                    self.sink.log(Level::Info, &words).await?;
                }
                state.set(&name, Mark { key: Some(key.to_owned()), value: bounds.until, next: bounds.next, seen });
            }
        }
        Ok(total)
    }

    /// What is new since the mark, as the end of a statement.
    async fn condition(
        &self,
        way: &Way<'_>,
        kept: Option<&Mark>,
        moment: Option<&SeenMoment>,
    ) -> Result<String, Failure> {
        let mut seen = kept.and_then(|mark| mark.seen.as_ref());
        let mut by_key = None;
        if let Way::Key(key, _, bounds) = way {
            by_key = bounds.condition(&format!("{ROW}.{}", quoted(key)), self.options.look_back_hours);
            // When the mark turned out to be none, nothing of what was seen counts.
            seen = seen.filter(|_| by_key.is_some() || kept.is_some_and(|mark| mark.value.is_none()));
        }
        let condition = match (seen, moment) {
            (Some(seen), Some(moment)) if moment.continues(seen) => Some(moment.news(seen, ROW, by_key)),
            (Some(_), Some(_)) if matches!(way, Way::Versions(_)) => {
                let words = format!(
                    "{} is read from the beginning, because its server is another one than last time, or was restored.",
                    self.chosen.stream.full_name()
                );
                self.sink.log(Level::Warn, &words).await?;
                None
            }
            _ => by_key,
        };
        Ok(condition.map_or_else(String::new, |condition| format!(" WHERE {condition}")))
    }

    fn table(&self) -> String {
        let stream = &self.chosen.stream;
        format!("{}.{}", quoted(stream.namespace.as_deref().unwrap_or("public")), quoted(&stream.name))
    }

    /// The columns that are read: those that were chosen, or all that the user may read now.
    async fn columns(&self) -> Result<Vec<String>, Failure> {
        if let Some(fields) = &self.chosen.fields {
            return Ok(fields.clone());
        }
        let sql = format!(
            "SELECT a.attname::text, has_column_privilege(a.attrelid, a.attnum, 'SELECT') FROM pg_attribute a
             WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            literal(&self.table())
        );
        let rows = self.session.rows(&sql, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        let (readable, shut): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get::<_, bool>(1));
        let names = |rows: &[&tokio_postgres::Row]| -> Vec<String> { rows.iter().map(|row| row.get(0)).collect() };
        if readable.is_empty() && !shut.is_empty() {
            return Err(Failure::new(FailureReason::Permission, "The user is not allowed to read any of its columns."));
        }
        if !shut.is_empty() {
            let words = format!(
                "{}: the user may not read {}, so these columns are left out.",
                self.chosen.stream.full_name(),
                names(&shut).join(", ")
            );
            self.sink.log(Level::Warn, &words).await?;
        }
        Ok(names(&readable))
    }

    /// Each row with the value of its key, as far as that may become the mark, and whether it has one.
    async fn select(&self, way: &Way<'_>, condition: &str) -> Result<String, Failure> {
        let fields: Vec<String> =
            self.columns().await?.iter().map(|field| format!("{ROW}.{}", quoted(field))).collect();
        // With the star it is the row, also where a column has the same name.
        let row = format!("(SELECT row_to_json(one.*)::text FROM (SELECT {}) AS one)", fields.join(", "));
        let (key, order) = match way {
            Way::Key(key, _, bounds) => {
                let column = format!("{ROW}.{}", quoted(key));
                let mark = bounds.until.as_ref().map_or_else(
                    || "NULL".to_owned(),
                    |until| format!("CASE WHEN {column} <= {} THEN {column}::text END", literal(until)),
                );
                (format!("{mark}, {column} IS NULL"), format!(" ORDER BY {column} NULLS FIRST"))
            }
            Way::Whole | Way::Versions(_) => ("NULL, false".to_owned(), String::new()),
        };
        Ok(format!("SELECT {row}, {key} FROM {} AS {ROW}{condition}{order}", self.table()))
    }

    /// Passes on what the server sends for one `FETCH`: how many rows and how many bytes. However long the rows are, and however many come,
    /// no more of them is held than a batch and a row.
    async fn fetch(&self, wanted: usize, passed: &mut Passed) -> Result<(usize, usize), Failure> {
        let asked = self.session.texts(&format!("FETCH {wanted} FROM rows")).await;
        let mut rows = std::pin::pin!(asked.map_err(|error| refusals::of_statement(&error))?);
        let (mut batch, mut held) = (Vec::new(), 0);
        let (mut count, mut bytes) = (0, 0);
        while let Some(message) = rows.try_next().await.map_err(|error| refusals::of_statement(&error))? {
            let SimpleQueryMessage::Row(row) = message else { continue };
            if let Some(value) = row.get(1) {
                passed.value = Some(value.to_owned());
            }
            passed.without += u64::from(row.get(2) == Some("t"));
            let data = one_line(row.get(0).unwrap_or("{}"));
            if data.len() > LONGEST_ROW {
                let name = self.chosen.stream.full_name();
                let words = format!(
                    "A row of {name} is larger than {} MB. Leave out the field that is so large.",
                    LONGEST_ROW >> 20
                );
                return Err(Failure::new(FailureReason::Refused, words));
            }
            count += 1;
            bytes += data.len();
            held += data.len();
            batch.push(Record { stream: self.place, data });
            if held >= BATCH {
                held = 0;
                self.sink.records(std::mem::take(&mut batch)).await?;
            }
        }
        self.sink.records(batch).await?;
        Ok((count, bytes))
    }
}

/// The row that is read.
const ROW: &str = "\"~row\"";

/// What has gone by.
#[derive(Default)]
struct Passed {
    /// The highest value of the key that may be the mark.
    value: Option<String>,
    /// Rows without a value.
    without: u64,
}

/// JSON that a column keeps as it was written may hold line ends between its parts; inside texts there are none.
fn one_line(json: &str) -> Vec<u8> {
    json.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        assert_eq!(one_line("{\"a\":[1,\r\n2],\"b\":\"x\\ny\"}"), b"{\"a\":[1,  2],\"b\":\"x\\ny\"}");
    }
}
