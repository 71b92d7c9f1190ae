//! Engines: how connectors are run. One face for all of them: check a configuration, discover what there is, read it; what
//! happens meanwhile goes out as events.
//!
//! - `airbyte`: a program that speaks the Airbyte protocol, started through the one door for other programs (`process.rs`).
//! - `postgres`: built in; checks, discovers and reads PostgreSQL. It also fills a schema with records of other sources ([`Load`]): one that
//!   members named, or a destination that somebody handed over.
//! - `tunnel`: the way to a server that only a jump server can reach (SSH), for engines that are built in.
//! - `s3`: built in; records as files of a bucket.
//! - `http`: built in; asks a web service whether credentials work, and knows its streams.
//! - `dlt`: destinations that dlt, an installed program, loads into; what such a place and one of PostgreSQL have in common is `load.rs`.
//! - `airbyte_api`: no engine of ours but the public API of an Airbyte that a workspace runs itself.
//! - `files`: no engine, but how records lie in files: JSON Lines or Parquet.
//! - none: nobody can be asked; what is there is the details.
//!
//! `install` makes the environments that programs of Python lie in.
//!
//! Invariants: no secret of the configuration leaves in an event or a failure; a run ends when its time is up, when it is
//! cancelled, or when nobody listens to its events any more, and nothing of it stays behind; only a verdict that was given counts,
//! never the silence of a program; a host that a person entered is judged before it is connected to.

mod airbyte;
pub mod airbyte_api;
mod catalog;
mod dlt;
mod encodings;
mod engine;
mod event;
mod failure;
mod failure_words;
mod files;
mod folder;
mod hosts;
mod http;
pub mod install;
mod json;
mod known;
mod limits;
mod load;
mod mask;
mod port;
mod position;
mod postgres;
mod process;
mod reach;
mod run;
mod s3;
mod stderr;
mod tunnel;

use std::time::Duration;

pub use airbyte::configured_catalog;
pub use catalog::{Catalog, ChosenStream, Column, CursorField, KeyPath, Stream, SyncType};
pub use dlt::{DltLoad, DltTarget, forget_destination, holds_destination};
pub use event::{Cancel, Canceller, ConnectorEvent, EventSender, Level, NobodyListens, Record};
pub use failure::{Failure, FailureReason, Turn};
pub use failure_words::{FailureReader, FailureWords, is_dump};
pub use files::{FileFormat, FirstRows, RecordWriter, StoredColumn, WrittenFile, first_rows};
pub use json::{RecordField, fields_of};
pub use limits::{Limits, become_limited};
pub use load::{LoadPlace, RecordLoad};
pub use port::{EngineSettings, Engines};
pub use position::{is_shared, narrowed};
pub use postgres::{Load, LoadTable, LoadTarget, LoadWay, Loading, TableLoss, TlsMode};
pub use s3::{S3Load, S3Target};
pub use tunnel::{HostKey, jump_server_of};

use crate::connectors::{Connector, RuntimeBlock};
use crate::schema::form::FinalConfig;

/// How long a connector may take to say which settings it has.
pub const SPEC_LIMIT: Duration = Duration::from_secs(60);
/// How long a check may take: an honest one of a wrong host name was seen to take 77 seconds.
pub const CHECK_LIMIT: Duration = Duration::from_secs(120);
/// How long discovering may take.
pub const DISCOVER_LIMIT: Duration = Duration::from_secs(180);

/// How long a question may take: longer than usual where the connector's file says so.
pub fn question_limit(connector: &Connector, usual: Duration) -> Duration {
    let own = match &connector.file.runtime {
        Some(RuntimeBlock::Airbyte(block)) => block.limits.as_ref().and_then(|limits| limits.question_seconds),
        Some(RuntimeBlock::Dlt(block)) => block.limits.as_ref().and_then(|limits| limits.question_seconds),
        Some(RuntimeBlock::Postgres(_) | RuntimeBlock::S3(_) | RuntimeBlock::Http(_)) | None => None,
    };
    own.map_or(usual, Duration::from_secs)
}

/// One task for a connector.
pub struct EngineRequest<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// Its whole configuration: defaults written in, access tokens fresh.
    pub config: &'a FinalConfig,
    /// The connection's id, by which what belongs to it in the data folder is placed; empty when there is none.
    pub connection: &'a str,
    /// The host key that the jump server of its SSH tunnel had the last time, when there is a tunnel and one is known.
    pub host_key: Option<&'a HostKey>,
    /// Who is told what happens.
    pub events: EventSender,
    /// Who says when to stop.
    pub cancel: Cancel,
    /// When to give up; the wait for a free slot does not count.
    pub time_limit: Duration,
}

/// How a reading ended that did not fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadEnd {
    /// Chosen streams (their places in the selection) that the connector could not read to the end.
    pub incomplete: Vec<usize>,
}

/// What the engine of a connector can do in this installation, with the programs that are there now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Ability {
    /// The real system is asked whether the details work.
    pub check: bool,
    /// The streams can be told.
    pub discover: bool,
    /// Records can be read.
    pub read: bool,
    /// Records can be written to it.
    pub write: bool,
}
