//! `keys`: master keys are made, and what is stored is sealed anew with the first of them.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::{Ending, out};
use crate::base::clock::Clock;
use crate::base::crypto::rotation::Batch;
use crate::base::crypto::{KeyRing, Rotation};
use crate::base::error::AppResult;
use crate::base::ids::{
    AccountLinkId, ConnectionId, IdempotencyId, InviteLinkId, OauthAppId, OauthGrantId, OauthSignInId, OutputLayerId,
    SignInProviderId, ValidationId, WebhookSecretId,
};
use crate::base::rng::Rng;
use crate::features::work::validations;
use crate::features::{accounts, connections, idempotency, invite_links, oauth, outputs, webhooks};
use crate::platform::app::{self, App};
use crate::platform::db::Conn;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Print a new master key as one line, NAME:BASE64
    Generate,
    /// Seal everything anew with the first master key, while the server runs
    ///
    /// First put a new key (`vestibule keys generate`) in front of the old one: NEW,OLD in VESTIBULE_MASTER_KEYS, or as the one line of
    /// the file master.key. Restart the server. Then run this command; it may be stopped and run again at any time. At the end it says
    /// which keys can be removed; remove them, and restart the server again.
    Rotate,
}

/// A server that was not restarted keeps sealing with its old key; more rounds than this would not help.
const MOST_ROUNDS: usize = 3;

pub(super) fn run(command: &Command) -> Ending {
    match command {
        Command::Generate => {
            out::line(KeyRing::generate(Clock::System.now(), &Rng::System).as_str());
            Ok(ExitCode::SUCCESS)
        }
        Command::Rotate => rotate(),
    }
}

/// What one round sealed anew, by kind: how many, and what one and many of them are called.
type Round = [(usize, &'static str, &'static str); 9];

fn round(app: &Arc<App>) -> anyhow::Result<Round> {
    let webhooks = all(app, &WebhookSecretId::from_text(""), webhooks::reseal_secrets)?
        + all(app, &ConnectionId::from_text(""), webhooks::reseal_headers)?;
    let sign_ins = all(app, &OauthGrantId::from_text(""), oauth::grants::reseal_some)?
        + all(app, &OauthSignInId::from_text(""), oauth::sign_ins::reseal_some)?
        + all(app, &OauthAppId::from_text(""), oauth::apps::reseal_some)?;
    let providers = all(app, &SignInProviderId::from_text(""), accounts::reseal_client_secrets)?;
    Ok([
        (all(app, &ConnectionId::from_text(""), connections::reseal_some)?, "connection", "connections"),
        (all(app, &AccountLinkId::from_text(""), accounts::reseal_some)?, "account link", "account links"),
        (all(app, &InviteLinkId::from_text(""), invite_links::reseal_some)?, "invite link", "invite links"),
        (webhooks, "webhook secret", "webhook secrets"),
        (providers, "sign-in provider", "sign-in providers"),
        (all(app, &IdempotencyId::from_text(""), idempotency::reseal_some)?, "kept API answer", "kept API answers"),
        (sign_ins, "sign-in or OAuth app", "sign-ins and OAuth apps"),
        (all(app, &ValidationId::from_text(""), validations::reseal_some)?, "validation value", "validation values"),
        (all(app, &OutputLayerId::from_text(""), outputs::reseal_some)?, "output layer", "output layers"),
    ])
}

fn rotate() -> Ending {
    let app = App::build(super::settings()?)?;
    let mut sealed = round(&app)?;
    let mut settled = sealed.iter().all(|(count, ..)| *count == 0);
    for _ in 1..MOST_ROUNDS {
        if settled {
            break;
        }
        let again = round(&app)?;
        settled = again.iter().all(|(count, ..)| *count == 0);
        for ((sum, ..), (count, ..)) in sealed.iter_mut().zip(again) {
            *sum += count;
        }
    }
    let primary = app.keys.primary_id();
    let counts = sealed.map(|(count, one, many)| out::count(count, one, many)).join(", ");
    out::line(format_args!("Sealed anew with {primary}: {counts}."));
    if !settled {
        bail!(
            "a running server still seals with another key: restart it with {primary} as its first key, then run this again"
        );
    }
    app::reseal_key_check(&app.db, &app.keys, &app.rng)?;
    say_what_may_go(&app);
    Ok(ExitCode::SUCCESS)
}

fn say_what_may_go(app: &App) {
    let ids = app.keys.ids();
    let old = ids.get(1..).unwrap_or_default();
    if old.is_empty() {
        out::line(
            "There is no other key. To change keys, put a new one in front: `vestibule keys rotate --help` says how.",
        );
        return;
    }
    out::line(format_args!(
        "Nothing needs these keys any more; remove them and restart the server: {}",
        old.join(", ")
    ));
    out::line(
        "Wait 30 minutes first if people are filling in forms: what they typed in a form that had errors is kept that long, sealed with",
    );
    out::line("the key of that moment, and they would have to type it again.");
    out::line("Backups made before now still need the old keys.");
}

/// Seals the next few rows after an id anew.
type Next<Id> = fn(&mut Conn, &Id, &Rotation<'_>) -> AppResult<Batch<Id>>;

/// Goes once through a table, a few rows in each transaction; gives how many values were sealed anew.
fn all<Id>(app: &Arc<App>, before_all: &Id, next: Next<Id>) -> AppResult<usize>
where
    Id: Clone + Send + 'static,
{
    let (mut after, mut count) = (before_all.clone(), 0);
    loop {
        let (from, keys, rng) = (after, app.keys.clone(), app.rng.clone());
        let Some((last, sealed)) =
            app.db.write_blocking(move |conn| next(conn, &from, &Rotation { keys: &keys, rng: &rng }))?
        else {
            return Ok(count);
        };
        count += sealed;
        after = last;
    }
}
