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

pub use catalog::theirs as configured_catalog;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::engine::{Engine, EngineAnswer};
use super::folder::RunFolder;
use super::hosts::Hosts;
use super::limits::Limits;
use super::process::{self, Launch};
use super::run::{Deadline, EngineRun, EventSink};
use super::stderr::Tail;
use super::{Ability, Catalog, ChosenStream, Failure, ReadEnd, position};
use crate::base::rng::Rng;
use crate::connectors::{AirbyteBlock, Connector, Kind};
use crate::schema::form::FinalConfig;
use listen::Heard;
use program::{Program, ProtocolCommand};
use state::AirbyteState;

/// Most bytes of standard output for anything but reading.
const MOST_OUTPUT: u64 = 32 << 20;
/// After its output has ended, a program may take this long to end too.
const PATIENCE: Duration = Duration::from_secs(5);

/// The engine of connectors that are programs, as this installation starts them.
pub(super) struct Airbyte<'a> {
    pub(super) block: &'a AirbyteBlock,
    pub(super) hosts: &'a Hosts,
    pub(super) launcher: &'a Path,
    /// Where the folders of runs are.
    pub(super) runs: &'a Path,
    /// Where programs are looked for.
    pub(super) path: &'a str,
    /// Where installed environments are.
    pub(super) environments: &'a Path,
    pub(super) container_engine: Option<&'a str>,
    pub(super) variables: &'a [(&'a str, String)],
    pub(super) rng: &'a Rng,
}

impl Engine for Airbyte<'_> {
    fn ability(&self, connector: &Connector) -> Ability {
        let is_there = program::is_there(self);
        let is_source = connector.file.kind == Kind::Source;
        Ability { check: is_there, discover: is_there && is_source, read: is_there && is_source, write: false }
    }

    fn position_member(&self) -> Option<&'static str> {
        Some(position::AIRBYTE)
    }

    fn check<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, ()> {
        Box::pin(async {
            run.deadline.guard(self.hosts.judge_all(run.config.expose())).await?;
            let name = run.connector.name();
            let step = if self.begins_slowly() {
                format!("Starting {name}, whose program takes a while to begin")
            } else {
                format!("Asking {name}")
            };
            run.sink.progress(&step).await?;
            let mut heard = Heard::new(Some(run), &[], AirbyteState::default());
            heard.awaits_verdict = true;
            let config = bytes(run);
            let order = ProtocolCommand { config: Some(&config), ..ProtocolCommand::of("check") };
            self.run(order, &run.sink, &run.deadline, &mut heard).await?;
            verdict::of_check(heard)
        })
    }

    fn discover<'a>(&'a self, run: &'a EngineRun<'_>) -> EngineAnswer<'a, Catalog> {
        Box::pin(async {
            run.deadline.guard(self.hosts.judge_all(run.config.expose())).await?;
            run.sink.progress("Asking for the streams").await?;
            let mut heard = Heard::new(Some(run), &[], AirbyteState::default());
            let config = bytes(run);
            let order = ProtocolCommand { config: Some(&config), ..ProtocolCommand::of("discover") };
            self.run(order, &run.sink, &run.deadline, &mut heard).await?;
            verdict::of_discover(heard)
        })
    }

    fn read<'a>(
        &'a self,
        run: &'a EngineRun<'_>,
        chosen: &'a [ChosenStream],
        kept: Option<&'a Value>,
    ) -> EngineAnswer<'a, ReadEnd> {
        Box::pin(async move {
            run.deadline.guard(self.hosts.judge_all(run.config.expose())).await?;
            let config = bytes(run);
            let state = AirbyteState::from_kept(kept)?;
            let (catalog, file) = (catalog::theirs(chosen), state.file());
            let mut heard = Heard::new(Some(run), chosen, state);
            let order =
                ProtocolCommand { verb: "read", config: Some(&config), catalog: Some(&catalog), state: file.as_ref() };
            self.run(order, &run.sink, &run.deadline, &mut heard).await?;
            verdict::of_read(heard)
        })
    }
}

/// The configuration as the program wants it.
fn bytes(run: &EngineRun<'_>) -> Zeroizing<Vec<u8>> {
    let text = |config: &FinalConfig| Zeroizing::new(config.expose().to_string().into_bytes());
    match &run.connector.file.mapping {
        Some(mapping) => text(&run.config.reshaped(|config| mapping.apply(config))),
        None => text(run.config),
    }
}

impl Airbyte<'_> {
    /// Whether its file gives it more time than usual.
    fn begins_slowly(&self) -> bool {
        self.block.limits.as_ref().is_some_and(|limits| limits.question_seconds.is_some())
    }

    /// The content of the `SPEC` message.
    pub(super) async fn spec(&self, sink: &EventSink, deadline: &Deadline) -> Result<Value, Failure> {
        let mut heard = Heard::new(None, &[], AirbyteState::default());
        self.run(ProtocolCommand::of("spec"), sink, deadline, &mut heard).await?;
        verdict::of_spec(heard)
    }

    /// Runs the program to its end, whatever that is, and leaves nothing of it behind.
    async fn run(
        &self,
        order: ProtocolCommand<'_>,
        sink: &EventSink,
        deadline: &Deadline,
        heard: &mut Heard<'_>,
    ) -> Result<(), Failure> {
        let folder = RunFolder::make(self.runs, self.rng).map_err(program::no_folder)?;
        let program = Program::of(self, order, &folder)?;
        let launch = self.launch(&program, order, &folder, deadline.time_limit);
        let (mut running, stderr) = process::start(&launch)?;
        let tail = Tail::default();
        let follow = tokio::spawn(tail.clone().follow(stderr, sink.clone()));
        let listened = deadline.guard(listen::listen(sink, &mut running, heard)).await;
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

    fn launch<'a>(
        &'a self,
        program: &Program,
        order: ProtocolCommand<'a>,
        folder: &'a RunFolder,
        time_limit: Duration,
    ) -> Launch<'a> {
        let is_container = program.container.is_some();
        let (usual, own) = (Limits::default(), self.block.limits.clone().unwrap_or_default());
        let in_bytes = |megabytes: u64| megabytes.saturating_mul(1 << 20);
        Launch {
            launcher: self.launcher,
            command: program.command.clone(),
            secret: order.config.filter(|_| program.by_descriptor),
            folder,
            path: self.path,
            variables: self.variables,
            limits: Limits {
                // Two cores' worth of the time it has; an engine's own client is limited by the engine.
                cpu: own.cpu_seconds.unwrap_or_else(|| time_limit.as_secs().saturating_mul(2).max(60)),
                memory: own.memory_mb.map(in_bytes).or(usual.memory).filter(|_| !is_container),
                file: own.file_mb.map_or(usual.file, in_bytes),
                open: own.open_files.unwrap_or(usual.open),
            },
            most: (order.verb != "read").then_some(MOST_OUTPUT),
        }
    }

    /// The client of an engine may be gone while its container goes on.
    async fn remove_container(&self, engine: &Path, name: &str, folder: &RunFolder) {
        let launch = Launch {
            launcher: self.launcher,
            command: vec![engine.into(), "rm".into(), "--force".into(), name.into()],
            secret: None,
            folder,
            path: self.path,
            variables: &[],
            limits: Limits { memory: None, ..Limits::default() },
            most: Some(MOST_OUTPUT),
        };
        if let Ok((running, _stderr)) = process::start(&launch) {
            let _ = running.end(Duration::from_secs(20)).await;
        }
    }
}
