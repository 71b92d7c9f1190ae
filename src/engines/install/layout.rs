//! Where environments lie, what is written down of each, and how one that was built gets its place.

use std::fmt::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::InstallError;
use super::busy::InstallLock;
use super::locked::{LockedPackage, lock_text};
use super::tool::FilledEnvironment;
use crate::base::rng::Rng;

const RECORD: &str = "environment.json";
const LOCK: &str = "requirements.lock";
/// Names a folder of installations: which machine's it is.
const MARK: &str = ".mark";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MARK_LENGTH: usize = 20;
/// Scripts are small; what is larger is a program, and names no path of its own.
const LARGEST_SCRIPT: u64 = 256 << 10;
/// Bytes of a digest that tell two sets of packages of the same version apart.
const TAG_BYTES: usize = 4;

/// Where everything that is installed lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallFolders {
    /// The folder of it all; an absolute path.
    pub root: PathBuf,
    /// Environments, a folder a name, in it a folder a version.
    pub environments: PathBuf,
    /// Connector files of what is installed.
    pub files: PathBuf,
}

/// What is written down of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRecord {
    /// What was asked for.
    pub requirements: Vec<String>,
    /// The version of the first package that was asked for.
    pub version: String,
    /// The version of Python.
    pub python: String,
    /// The tool that installed it, with its version: `pip 24.0`.
    pub made_with: String,
    /// Everything that is in it.
    pub packages: Vec<LockedPackage>,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// An environment that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledEnvironment {
    /// The name it was made by.
    pub name: String,
    /// Its folder below that of its name: the version, and a mark of what is in it.
    pub tag: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What is in it.
    pub record: EnvironmentRecord,
}

impl InstalledEnvironment {
    /// Its folder below that of all environments, as connector files name it: `source-faker/7.2.1-0a1b2c3d`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.name, self.tag)
    }

    /// Its Python.
    pub fn python(&self) -> PathBuf {
        self.path.join("bin/python")
    }

    /// The list of what is in it, with hashes, as package tools read it.
    pub fn lock_file(&self) -> PathBuf {
        self.path.join(LOCK)
    }
}

impl InstallFolders {
    /// Below a data folder; nothing is made yet.
    pub fn of(data_dir: &Path) -> Self {
        // Programs run in folders of their own, so a relative path would lead elsewhere; it fails only without a current folder.
        let data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        let root = data_dir.join("connectors");
        Self { environments: root.join("environments"), files: root.join("installed"), root }
    }

    /// What tells this folder from those of other machines; `None`: nothing was ever asked for here.
    pub fn mark(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join(MARK)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The same, made when there is none yet. Of two that make it at once one wins.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn mark_or_new(&self, rng: &Rng) -> Result<String, InstallError> {
        if let Some(mark) = self.mark() {
            return Ok(mark);
        }
        self.make()?;
        let (fresh, path) = (rng.text(LETTERS, MARK_LENGTH), self.root.join(MARK));
        let draft = self.root.join(format!("{MARK}-{fresh}"));
        let made = std::fs::write(&draft, &fresh).and_then(|()| match std::fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        });
        let _ = std::fs::remove_file(&draft);
        made.map_err(|error| InstallError::of_disk("cannot write", &path, &error))?;
        self.mark().ok_or_else(|| InstallError::new(format!("{} says nothing", path.display())))
    }

    /// Where tools have their temporary files.
    pub(super) fn rooms(&self) -> PathBuf {
        self.root.join(".rooms")
    }

    pub(super) fn make(&self) -> Result<(), InstallError> {
        for folder in [&self.root, &self.environments, &self.files] {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| InstallError::of_disk("cannot make the folder", folder, &error))?;
        }
        Ok(())
    }

    /// Takes away what interrupted installations have left. Only who has the lock may.
    pub(super) fn sweep(&self) {
        let _ = std::fs::remove_dir_all(self.rooms());
        for entry in std::fs::read_dir(&self.environments).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with('.') {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    pub(super) fn list(&self) -> Vec<InstalledEnvironment> {
        let inside = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .filter(|name| !name.starts_with('.'))
                .collect();
            names.sort();
            names
        };
        let mut all = Vec::new();
        for name in inside(&self.environments) {
            for tag in inside(&self.environments.join(&name)) {
                let path = self.environments.join(&name).join(&tag);
                let record =
                    std::fs::read(path.join(RECORD)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
                all.extend(record.map(|record| InstalledEnvironment { name: name.clone(), tag, path, record }));
            }
        }
        all
    }

    pub(super) fn prune(&self, name: &str, keep: &[&str]) -> Result<u64, InstallError> {
        let mut free = 0;
        for environment in self.list().into_iter().filter(|one| one.name == name && !keep.contains(&one.tag.as_str())) {
            if is_running(&environment.path) {
                continue;
            }
            // Gone at once, whatever becomes of the files.
            let going = self.environments.join(format!(".going-{name}-{}", environment.tag));
            let gone = std::fs::rename(&environment.path, &going).and_then(|()| std::fs::remove_dir_all(&going));
            gone.map_err(|error| InstallError::of_disk("cannot remove", &environment.path, &error))?;
            free += environment.record.bytes;
        }
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(self.environments.join(name));
        Ok(free)
    }
}

/// Whether a program of this machine was started from there.
fn is_running(environment: &Path) -> bool {
    let wanted = environment.as_os_str().as_encoded_bytes();
    let lines = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut lines = lines.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| line.windows(wanted.len()).any(|part| part == wanted))
}

