//! PostgreSQL, built in: the same protocol every client speaks, nothing to install.
//!
//! Sources are checked, discovered and read; `load` is the other way, records into a schema.
//!
//! Invariants: the connection goes to an address that was judged a moment before, or through a jump server whose address was; whatever is said to a source is said in a transaction that can only read, and leaves nothing
//! behind in a session that may be somebody else's afterwards; values become
//! JSON on the server, so a number keeps all its digits; memory is bounded by a batch, not by a table.

mod bounds;
mod connect;
mod discover;
mod load;
mod options;
mod quote;
mod read;
mod refusals;
mod session;
mod state;
mod tls;
mod versions;

pub use load::{Load, LoadTable, LoadTarget, Loading, TableLoss, TlsMode};
pub(super) use load::{check as check_target, open as open_load};

use serde_json::Value;

use super::engine::{Engine, EngineAnswer};
use super::hosts::Hosts;
use super::run::EngineRun;
use super::{Ability, Catalog, ChosenStream, Failure, Level, ReadEnd, position};
use crate::connectors::Connector;
use options::Options;

/// The engine of connectors that are PostgreSQL.
pub(super) struct Postgres<'a> {
    pub(super) hosts: &'a Hosts,
}

impl Engine for Postgres<'_> {
    fn ability(&self, _: &Connector) -> Ability {
        Ability { check: true, discover: true, read: true }
    }

    fn position_member(&self) -> Option<&'static str> {
        Some(position::POSTGRES)
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(run.deadline.guard(check(self.hosts, run)))
    }

    fn discover<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, Catalog> {
        Box::pin(run.deadline.guard(discover::discover(self.hosts, run)))
    }

    fn read<'a>(
        &'a self,
        run: &'a EngineRun<'_>,
        chosen: &'a [ChosenStream],
        kept: Option<&'a Value>,
    ) -> EngineAnswer<'a, ReadEnd> {
        Box::pin(run.deadline.guard(read::read(self.hosts, run, chosen, kept)))
    }
}

/// Connects, and sees whether there is anything to read.
async fn check(hosts: &Hosts, run: &EngineRun<'_>) -> Result<(), Failure> {
    let (options, sink) = (Options::read(run.config.expose())?, &run.sink);
    let session = connect::connect(hosts, &options, run).await?;
    let readable = session.step(discover::readable(&session, &options)).await?;
    sink.log(Level::Info, &format!("Tables and views that can be read: {readable}.")).await
}
