//! `copy`: everything of the configured database into an empty one of the other kind, checked row by row.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use super::{ExitResult, Unfit, keys, out};
use crate::base::clock::{Clock, UtcTime};
use crate::base::crypto::KeyRing;
use crate::platform::app;
use crate::platform::config::Config;
use crate::platform::db::copy::{CopiedTable, copy};
use crate::platform::db::{Conn, DatabaseUrl, migrations};
use crate::platform::private;

/// Sealed values of each column that are opened in the copy.
const OPENED_OF_EACH: i64 = 20;

#[derive(clap::Args)]
pub(super) struct CopyArgs {
    /// The database to fill, like postgres://user:password@host/name or sqlite:/path/to/new.db; it must hold nothing yet
    #[arg(long, value_name = "URL", value_parser = place)]
    to: DatabaseUrl,
}

fn place(text: &str) -> Result<DatabaseUrl, String> {
    DatabaseUrl::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: &CopyArgs) -> ExitResult {
    let config = super::settings()?;
    let from = &config.storage.database;
    let is_sqlite = |place: &DatabaseUrl| matches!(place, DatabaseUrl::Sqlite(_));
    if is_sqlite(from) == is_sqlite(&args.to) {
        return Err(Unfit(
            "this copies between SQLite and PostgreSQL. One SQLite file is copied by `vestibule backup`, one PostgreSQL database by pg_dump"
                .to_owned(),
        )
        .into());
    }
    let (mut source, keys) = open_source(&config)?;
    let mut target = open_target(&args.to)?;
    let moment = Clock::System.now();
    let mut opened = 0;
    let copied = copy(&mut source, &mut target, |target| {
        opened = open_sample(target, &keys)?;
        Ok(())
    })
    .with_context(|| format!("{} was not copied; {} is unchanged", from.shown(), from.shown()))?;
    say_what_came(&copied, opened);
    say_what_to_do(&config, &args.to, moment);
    Ok(ExitCode::SUCCESS)
}

/// The configured database, with the keys that open it.
fn open_source(config: &Config) -> anyhow::Result<(Conn, KeyRing)> {
    let place = &config.storage.database;
    if let DatabaseUrl::Sqlite(path) = place
        && !Path::new(path).exists()
    {
        return Err(Unfit(format!("there is no database at {path} yet")).into());
    }
    let mut source = place.open()?;
    migrations::refuse_newer(&mut source)?;
    let waiting = if migrations::is_fresh(&mut source)? { 1 } else { migrations::pending(&mut source)? };
    ensure!(waiting == 0, "{} is not up to date: run `vestibule migrate` first", place.shown());
    let keys = app::existing_keys(config)?
        .context("there is no master key here, so nobody could tell whether the copy is whole")?;
    app::keys_fit(&mut source, &keys).context("the master keys here are not those of this database")?;
    Ok((source, keys))
}

/// The database to fill, with tables of this version.
fn open_target(place: &DatabaseUrl) -> anyhow::Result<Conn> {
    if let DatabaseUrl::Sqlite(path) = place
        && !Path::new(path).exists()
    {
        private::write_private(Path::new(path), b"")?;
    }
    let mut target = place.open().context("the target")?;
    migrations::run(&mut target).context("the target")?;
    Ok(target)
}

/// Opens some values of every sealed column; says how many.
fn open_sample(target: &mut Conn, keys: &KeyRing) -> anyhow::Result<usize> {
    app::keys_fit(target, keys).context("the master keys do not open the copy")?;
    let mut opened = 0;
    for column in keys::sealed_columns() {
        opened += column.open_some(target, keys, OPENED_OF_EACH).context("a sealed value of the copy does not open")?;
    }
    Ok(opened)
}

fn say_what_came(copied: &[CopiedTable], opened: usize) {
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    let held = copied.iter().filter(|table| table.rows > 0);
    out::table(&held.map(|table| vec![table.name.clone(), table.rows.to_string()]).collect::<Vec<_>>());
    out::line(format_args!(
        "{} rows of {} tables were copied, and every one was read back and compared. {} opened with the master keys.",
        rows,
        copied.len(),
        out::count(opened, "sealed value", "sealed values")
    ));
}

fn say_what_to_do(config: &Config, to: &DatabaseUrl, moment: UtcTime) {
    if matches!(config.storage.database, DatabaseUrl::Postgres(_)) {
        out::line(format_args!(
            "The copy shows one moment, {}. What a running server took later is not in it: stop every server and worker before you copy.",
            moment.words()
        ));
    }
    out::line(format_args!(
        "Point VESTIBULE_DATABASE_URL to {} and start. The data folder {} and the master keys stay as they are.",
        to.shown(),
        config.storage.data_dir.display()
    ));
    out::line(format_args!("Keep {} until you have seen that everything is there.", config.storage.database.shown()));
}
