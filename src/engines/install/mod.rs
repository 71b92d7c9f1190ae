//! Environments of Python, made, listed and removed: what connectors and loaders are installed in. It knows nothing of our database and
//! nothing of connectors: an environment is a name, what has to be in it, and the Python it wants.
//!
//! Invariants: an environment that is half made is never used: it is built beside the others and gets its name when it is whole, and what an
//! interrupted installation left is swept away by the next; one installation at a time works in a data folder; what was really installed
//! stands beside it with its hashes, and can be installed again exactly so; tools get the settings of package indexes and proxies and
//! nothing else of the server's environment.

mod busy;
mod layout;
mod locked;
mod pip;
mod python;
mod tool;
mod uv;
mod words;

use std::path::{Path, PathBuf};

pub use layout::{BuiltEnvironment, EnvironmentRecord, InstallFolders, InstalledEnvironment};
pub use locked::LockedPackage;
pub use python::PythonRange;

use super::folder::RunFolder;
use super::process::find_program;
use crate::base::rng::Rng;
use busy::InstallLock;
use layout::Building;
use tool::Tools;

/// Who is told what is going on, line by line.
pub type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Why an environment was not made, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InstallError {
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// The last lines of the tool that failed, when there are some.
    pub detail: Option<String>,
    /// Another installation is going on in the folder: it may go as soon as that is done.
    pub is_busy: bool,
}

impl InstallError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), detail: None, is_busy: false }
    }

    /// A failure of the disk.
    pub(super) fn of_disk(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("{what} {}: {error}", path.display()))
    }

    fn with_detail(self, detail: &str) -> Self {
        Self { detail: Some(detail.trim().to_owned()).filter(|text| !text.is_empty()), ..self }
    }
}

/// An environment that somebody wants.
#[derive(Debug, Clone)]
pub struct WantedEnvironment {
    /// Its name: letters, digits, dashes: `source-faker`.
    pub name: String,
    /// What has to be in it, as package tools write it; the first one's version is the environment's.
    pub requirements: Vec<String>,
    /// The versions of Python it may have.
    pub python: PythonRange,
    /// The program to use as Python instead of looking for one.
    pub python_program: Option<PathBuf>,
    /// A list of exact versions with hashes, which then are the only ones that may be installed.
    pub lock_file: Option<PathBuf>,
}

/// What makes environments in an installation.
#[derive(Debug, Clone)]
pub struct Installer {
    folders: InstallFolders,
    /// This product's own program, which starts others with limits.
    launcher: PathBuf,
    path: String,
    variables: Vec<(String, String)>,
    rng: Rng,
}

impl Installer {
    /// Works in these folders; programs are looked for in `path`, and tools get `variables` (indexes, proxies, certificates).
    pub fn new(folders: InstallFolders, path: String, variables: Vec<(String, String)>, rng: Rng) -> Self {
        Self { folders, launcher: PathBuf::from("/proc/self/exe"), path, variables, rng }
    }

    /// The same, with another program in the place of the running one: for tests, which are not this program.
    #[must_use]
    pub fn launched_by(self, launcher: PathBuf) -> Self {
        Self { launcher, ..self }
    }

    /// Where everything lies.
    pub const fn folders(&self) -> &InstallFolders {
        &self.folders
    }

    /// Builds an environment beside the others. It is used from [`BuiltEnvironment::place`] on; dropped before, nothing of it stays.
    ///
    /// # Errors
    /// Another installation is going on; there is no Python that fits; the tool could not install what was asked for; the disk is full.
    pub async fn build(&self, wanted: &WantedEnvironment, tell: Tell<'_>) -> Result<BuiltEnvironment, InstallError> {
        self.folders.make()?;
        let lock = InstallLock::take(&self.folders.root)?;
        self.folders.sweep();
        let room = RunFolder::make(&self.folders.rooms(), &self.rng)
            .map_err(|error| InstallError::of_disk("cannot write to", &self.folders.root, &error))?;
        let tools = Tools { launcher: &self.launcher, path: &self.path, variables: &self.variables, room: &room, tell };
        let building = Building::begin(&self.folders, &wanted.name, room.mark())?;
        let record = match find_program("uv", &self.path) {
            Some(uv) => uv::fill(&tools, &uv, wanted, &building).await?,
            None => pip::fill(&tools, wanted, &building).await?,
        };
        building.finish(record, lock)
    }

    /// The Python that an environment would be made with, in words. Nothing is installed.
    ///
    /// # Errors
    /// There is none that fits; what to do.
    pub async fn find_python(&self, range: PythonRange) -> Result<String, InstallError> {
        if find_program("uv", &self.path).is_some() {
            return Ok(format!("{} by uv, which takes the one that is here or fetches it", range.in_words()));
        }
        // A folder of its own: an installation that begins meanwhile sweeps its rooms.
        let room = RunFolder::make(&self.folders.root.join(".asked"), &self.rng)
            .map_err(|error| InstallError::of_disk("cannot write to", &self.folders.root, &error))?;
        let tools = Tools {
            launcher: &self.launcher,
            path: &self.path,
            variables: &self.variables,
            room: &room,
            tell: &|_| {},
        };
        let found = python::find(&tools, range, None).await?;
        Ok(format!("Python {} ({})", found.version, found.program.display()))
    }

    /// Whether something could be installed or removed now.
    ///
    /// # Errors
    /// Another installation is going on, or the disk refuses.
    pub fn see_free(&self) -> Result<(), InstallError> {
        self.folders.make()?;
        InstallLock::take(&self.folders.root).map(drop)
    }

    /// All environments, by name and version.
    pub fn list(&self) -> Vec<InstalledEnvironment> {
        self.folders.list()
    }

    /// Removes the environments of a name but those that are kept; gives the bytes that are free then. Programs that still run from one are
    /// left their files until the next time.
    ///
    /// # Errors
    /// Another installation is going on, or the disk refuses.
    pub fn prune(&self, name: &str, keep: &[&str]) -> Result<u64, InstallError> {
        self.folders.make()?;
        let _lock = InstallLock::take(&self.folders.root)?;
        self.folders.sweep();
        self.folders.prune(name, keep)
    }
}
