//! A run as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Run;
use crate::base::clock::UtcTime;
use crate::features::extraction_engine::LOCAL;
use crate::features::work::api_view::{WorkStatus, failure};
use crate::platform::jobs::WorkState;
use crate::platform::web::failure_out::FailureOut;

/// What came of one stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RunStream")]
struct RunStreamOut {
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

/// Whose workers do it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RunEngine")]
enum RunEngineOut {
    /// This installation's.
    Local,
    /// Those of the workspace's own Airbyte.
    Airbyte,
}

/// Why nobody can tell how far another engine is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RunEngineTrouble")]
struct RunTroubleOut {
    /// For people.
    message: String,
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
}

/// One extraction of a source.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub struct RunOut {
    id: String,
    /// Slug of the source.
    source: String,
    /// Where it is.
    status: WorkStatus,
    /// It waits for its turn.
    queued: bool,
    /// `manual` or `cron`.
    trigger: String,
    /// It does not look at what earlier runs have read.
    from_start: bool,
    /// Whose workers do it.
    engine: RunEngineOut,
    /// The number of the job of another engine, once it is known.
    engine_job: Option<i64>,
    /// Why nobody can tell how far another engine is; null when it can be asked.
    engine_trouble: Option<RunTroubleOut>,
    /// Slug of the output that the records go to; of a destination with `destination:` before it, of a destination of the workspace's
    /// Airbyte its id with `airbyte:` before it.
    output_layer: String,
    /// Where the records are, once it is a success: a folder of the server's data folder, a schema as
    /// `postgres://host:port/database/schema`, or the address and destination of the workspace's Airbyte.
    place: Option<String>,
    /// Records so far.
    records: i64,
    /// Bytes so far, before they are packed.
    bytes: i64,
    /// What came of each stream.
    streams: Vec<RunStreamOut>,
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
    /// The run as it is stored.
    pub fn new(run: &Run, source: &str) -> Self {
        let state = run.state;
        let details = &run.details;
        let counts = details.streams.0.iter().map(|count| RunStreamOut {
            stream_name: count.stream.clone(),
            table_name: count.table.clone(),
            records: count.records,
            bytes: count.bytes,
            incomplete: count.incomplete,
        });
        Self {
            id: run.id.to_string(),
            source: source.to_owned(),
            status: state.into(),
            queued: state == WorkState::Queued,
            trigger: details.trigger_type.clone(),
            from_start: details.from_start == 1,
            engine: if details.engine == LOCAL { RunEngineOut::Local } else { RunEngineOut::Airbyte },
            engine_job: details.remote_job,
            engine_trouble: details
                .trouble
                .clone()
                .map(|message| RunTroubleOut { message, since: details.trouble_since.map(UtcTime::iso) }),
            output_layer: details.output_layer.clone(),
            place: Some(details.place.clone()).filter(|place| !place.is_empty()),
            records: details.records,
            bytes: details.bytes,
            streams: counts.collect(),
            message: run.message.clone(),
            error: failure(run),
            created_at: run.created_at.iso(),
            started_at: run.started_at.map(UtcTime::iso),
            ended_at: run.ended_at.map(UtcTime::iso),
        }
    }
}
