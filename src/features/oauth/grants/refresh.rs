//! Tokens that are about to end are renewed: by whoever needs them, and by a job. One at a time: the right to renew is a lease in the
//! row, taken by a conditional UPDATE, so it holds across processes; it is lost when it was watched for long enough, whatever the clocks
//! say. Losers use the token there is, or wait for the new one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::store::{self, GrantContents, GrantRow};
use super::{GrantState, OpenGrant, SEALED_GRANTS, Times, content, jobs};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthGrantId;
use crate::connectors::provider::ProviderBlock;
use crate::features::oauth::provider_client::{ProviderClient, ProviderError, Tokens};
use crate::platform::app::App;
use crate::platform::jobs::{ClaimedTasks, Queue, run_queue_until};

/// Longer than any renewal can take: whoever was watched holding the right so long is thought dead.
const LEASE: Duration = Duration::from_secs(90);
/// Their name among what is watched.
const WATCHED: &str = "oauth_grants";
/// So long somebody waits for a token that another one is renewing.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// A token with less than this left is no use to anybody.
const LAST_MOMENT: u32 = 10;
const SAVE_TRIES: usize = 5;
const LEASE_ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why there is no working token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The provider has ended the sign-in.
    #[error("the provider has ended the sign-in")]
    NeedsReconnecting,
    /// The provider cannot be asked right now.
    #[error("the provider cannot be asked right now")]
    Unavailable,
    /// The operator's app is gone, or the provider does not take it.
    #[error("the operator's app is gone or refused")]
    App,
    /// Something on our side.
    #[error(transparent)]
    Internal(#[from] AppError),
}

/// How eager a renewal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Somebody needs a token that lives.
    Use,
    /// It is time to renew, though the token still lives for a while.
    Schedule,
}

/// Tokens that live, renewed first when they are about to end.
pub(super) async fn fresh(app: &App, id: &OauthGrantId, ahead: Ahead) -> Result<OpenGrant, TokenError> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let row = read(app, id).await?;
        if row.state != GrantState::Works {
            return Err(TokenError::NeedsReconnecting);
        }
        let opened = row.open(&app.keys)?;
        let now = app.clock.now();
        let Some(block) = row.block(app) else { return Err(TokenError::App) };
        if row.questioned_at.is_none() && !is_due(&block, &opened.tokens, now, ahead) {
            return Ok(opened);
        }
        let lease = app.rng.text(LEASE_ALPHABET, 20);
        if claim(app, &row, &lease).await? {
            if let Some(done) = renew(app, row, opened, block, lease).await? {
                return Ok(done);
            }
        } else if !opened.tokens.is_stale(now, LAST_MOMENT) {
            return Ok(opened);
        }
        if tokio::time::Instant::now() >= end {
            return Err(TokenError::Unavailable);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read(app: &App, id: &OauthGrantId) -> AppResult<GrantRow> {
    let id = id.clone();
    app.db.read(move |conn| Ok(store::find(conn, &id)?)).await?.ok_or(AppError::NotFound)
}

async fn claim(app: &App, row: &GrantRow, lease: &str) -> AppResult<bool> {
    release_lost(app).await?;
    let (row, lease) = (row.clone(), lease.to_owned());
    app.db.write(move |conn| Ok(store::claim(conn, &row, &lease)?)).await
}

/// Takes the right to renew from whoever was watched holding it for so long that they are dead.
///
/// # Errors
/// The database cannot be asked.
pub async fn release_lost(app: &App) -> AppResult<()> {
    let all = app.db.read(|conn| Ok(store::held(conn)?)).await?;
    let name = |(id, lease): &(OauthGrantId, String)| format!("{id} {lease}");
    let lost = app.lease_watch.look_at_claims(WATCHED, all, name, app.clock.monotonic(), LEASE);
    if lost.is_empty() {
        return Ok(());
    }
    app.db.write(move |conn| Ok(lost.iter().try_for_each(|(id, lease)| store::release(conn, id, lease))?)).await
}

/// Watches who renews until the channel says stop, so that a dead one is noticed also where nobody waits for the token.
pub async fn watch_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let claim = |app: Arc<App>, _: usize| -> ClaimedTasks {
        Box::pin(async move {
            release_lost(&app).await?;
            Ok(Vec::new())
        })
    };
    run_queue_until(app, Queue { name: WATCHED, at_once: 1, claim }, stopped).await;
}

