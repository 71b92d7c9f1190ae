//! One installation at a time.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::InstallError;

/// Held while an installation goes on; the system lets go of it when the process ends, however that happens.
#[derive(Debug)]
pub(super) struct InstallLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl InstallLock {
    /// Takes that of a folder, which is there, or says who has it.
    pub(super) fn take(root: &Path) -> Result<Self, InstallError> {
        let path = root.join(".lock");
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|error| InstallError::of_disk("cannot write", &path, &error))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim();
            let holder = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
            let words = format!(
                "Another installation is going on in this data folder{holder}. Wait until it is done, then try again."
            );
            return Err(InstallError { is_busy: true, ..InstallError::new(words) });
        }
        let own = std::process::id().to_string();
        // Who has it is only said; that it is taken does not hang on it.
        let _ = file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(own.as_bytes()));
        Ok(Self(file))
    }
}
