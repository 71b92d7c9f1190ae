//! The driver as a program: started with one task, heard to its end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::base::rng::Rng;
use crate::connectors::LimitsBlock;
use crate::engines::folder::RunFolder;
use crate::engines::limits::Limits;
use crate::engines::mask::Masks;
use crate::engines::process::{self, Launch, Running};
use crate::engines::run::EventSink;
use crate::engines::stderr::Tail;
use crate::engines::{EventSender, Failure, FailureReason};

const SCRIPT: &str = include_str!("driver.py");
/// What the script consists of beside itself.
const PARTS: [(&str, &str); 2] = [("rows.py", include_str!("rows.py")), ("words.py", include_str!("words.py"))];
/// Most bytes of answers.
const MOST_OUTPUT: u64 = 8 << 20;
/// After its answer the driver may take this long to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of one file, which may be a whole DuckDB.
const LARGEST_FILE: u64 = 1 << 40;
const OPEN_FILES: u64 = 1_024;

/// What starts the driver.
#[derive(Debug, Clone)]
pub(in crate::engines) struct Driver {
    launcher: PathBuf,
    /// The Python of the environment dlt lies in.
    pub(super) python: PathBuf,
    /// Where the folders of runs are.
    pub(super) runs: PathBuf,
    path: String,
    limits: LimitsBlock,
    pub(super) rng: Rng,
}

/// What the driver says in the end.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum DriverMessage {
    Hello { version: String },
    Checked { words: String },
    Found { tables: Vec<FoundTable> },
    Done { beside: Vec<String> },
    Refused { code: String, message: String },
}

/// A table as the destination has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FoundTable {
    pub(super) is_there: bool,
    /// The run that filled it last, when this source did.
    pub(super) run: Option<String>,
    /// What its rows are told apart by.
    pub(super) keys: Option<Value>,
}

/// An answer that is none of a refusal.
#[derive(Debug)]
pub(super) enum DriverAnswer {
    /// The version of dlt.
    Hello(String),
    /// What was found, in words.
    Checked(String),
    Found(Vec<FoundTable>),
    /// Tables in which some values stand as text beside their columns.
    Done(Vec<String>),
}

/// It said something else than it was asked.
pub(super) fn unheard() -> Failure {
    Failure::new(FailureReason::Unreadable, "dlt gave an answer that is none to what it was asked.")
}

impl Driver {
    /// The driver with this Python.
    pub(in crate::engines) fn of(
        python: &Path,
        launcher: &Path,
        runs: &Path,
        path: &str,
        limits: LimitsBlock,
        rng: &Rng,
    ) -> Self {
        let (python, launcher, runs) = (python.to_owned(), launcher.to_owned(), runs.to_owned());
        Self { launcher, python, runs, path: path.to_owned(), limits, rng: rng.clone() }
    }

    /// Gives the driver a task and waits for its answer. Dropped, it and everything it has started is killed.
    ///
    /// # Errors
    /// What it refuses, or that it gave no answer.
    pub(super) async fn ask(&self, task: &Value, masks: Masks, time_limit: Duration) -> Result<DriverAnswer, Failure> {
        let no_folder = |error: std::io::Error| {
            let words = "The data folder has no room for the loader's files, or cannot be written to.";
            Failure::new(FailureReason::NoRoom, words).with_detail(error)
        };
        let folder = RunFolder::make(&self.runs, &self.rng).map_err(no_folder)?;
        let script = folder.put("driver.py", SCRIPT.as_bytes()).map_err(no_folder)?;
        for (name, text) in PARTS {
            folder.put(name, text.as_bytes()).map_err(no_folder)?;
        }
        let secret = Zeroizing::new(task.to_string().into_bytes());
        let launch = Launch {
            launcher: &self.launcher,
            command: [self.python.as_os_str(), "-I".as_ref(), "-B".as_ref(), script.as_os_str()]
                .map(std::ffi::OsStr::to_owned)
                .to_vec(),
            secret: Some(&secret),
            folder: &folder,
            path: &self.path,
            variables: &[],
            limits: self.limits(time_limit),
            most: Some(MOST_OUTPUT),
        };
        let (mut running, stderr) = process::start(&launch)?;
        let (events, mut heard) = EventSender::channel();
        // What it writes beside its answers is for the case that it gives none.
        let drain = tokio::spawn(async move { while heard.recv().await.is_some() {} });
        let tail = Tail::default();
        let follow = tokio::spawn(tail.clone().follow(stderr, EventSink::new(events, masks)));
        let answer = listen(&mut running).await;
        running.end(if answer.is_ok() { PATIENCE } else { Duration::ZERO }).await;
        let abort = follow.abort_handle();
        if timeout(PATIENCE, follow).await.is_err() {
            abort.abort();
        }
        drain.abort();
        answer?
            .ok_or_else(silent)
            .map_err(|failure| failure.with_detail(tail.text()))
            .and_then(|answer| read(answer).map_err(|failure| failure.with_detail(tail.text())))
    }

    fn limits(&self, time_limit: Duration) -> Limits {
        let own = &self.limits;
        let in_bytes = |megabytes: u64| megabytes.saturating_mul(1 << 20);
        Limits {
            cpu: own.cpu_seconds.unwrap_or_else(|| time_limit.as_secs().saturating_mul(2).max(60)),
            memory: own.memory_mb.map(in_bytes).or(Limits::default().memory),
            file: own.file_mb.map_or(LARGEST_FILE, in_bytes),
            open: own.open_files.unwrap_or(OPEN_FILES),
        }
    }
}

/// The last answer before the output ends.
async fn listen(running: &mut Running) -> Result<Option<DriverMessage>, Failure> {
    let mut answer = None;
    while let Some(lines) = running.lines().await? {
        let mut said = lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        answer = said.next_back().or(answer);
    }
    Ok(answer)
}

fn silent() -> Failure {
    Failure::new(FailureReason::Crashed, "dlt ended before it said what came of it.")
}

fn read(message: DriverMessage) -> Result<DriverAnswer, Failure> {
    Ok(match message {
        DriverMessage::Hello { version } => DriverAnswer::Hello(version),
        DriverMessage::Checked { words } => DriverAnswer::Checked(words),
        DriverMessage::Found { tables } => DriverAnswer::Found(tables),
        DriverMessage::Done { beside } => DriverAnswer::Done(beside),
        DriverMessage::Refused { code, message } => {
            let reason = FailureReason::parse(&code).unwrap_or(FailureReason::Refused);
            return Err(Failure::new(reason, message));
        }
    })
}
