//! `restore`: a backup takes the place of the database, after everything about it was checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};

use super::{ExitResult, Unfit, out};
use crate::base::clock::Clock;
use crate::base::rng::Rng;
use crate::console::{AfterRestore, settle_restored};
use crate::features::accounts;
use crate::platform::app;
use crate::platform::config::Config;
use crate::platform::db::{Conn, DatabaseUrl, dialect, foreign_objects, instance, migrations};
use crate::platform::private;
use crate::platform::tx::Tx;

#[derive(clap::Args)]
pub(super) struct RestoreArgs {
    /// A file that `vestibule backup` made
    #[arg(required_unless_present = "in_place")]
    file: Option<PathBuf>,
    /// The database was put back by other means, like pg_restore: only close its links, end its sessions and question its sign-ins
    #[arg(long, conflicts_with_all = ["file", "force"])]
    in_place: bool,
    /// Replace a database that has been used
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &RestoreArgs) -> ExitResult {
    let config = super::settings()?;
    let Some(file) = args.file.as_deref().filter(|_| !args.in_place) else { return settle_in_place(&config) };
    let DatabaseUrl::Sqlite(database) = &config.storage.database else {
        return Err(Unfit(
            "this command restores SQLite databases. Restore PostgreSQL with: pg_restore --clean --if-exists --dbname=\"$VESTIBULE_DATABASE_URL\" FILE, then run `vestibule restore --in-place` before you start it"
                .to_owned(),
        )
        .into());
    };
    private::private_dir(&config.storage.data_dir)?;
    let target = Path::new(database);
    may_replace(target, args.force)?;
    let incoming = Incoming::copy(file, target)?;
    incoming.check(&config).with_context(|| format!("{} was not restored, and nothing was changed", file.display()))?;
    let after = incoming
        .settle(&config)
        .with_context(|| format!("{} was not restored, and nothing was changed", file.display()))?;
    step_aside(target, args.force)?;
    incoming.take_place_of(target)?;
    out::line(format_args!("{} is now what {} held.", target.display(), file.display()));
    say_what_ended(&after);
    Ok(ExitCode::SUCCESS)
}

/// What was put back by other means than this command: `pg_restore`, or a copy of the file.
fn settle_in_place(config: &Config) -> ExitResult {
    let mut conn = config.storage.database.open()?;
    ensure!(!migrations::is_fresh(&mut conn)?, "{} holds nothing yet", config.storage.database.shown());
    let after = settle(&mut conn, config)?;
    say_what_ended(&after);
    Ok(ExitCode::SUCCESS)
}

/// Brings the tables up to date and ends what may have ended since the backup was taken.
fn settle(conn: &mut Conn, config: &Config) -> anyhow::Result<AfterRestore> {
    migrations::run(conn)?;
    let keys = app::existing_keys(config)?.context("there is no master key here")?;
    ensure!(app::keys_fit(conn, &keys)?, "it was never sealed with a key");
    let rng = Rng::System;
    dialect::begin_write(conn)?;
    let done = settle_restored(&mut Tx { conn: &mut *conn, now: Clock::System.now(), rng: &rng, keys: &keys });
    match done {
        Ok(after) => {
            dialect::commit(conn)?;
            Ok(after)
        }
        Err(error) => {
            dialect::rollback(conn)?;
            Err(error.into())
        }
    }
}

fn say_what_ended(after: &AfterRestore) {
    let count = out::count;
    out::line(
        "A backup shows what was true when it was taken. So that nothing comes back to life that has ended since:",
    );
    out::line(format_args!(
        "  {} and {} were closed. Make new ones for whoever still needs them.",
        count(after.setup_links, "open setup link", "open setup links"),
        count(after.invite_links, "open invite link", "open invite links")
    ));
    out::line(format_args!(
        "  {} ended; {} for accounts withdrawn.",
        count(after.access.sessions, "session", "sessions"),
        count(after.access.links, "one-time link", "one-time links")
    ));
    out::line(format_args!(
        "  {} renewed before the next use; for {} somebody has to sign in again.",
        count(after.grants.renewed, "sign-in with a provider is", "sign-ins with providers are"),
        count(after.grants.broken, "other", "others")
    ));
    out::line(
        "Look through these yourself: API keys that were revoked since work again, members who were removed are members again, and",
    );
    out::line("passwords are those of that day.");
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
        private::write_private(&incoming.path, b"")?;
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
        migrations::refuse_newer(&mut conn)?;
        let foreign = foreign_objects(&mut conn)?;
        ensure!(foreign.is_empty(), "its tables are not as Vestibule makes them: {}", foreign.join(", "));
        let Some(keys) = app::existing_keys(config)? else {
            bail!(
                "there is no master key here: put the key of that backup into {} or set VESTIBULE_MASTER_KEYS",
                config.storage.key_file().display()
            );
        };
        let fit = app::keys_fit(&mut conn, &keys).context("the master keys here are not those of that backup")?;
        ensure!(fit, "it was never sealed with a key: it is no backup of a used installation");
        Ok(())
    }

    /// Ends what may have ended since the backup was taken.
    fn settle(&self, config: &Config) -> anyhow::Result<AfterRestore> {
        let mut conn = open(&self.path)?;
        let after = settle(&mut conn, config)?;
        dialect::stand_alone(&mut conn).context("finishing the copy")?;
        Ok(after)
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
