//! Coming back from the provider: the state is spent in the browser that began, the code becomes tokens, and what came of it is put
//! away for the link, if the link still opens.

use super::folder::{self, Folder, Held, Trouble};
use super::leave::{Luggage, SEALED_ATTEMPTS};
use super::store::{self, AttemptRow, SignInRow};
use super::{KEPT, LinkIsOpen};
use secrecy::SecretString;

use crate::base::crypto::{PlainToken, Sealed, TokenHash};
use crate::base::error::AppResult;
use crate::connectors::provider::{ProviderBlock, RefreshKind};
use crate::features::oauth::apps;
use crate::features::oauth::wire::{AppSecrets, CallbackQuery, Tokens, Wire, WireError};
use crate::platform::app::App;

/// Where a callback leads.
pub(super) enum Back {
    /// Nobody knows this state, or its time is over.
    Lost,
    /// It began in another browser.
    OtherBrowser,
    /// To the link's page.
    To(String),
}

/// What a callback found.
struct Found {
    row: SignInRow,
    folder: Folder,
    is_open: LinkIsOpen,
}

/// Takes a callback.
pub(super) async fn come_back(
    app: &App,
    is_open: LinkIsOpen,
    provider: &str,
    query: &CallbackQuery,
    browser: Option<TokenHash>,
) -> AppResult<Back> {
    let Some(state) = query.state() else { return Ok(Back::Lost) };
    let (state, provider_here) = (PlainToken::presented(state).hash(), provider.to_owned());
    let attempt = app.db.read(move |conn| Ok(store::find_attempt(conn, &provider_here, &state)?)).await?;
    let Some(attempt) = attempt else { return Ok(Back::Lost) };
    // Asked before anything is spent: whoever got hold of the address cannot use it up.
    if browser.is_none_or(|browser| browser.as_bytes() != attempt.browser_hash) {
        return Ok(Back::OtherBrowser);
    }
    let is_over = attempt.consumed_at.is_none() && attempt.expires_at <= app.clock.now();
    let Some(luggage) = unpack(app, &attempt).filter(|_| !is_over) else { return Ok(Back::Lost) };
    let return_to = luggage.return_to.clone();
    if let Some(found) = spend(app, is_open, attempt).await? {
        finish(app, provider, query, found, luggage).await?;
    }
    Ok(Back::To(return_to))
}

