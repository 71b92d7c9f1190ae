//! `restore`: a backup takes the place of the database, after everything about it was checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};

use super::{Ending, Unfit, out};
use crate::features::accounts;
use crate::platform::app;
use crate::platform::config::Config;
use crate::platform::db::{Conn, DatabaseUrl, dialect, instance, migrations};

#[derive(clap::Args)]
pub(super) struct Args {
    /// A file that `vestibule backup` made
    file: PathBuf,
    /// Replace a database that has been used
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> Ending {
    let config = super::settings()?;
    let DatabaseUrl::Sqlite(database) = &config.storage.database else {
        return Err(Unfit(
            "this command restores SQLite databases. Restore PostgreSQL with: pg_restore --clean --if-exists --dbname=\"$VESTIBULE_DATABASE_URL\" FILE"
                .to_owned(),
        )
        .into());
    };
    app::private_dir(&config.storage.data_dir)?;
    let target = Path::new(database);
    may_replace(target, args.force)?;
    let incoming = Incoming::copy(&args.file, target)?;
    incoming
        .check(&config)
        .with_context(|| format!("{} was not restored, and nothing was changed", args.file.display()))?;
    step_aside(target, args.force)?;
    incoming.take_place_of(target)?;
    out::line(format_args!("{} is now what {} held.", target.display(), args.file.display()));
    Ok(ExitCode::SUCCESS)
}

/// A database that holds a workspace, or that cannot be asked, is only replaced by force.
fn may_replace(target: &Path, force: bool) -> anyhow::Result<()> {
    if force || !target.exists() {
        return Ok(());
    }
    let used = || {
        let mut conn = open(target)?;
        anyhow::Ok(!migrations::is_fresh(&mut conn)? && accounts::any_workspace(&mut conn)?)
    };
    match used() {
        Ok(false) => Ok(()),
        Ok(true) => {
            Err(Unfit(format!("{} has been used: it holds a workspace. --force replaces it", target.display())).into())
        }
        Err(error) => Err(Unfit(format!(
            "{} cannot be asked whether it has been used ({error:#}). --force replaces it",
            target.display()
        ))
        .into()),
    }
}

fn open(path: &Path) -> anyhow::Result<Conn> {
    DatabaseUrl::Sqlite(path.to_str().context("the file's name must be Unicode")?.to_owned()).open()
}

/// Makes sure that nobody uses the old database, and that no log of it is left to be mixed into the new one.
fn step_aside(target: &Path, force: bool) -> anyhow::Result<()> {
    if !target.exists() {
        return remove_logs(target);
    }
    let closed = open(target).and_then(|mut conn| dialect::stand_alone(&mut conn));
    if let Err(error) = closed {
        let in_use = format!("{error:#}").contains("locked") || format!("{error:#}").contains("in use");
        ensure!(!in_use, "{} is in use: stop Vestibule, then run this again", target.display());
        // A damaged file is a good reason to restore a backup.
        ensure!(force, "{} cannot be opened ({error:#})", target.display());
    }
    remove_logs(target)
}

fn remove_logs(target: &Path) -> anyhow::Result<()> {
    for ending in ["-wal", "-shm", "-journal"] {
        match std::fs::remove_file(beside(target, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                bail!("cannot remove {}: {error}", beside(target, ending).display())
            }
            _ => {}
        }
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A copy of the backup next to the database; it goes when it does not take the database's place. The backup itself stays untouched.
struct Incoming {
    path: PathBuf,
}

impl Incoming {
    fn copy(file: &Path, target: &Path) -> anyhow::Result<Self> {
        let log = beside(file, "-wal");
        ensure!(
            std::fs::metadata(&log).map_or(true, |log| log.len() == 0),
            "{} has a write-ahead log beside it: it is a database in use, not a backup. Make one with `vestibule backup`",
            file.display()
        );
        let mut from = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        let incoming = Self { path: beside(target, ".restoring") };
        let _ = std::fs::remove_file(&incoming.path);
        app::write_private(&incoming.path, b"")?;
        let mut to = std::fs::OpenOptions::new().write(true).open(&incoming.path)?;
        std::io::copy(&mut from, &mut to).with_context(|| format!("copying {}", file.display()))?;
        Ok(incoming)
    }

    /// It is sound, it is ours, and the master keys that will be used open it.
    fn check(&self, config: &Config) -> anyhow::Result<()> {
        let mut conn = open(&self.path).context("it is no SQLite database")?;
        dialect::verify(&mut conn)?;
        ensure!(
            !migrations::is_fresh(&mut conn)? && instance::find(&mut conn, app::KEY_CHECK).is_ok(),
            "it is no database of Vestibule"
        );
        let Some(keys) = app::existing_keys(config)? else {
            bail!(
                "there is no master key here: put the key of that backup into {} or set VESTIBULE_MASTER_KEYS",
                config.storage.key_file().display()
            );
        };
        let fit = app::keys_fit(&mut conn, &keys).context("the master keys here are not those of that backup")?;
        ensure!(fit, "it was never sealed with a key: it is no backup of a used installation");
        dialect::stand_alone(&mut conn).context("finishing the copy")
    }

    fn take_place_of(self, target: &Path) -> anyhow::Result<()> {
        std::fs::File::open(&self.path)?.sync_all()?;
        std::fs::rename(&self.path, target).with_context(|| format!("cannot replace {}", target.display()))?;
        if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = remove_logs(&self.path);
    }
}
