//! `backup`: one consistent copy of the SQLite database, taken while the server may be running.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::{ExitResult, Unfit, out};
use crate::platform::db::{DatabaseUrl, dialect};
use crate::platform::private;

#[derive(clap::Args)]
pub(super) struct BackupArgs {
    /// The file to make; it must not exist
    file: PathBuf,
}

pub(super) fn run(args: &BackupArgs) -> ExitResult {
    let config = super::settings()?;
    let DatabaseUrl::Sqlite(database) = &config.storage.database else {
        return Err(Unfit(
            "this command copies SQLite databases. Back PostgreSQL up with: pg_dump --format=custom --file=FILE \"$VESTIBULE_DATABASE_URL\"; \
             keep the master keys too, they are not in the database"
                .to_owned(),
        )
        .into());
    };
    if !Path::new(database).exists() {
        return Err(Unfit(format!("there is no database at {database} yet")).into());
    }
    if args.file.exists() {
        return Err(Unfit(format!("{} exists already, and a backup never replaces a file", args.file.display())).into());
    }
    // Made here and filled by SQLite: nobody else can read it at any moment.
    private::write_private(&args.file, b"")?;
    if let Err(error) = copy(&config.storage.database, &args.file) {
        let _ = std::fs::remove_file(&args.file);
        return Err(error);
    }
    out::line(format_args!("{} holds the whole database.", args.file.display()));
    out::line(
        "The master key is not in it, and without the key its secrets cannot be opened. Keep a copy of the key in another place:",
    );
    match config.storage.master_keys {
        Some(_) => out::line("  it is what VESTIBULE_MASTER_KEYS holds."),
        None => out::line(format_args!("  it is the file {}.", config.storage.key_file().display())),
    }
    Ok(ExitCode::SUCCESS)
}

fn copy(database: &DatabaseUrl, file: &Path) -> anyhow::Result<()> {
    let absolute = std::path::absolute(file)?;
    let target = absolute.to_str().context("the file's name must be Unicode")?;
    dialect::copy_to_file(&mut database.open()?, target).context("copying the database")?;
    std::fs::File::open(file)?.sync_all().context("writing the copy to the disk")
}
