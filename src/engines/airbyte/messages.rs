//! The lines of the Airbyte protocol (version 0.2), read strictly where they matter and passed over where they are unknown.

use serde::Deserialize;
use serde_json::Value;

use super::spans;
use crate::engines::Level;

/// What a line says.
#[derive(Debug)]
pub(super) enum ProtocolMessage<'a> {
    Log {
        level: Level,
        text: String,
    },
    Spec(Value),
    /// `Err` carries the connector's words.
    Status(Result<(), String>),
    Catalog(CatalogBody),
    Record {
        stream: String,
        namespace: Option<String>,
        data: &'a [u8],
    },
    State(Value),
    /// The whole configuration as the connector now wants it.
    Config(Value),
    Error(TraceError),
    Stream {
        stream: String,
        namespace: Option<String>,
        status: StreamStatus,
    },
    /// Something this version does not know.
    Other,
    /// No message at all: connectors print such lines.
    Garbage,
    /// It says that it is a record and cannot be read as one.
    BrokenRecord,
}

/// `TRACE` of type `ERROR`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TraceError {
    pub(super) message: String,
    pub(super) internal_message: Option<String>,
    pub(super) stack_trace: Option<String>,
    pub(super) failure_type: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum StreamStatus {
    Started,
    Running,
    Complete,
    Incomplete,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct CatalogBody {
    pub(super) streams: Vec<StreamBody>,
}

/// A stream as connectors describe it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamBody {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) json_schema: Value,
    pub(super) supported_sync_modes: Vec<String>,
    pub(super) source_defined_cursor: Option<bool>,
    pub(super) default_cursor_field: Option<Vec<String>>,
    pub(super) source_defined_primary_key: Option<Vec<Vec<String>>>,
}

#[derive(Deserialize)]
struct ProtocolLine {
    r#type: String,
    log: Option<LogBody>,
    spec: Option<Value>,
    #[serde(rename = "connectionStatus")]
    status: Option<StatusBody>,
    catalog: Option<CatalogBody>,
    state: Option<Value>,
    control: Option<ControlBody>,
    trace: Option<TraceBody>,
}

#[derive(Deserialize)]
struct LogBody {
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack_trace: Option<String>,
}

#[derive(Deserialize)]
struct StatusBody {
    status: String,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct ControlBody {
    #[serde(rename = "connectorConfig")]
    connector_config: Option<ConfigBody>,
}

#[derive(Deserialize)]
struct ConfigBody {
    config: Value,
}

#[derive(Deserialize)]
struct TraceBody {
    r#type: String,
    error: Option<TraceError>,
    stream_status: Option<StreamStatusBody>,
}

#[derive(Deserialize)]
struct StreamStatusBody {
    stream_descriptor: Descriptor,
    status: StreamStatus,
}

#[derive(Deserialize)]
struct Descriptor {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
}

/// Reads a line.
pub(super) fn read(line: &[u8]) -> ProtocolMessage<'_> {
    let line = line.trim_ascii();
    if !line.starts_with(b"{") {
        return ProtocolMessage::Garbage;
    }
    if !spans::is_json(line) {
        let claims_record = line.get(..line.len().min(40)).is_some_and(|start| contains(start, b"\"RECORD\""));
        return if claims_record { ProtocolMessage::BrokenRecord } else { ProtocolMessage::Garbage };
    }
    if spans::member(line, "type") == Some(b"\"RECORD\"") {
        return record(line).unwrap_or(ProtocolMessage::BrokenRecord);
    }
    match serde_json::from_slice::<ProtocolLine>(line) {
        Ok(line) => message(line).unwrap_or(ProtocolMessage::Other),
        // A message of a known type that has another shape than the protocol says, or no message.
        Err(_) if spans::member(line, "type").is_some() => ProtocolMessage::Other,
        Err(_) => ProtocolMessage::Garbage,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn record(line: &[u8]) -> Option<ProtocolMessage<'_>> {
    let (mut stream, mut namespace, mut data) = (None, None, None);
    for (key, value) in spans::members(spans::member(line, "record")?) {
        match key {
            b"stream" => stream = serde_json::from_slice(value).ok(),
            b"namespace" => namespace = serde_json::from_slice::<Option<String>>(value).ok().flatten(),
            b"data" => data = Some(value).filter(|value| value.starts_with(b"{")),
            _ => {}
        }
    }
    Some(ProtocolMessage::Record { stream: stream?, namespace, data: data? })
}

fn message(line: ProtocolLine) -> Option<ProtocolMessage<'static>> {
    Some(match line.r#type.as_str() {
        "LOG" => log(line.log?),
        "SPEC" => ProtocolMessage::Spec(line.spec?),
        "CONNECTION_STATUS" => {
            let body = line.status?;
            let said = unquoted(body.message.unwrap_or_default().trim()).to_owned();
            match body.status.as_str() {
                "SUCCEEDED" => ProtocolMessage::Status(Ok(())),
                "FAILED" => ProtocolMessage::Status(Err(said)),
                _ => return None,
            }
        }
        "CATALOG" => ProtocolMessage::Catalog(line.catalog?),
        "STATE" => ProtocolMessage::State(line.state?),
        "CONTROL" => ProtocolMessage::Config(line.control?.connector_config?.config),
        "TRACE" => trace(line.trace?)?,
        _ => return None,
    })
}

fn trace(body: TraceBody) -> Option<ProtocolMessage<'static>> {
    match body.r#type.as_str() {
        "ERROR" => Some(ProtocolMessage::Error(body.error?)),
        "STREAM_STATUS" => {
            let StreamStatusBody { stream_descriptor, status } = body.stream_status?;
            Some(ProtocolMessage::Stream {
                stream: stream_descriptor.name,
                namespace: stream_descriptor.namespace,
                status,
            })
        }
        _ => None,
    }
}

fn log(body: LogBody) -> ProtocolMessage<'static> {
    let level = match body.level.as_str() {
        "FATAL" | "ERROR" => Level::Error,
        "WARN" => Level::Warn,
        "DEBUG" | "TRACE" => Level::Debug,
        _ => Level::Info,
    };
    let text = match body.stack_trace.filter(|trace| !trace.is_empty()) {
        Some(trace) => format!("{}\n{trace}", body.message),
        None => body.message,
    };
    ProtocolMessage::Log { level, text }
}

/// Connectors quote their words as Python does it: one pair goes.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}
