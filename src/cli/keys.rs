//! `keys`: master keys are made, and what is stored is sealed anew with the first of them.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::{ExitResult, out};
use crate::base::clock::Clock;
use crate::base::crypto::KeyRing;
use crate::base::error::AppResult;
use crate::base::rng::Rng;
use crate::features::work::validations;
use crate::features::{accounts, connections, extraction_engine, idempotency, invite_links, oauth, outputs, webhooks};
use crate::platform::app::{self, App};
use crate::platform::sealed::SealedColumn;

#[derive(clap::Subcommand)]
pub(super) enum KeysCommand {
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

pub(super) fn run(command: &KeysCommand) -> ExitResult {
    match command {
        KeysCommand::Generate => {
            out::line(KeyRing::generate(Clock::System.now(), &Rng::System).as_str());
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::Rotate => rotate(),
    }
}

/// What is sealed anew: what one and many of a kind are called, and the columns it lies in. What lives for minutes only is not here.
const KINDS: [(&str, &str, &[&SealedColumn]); 10] = [
    ("connection", "connections", &[&connections::SEALED_SECRETS]),
    ("account link", "account links", &[&accounts::SEALED_LINK_TOKENS]),
    ("invite link", "invite links", &[&invite_links::SEALED_TOKENS]),
    ("webhook secret", "webhook secrets", &[&webhooks::SEALED_SIGNING_SECRETS, &webhooks::SEALED_HEADERS]),
    ("sign-in provider", "sign-in providers", &[&accounts::SEALED_CLIENT_SECRETS]),
    ("kept API answer", "kept API answers", &[&idempotency::SEALED_ANSWERS]),
    (
        "sign-in or OAuth app",
        "sign-ins and OAuth apps",
        &[&oauth::grants::SEALED_GRANTS, &oauth::sign_ins::SEALED_SIGN_INS, &oauth::apps::SEALED_APPS],
    ),
    ("validation value", "validation values", &[&validations::SEALED_FOUND, &validations::SEALED_CONFIG]),
    ("output layer", "output layers", &[&outputs::SEALED_PASSWORDS]),
    ("extraction engine", "extraction engines", &[&extraction_engine::SEALED_ENGINE_SECRETS]),
];

/// Every column that is sealed with a master key for longer than minutes.
pub(super) fn sealed_columns() -> impl Iterator<Item = &'static SealedColumn> {
    KINDS.iter().flat_map(|(.., columns)| columns.iter().copied())
}

/// Goes once through everything; gives how many values of each kind were sealed anew.
fn round(app: &Arc<App>) -> anyhow::Result<[usize; KINDS.len()]> {
    let mut counts = [0; KINDS.len()];
    for (count, (.., columns)) in counts.iter_mut().zip(KINDS) {
        for column in columns {
            *count += all(app, column)?;
        }
    }
    Ok(counts)
}

fn rotate() -> ExitResult {
    let app = App::build(super::settings()?)?;
    let mut sealed = round(&app)?;
    let mut settled = sealed.iter().all(|count| *count == 0);
    for _ in 1..MOST_ROUNDS {
        if settled {
            break;
        }
        let again = round(&app)?;
        settled = again.iter().all(|count| *count == 0);
        for (sum, count) in sealed.iter_mut().zip(again) {
            *sum += count;
        }
    }
    let primary = app.keys.primary_id();
    let counts: Vec<String> =
        KINDS.iter().zip(sealed).map(|((one, many, _), count)| out::count(count, one, many)).collect();
    out::line(format_args!("Sealed anew with {primary}: {}.", counts.join(", ")));
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

/// Goes once through a column, a few rows in each transaction; gives how many values were sealed anew.
fn all(app: &Arc<App>, column: &'static SealedColumn) -> AppResult<usize> {
    let (mut after, mut count) = (String::new(), 0);
    while let Some(batch) = app.write_blocking(move |tx| column.reseal_some(tx, &after))? {
        count += batch.count;
        after = batch.last;
    }
    Ok(count)
}
