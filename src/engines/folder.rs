//! The folder of one run: only the owner can enter it (0700), its files only the owner can read (0600), and it goes when the run ends.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::base::rng::Rng;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A folder that exists as long as this does.
pub(super) struct RunFolder {
    path: PathBuf,
    mark: String,
}

impl RunFolder {
    /// A new folder below `parent`, which is made when it is not there.
    pub(super) fn make(parent: &Path, rng: &Rng) -> std::io::Result<Self> {
        let own = std::process::id();
        let mark = format!("{own}-{}-{}", born(own).unwrap_or_default(), rng.text(ALPHABET, 20));
        let path = std::path::absolute(parent)?.join(&mark);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(Self { path, mark })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A word that names this run and no other.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Writes a file and says where it lies.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
        use std::io::Write as _;
        let path = self.path.join(name);
        private().open(&path)?.write_all(bytes)?;
        Ok(path)
    }

    /// An open file without a name.
    pub(super) fn nameless(&self) -> std::io::Result<File> {
        let path = self.path.join(".configuration");
        let file = private().read(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}

fn private() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), "the folder of a connector's run could not be removed: {error}");
        }
    }
}

/// When a process was born, in the system's own count: its number alone may be given out again, and in a container always is.
fn born(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; the fields after it are counted from the third.
    stat.rsplit(')').next()?.split_whitespace().nth(19).map(str::to_owned)
}

/// Whether the process that made the folder of this name is no more.
pub(super) fn is_left(name: &str) -> bool {
    let mut parts = name.split('-');
    let (Some(pid), Some(at)) = (parts.next().and_then(|pid| pid.parse().ok()), parts.next()) else { return false };
    born(pid).unwrap_or_default() != at
}
