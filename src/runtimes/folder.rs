//! The folder of one run: only the owner can enter it (0700), its files only the owner can read (0600), and it goes when the run ends.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::rng::Rng;

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A folder that exists as long as this does.
pub(super) struct RunFolder {
    path: PathBuf,
    mark: String,
}

impl RunFolder {
    /// A new folder below `parent`, which is made when it is not there.
    pub(super) fn make(parent: &Path, rng: &Rng) -> std::io::Result<Self> {
        let mark = format!("{}-{}", std::process::id(), rng.text(ALPHABET, 20));
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

/// Removes what servers have left that ended without having time for it.
pub(super) fn sweep(parent: &Path) {
    let Ok(folders) = std::fs::read_dir(parent) else { return };
    for folder in folders.flatten() {
        let name = folder.file_name();
        let pid = name.to_str().and_then(|name| name.split_once('-')).and_then(|(pid, _)| pid.parse::<u32>().ok());
        let is_left = pid.is_some_and(|pid| pid != std::process::id() && !Path::new(&format!("/proc/{pid}")).exists());
        if is_left {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}
