//! A validation as the API shows it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Validation;
use crate::base::clock::UtcTime;
use crate::base::crypto::KeyRing;
use crate::base::error::AppResult;
use crate::engines::{Catalog, CursorField, Stream, SyncType};
use crate::features::connections::Connection;
use crate::features::streams::key_text;
use crate::features::work::api_view::{WorkStatus, failure};
use crate::platform::web::failure_out::FailureOut;

/// A field of a stream.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "StreamField")]
struct FoundFieldOut {
    name: String,
    /// What it holds, in the words of the source.
    #[serde(rename = "type")]
    kind: String,
    nullable: bool,
}

/// A stream that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "FoundStream")]
struct FoundStreamOut {
    /// Its name: give it back as `stream_name`.
    stream_name: String,
    /// Its namespace, such as a schema of a database.
    namespace: Option<String>,
    /// The table name that would be given to it.
    suggested_table_name: String,
    /// Fields that name a record, as the source says.
    primary_keys: Vec<String>,
    /// Fields one may choose as `replication_key`; empty with `replication_key_is_open`: any field.
    replication_keys: Vec<String>,
    /// Somebody has to choose a replication key for `INCREMENTAL`.
    replication_key_is_open: bool,
    /// How it can be read: `FULL_TABLE`, `INCREMENTAL`.
    sync_types: Vec<&'static str>,
    /// Its fields, as far as the source knows them.
    fields: Vec<FoundFieldOut>,
}

impl FoundStreamOut {
    /// All of a catalog.
    fn all(catalog: &Catalog) -> Vec<Self> {
        let tables = crate::features::streams::suggested_tables(catalog, "");
        catalog.streams.iter().zip(tables).map(|(stream, table)| Self::new(stream, table)).collect()
    }

    fn new(stream: &Stream, suggested_table_name: String) -> Self {
        let (open, candidates) = match &stream.cursor {
            CursorField::None => (false, Vec::new()),
            CursorField::Fixed { field } => (false, field.iter().map(key_text).collect()),
            CursorField::Open { candidates, .. } => (true, candidates.iter().map(key_text).collect()),
        };
        let field = |column: &crate::engines::Column| FoundFieldOut {
            name: column.name.clone(),
            kind: column.kind.clone(),
            nullable: column.nullable,
        };
        Self {
            stream_name: stream.name.clone(),
            namespace: stream.namespace.clone(),
            suggested_table_name,
            primary_keys: stream.primary_key.iter().map(key_text).collect(),
            replication_keys: candidates,
            replication_key_is_open: open,
            sync_types: stream.sync_types.iter().copied().map(SyncType::as_str).collect(),
            fields: stream.columns.iter().map(field).collect(),
        }
    }
}

/// One check of a connection's details.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Validation")]
pub struct ValidationOut {
    id: String,
    /// Where it is.
    status: WorkStatus,
    /// Slug of the connection that is checked.
    connection: String,
    /// What it is doing, for people.
    step: String,
    /// What came of it, for people; empty until it is over.
    message: String,
    /// Why it failed.
    error: Option<FailureOut>,
    /// How many streams were found.
    stream_count: i32,
    /// The streams that were found.
    streams: Vec<FoundStreamOut>,
    /// When the source was asked for them. Before `created_at`: neither the connector nor the details have changed since, so it was not
    /// asked again.
    #[schemars(extend("format" = "date-time"))]
    streams_read_at: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// When its turn came.
    #[schemars(extend("format" = "date-time"))]
    started_at: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
}

impl ValidationOut {
    /// The validation as it is stored.
    ///
    /// # Errors
    /// The streams it found cannot be opened.
    pub fn new(validation: &Validation, connection: &Connection, keys: &KeyRing) -> AppResult<Self> {
        let state = validation.state;
        Ok(Self {
            id: validation.id.to_string(),
            status: state.into(),
            connection: connection.slug.clone(),
            step: if state.is_over() { String::new() } else { validation.details.step.clone() },
            message: validation.message.clone(),
            error: failure(validation),
            stream_count: validation.details.stream_count,
            streams: FoundStreamOut::all(&validation.found(keys)?),
            streams_read_at: validation.details.found_at.map(UtcTime::iso),
            created_at: validation.created_at.iso(),
            started_at: validation.started_at.map(UtcTime::iso),
            ended_at: validation.ended_at.map(UtcTime::iso),
        })
    }
}
