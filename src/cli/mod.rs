//! Commands: the same program serves, looks after its data, and is asked about its state.
//!
//! What a command was asked for goes to standard output, everything else to standard error. A command ends with 0 when it did its
//! work, with 1 when it could not, and with 2 when the settings or its arguments do not allow it to begin.

mod api_key;
mod backup;
mod check_config;
mod check_specs;
mod connectors;
mod copy;
mod demo;
mod demo_data;
mod doctor;
mod import;
mod install;
mod keys;
mod migrate;
mod out;
mod owner;
mod render;
mod restore;
mod run_limited;
mod serve;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::platform::config::{Config, ConfigProblems, Environment, SETTINGS, no_setting};
use crate::platform::db;
use crate::platform::private;

/// Hand out a link, get somebody's data connection back: safely, without an account.
#[derive(Parser)]
#[command(name = "vestibule", version, after_help = settings_help(), max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the web server and the worker (also without any command); brings the database up to date first
    Serve,
    /// Run only the worker: mail, expiry (PostgreSQL; with SQLite `serve` does it)
    Worker,
    /// Bring the database's tables up to this version
    Migrate,
    /// Say what is wrong with the settings, or what is in force
    CheckConfig,
    /// Try database, keys, folders, mail server and connectors, and say what to do about problems
    Doctor(doctor::DoctorArgs),
    /// Copy the SQLite database into a new file, also while the server runs
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database
    Restore(restore::RestoreArgs),
    /// Copy everything into an empty database of the other kind: from SQLite to PostgreSQL, or back
    Copy(copy::CopyArgs),
    /// Make master keys, and seal everything anew with the first one
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Make owners of workspaces
    #[command(subcommand)]
    Owner(owner::OwnerCommand),
    /// Make API keys
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    /// List, install, import and check connectors
    #[command(subcommand)]
    Connectors(connectors::ConnectorsCommand),
    /// Put secrets from the environment into the files of a hand-off
    Render(render::RenderArgs),
    /// Run with a filled example workspace in a folder of its own
    Demo(demo::DemoArgs),
    /// Become another program that may use only so much (the server uses it to run connectors)
    #[command(hide = true)]
    RunLimited(run_limited::RunLimitedArgs),
}

/// How a command ends when nothing went wrong on the way.
type ExitResult = anyhow::Result<ExitCode>;

/// The settings or arguments do not allow a command to begin; the text says what to do instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unfit(String);

/// Runs what the arguments say.
pub fn run() -> ExitCode {
    private::make_private_by_default();
    let ending = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(),
        Command::Worker => worker::run(),
        Command::Migrate => migrate::run(),
        Command::CheckConfig => check_config::run(),
        Command::Doctor(args) => doctor::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Copy(args) => copy::run(&args),
        Command::Keys(command) => keys::run(&command),
        Command::Owner(command) => owner::run(&command),
        Command::ApiKey(command) => api_key::run(&command),
        Command::Connectors(command) => connectors::run(command),
        Command::Render(args) => render::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::RunLimited(args) => run_limited::run(&args),
    };
    let code = ending.unwrap_or_else(|error| complain(&error));
    db::before_exit();
    code
}

fn complain(error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<ConfigProblems>() {
        out::aside("The settings cannot be used:");
        problems.lines().iter().for_each(|line| out::aside(format_args!("  {line}")));
        return ExitCode::from(2);
    }
    out::aside(format_args!("vestibule: {error:#}"));
    if error.is::<Unfit>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// Reads the settings, starts logging, and warns about variables that look like settings and are none.
fn settings() -> anyhow::Result<Config> {
    let config = Config::from_source(&Environment)?;
    config.log.start();
    for name in &config.unknown {
        tracing::warn!("{}", no_setting(name));
    }
    Ok(config)
}

fn settings_help() -> String {
    let width = SETTINGS.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines: Vec<String> = SETTINGS.iter().map(|(name, meaning)| format!("  {name:width$}  {meaning}")).collect();
    format!(
        "Settings are environment variables; NAME_FILE names a file to read the value from instead:\n{}",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_has_one_line_of_help_and_every_setting_is_named() {
        let command = Cli::command();
        command.clone().debug_assert();
        let help = Cli::command().render_help().to_string();
        for sub in command.get_subcommands() {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.contains('\n'), "{}", sub.get_name());
            assert_eq!(help.contains(sub.get_name()), !sub.is_hide_set());
        }
        for (name, meaning) in SETTINGS {
            assert!(help.contains(name) && !meaning.is_empty());
        }
    }
}
