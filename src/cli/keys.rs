//! `keys`: master keys are made, and what is stored is sealed anew with the first of them.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::{Ending, out};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::{AccountLinkId, ConnectionId, IdempotencyId, ValidationId, WebhookSecretId};
use crate::rng::Rng;
use crate::{accounts, connections, idempotency, validations, webhooks};

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

fn rotate() -> Ending {
    let app = App::build(super::settings()?)?;
    let mut sealed = Sealed::default();
    let mut settled = false;
    for _ in 0..MOST_ROUNDS {
        let secrets = all(&app, &WebhookSecretId::from_text(""), webhooks::reseal_secrets)?;
        let round = Sealed {
            connections: all(&app, &ConnectionId::from_text(""), connections::reseal_some)?,
            account_links: all(&app, &AccountLinkId::from_text(""), accounts::reseal_some)?,
            webhooks: secrets + all(&app, &ConnectionId::from_text(""), webhooks::reseal_headers)?,
            answers: all(&app, &IdempotencyId::from_text(""), idempotency::reseal_some)?,
            validations: all(&app, &ValidationId::from_text(""), validations::reseal_some)?,
        };
        sealed.add(&round);
        settled = round.is_nothing();
        if settled {
            break;
        }
    }
    let primary = app.keys.primary_id();
    let connections = out::count(sealed.connections, "connection", "connections");
    let links = out::count(sealed.account_links, "account link", "account links");
    let webhooks = out::count(sealed.webhooks, "webhook secret", "webhook secrets");
    let validations = out::count(sealed.validations, "validation value", "validation values");
    let answers = out::count(sealed.answers, "kept API answer", "kept API answers");
    out::line(format_args!(
        "Sealed anew with {primary}: {connections}, {links}, {webhooks}, {answers}, {validations}."
    ));
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

#[derive(Default)]
struct Sealed {
    connections: usize,
    account_links: usize,
    webhooks: usize,
    answers: usize,
    validations: usize,
}

impl Sealed {
    fn add(&mut self, round: &Self) {
        self.connections += round.connections;
        self.account_links += round.account_links;
        self.webhooks += round.webhooks;
        self.answers += round.answers;
        self.validations += round.validations;
    }

    fn is_nothing(&self) -> bool {
        self.connections == 0
            && self.account_links == 0
            && self.webhooks == 0
            && self.answers == 0
            && self.validations == 0
    }
}

/// Seals the next few rows after an id anew; gives the last id and how many were, or `None` at the end.
type Batch<Id> = fn(&mut Conn, &Id, &KeyRing, &Rng) -> AppResult<Option<(Id, usize)>>;

/// Goes once through a table, a few rows in each transaction; gives how many values were sealed anew.
fn all<Id>(app: &Arc<App>, before_all: &Id, some: Batch<Id>) -> AppResult<usize>
where
    Id: Clone + Send + 'static,
{
    let (mut after, mut count) = (before_all.clone(), 0);
    loop {
        let (from, keys, rng) = (after, app.keys.clone(), app.rng.clone());
        let Some((last, sealed)) = app.db.write_blocking(move |conn| some(conn, &from, &keys, &rng))? else {
            return Ok(count);
        };
        count += sealed;
        after = last;
    }
}