/// A folder in which an environment is built; it goes when this goes.
#[derive(Debug)]
pub(super) struct Building {
    folders: InstallFolders,
    name: String,
    pub(super) path: PathBuf,
}

impl Building {
    pub(super) fn begin(folders: &InstallFolders, name: &str, mark: &str) -> Result<Self, InstallError> {
        let is_name = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphanumeric())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if !is_name(name) {
            return Err(InstallError::new(format!("{name:?} is no name of an environment")));
        }
        let path = folders.environments.join(format!(".building-{mark}"));
        Ok(Self { folders: folders.clone(), name: name.to_owned(), path })
    }

    pub(super) fn python(&self) -> PathBuf {
        self.path.join("bin/python")
    }

    /// Writes down what is in it. Nobody uses it yet.
    pub(super) fn finish(
        self,
        contents: FilledEnvironment,
        lock: InstallLock,
    ) -> Result<BuiltEnvironment, InstallError> {
        let FilledEnvironment { requirements, version, python, made_with, packages } = contents;
        let text = lock_text(&packages);
        let mut tag = format!("{version}-");
        for byte in Sha256::digest(format!("{python}\n{text}")).iter().take(TAG_BYTES) {
            let _ = write!(tag, "{byte:02x}");
        }
        let target = self.folders.environments.join(&self.name).join(&tag);
        repath(&self.path, &target);
        let mut record = EnvironmentRecord { requirements, version, python, made_with, packages, bytes: 0 };
        record.bytes = size(&self.path);
        let json = serde_json::to_vec_pretty(&record).unwrap_or_default();
        for (name, bytes) in [(LOCK, text.as_bytes()), (RECORD, json.as_slice())] {
            let path = self.path.join(name);
            std::fs::write(&path, bytes).map_err(|error| InstallError::of_disk("cannot write", &path, &error))?;
        }
        Ok(BuiltEnvironment { building: self, tag, record, _lock: lock })
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // After it got its place there is nothing here.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// An environment that is whole and has no place yet.
#[derive(Debug)]
pub struct BuiltEnvironment {
    building: Building,
    tag: String,
    record: EnvironmentRecord,
    _lock: InstallLock,
}

impl BuiltEnvironment {
    /// What is in it.
    pub const fn record(&self) -> &EnvironmentRecord {
        &self.record
    }

    /// Its folder below that of all environments, as it will be.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.building.name, self.tag)
    }

    /// The command that starts a program of it while it has no place yet; `None`: it brings no such program.
    pub fn command(&self, program: &str) -> Option<Vec<String>> {
        let path = self.building.path.join("bin").join(program);
        let command = [self.building.python(), path.clone()].map(|path| path.to_string_lossy().into_owned());
        path.is_file().then(|| command.to_vec())
    }

    /// The programs in it whose names begin so.
    pub fn programs(&self, beginning: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.building.path.join("bin")).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name.starts_with(beginning));
        names.sort();
        names
    }

    /// Puts a file into it, like what its program answered.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), InstallError> {
        let path = self.building.path.join(name);
        std::fs::write(&path, bytes).map_err(|error| InstallError::of_disk("cannot write", &path, &error))
    }

    /// Gives it its place; from now on it can be used. One that is there already with the same packages stays.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn place(self) -> Result<InstalledEnvironment, InstallError> {
        let Self { building, tag, record, _lock } = self;
        let parent = building.folders.environments.join(&building.name);
        let path = parent.join(&tag);
        let environment = InstalledEnvironment { name: building.name.clone(), tag, path: path.clone(), record };
        if path.join(RECORD).is_file() && environment.python().exists() {
            return Ok(environment);
        }
        let placed = std::fs::create_dir_all(&parent).and_then(|()| {
            // What lies there is no environment: it has no record, or lost its Python.
            let _ = std::fs::remove_dir_all(&path);
            std::fs::rename(&building.path, &path)
        });
        placed.map_err(|error| InstallError::of_disk("cannot put the environment to", &path, &error))?;
        Ok(environment)
    }
}

/// Scripts name the Python that starts them by its path: it will be another one.
fn repath(from: &Path, to: &Path) {
    let (old, new) = (from.to_string_lossy().into_owned(), to.to_string_lossy().into_owned());
    for entry in std::fs::read_dir(from.join("bin")).into_iter().flatten().flatten() {
        let is_script = entry.metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST_SCRIPT);
        let Some(text) = Some(entry.path()).filter(|_| is_script).and_then(|path| std::fs::read_to_string(path).ok())
        else {
            continue;
        };
        if text.contains(&old) {
            // Without it the script only cannot be started by its name; the product does not do that.
            let _ = std::fs::write(entry.path(), text.replace(&old, &new));
        }
    }
}

/// Bytes of a folder with all that is in it; links count as nothing.
fn size(folder: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(data) if data.is_dir() => bytes += size(&entry.path()),
            Ok(data) if data.is_file() => bytes += data.len(),
            Ok(_) | Err(_) => {}
        }
    }
    bytes
}
