//! Reading tables: a cursor on the server, a batch at a time, each row as JSON the server made.

use futures_util::TryStreamExt as _;
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use super::bounds::{MarkBounds, ReadStart};
use super::options::Options;
use super::quote::{literal, quoted};
use super::session::Session;
use super::state::{Mark, PostgresState};
use super::{connect, refusals};
use crate::engines::hosts::Hosts;
use crate::engines::run::EventSink;
use crate::engines::{ChosenStream, ConnectorEvent, Failure, FailureReason, Level, ReadEnd, Record, SyncType};
use crate::schema::form::FinalConfig;

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
    config: &FinalConfig,
    chosen: &[ChosenStream],
    kept: Option<&Value>,
    sink: &EventSink,
) -> Result<ReadEnd, Failure> {
    let options = Options::read(config.expose())?;
    let mut state = PostgresState::from_kept(kept)?;
    let session = connect::connect(hosts, &options, sink).await?;
    let mut end = ReadEnd::default();
    let mut last = None;
    for (place, one) in chosen.iter().enumerate() {
        let name = one.stream.full_name();
        sink.progress(&format!("Reading {name}")).await?;
        match (Table { session: &session, place, chosen: one, sink }).read(&mut state).await {
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
    place: usize,
    chosen: &'a ChosenStream,
    sink: &'a EventSink,
}

impl Table<'_> {
    async fn read(&self, state: &mut PostgresState) -> Result<usize, Failure> {
        let start = match self.key() {
            Some(key) => {
                let mark = state.of(&self.chosen.stream.full_name()).filter(|mark| mark.key == key).cloned();
                let table = self.table();
                let bounds = MarkBounds { session: self.session, table: &table, key };
                bounds.start(mark, &self.chosen.stream.full_name(), self.sink).await?
            }
            None => ReadStart::default(),
        };
        self.session.step(self.fetch_all(state, start)).await
    }

    async fn run(&self, statement: &str) -> Result<(), Failure> {
        self.session.run(statement).await.map_err(|error| refusals::of_statement(&error))
    }

    fn key(&self) -> Option<&str> {
        let key = self.chosen.cursor.as_ref().filter(|_| self.chosen.sync_type == SyncType::Incremental);
        key.and_then(|path| path.first()).map(String::as_str)
    }

    async fn fetch_all(&self, state: &mut PostgresState, start: ReadStart) -> Result<usize, Failure> {
        let ReadStart { mark, limit } = start;
        if self.chosen.sync_type == SyncType::Incremental && self.key().is_none() {
            return Err(Failure::new(
                FailureReason::Refused,
                "It is to be read incrementally, and no replication key was chosen.",
            ));
        }
        let name = self.chosen.stream.full_name();
        let (condition, again) = self.condition(mark.as_ref()).await?;
        self.run(&format!("DECLARE rows NO SCROLL CURSOR FOR {}", self.select(&condition, limit.as_deref()))).await?;
        let mut reached = Reached::from(mark, again);
        let (mut total, mut wanted, mut told) = (0, FIRST_ROWS, 0);
        loop {
            let (count, bytes) = self.fetch(wanted, &mut reached).await?;
            total += count;
            let is_last = count < wanted;
            if let (Some(key), true) = (self.key(), is_last || total - told >= STATE_EVERY) {
                told = total;
                if let Some(mark) = reached.mark(key) {
                    state.set(&name, mark);
                }
                if !is_last {
                    self.sink.send(ConnectorEvent::State(state.kept())).await?;
                }
            }
            if is_last {
                return Ok(total);
            }
            wanted = (BATCH / (bytes / count.max(1)).max(1)).clamp(1, MOST_ROWS);
        }
    }

    /// What is new since the mark: above it, or (`true`) from it on when more rows have its value now.
    async fn condition(&self, mark: Option<&Mark>) -> Result<(String, bool), Failure> {
        let (Some(mark), Some(key)) = (mark, self.key()) else { return Ok((String::new(), false)) };
        let (column, value) = (quoted(key), literal(&mark.value));
        let count = format!("SELECT count(*) FROM {} WHERE {column} = {value}", self.table());
        let found = self.session.row(&count, &[]).await.map_err(|error| refusals::of_statement(&error))?;
        let again = found.get::<_, i64>(0) > mark.rows;
        let comparison = if again { ">=" } else { ">" };
        Ok((format!(" WHERE {ROW}.{column} {comparison} {value}"), again))
    }

    fn table(&self) -> String {
        let stream = &self.chosen.stream;
        format!("{}.{}", quoted(stream.namespace.as_deref().unwrap_or("public")), quoted(&stream.name))
    }

    /// Each row with the value of its key, as far as that may become the mark.
    fn select(&self, condition: &str, limit: Option<&str>) -> String {
        let row = match &self.chosen.fields {
            Some(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| format!("{ROW}.{}", quoted(field))).collect();
                format!("(SELECT row_to_json(one)::text FROM (SELECT {}) AS one)", fields.join(", "))
            }
            None => format!("row_to_json({ROW}.*)::text"),
        };
        let (key, order) = match self.key() {
            Some(key) => {
                let column = format!("{ROW}.{}", quoted(key));
                // Rows without a value are read once, at the beginning.
                let mark =
                    limit.map(|limit| format!("CASE WHEN {column} <= {} THEN {column}::text END", literal(limit)));
                (mark.unwrap_or_else(|| "NULL".to_owned()), format!(" ORDER BY {column} NULLS FIRST"))
            }
            None => ("NULL".to_owned(), String::new()),
        };
        format!("SELECT {key}, {row} FROM {} AS {ROW}{condition}{order}", self.table())
    }

    /// Passes on what the server sends for one `FETCH`: how many rows and how many bytes. However long the rows are, and however many come,
    /// no more of them is held than a batch and a row.
    async fn fetch(&self, wanted: usize, reached: &mut Reached) -> Result<(usize, usize), Failure> {
        let asked = self.session.texts(&format!("FETCH {wanted} FROM rows")).await;
        let mut rows = std::pin::pin!(asked.map_err(|error| refusals::of_statement(&error))?);
        let (mut batch, mut held) = (Vec::new(), 0);
        let (mut count, mut bytes) = (0, 0);
        while let Some(message) = rows.try_next().await.map_err(|error| refusals::of_statement(&error))? {
            let SimpleQueryMessage::Row(row) = message else { continue };
            if let Some(value) = row.get(0) {
                reached.pass(value);
            }
            let data = one_line(row.get(1).unwrap_or("{}"));
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

/// The highest value so far and how many rows have it.
struct Reached {
    value: Option<String>,
    rows: i64,
}

impl Reached {
    /// From the mark on. When the rows with its value are read `again`, their count begins anew.
    fn from(mark: Option<Mark>, again: bool) -> Self {
        match mark {
            Some(mark) => Self { value: Some(mark.value), rows: if again { 0 } else { mark.rows } },
            None => Self { value: None, rows: 0 },
        }
    }

    fn pass(&mut self, value: &str) {
        if self.value.as_deref() == Some(value) {
            self.rows += 1;
        } else {
            self.value = Some(value.to_owned());
            self.rows = 1;
        }
    }

    fn mark(&self, key: &str) -> Option<Mark> {
        Some(Mark { key: key.to_owned(), value: self.value.clone()?, rows: self.rows })
    }
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
