//! A run as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Run;
use crate::base::clock::UtcTime;
use crate::features::work::validations::Status;
use crate::platform::jobs::WorkState;
use crate::platform::web::failure_out::FailureOut;

/// What came of one stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RunStream")]
struct StreamOut {
    /// The stream.
    stream_name: String,
    /// The table or file its records go to.
    table_name: String,
    /// Records so far.
    records: i64,
    /// Bytes so far, before they are packed.
    bytes: i64,
    /// The source could not read it to the end.
    incomplete: bool,
}

/// One extraction of a source.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub struct RunOut {
    id: String,
    /// Slug of the source.
    source: String,
    /// Where it is.
    status: Status,
    /// It waits for its turn.
    queued: bool,
    /// `manual` or `cron`.
    trigger: String,
    /// It does not look at what earlier runs have read.
    from_start: bool,
    /// Slug of the output layer that the records go to.
    output_layer: String,
    /// Where the records are, once it is a success: a folder of the server's data folder, or a schema as
    /// `postgres://host:port/database/schema`.
    place: Option<String>,
    /// Records so far.
    records: i64,
    /// Bytes so far, before they are packed.
    bytes: i64,
    /// What came of each stream.
    streams: Vec<StreamOut>,
    /// What came of it, for people; empty until it is over.
    message: String,
    /// Why it failed.
    error: Option<FailureOut>,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    #[schemars(extend("format" = "date-time"))]
    started_at: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
}

impl RunOut {
    /// The run as it is at a moment.
    pub fn new(run: &Run, source: &str, now: UtcTime) -> Self {
        let state = run.state_at(now);
        let (reason, message) = run.outcome_at(now);
        let error = (state == WorkState::Failed).then(|| FailureOut {
            code: reason.unwrap_or("failed").to_owned(),
            kind: run.blame.clone(),
            message: message.to_owned(),
        });
        let counts = run.counts().into_iter().map(|count| StreamOut {
            stream_name: count.stream,
            table_name: count.table,
            records: count.records,
            bytes: count.bytes,
            incomplete: count.incomplete,
        });
        Self {
            id: run.id.to_string(),
            source: source.to_owned(),
            status: state.into(),
            queued: state == WorkState::Queued,
            trigger: run.trigger_type.clone(),
            from_start: run.from_start == 1,
            output_layer: run.output_layer.clone(),
            place: Some(run.place.clone()).filter(|place| !place.is_empty()),
            records: run.records,
            bytes: run.bytes,
            streams: counts.collect(),
            message: message.to_owned(),
            error,
            created_at: run.created_at.iso(),
            started_at: run.started_at.map(UtcTime::iso),
            ended_at: run.ended_at.map(UtcTime::iso),
        }
    }
}
