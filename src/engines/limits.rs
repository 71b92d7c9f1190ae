//! What a started program may use, and the step in between that gives it no more: the product starts itself as `run-limited`, sets
//! the limits on itself, and becomes the program. So no code runs between fork and exec, and no limit comes too late.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;

use rustix::process::{Resource, Rlimit, getppid, setrlimit};

/// Limits of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of address space; `None`: not limited (programs that reserve far more than they use).
    pub memory: Option<u64>,
    /// Seconds of computing.
    pub cpu: u64,
    /// Bytes of one written file.
    pub file: u64,
    /// Open files.
    pub open: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: Some(4 << 30), cpu: 300, file: 64 << 20, open: 256 }
    }
}

impl Limits {
    /// As arguments of `run-limited`; [`Limits::from_text`] reads them.
    pub fn to_text(self) -> String {
        let memory = self.memory.unwrap_or_default();
        format!("{memory},{},{},{}", self.cpu, self.file, self.open)
    }

    /// Reads what [`Limits::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [memory, cpu, file, open] = numbers.try_into().ok()?;
        Some(Self { memory: Some(memory).filter(|bytes| *bytes > 0), cpu, file, open })
    }

    fn set(self) -> std::io::Result<()> {
        let both = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
        setrlimit(Resource::Core, both(0))?;
        setrlimit(Resource::Nofile, both(self.open))?;
        setrlimit(Resource::Fsize, both(self.file))?;
        // One second between the signal a program can hear and the one it cannot.
        setrlimit(Resource::Cpu, Rlimit { current: Some(self.cpu), maximum: Some(self.cpu + 1) })?;
        if let Some(bytes) = self.memory {
            setrlimit(Resource::As, both(bytes))?;
        }
        Ok(())
    }
}

/// Sets the limits on this process and becomes the program; comes back only when that fails.
///
/// # Errors
/// A limit cannot be set, the process that started this one is gone, or the program cannot be started.
pub fn become_limited(limits: Limits, parent: u32, command: &[OsString]) -> std::io::Error {
    match prepare(limits, parent) {
        Ok(()) => replace(command),
        Err(error) => error,
    }
}

fn prepare(limits: Limits, parent: u32) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        rustix::thread::set_no_new_privs(true)?;
    }
    // The signal only comes for a death after it was asked for.
    let still_there = getppid().is_some_and(|pid| u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent));
    if !still_there {
        return Err(std::io::Error::other("the process that asked for it is gone"));
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    limits.set()
}

#[expect(clippy::disallowed_methods, reason = "the process becomes the program; process.rs has started it")]
fn replace(command: &[OsString]) -> std::io::Error {
    match command.split_first() {
        Some((program, arguments)) => std::process::Command::new(program).args(arguments).exec(),
        None => std::io::Error::other("no program was named"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_were_written() {
        for limits in [Limits::default(), Limits { memory: None, cpu: 7, file: 1, open: 20 }] {
            assert_eq!(Limits::from_text(&limits.to_text()), Some(limits));
        }
        for text in ["", "1,2,3", "1,2,3,4,5", "a,2,3,4"] {
            assert_eq!(Limits::from_text(text), None, "{text}");
        }
    }
}
