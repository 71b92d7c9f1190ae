//! The one door to other programs.
//!
//! A program gets an argument vector and never a shell; an empty environment but for what it needs; a folder of its own that goes
//! away with it; the configuration in memory that only it can open; limits (`limits.rs`); its own process group. It is read with
//! back-pressure and caps. When it ends, or has to, its whole group goes: asked first, killed three seconds later, and whatever left
//! the group is found by a mark in its environment.

use std::ffi::OsString;
use std::io::{Seek as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

use super::folder::{RunFolder, is_left};
use super::limits::Limits;
use super::{Failure, FailureReason};

/// Most bytes of one line.
const LONGEST_LINE: usize = 8 << 20;
/// Bytes asked for at once.
const CHUNK: usize = 256 << 10;
/// Between being asked to go and being killed.
const GRACE: Duration = Duration::from_secs(3);
/// What a program that has ended may leave in its pipes has to arrive within this time: its children may hold them open for ever.
const DRAIN: Duration = Duration::from_secs(2);
/// How often it is looked for what a program has started, at most, and how long a killed process has to die in between.
const SWEEPS: usize = 20;
const BETWEEN_SWEEPS: Duration = Duration::from_millis(2);

/// A program to start.
pub(super) struct Launch<'a> {
    /// This product's own program.
    pub(super) launcher: &'a Path,
    pub(super) command: Vec<OsString>,
    /// Becomes the file descriptor 3: `/dev/fd/3`.
    pub(super) secret: Option<&'a [u8]>,
    /// Its working, home and temporary folder.
    pub(super) folder: &'a RunFolder,
    pub(super) path: &'a str,
    /// More variables. They are no place for secrets.
    pub(super) variables: &'a [(&'a str, String)],
    /// What it may use.
    pub(super) limits: Limits,
    /// Most bytes it may write to standard output in all; `None`: as many as it likes, because somebody takes them off.
    pub(super) most: Option<u64>,
}

/// A program that runs. Dropped, it and its group are killed at once.
pub(super) struct Running {
    child: Child,
    group: Option<Pid>,
    mark: String,
    stdout: ChildStdout,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were given out.
    given: usize,
    taken: u64,
    most: Option<u64>,
    /// Set when the program has ended: until when its pipe is still read.
    drained_at: Option<Instant>,
}

/// Starts a program; its standard error comes out beside it.
pub(super) fn start(launch: &Launch<'_>) -> Result<(Running, ChildStderr), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(FailureReason::NotInstalled, "The connector's program could not be started.").with_detail(error)
    };
    let mut child = command(launch).map_err(cannot)?.spawn().map_err(cannot)?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Failure::new(FailureReason::NotInstalled, "The connector's output could not be read."));
    };
    let running = Running {
        child,
        group,
        mark: launch.folder.mark().to_owned(),
        stdout,
        buffer: Vec::new(),
        given: 0,
        taken: 0,
        most: launch.most,
        drained_at: None,
    };
    Ok((running, stderr))
}

#[expect(clippy::disallowed_methods, reason = "the one door to other programs")]
fn command(launch: &Launch<'_>) -> std::io::Result<tokio::process::Command> {
    let mut command = std::process::Command::new(launch.launcher);
    command
        .args(["run-limited", "--limits", &launch.limits.to_text(), "--parent", &std::process::id().to_string(), "--"])
        .args(&launch.command)
        .env_clear()
        .env("PATH", launch.path)
        .env("HOME", launch.folder.path())
        .env("TMPDIR", launch.folder.path())
        .env("LANG", "C.UTF-8")
        .env("PYTHONUNBUFFERED", "1")
        .env(MARK, launch.folder.mark())
        .envs(launch.variables.iter().map(|(name, value)| (*name, value)))
        .current_dir(launch.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(bytes) = launch.secret {
        let mapping = FdMapping { parent_fd: in_memory(bytes, launch.folder)?, child_fd: 3 };
        command.fd_mappings(vec![mapping]).map_err(std::io::Error::other)?;
    }
    let mut command = tokio::process::Command::from(command);
    command.process_group(0).kill_on_drop(true);
    Ok(command)
}

/// The variable by which everything that a program has started is found.
const MARK: &str = "VESTIBULE_RUN";

/// A file that has no name, or, where the system cannot do that, one in the program's own folder that loses its name at once.
fn in_memory(bytes: &[u8], folder: &RunFolder) -> std::io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    let nameless = rustix::fs::memfd_create("configuration", rustix::fs::MemfdFlags::CLOEXEC).ok();
    #[cfg(not(target_os = "linux"))]
    let nameless: Option<OwnedFd> = None;
    let mut file = match nameless {
        Some(descriptor) => std::fs::File::from(descriptor),
        None => folder.nameless()?,
    };
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}

