//! Package tools, run one after the other: what they say is passed on line by line, and the end of it kept for the case that they fail.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::{InstallError, Tell};
use crate::engines::folder::RunFolder;
use crate::engines::limits::Limits;
use crate::engines::process::{self, Launch};

/// Everything together is downloaded and unpacked within this time, or something is wrong.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);
/// After its output has ended, a tool may take this long to end too.
const PATIENCE: Duration = Duration::from_secs(10);
/// The last lines that are kept.
const KEPT_LINES: usize = 60;
/// What package tools may use: they unpack large files, and compute what the machine gives.
const LIMITS: Limits = Limits { memory: None, cpu: 7_200, file: 8 << 30, open: 1_024 };

/// How tools are run.
pub(super) struct Tools<'a> {
    pub(super) launcher: &'a Path,
    pub(super) path: &'a str,
    pub(super) variables: &'a [(String, String)],
    /// Their temporary files.
    pub(super) room: &'a RunFolder,
    pub(super) tell: Tell<'a>,
}

/// What is in an environment that was filled.
pub(super) struct FilledEnvironment {
    pub(super) requirements: Vec<String>,
    pub(super) version: String,
    pub(super) python: String,
    pub(super) made_with: String,
    pub(super) packages: Vec<super::LockedPackage>,
}

/// How a tool ended, and the last it said.
pub(super) struct ToolOutput {
    pub(super) status: Option<ExitStatus>,
    pub(super) text: String,
}

impl ToolOutput {
    pub(super) fn is_good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

impl Tools<'_> {
    /// Runs a tool to its end, and tells what it says.
    pub(super) async fn run(&self, command: Vec<OsString>) -> Result<ToolOutput, InstallError> {
        self.run_telling(command, self.tell).await
    }

    /// Runs a tool whose words nobody waits for.
    pub(super) async fn ask(&self, command: Vec<OsString>) -> Result<ToolOutput, InstallError> {
        self.run_telling(command, &|_| {}).await
    }

    async fn run_telling(&self, command: Vec<OsString>, tell: Tell<'_>) -> Result<ToolOutput, InstallError> {
        let name = command.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let variables: Vec<(&str, String)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let launch = Launch {
            launcher: self.launcher,
            command,
            secret: None,
            folder: self.room,
            path: self.path,
            variables: &variables,
            limits: LIMITS,
            most: None,
        };
        let (mut running, stderr) = process::start(&launch).map_err(|failure| {
            InstallError::new(format!("{name} could not be started.")).with_detail(&failure.to_string())
        })?;
        let (sender, mut errors) = mpsc::unbounded_channel();
        let follow = tokio::spawn(follow(stderr, sender));
        let (deadline, mut kept) = (Instant::now() + TIME_LIMIT, KeptLines::default());
        loop {
            let lines = tokio::select! {
                Some(line) = errors.recv() => {
                    kept.take(&line, tell);
                    continue;
                }
                lines = timeout_at(deadline, running.lines()) => lines,
            };
            let Ok(lines) = lines else {
                return Err(InstallError::new(format!(
                    "{name} was not done within {} minutes and was stopped. Is the package index slow, or not reachable from here?",
                    TIME_LIMIT.as_secs() / 60
                ))
                .with_detail(&kept.text()));
            };
            match lines {
                Ok(Some(lines)) => String::from_utf8_lossy(lines).lines().for_each(|line| kept.take(line, tell)),
                Ok(None) | Err(_) => break,
            }
        }
        let status = running.end(PATIENCE).await;
        let abort = follow.abort_handle();
        if timeout(PATIENCE, follow).await.is_err() {
            abort.abort();
        }
        while let Ok(line) = errors.try_recv() {
            kept.take(&line, tell);
        }
        Ok(ToolOutput { status, text: kept.text() })
    }
}

async fn follow(pipe: ChildStderr, sender: mpsc::UnboundedSender<String>) {
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct KeptLines(std::collections::VecDeque<String>);

impl KeptLines {
    fn take(&mut self, line: &str, tell: Tell<'_>) {
        // A bar that moves comes as one line with many beginnings.
        let line = line.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or_default().trim_end();
        if line.is_empty() {
            return;
        }
        tell(line);
        if self.0.len() == KEPT_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.chars().take(1_000).collect());
    }

    fn text(&self) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
