//! `api-key create`: a key for a program, printed once.

use std::process::ExitCode;

use time::{Date, Duration};

use super::{ExitResult, Unfit, out};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::AppResult;
use crate::base::ids::ApiKeyId;
use crate::features::accounts::api_keys::{self, NewApiKey, Scope};
use crate::features::accounts::{self, WorkspaceCard};
use crate::platform::activity::Actor;
use crate::platform::app::App;

const LONGEST_NAME: usize = 80;

#[derive(clap::Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Make a key and print it alone on standard output; it is not shown again
    Create(ApiKeyArgs),
}

#[derive(clap::Args)]
pub(super) struct ApiKeyArgs {
    /// The workspace's slug
    #[arg(long)]
    workspace: String,
    /// What the key is for
    #[arg(long)]
    name: String,
    /// What it may do, like sources:read (several times); without it everything but credentials:read
    #[arg(long = "scope", value_parser = scope)]
    scopes: Vec<Scope>,
    /// The last day it works, like 2027-03-14 (UTC); without it, until it is revoked
    #[arg(long, value_parser = last_day)]
    expires: Option<UtcTime>,
}

fn scope(text: &str) -> Result<Scope, String> {
    let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    Scope::parse(text).ok_or_else(|| format!("choose among {}", known.join(", ")))
}

/// The moment a day is over.
fn last_day(text: &str) -> Result<UtcTime, &'static str> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, form).map_err(|_| "write a real date, like 2027-03-14")?;
    Ok(UtcTime::new(day.midnight().assume_utc()) + Duration::DAY)
}

pub(super) fn run(ApiKeyCommand::Create(args): &ApiKeyCommand) -> ExitResult {
    let name = args.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Unfit(format!("--name must be one line of 1 to {LONGEST_NAME} characters")).into());
    }
    let app = App::build(super::settings()?)?;
    if args.expires.is_some_and(|end| end <= app.clock.now()) {
        return Err(Unfit("--expires must be a day that is not over".to_owned()).into());
    }
    let slug = args.workspace.clone();
    let found = app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, &slug)?))?;
    let Some(workspace) = found else {
        return Err(anyhow::anyhow!("there is no workspace with the slug {slug}"));
    };
    let scopes = if args.scopes.is_empty() { everyday_scopes() } else { args.scopes.clone() };
    out::line(create(&app, &workspace, name, scopes, args.expires)?.expose());
    Ok(ExitCode::SUCCESS)
}

/// Everything but fetching stored credentials and records, which somebody has to ask for.
pub(super) fn everyday_scopes() -> Vec<Scope> {
    let of_others = [Scope::CredentialsRead, Scope::RecordsRead];
    Scope::ALL.iter().copied().filter(|scope| !of_others.contains(scope)).collect()
}

/// Makes the key; the token exists in the answer and nowhere else.
pub(super) fn create(
    app: &App,
    workspace: &WorkspaceCard,
    name: &str,
    scopes: Vec<Scope>,
    expires_at: Option<UtcTime>,
) -> anyhow::Result<PlainToken> {
    let (workspace, name) = (workspace.id.clone(), name.to_owned());
    let made: AppResult<Option<PlainToken>> = app.write_blocking(move |tx| {
        let new = NewApiKey {
            id: ApiKeyId::new(tx.now, tx.rng),
            workspace: &workspace,
            name: &name,
            scopes: &scopes,
            expires_at,
            created_by: None,
            actor: Actor::System,
        };
        api_keys::create(tx, &new)
    });
    made?.ok_or_else(|| anyhow::anyhow!("the key was not made"))
}
