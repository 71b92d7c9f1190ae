//! PostgreSQL, built in: the same protocol every client speaks, nothing to install.
//!
//! Sources are checked, discovered and read; `load` is the other way, records into a schema. A destination is checked by what `load` needs.
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

pub(super) use load::{ColumnType, check as check_target, moments, numbers, open as open_load};
pub use load::{Load, LoadTable, LoadTarget, LoadWay, Loading, TableLoss, TlsMode};

use serde_json::Value;

use super::engine::{Engine, EngineAnswer};
use super::hosts::Hosts;
use super::run::EngineRun;
use super::{Ability, Catalog, ChosenStream, Failure, HostKey, Level, LoadPlace, ReadEnd, known, position};
use crate::connectors::{Connector, Kind};
use crate::schema::form::{FinalConfig, secret_values};
use options::Options;

/// The engine of connectors that are PostgreSQL.
pub(super) struct Postgres<'a> {
    pub(super) hosts: &'a Hosts,
}

impl Engine for Postgres<'_> {
    fn ability(&self, connector: &Connector) -> Ability {
        let is_source = connector.file.kind == Kind::Source;
        Ability { check: true, discover: is_source, read: is_source, write: !is_source }
    }

    fn position_member(&self) -> Option<&'static str> {
        Some(position::POSTGRES)
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        match run.connector.file.kind {
            Kind::Source => Box::pin(run.deadline.guard(check(self.hosts, run))),
            Kind::Destination => Box::pin(run.deadline.guard(load::check_destination(self.hosts, run))),
        }
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

    fn target(
        &self,
        connector: &Connector,
        config: &FinalConfig,
        host_key: Option<&HostKey>,
        _: &str,
    ) -> Result<LoadPlace, Failure> {
        match connector.file.kind {
            Kind::Source => Err(known::cannot_be_written(connector)),
            Kind::Destination => {
                let target =
                    LoadTarget::of_destination(config.expose(), secret_values(&connector.spec, config), host_key)?;
                Ok(LoadPlace::Postgres(Box::new(target)))
            }
        }
    }
}

/// Connects, and sees whether there is anything to read.
async fn check(hosts: &Hosts, run: &EngineRun<'_>) -> Result<(), Failure> {
    let (options, sink) = (Options::read(run.config.expose())?, &run.sink);
    let session = connect::connect(hosts, &options, run).await?;
    let readable = session.step(discover::readable(&session, &options)).await?;
    sink.log(Level::Info, &format!("Tables and views that can be read: {readable}.")).await
}
