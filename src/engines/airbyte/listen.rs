//! Line by line: what a connector says is passed on, or kept for the verdict.

use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::messages::{self, CatalogBody, ProtocolMessage, StreamStatus, TraceError};
use super::spans;
use super::state::AirbyteState;
use crate::engines::process::Running;
use crate::engines::run::{EngineRun, EventSink};
use crate::engines::{ChosenStream, ConnectorEvent, Failure, FailureReason, Level, Record};
use crate::schema::form;

/// After a verdict nothing but another verdict is of interest, and not for long.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Records are passed on together, up to about this many bytes.
const BATCH: usize = 256 << 10;

pub(super) struct Heard<'a> {
    run: Option<&'a EngineRun<'a>>,
    chosen: &'a [ChosenStream],
    state: AirbyteState,
    pub(super) awaits_verdict: bool,
    pub(super) status: Option<Result<(), String>>,
    pub(super) catalog: Option<CatalogBody>,
    pub(super) spec: Option<Value>,
    pub(super) error: Option<TraceError>,
    pub(super) incomplete: Vec<usize>,
    pub(super) exit: Option<ExitStatus>,
    pub(super) stderr: String,
    garbage: usize,
    foreign: usize,
    last: usize,
}

impl<'a> Heard<'a> {
    pub(super) fn new(run: Option<&'a EngineRun<'a>>, chosen: &'a [ChosenStream], state: AirbyteState) -> Self {
        Self {
            run,
            chosen,
            state,
            awaits_verdict: false,
            status: None,
            catalog: None,
            spec: None,
            error: None,
            incomplete: Vec::new(),
            exit: None,
            stderr: String::new(),
            garbage: 0,
            foreign: 0,
            last: 0,
        }
    }

    /// The place of a stream in the selection. Records of one stream come one after another.
    fn place(&mut self, namespace: Option<&str>, name: &str) -> Option<usize> {
        let is = |chosen: &ChosenStream| chosen.stream.is(namespace, name);
        if !self.chosen.get(self.last).is_some_and(is) {
            self.last = self.chosen.iter().position(is)?;
        }
        Some(self.last)
    }
}

/// Records that wait for others.
#[derive(Default)]
struct RecordBatch {
    records: Vec<Record>,
    bytes: usize,
}

/// Listens until the output ends.
pub(super) async fn listen(sink: &EventSink, running: &mut Running, heard: &mut Heard<'_>) -> Result<(), Failure> {
    let mut batch = RecordBatch::default();
    loop {
        let lines = if heard.awaits_verdict && heard.status.is_some() {
            timeout(LAST_WORDS, running.lines()).await.unwrap_or(Ok(None))?
        } else {
            running.lines().await?
        };
        let Some(lines) = lines else { return Ok(()) };
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            take(sink, line, heard, &mut batch).await?;
        }
        flush(sink, &mut batch).await?;
    }
}

async fn flush(sink: &EventSink, batch: &mut RecordBatch) -> Result<(), Failure> {
    batch.bytes = 0;
    sink.records(std::mem::take(&mut batch.records)).await
}

async fn take(sink: &EventSink, line: &[u8], heard: &mut Heard<'_>, batch: &mut RecordBatch) -> Result<(), Failure> {
    match messages::read(line) {
        ProtocolMessage::Record { stream, namespace, data } => {
            if keep(data, &stream, namespace.as_deref(), heard, batch) >= BATCH {
                flush(sink, batch).await?;
            }
            Ok(())
        }
        ProtocolMessage::State(message) => {
            flush(sink, batch).await?;
            if heard.state.take(&message) { sink.send(ConnectorEvent::State(heard.state.kept())).await } else { Ok(()) }
        }
        ProtocolMessage::BrokenRecord => Err(Failure::new(
            FailureReason::Unreadable,
            "The connector wrote a record that cannot be read, so it was stopped before anything is lost.",
        )),
        other => note(sink, other, line, heard).await,
    }
}

/// Puts a record into the batch; gives the batch's size.
fn keep(data: &[u8], stream: &str, namespace: Option<&str>, heard: &mut Heard<'_>, batch: &mut RecordBatch) -> usize {
    let Some(place) = heard.place(namespace, stream) else {
        heard.foreign += 1;
        return batch.bytes;
    };
    let fields = heard.chosen.get(place).and_then(|chosen| chosen.fields.as_ref());
    let data = match fields {
        Some(fields) => spans::only(data, |key| fields.iter().any(|field| field.as_bytes() == key)),
        None => data.to_vec(),
    };
    batch.bytes += data.len();
    batch.records.push(Record { stream: place, data });
    batch.bytes
}

/// Everything that is no record and no state.
async fn note(
    sink: &EventSink,
    message: ProtocolMessage<'_>,
    line: &[u8],
    heard: &mut Heard<'_>,
) -> Result<(), Failure> {
    match message {
        ProtocolMessage::Log { level, text } => return sink.log(level, &text).await,
        ProtocolMessage::Spec(spec) => heard.spec = Some(spec),
        ProtocolMessage::Status(status) => heard.status = Some(status),
        ProtocolMessage::Catalog(catalog) => heard.catalog = Some(catalog),
        ProtocolMessage::Error(error) => {
            let text = format!("{}\n{}", error.message, error.internal_message.as_deref().unwrap_or_default());
            heard.error = Some(error);
            return sink.log(Level::Error, &text).await;
        }
        ProtocolMessage::Stream { stream, namespace, status } => {
            return stream_status(sink, &stream, namespace, status, heard).await;
        }
        ProtocolMessage::Config(config) => {
            let ours = |run: &EngineRun<'_>| run.connector.file.mapping.as_ref().map(|mapping| mapping.back(&config));
            let changes = heard
                .run
                .and_then(|run| form::changes(&run.connector.spec, run.config, ours(run).as_ref().unwrap_or(&config)));
            if let Some(changes) = changes {
                sink.log(Level::Info, "The connector changed its configuration.").await?;
                return sink.send(ConnectorEvent::ConfigUpdate(changes)).await;
            }
        }
        ProtocolMessage::Garbage => {
            heard.garbage += 1;
            return sink.log(Level::Info, &String::from_utf8_lossy(line)).await;
        }
        ProtocolMessage::Other
        | ProtocolMessage::Record { .. }
        | ProtocolMessage::State(_)
        | ProtocolMessage::BrokenRecord => {}
    }
    Ok(())
}

async fn stream_status(
    sink: &EventSink,
    stream: &str,
    namespace: Option<String>,
    status: StreamStatus,
    heard: &mut Heard<'_>,
) -> Result<(), Failure> {
    let Some(place) = heard.place(namespace.as_deref(), stream) else { return Ok(()) };
    heard.incomplete.retain(|other| *other != place);
    match status {
        StreamStatus::Incomplete => {
            heard.incomplete.push(place);
            sink.log(Level::Warn, &format!("The stream {stream} could not be read to its end.")).await
        }
        StreamStatus::Started => sink.progress(&format!("Reading {stream}")).await,
        StreamStatus::Complete => sink.log(Level::Info, &format!("The stream {stream} was read to its end.")).await,
        StreamStatus::Running | StreamStatus::Other => Ok(()),
    }
}