fn is_due(block: &ProviderBlock, tokens: &Tokens, now: UtcTime, ahead: Ahead) -> bool {
    let before = block.refresh.before_seconds();
    match ahead {
        Ahead::Use => tokens.is_stale(now, before),
        Ahead::Schedule => Times::of(block, tokens).refresh_at.is_some_and(|at| at <= now),
    }
}

/// Asks the provider and saves what it gives before anybody uses it. `None`: somebody signed in again meanwhile, look anew.
async fn renew(
    app: &App,
    row: GrantRow,
    opened: OpenGrant,
    block: Arc<ProviderBlock>,
    lease: String,
) -> Result<Option<OpenGrant>, TokenError> {
    let now = app.clock.now();
    let Some(secrets) = row.app_secrets(app).await? else {
        release(app, &row, &lease).await?;
        return Err(TokenError::App);
    };
    let client = ProviderClient::new(&app.connector_http, &block, &secrets, &opened.inputs);
    let asked = client.refresh(&opened.tokens, now).await;
    match asked {
        Ok(tokens) => {
            let fresh = OpenGrant { tokens, ..opened };
            Ok(save(app, &row, &fresh, &block, lease).await?.then_some(fresh))
        }
        Err(ProviderError::InvalidGrant) => {
            jobs::break_and_tell(app, &row, lease).await?;
            Err(TokenError::NeedsReconnecting)
        }
        Err(error) => {
            tracing::warn!(grant = %row.id, provider = %row.provider, error = %error, "a token was not renewed");
            release(app, &row, &lease).await?;
            after_failure(opened, &error, now).map(Some)
        }
    }
}

/// A token that still lives is good enough when the provider has trouble.
fn after_failure(opened: OpenGrant, error: &ProviderError, now: UtcTime) -> Result<OpenGrant, TokenError> {
    let is_app =
        matches!(error, ProviderError::AppRefused(_) | ProviderError::NotSet(_) | ProviderError::NotAllowedAddress);
    match opened.tokens.is_stale(now, LAST_MOMENT) {
        false => Ok(opened),
        true if is_app => Err(TokenError::App),
        true => Err(TokenError::Unavailable),
    }
}

async fn release(app: &App, row: &GrantRow, lease: &str) -> AppResult<()> {
    let (id, lease) = (row.id.clone(), lease.to_owned());
    app.db.write(move |conn| Ok(store::release(conn, &id, &lease)?)).await
}

async fn save(app: &App, row: &GrantRow, fresh: &OpenGrant, block: &ProviderBlock, lease: String) -> AppResult<bool> {
    let plain = content(&fresh.tokens, &fresh.inputs)?;
    let sealed = app.keys.seal(&plain, SEALED_GRANTS.at(&row.id, &row.workspace_id), &app.rng)?;
    let times = Times::of(block, &fresh.tokens);
    let mut tries = 0;
    loop {
        tries += 1;
        match write(app, row, &sealed, &times, &lease).await {
            // The old refresh token may be spent: what came must not be lost to a hiccup of the database.
            Err(error) if tries < SAVE_TRIES => {
                tracing::warn!(grant = %row.id, error = %error, "saving a renewed token")
            }
            other => return other,
        }
        tokio::time::sleep(PAUSE * 4).await;
    }
}

async fn write(app: &App, row: &GrantRow, sealed: &Sealed, times: &Times, lease: &str) -> AppResult<bool> {
    let (row, sealed, times, lease) = (row.clone(), sealed.clone(), *times, lease.to_owned());
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            let contents = GrantContents { sealed: &sealed, scopes: &row.scopes, times };
            Ok(store::renew(conn, &row, &lease, &contents, now)?)
        })
        .await
}
