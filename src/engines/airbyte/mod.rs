//! Programs that speak the Airbyte protocol: `spec`, `check`, `discover`, `read`, one JSON message a line on standard output.
//!
//! What counts: the verdict is in the message and never in the exit status, for a refused check ends with 0; of several verdicts the
//! last; without any, the last `TRACE` error says whose problem it is; without that, how the program ended.

mod catalog;
mod listen;
mod messages;
mod program;
mod spans;
mod state;
mod verdict;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::folder::RunFolder;
use super::limits::Limits;
use super::process::{self, Launch};
use super::stderr::Tail;
use super::work::{Ends, Teller};
use super::{Catalog, Chosen, Failure, ReadEnd};
use crate::base::rng::Rng;
use crate::connectors::AirbyteBlock;
use crate::schema::form::{self, FinalConfig, Submission};
use crate::schema::spec::Spec;
use listen::Heard;
use program::{Order, Program};
use state::State;

/// Most bytes of standard output for anything but reading.
const MOST_OUTPUT: u64 = 32 << 20;
/// After its output has ended, a program may take this long to end too.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the installation gives to every program.
pub(super) struct Setting<'a> {
    pub(super) launcher: &'a Path,
    pub(super) runs: &'a Path,
    pub(super) path: &'a str,
    pub(super) engine: Option<&'a str>,
    pub(super) variables: &'a [(&'a str, String)],
    pub(super) rng: &'a Rng,
}

/// A connector at work.
pub(super) struct Airbyte<'a> {
    pub(super) block: &'a AirbyteBlock,
    pub(super) setting: Setting<'a>,
    pub(super) teller: Teller,
    pub(super) ends: Ends,
}

/// A configuration and the spec it follows.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) spec: &'a Spec,
    pub(super) config: &'a FinalConfig,
}

impl Airbyte<'_> {
    /// The content of the `SPEC` message.
    pub(super) async fn spec(&self) -> Result<Value, Failure> {
        let mut heard = Heard::new(None, &[], State::default());
        self.run(Order { verb: "spec", config: None, catalog: None, state: None }, &mut heard).await?;
        verdict::of_spec(heard)
    }

    pub(super) async fn check(&self, given: Given<'_>) -> Result<(), Failure> {
        let config = given.bytes();
        let mut heard = Heard::new(Some(given), &[], State::default());
        heard.awaits_verdict = true;
        self.run(Order { verb: "check", config: Some(&config), catalog: None, state: None }, &mut heard).await?;
        verdict::of_check(heard)
    }

    pub(super) async fn discover(&self, given: Given<'_>) -> Result<Catalog, Failure> {
        let config = given.bytes();
        let mut heard = Heard::new(Some(given), &[], State::default());
        self.run(Order { verb: "discover", config: Some(&config), catalog: None, state: None }, &mut heard).await?;
        verdict::of_discover(heard)
    }

    pub(super) async fn read(
        &self,
        given: Given<'_>,
        chosen: &[Chosen],
        kept: Option<&Value>,
    ) -> Result<ReadEnd, Failure> {
        let config = given.bytes();
        let state = State::from_kept(kept)?;
        let (catalog, file) = (catalog::theirs(chosen), state.file());
        let mut heard = Heard::new(Some(given), chosen, state);
        let order = Order { verb: "read", config: Some(&config), catalog: Some(&catalog), state: file.as_ref() };
        self.run(order, &mut heard).await?;
        verdict::of_read(heard)
    }

    /// Runs the program to its end, whatever that is, and leaves nothing of it behind.
    async fn run(&self, order: Order<'_>, heard: &mut Heard<'_>) -> Result<(), Failure> {
        let setting = &self.setting;
        let folder = RunFolder::make(setting.runs, setting.rng).map_err(program::no_folder)?;
        let program = Program::of(self.block, order, &folder, setting)?;
        let launch = self.launch(&program, order, &folder);
        let (mut running, stderr) = process::start(&launch)?;
        let tail = Tail::default();
        let follow = tokio::spawn(tail.clone().follow(stderr, self.teller.clone()));
        let listened = self.ends.guard(listen::listen(self, &mut running, heard)).await;
        let patience = if listened.is_ok() { PATIENCE } else { Duration::ZERO };
        heard.exit = running.end(patience).await;
        if let Some((engine, name)) = &program.container {
            self.remove_container(engine, name, &folder).await;
        }
        let abort = follow.abort_handle();
        if timeout(PATIENCE, follow).await.is_err() {
            abort.abort();
        }
        heard.stderr = tail.text();
        listened
    }

    fn launch<'a>(&'a self, program: &Program, order: Order<'a>, folder: &'a RunFolder) -> Launch<'a> {
        let is_container = program.container.is_some();
        let usual = Limits::default();
        Launch {
            launcher: self.setting.launcher,
            command: program.command.clone(),
            secret: order.config.filter(|_| program.by_descriptor),
            folder,
            path: self.setting.path,
            variables: self.setting.variables,
            limits: Limits {
                // Two cores' worth of the time it has; an engine's own client is limited by the engine.
                cpu: self.ends.time_limit.as_secs().saturating_mul(2).max(60),
                memory: usual.memory.filter(|_| !is_container),
                ..usual
            },
            most: (order.verb != "read").then_some(MOST_OUTPUT),
        }
    }

    /// The client of an engine may be gone while its container goes on.
    async fn remove_container(&self, engine: &Path, name: &str, folder: &RunFolder) {
        let launch = Launch {
            launcher: self.setting.launcher,
            command: vec![engine.into(), "rm".into(), "--force".into(), name.into()],
            secret: None,
            folder,
            path: self.setting.path,
            variables: &[],
            limits: Limits { memory: None, ..Limits::default() },
            most: Some(MOST_OUTPUT),
        };
        if let Ok((running, _stderr)) = process::start(&launch) {
            let _ = running.end(Duration::from_secs(20)).await;
        }
    }
}

impl Given<'_> {
    fn bytes(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.config.expose().to_string().into_bytes())
    }

    /// What the connector changed of it, for whoever keeps it.
    fn changes(self, returned: &Value) -> Option<Submission> {
        form::changes(self.spec, self.config, returned)
    }
}
