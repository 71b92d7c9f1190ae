//! Coming back from the provider: the state is spent in the browser that began, the code becomes tokens, and what came of it is put
//! away for the link, if the link still opens.

use super::authorize::{AttemptState, SEALED_ATTEMPTS};
use super::pending::{self, PendingSignIn, ProviderGrant, SignInError};
use super::store::{self, SignInAttemptRow, SignInRow};
use super::{KEPT, LinkIsOpen};

use crate::base::crypto::{PlainToken, Sealed, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::connectors::provider::{ProviderBlock, RefreshKind};
use crate::features::oauth::apps;
use crate::features::oauth::provider_client::{AppSecrets, CallbackQuery, ProviderClient, ProviderError, Tokens};
use crate::platform::app::App;

/// Where a callback leads.
pub(super) enum CallbackOutcome {
    /// Nobody knows this state, or its time is over.
    Lost,
    /// It began in another browser.
    OtherBrowser,
    /// To the link's page.
    To(String),
}

/// What a callback found.
struct SpentAttempt {
    row: SignInRow,
    pending: PendingSignIn,
    is_open: LinkIsOpen,
}

/// Takes a callback.
pub(super) async fn callback(
    app: &App,
    is_open: LinkIsOpen,
    provider: &str,
    query: &CallbackQuery,
    browser: Option<TokenHash>,
) -> AppResult<CallbackOutcome> {
    let Some(state) = query.state() else { return Ok(CallbackOutcome::Lost) };
    let (state, provider_here) = (PlainToken::presented(state).hash(), provider.to_owned());
    let attempt = app.db.read(move |conn| Ok(store::find_attempt(conn, &provider_here, &state)?)).await?;
    let Some(attempt) = attempt else { return Ok(CallbackOutcome::Lost) };
    // Asked before anything is spent: whoever got hold of the address cannot use it up.
    if browser.is_none_or(|browser| browser.as_bytes() != attempt.browser_hash) {
        return Ok(CallbackOutcome::OtherBrowser);
    }
    let is_over = attempt.consumed_at.is_none() && attempt.expires_at <= app.clock.now();
    let Some(attempt_state) = unpack(app, &attempt)?.filter(|_| !is_over) else { return Ok(CallbackOutcome::Lost) };
    let return_to = attempt_state.return_to.clone();
    if let Some(found) = spend(app, is_open, attempt).await? {
        finish(app, provider, query, found, attempt_state).await?;
    }
    Ok(CallbackOutcome::To(return_to))
}

/// What the way has to remember; `None` when its key is gone.
fn unpack(app: &App, attempt: &SignInAttemptRow) -> AppResult<Option<AttemptState>> {
    let at = SEALED_ATTEMPTS.at(&attempt.id, &attempt.workspace_id);
    let plain = app.keys.open(&Sealed::from_bytes(attempt.sealed.clone()), at);
    plain.ok().map(|plain| serde_json::from_slice(&plain)).transpose().map_err(AppError::internal)
}

/// Spends the attempt; `None` when it was spent before, or its link is closed. The link's page then says what is true.
async fn spend(app: &App, is_open: LinkIsOpen, attempt: SignInAttemptRow) -> AppResult<Option<SpentAttempt>> {
    let (now, keys) = (app.clock.now(), app.keys.clone());
    app.db
        .write(move |conn| {
            if !store::consume(conn, &attempt, now)? {
                return Ok(None);
            }
            let Some(row) = store::find_by_id(conn, &attempt.sign_in_id, now)? else { return Ok(None) };
            let Some(pending) = pending::open(&row, &keys)? else { return Ok(None) };
            Ok((is_open.0)(conn, &row.link(), now)?.then_some(SpentAttempt { row, pending, is_open }))
        })
        .await
}

async fn finish(
    app: &App,
    provider: &str,
    query: &CallbackQuery,
    found: SpentAttempt,
    attempt_state: AttemptState,
) -> AppResult<()> {
    let connector = app.connectors.find(found.pending.kind, &found.pending.connector);
    let block = connector.and_then(|connector| connector.oauth().cloned()).filter(|block| block.provider == provider);
    let secrets = secrets(app, provider, &found.row).await?;
    let result = match (block, secrets) {
        (Some(block), Some(secrets)) => exchange(app, &block, &secrets, attempt_state, query).await,
        _ => Err(SignInError::App),
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
    attempt_state: AttemptState,
    query: &CallbackQuery,
) -> Result<ProviderGrant, SignInError> {
    let client = ProviderClient::new(&app.connector_http, block, secrets, &attempt_state.inputs);
    let now = app.clock.now();
    let code = client.read_callback(query).map_err(sign_in_error("callback"))?;
    let tokens = client
        .exchange(&code, attempt_state.verifier.as_ref(), &attempt_state.redirect_uri, now)
        .await
        .map_err(sign_in_error("exchange"))?;
    let lives_on_refresh = block.refresh.how == RefreshKind::RefreshToken && tokens.expires_at.is_some();
    if lives_on_refresh && tokens.refresh_token.is_none() {
        return Err(SignInError::NoLastingAccess);
    }
    describe(&client, block, tokens, attempt_state.inputs.clone(), now.unix()).await
}

/// Who signed in, what was granted, which accounts there are.
async fn describe(
    client: &ProviderClient<'_>,
    block: &ProviderBlock,
    tokens: Tokens,
    inputs: crate::connectors::provider::Inputs,
    at: i64,
) -> Result<ProviderGrant, SignInError> {
    let who = client.who(&tokens).await.map_err(sign_in_error("identity"))?;
    let mut held = ProviderGrant {
        tokens,
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
        match client.accounts(&held.tokens).await {
            Ok(list) => (held.accounts, held.accounts_cut) = (list.accounts, list.more),
            Err(error) => {
                tracing::warn!(provider = %block.provider, error = %error, "accounts cannot be listed");
                held.accounts_failed = true;
            }
        }
    }
    Ok(held)
}

/// Words for the log, and the error for the page.
fn sign_in_error(step: &'static str) -> impl Fn(ProviderError) -> SignInError {
    move |error| {
        tracing::info!(step, error = %error, "a sign-in with a provider did not work");
        match error {
            ProviderError::Denied => SignInError::Denied,
            ProviderError::AppRefused(_) | ProviderError::NotSet(_) | ProviderError::NotAllowedAddress => {
                SignInError::App
            }
            ProviderError::ProviderDown | ProviderError::TooMany(_) => SignInError::Down,
            ProviderError::BadAnswer(_) => SignInError::Garbled,
            ProviderError::InvalidGrant
            | ProviderError::MissingScope
            | ProviderError::Refused(_)
            | ProviderError::BadCallback(_) => SignInError::Refused,
        }
    }
}

/// Saves what came of it, unless the link closed meanwhile: then nothing of it stays.
async fn put_away(app: &App, found: SpentAttempt, result: Result<ProviderGrant, SignInError>) -> AppResult<()> {
    app.write(move |tx| {
        let link = found.row.link();
        if !(found.is_open.0)(tx.conn, &link, tx.now)? {
            return pending::forget(tx.conn, link.kind, &link.id);
        }
        let until = (tx.now + KEPT).min(found.row.expires_at.max(tx.now));
        pending::change(tx, &found.row.id, until, |pending| match &result {
            Ok(held) => {
                pending.signed_in = Some(held.clone());
                pending.error = None;
                pending.resume.search.clear();
            }
            Err(error) => pending.error = Some(*error),
        })
        .map(|_| ())
    })
    .await
}