impl Running {
    /// The next whole lines, each with its end; `None` at the end of the output. The last line may have no end.
    ///
    /// # Errors
    /// A line, or everything together, is too long.
    pub(super) async fn lines(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.buffer.drain(..self.given);
        self.given = 0;
        let mut searched = 0;
        loop {
            let fresh = self.buffer.get(searched..).unwrap_or_default();
            if let Some(end) = fresh.iter().rposition(|byte| *byte == b'\n') {
                self.given = searched + end + 1;
                return Ok(self.buffer.get(..self.given));
            }
            searched = self.buffer.len();
            if searched > LONGEST_LINE {
                return Err(too_much("a single line of more than 8 MB"));
            }
            if !self.fill().await? {
                self.given = self.buffer.len();
                return Ok(self.buffer.get(..self.given).filter(|rest| !rest.is_empty()));
            }
        }
    }

    /// Takes what there is; `false` at the end.
    async fn fill(&mut self) -> Result<bool, Failure> {
        self.buffer.reserve(CHUNK);
        let Self { child, stdout, buffer, drained_at, .. } = self;
        let count = loop {
            let read = stdout.read_buf(buffer);
            match *drained_at {
                Some(until) => break timeout_at(until, read).await.unwrap_or(Ok(0)),
                None => tokio::select! {
                    biased;
                    count = read => break count,
                    _ = child.wait() => *drained_at = Some(Instant::now() + DRAIN),
                },
            }
        };
        let count = count.map_err(|error| {
            Failure::new(FailureReason::Crashed, "The connector's output broke off.").with_detail(error)
        })?;
        self.taken += u64::try_from(count).unwrap_or(u64::MAX);
        if self.most.is_some_and(|most| self.taken > most) {
            return Err(too_much("more output than an answer needs"));
        }
        Ok(count > 0)
    }

    /// Waits a moment for the program to end by itself, and sees to it that nothing of it is left. `None`: it had to be stopped.
    pub(super) async fn end(mut self, patience: Duration) -> Option<ExitStatus> {
        let ended = timeout(patience, self.child.wait()).await.ok().and_then(Result::ok);
        if ended.is_none() {
            self.signal(Signal::TERM);
            if timeout(GRACE, self.child.wait()).await.is_err() {
                self.signal(Signal::KILL);
                let _ = self.child.wait().await;
            }
        }
        self.sweep();
        ended
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Nobody is left in it: that is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Kills what is left of the group and what has left it.
    fn sweep(&mut self) {
        self.signal(Signal::KILL);
        self.group = None;
        kill_marked(&self.mark);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.group.is_some() {
            self.sweep();
        }
    }
}

fn too_much(what: &str) -> Failure {
    Failure::new(FailureReason::TooMuchOutput, format!("The connector wrote {what} and was stopped."))
}

/// Kills every process of a run, wherever it went; looks again for what was forked meanwhile, and gives what was killed a moment to die.
fn kill_marked(mark: &str) {
    for _ in 0..SWEEPS {
        let left = marked(mark);
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(BETWEEN_SWEEPS);
    }
}

/// Removes what servers have left that ended without having time for it: folders, and programs whose parents are gone.
pub(super) fn sweep_runs(parent: &Path) {
    let Ok(folders) = std::fs::read_dir(parent) else { return };
    for folder in folders.flatten() {
        let name = folder.file_name();
        if let Some(mark) = name.to_str().filter(|name| is_left(name)) {
            kill_marked(mark);
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

/// The processes that carry the mark of a run in their environment.
fn marked(mark: &str) -> Vec<Pid> {
    let entry = format!("{MARK}={mark}").into_bytes();
    let Ok(folders) = std::fs::read_dir("/proc") else { return Vec::new() };
    let is_marked = |folder: &Path| {
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == entry)
    };
    let pids = folders.flatten().filter_map(|folder| {
        let pid = folder.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
        is_marked(&folder.path()).then_some(pid)
    });
    pids.collect()
}

/// Size and age of the files that a command names, as far as they are there.
pub(super) fn stamp(command: &[String], path: &str) -> String {
    let told = |word: &String| {
        let data = find_program(word, path).unwrap_or_else(|| PathBuf::from(word)).metadata().ok()?;
        let changed = data.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{}-{}", data.len(), changed.as_nanos()))
    };
    command.iter().filter_map(told).collect::<Vec<_>>().join(" ")
}

/// Where a program lies, by its path or by `PATH`.
pub(super) fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_program =
        |file: &Path| file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|file| is_program(file));
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn only_what_a_dead_server_has_left_is_swept_away() {
        let dir = tempfile::tempdir().unwrap();
        let mine = RunFolder::make(dir.path(), &Rng::System).unwrap();
        let own = std::process::id();
        // A server of the same number that was born at another moment, and one that is nowhere.
        let left = [format!("{own}-1-aaaa"), format!("{}-1-bbbb", u32::MAX)].map(|name| dir.path().join(name));
        let other = dir.path().join("not ours");
        for path in left.iter().chain([&other]) {
            std::fs::create_dir(path).unwrap();
        }
        sweep_runs(dir.path());
        assert!(mine.path().exists() && other.exists());
        assert!(left.iter().all(|path| !path.exists()), "{left:?}");
    }
}