/// What the way has to remember; `None` when its key is gone.
fn unpack(app: &App, attempt: &AttemptRow) -> Option<Luggage> {
    let at = SEALED_ATTEMPTS.at(&attempt.id, &attempt.workspace_id);
    let plain = app.keys.open(&Sealed::from_bytes(attempt.sealed.clone()), at).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// Spends the attempt; `None` when it was spent before, or its link is closed. The link's page then says what is true.
async fn spend(app: &App, is_open: LinkIsOpen, attempt: AttemptRow) -> AppResult<Option<Found>> {
    let (now, keys) = (app.clock.now(), app.keys.clone());
    app.db
        .write(move |conn| {
            if !store::consume(conn, &attempt, now)? {
                return Ok(None);
            }
            let Some(row) = store::find_by_id(conn, &attempt.sign_in_id, now)? else { return Ok(None) };
            let Some(folder) = folder::open(&row, &keys) else { return Ok(None) };
            Ok((is_open.0)(conn, &row.door(), now)?.then_some(Found { row, folder, is_open }))
        })
        .await
}

async fn finish(app: &App, provider: &str, query: &CallbackQuery, found: Found, luggage: Luggage) -> AppResult<()> {
    let connector = app.connectors.find(found.folder.kind, &found.folder.connector).cloned();
    let block = connector.and_then(|connector| connector.oauth().cloned()).filter(|block| block.provider == provider);
    let secrets = secrets(app, provider, &found.row).await?;
    let result = match (block, secrets) {
        (Some(block), Some(secrets)) => exchange(app, &block, &secrets, luggage, query).await,
        _ => Err(Trouble::App),
    };
    put_away(app, found, result).await
}

async fn secrets(app: &App, provider: &str, row: &SignInRow) -> AppResult<Option<AppSecrets>> {
    let (workspace, provider) = (row.workspace_id.clone(), provider.to_owned());
    let (keys, instance) = (app.keys.clone(), app.config.oauth.clone());
    app.db.read(move |conn| apps::keys_for(conn, &workspace, &provider, &keys, &instance)).await
}

async fn exchange(
    app: &App,
    block: &ProviderBlock,
    secrets: &AppSecrets,
    luggage: Luggage,
    query: &CallbackQuery,
) -> Result<Held, Trouble> {
    let wire = Wire::new(&app.connector_http, block, secrets, &luggage.inputs);
    let now = app.clock.now();
    let code = wire.read_callback(query).map_err(trouble("callback"))?;
    let verifier = luggage.verifier.map(SecretString::from);
    let tokens =
        wire.exchange(&code, verifier.as_ref(), &luggage.redirect_uri, now).await.map_err(trouble("exchange"))?;
    let lives_on_refresh = block.refresh.how == RefreshKind::RefreshToken && tokens.expires_at.is_some();
    if lives_on_refresh && tokens.refresh_token.is_none() {
        return Err(Trouble::NoLastingAccess);
    }
    describe(&wire, block, tokens, luggage.inputs.clone(), now.unix()).await
}

/// Who signed in, what was granted, which accounts there are.
async fn describe(
    wire: &Wire<'_>,
    block: &ProviderBlock,
    tokens: Tokens,
    inputs: crate::connectors::provider::Inputs,
    at: i64,
) -> Result<Held, Trouble> {
    let who = wire.who(&tokens).await.map_err(trouble("identity"))?;
    let mut held = Held {
        tokens: text(&tokens)?,
        inputs,
        identity: who.identity,
        granted: who.granted,
        accounts: Vec::new(),
        accounts_failed: false,
        accounts_cut: false,
        at,
    };
    // Without its permission the list cannot be had, and the page asks for the permission first.
    if block.missing_scopes(held.granted.as_deref()).is_empty() {
        match wire.accounts(&tokens).await {
            Ok(list) => (held.accounts, held.accounts_cut) = (list.accounts, list.more),
            Err(error) => {
                tracing::warn!(provider = %block.provider, error = %error, "accounts cannot be listed");
                held.accounts_failed = true;
            }
        }
    }
    Ok(held)
}

fn text(tokens: &Tokens) -> Result<String, Trouble> {
    let bytes = tokens.to_bytes().map_err(|_| Trouble::Garbled)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Trouble::Garbled)
}

/// Words for the log, and the trouble for the page.
fn trouble(step: &'static str) -> impl Fn(WireError) -> Trouble {
    move |error| {
        tracing::info!(step, error = %error, "a sign-in with a provider did not work");
        match error {
            WireError::Denied => Trouble::Denied,
            WireError::AppRefused(_) | WireError::NotSet(_) | WireError::NotAllowedAddress => Trouble::App,
            WireError::ProviderDown | WireError::TooMany(_) => Trouble::Down,
            WireError::BadAnswer(_) => Trouble::Garbled,
            WireError::InvalidGrant | WireError::MissingScope | WireError::Refused(_) | WireError::BadCallback(_) => {
                Trouble::Refused
            }
        }
    }
}

/// Saves what came of it, unless the link closed meanwhile: then nothing of it stays.
async fn put_away(app: &App, found: Found, result: Result<Held, Trouble>) -> AppResult<()> {
    app.write(move |tx| {
        let door = found.row.door();
        if !(found.is_open.0)(tx.conn, &door, tx.now)? {
            return folder::forget(tx.conn, door.kind, &door.id);
        }
        let until = (tx.now + KEPT).min(found.row.expires_at.max(tx.now));
        folder::change(tx, &found.row.id, (tx.now, until), |folder| match &result {
            Ok(held) => {
                folder.signed_in = Some(held.clone());
                folder.trouble = None;
                folder.resume.search.clear();
            }
            Err(trouble) => folder.trouble = Some(*trouble),
        })
        .map(|_| ())
    })
    .await
}
