//! `migrate`: the tables of this version, for those who run it as a step of its own.

use std::process::ExitCode;

use super::{ExitResult, out};
use crate::platform::db::migrations;
use crate::platform::private;

pub(super) fn run() -> ExitResult {
    let config = super::settings()?;
    private::prepare_storage(&config.storage)?;
    config.storage.database.refuse_pooler()?;
    let steps = migrations::run(&mut config.storage.database.open()?)?;
    let place = config.storage.database.shown();
    match steps {
        0 => out::line(format_args!("{place}: up to date, nothing to do.")),
        steps => out::line(format_args!("{place}: {} done.", out::count(steps, "migration", "migrations"))),
    }
    Ok(ExitCode::SUCCESS)
}
