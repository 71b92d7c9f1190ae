//! Destinations that dlt loads into (<https://dlthub.com/docs>, Apache-2.0), installed by the operator in an environment of its own.
//!
//! Records wait in files of the run's folder (`spool.rs`) until the source was read; then `driver.py`, which this product carries along, runs
//! dlt with them in one package. `place.rs` says what of a destination's details goes where, `types.rs` how declared types are called, and
//! `program.rs` starts the driver and listens to it.
//!
//! Invariants: details go to the driver by a file descriptor and nowhere else; what lies in the data folder is placed by the connection's id,
//! never by what somebody entered; which run filled a table last is committed with its rows, so a table that does not hold what is added to is
//! filled anew; a load that broke off leaves nothing that the next one does not put right. Unlike in PostgreSQL, tables of a load are
//! seen one after the other.

mod load;
mod place;
mod program;
mod spool;
mod spot;
mod types;
mod warehouses;

pub use load::DltLoad;
pub(super) use load::open;
pub use place::{DltTarget, forget_destination, holds_destination};

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::engine::{Engine, EngineAnswer};
use super::hosts::Hosts;
use super::mask::Masks;
use super::run::EngineRun;
use super::{Ability, Failure, FailureReason, HostKey, Level, LoadPlace};
use crate::base::rng::Rng;
use crate::connectors::{Connector, DltBlock, Kind, LoaderKind};
use crate::schema::form::{FinalConfig, secret_values};
use place::OwnPlaces;
pub(super) use program::Driver;
use program::DriverAnswer;

/// Whether dlt begins at all.
const HELLO: Duration = Duration::from_secs(120);

/// Seconds that a check waits for a run that writes to the same file.
const CHECK_PATIENCE: u32 = 60;

/// The engine of destinations that dlt loads into.
pub(super) struct Dlt<'a> {
    pub(super) block: &'a DltBlock,
    pub(super) hosts: &'a Hosts,
    pub(super) launcher: &'a Path,
    /// Where the folders of runs are.
    pub(super) runs: &'a Path,
    /// Where programs are looked for.
    pub(super) path: &'a str,
    /// Where installed environments are.
    pub(super) environments: &'a Path,
    /// The data folder, where destinations of this server are.
    pub(super) data_dir: &'a Path,
    pub(super) rng: &'a Rng,
}

impl Dlt<'_> {
    fn driver(&self) -> Driver {
        let python = self.environments.join(&self.block.environment).join("bin/python");
        let limits = self.block.limits.clone().unwrap_or_default();
        Driver::of(&python, self.launcher, self.runs, self.path, limits, self.rng)
    }

    /// Where a finished configuration leads; what lies in the data folder is placed by the connection's id.
    fn place(&self, connector: &Connector, config: &FinalConfig, connection: &str) -> Result<DltTarget, Failure> {
        let own = OwnPlaces { data_dir: self.data_dir, connection };
        let secrets = secret_values(&connector.spec, config);
        place::read(self.block.destination, config.expose(), secrets, &own, self.driver())
    }
}

impl Engine for Dlt<'_> {
    fn ability(&self, connector: &Connector) -> Ability {
        let is_there = connector.file.kind == Kind::Destination && self.driver().python.exists();
        Ability { check: is_there, write: is_there, ..Ability::default() }
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(run.deadline.guard(async move {
            let target = self.place(run.connector, run.config, run.connection)?;
            target.judge(self.hosts).await?;
            run.sink.progress("Starting dlt, which takes a few seconds to begin").await?;
            let task = target.task("check", &json!({"patience": CHECK_PATIENCE}));
            match target.driver.ask(&task, target.masks(), run.deadline.time_limit).await? {
                DriverAnswer::Checked(words) => run.sink.log(Level::Info, &words).await,
                _ => Err(program::unheard()),
            }
        }))
    }

    fn target(
        &self,
        connector: &Connector,
        config: &FinalConfig,
        _: Option<&HostKey>,
        connection: &str,
    ) -> Result<LoadPlace, Failure> {
        Ok(LoadPlace::Dlt(Box::new(self.place(connector, config, connection)?)))
    }
}

/// Sees whether dlt begins in an environment, with everything that a destination needs; gives its version.
pub(super) async fn try_out(driver: &Driver, destination: LoaderKind) -> Result<String, Failure> {
    let task = json!({"mode": "hello", "modules": destination.modules()});
    let asked = driver.ask(&task, Masks::new(&[]), HELLO);
    match timeout(HELLO, asked).await {
        Ok(Ok(DriverAnswer::Hello(version))) => Ok(version),
        Ok(Ok(_)) => Err(program::unheard()),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(Failure::new(FailureReason::Timeout, "dlt did not begin within two minutes.")),
    }
}
