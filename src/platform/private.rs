//! What lies on the disk is for the account alone that the server runs as: folders 0700, files 0600, whatever was there before.

use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::platform::config::StorageConfig;
use crate::platform::db::DatabaseUrl;

/// What everybody else may do with something.
const OTHERS: u32 = 0o077;

/// From here on nothing that this process makes is for anybody else, unless it says so itself.
pub fn make_private_by_default() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Makes the data folder and the file of an SQLite database; what is there already is closed to others: the folder, what lies directly in it,
/// and the mails, which hold links.
///
/// # Errors
/// They cannot be made or closed, or everybody can write to the data folder.
pub fn prepare_storage(storage: &StorageConfig) -> anyhow::Result<()> {
    private_dir(&storage.data_dir)?;
    for folder in [&storage.data_dir, &storage.mail_dir()] {
        // Another process of this installation may take one away meanwhile.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            close(&entry.path());
        }
    }
    let DatabaseUrl::Sqlite(path) = &storage.database else { return Ok(()) };
    let path = Path::new(path);
    if path.exists() {
        close(path);
        return Ok(());
    }
    // SQLite gives its log files the rights of this one.
    let made = write_private(path, b"");
    // Another process may have been faster.
    if path.exists() { Ok(()) } else { made }
}

/// Makes a folder that only its owner can enter, or closes the one that is there.
///
/// # Errors
/// It cannot be made or closed, or everybody can write to it: then what lies there may be anybody's.
pub fn private_dir(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {shown}"))?;
    let mode = std::fs::metadata(path).with_context(|| format!("cannot look at the folder {shown}"))?.mode() & 0o777;
    ensure!(
        mode & 0o002 == 0,
        "everybody on this machine can write to the folder {shown} ({mode:04o}), so what lies there may be anybody's. Look what is in it, then \
         run: chmod 0700 {shown}"
    );
    close(path);
    Ok(())
}

/// Takes away what others may do with something. Where it belongs to another account, such as a volume that is shared by a group, that is not
/// ours to change, and said.
fn close(path: &Path) {
    let Ok(found) = std::fs::symlink_metadata(path) else { return };
    let mode = found.mode() & 0o777;
    if found.is_symlink() || mode & OTHERS == 0 {
        return;
    }
    if let Err(error) = std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)) {
        tracing::warn!(path = %path.display(), mode = format!("{mode:04o}"), %error, "open to others, and cannot be closed");
    }
}

/// Writes a new file that only its owner can read (0600); an existing one is never touched.
///
/// # Errors
/// The file exists or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_was_open_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        let storage = StorageConfig::in_folder(&data_dir);
        let (mails, mail, key) = (storage.mail_dir(), storage.mail_dir().join("1.eml"), storage.key_file());
        std::fs::create_dir_all(&mails).unwrap();
        for file in [&mail, &key, &data_dir.join("vestibule.db")] {
            std::fs::write(file, "x").unwrap();
            set(file, 0o664);
        }
        set(&mails, 0o755);
        set(&data_dir, 0o775);
        prepare_storage(&storage).unwrap();
        for file in [&mail, &key, &data_dir.join("vestibule.db")] {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        assert_eq!((mode(&mails), mode(&data_dir)), (0o700, 0o700));
    }

    #[test]
    fn a_data_folder_of_everybody_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let storage = StorageConfig::in_folder(&dir.path().join("data"));
        std::fs::create_dir(&storage.data_dir).unwrap();
        set(&storage.data_dir, 0o777);
        let said = prepare_storage(&storage).unwrap_err().to_string();
        assert!(said.contains("everybody on this machine can write") && said.contains("chmod 0700"), "{said}");
        assert_eq!(mode(&storage.data_dir), 0o777);
        assert!(std::fs::read_dir(&storage.data_dir).unwrap().next().is_none());
    }
}
