//! `owner`: an owner, and the workspace when there is none of that name; and the way back in when the sign-in provider fails.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{ExitResult, Unfit, out};
use crate::base::crypto::password;
use crate::base::error::AppError;
use crate::features::accounts::{self, OwnerDetails};
use crate::platform::app::App;

#[derive(clap::Subcommand)]
pub(super) enum OwnerCommand {
    /// Make an owner, and the workspace when there is none of that name; the password is one line on standard input
    Create(OwnerArgs),
    /// Let members sign in with passwords again, when the workspace's sign-in provider does not let them in
    AllowPasswords(AllowArgs),
}

#[derive(clap::Args)]
pub(super) struct AllowArgs {
    /// The workspace's slug
    #[arg(long)]
    workspace: String,
}

#[derive(clap::Args)]
pub(super) struct OwnerArgs {
    /// Address to sign in with
    #[arg(long)]
    email: String,
    /// Name of the person
    #[arg(long)]
    name: String,
    /// The workspace, by its slug or its name
    #[arg(long)]
    workspace: String,
}

pub(super) fn run(command: &OwnerCommand) -> ExitResult {
    match command {
        OwnerCommand::Create(args) => create(args),
        OwnerCommand::AllowPasswords(args) => allow_passwords(&args.workspace),
    }
}

fn allow_passwords(slug: &str) -> ExitResult {
    let app = App::build(super::settings()?)?;
    let wanted = slug.to_owned();
    let changed = app.write_blocking(move |tx| {
        let workspace = accounts::find_workspace_by_slug(tx.conn, &wanted)?.ok_or(AppError::NotFound)?;
        accounts::allow_passwords_by_command(tx, &workspace.id)
    });
    let changed = changed.map_err(|error| match error {
        AppError::NotFound => {
            anyhow::anyhow!("there is no workspace called {slug}; Settings → Workspace shows its name in commands")
        }
        other => other.into(),
    })?;
    if changed {
        out::line(format_args!("Members of {slug} can sign in with passwords again."));
        out::line("Whoever has none asks for one on the sign-in page, with “I cannot sign in”.");
    } else {
        out::line(format_args!("Members of {slug} can sign in with passwords already. Nothing was changed."));
    }
    Ok(ExitCode::SUCCESS)
}

fn create(args: &OwnerArgs) -> ExitResult {
    let config = super::settings()?;
    let password = read_password()?;
    let details = OwnerDetails::check(&args.workspace, &args.name, &args.email, &password)
        .map_err(|wrong| Unfit(wrong.join(". ")))?;
    let app = App::build(config)?;
    let hash = password::hash(&password, app.password_cost, &app.rng)?;
    let asked = details.clone();
    let made = app.write_blocking(move |tx| accounts::create_owner(tx, &asked, &hash));
    let made = made.map_err(|error| match error {
        AppError::Conflict(sentence) => anyhow::Error::msg(sentence),
        other => other.into(),
    })?;
    let whole = format!("{} ({})", made.workspace_name, made.workspace_slug);
    if made.is_new_workspace {
        out::line(format_args!("The workspace {whole} was made; {} is its owner.", details.email));
    } else {
        out::line(format_args!("{} is now an owner of the workspace {whole}.", details.email));
    }
    if made.keeps_password {
        out::line("They were known here already and keep their password; the one given here was not taken.");
    }
    if made.passwords_off {
        out::line(format_args!(
            "The workspace takes no passwords. To sign in with this one, run `vestibule owner allow-passwords --workspace {}` first.",
            made.workspace_slug
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// One line; a longer password than we take is refused later, and a whole file is never read.
fn read_password() -> anyhow::Result<SecretString> {
    let input = std::io::stdin();
    if input.is_terminal() {
        out::aside(format_args!("Password (at least {} characters, shown as you type):", password::SHORTEST));
    }
    let most = u64::try_from(password::LONGEST + 3).unwrap_or(u64::MAX);
    let mut line = Zeroizing::new(String::new());
    input.lock().take(most).read_line(&mut line).context("reading the password from standard input")?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}
