//! The way to the provider and back: what is kept while somebody is away, and what is asked of them when they return.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::protocol::{Credentials, Discovered, Secrets, Stop, authorize_url, discover_again, exchange};
use super::refusal::Refusal;
use super::store::{self, Attempt, NewAttempt, Taken};
use super::{ATTEMPT_LIFETIME, Identity, Provider, SEALED_ATTEMPTS, SEALED_CLIENT_SECRETS};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SignInAttemptId, WorkspaceId};
use crate::platform::app::App;
use crate::platform::web::urls;

/// What is sealed while somebody is away. The provider's addresses stay those they were sent off with.
#[derive(Serialize, Deserialize)]
struct Kept {
    nonce: String,
    verifier: String,
    provider: Discovered,
}

/// Who leaves, and for where.
pub(super) struct Leaving<'a> {
    pub(super) provider: &'a Provider,
    pub(super) slug: &'a str,
    /// What binds the way to this browser.
    pub(super) browser: TokenHash,
    /// The owner, when it is a test.
    pub(super) tester: Option<MemberId>,
    /// The page to go to at the end.
    pub(super) wanted: String,
}

/// What the provider sent back in the address.
#[derive(Deserialize, Default)]
pub(super) struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Somebody who is back and is whom the provider says.
pub(super) struct Returned {
    pub(super) identity: Identity,
    pub(super) revision: String,
}

/// Where the provider sends people back to; the workspace registers this address there.
pub(super) fn redirect_uri(app: &App, slug: &str) -> String {
    app.config.server.base_url.join(&urls::sign_in_callback(slug))
}

/// Begins a way; gives the address of the provider's page.
///
/// # Errors
/// Only internal ones; the inner one says why the provider cannot be used.
pub(super) async fn leave(app: &App, leaving: Leaving<'_>) -> AppResult<Result<String, Stop>> {
    let provider = match discover_again(&app.identity_http, &leaving.provider.issuer).await {
        Ok(provider) => provider,
        Err(stop) => return Ok(Err(stop)),
    };
    let [state, nonce, verifier] = std::array::from_fn(|_| PlainToken::new(&app.rng, ""));
    let secrets = Secrets { state: state.expose(), nonce: nonce.expose(), verifier: verifier.expose() };
    let redirect = redirect_uri(app, leaving.slug);
    let url = match authorize_url(&provider, &leaving.provider.client_id, &redirect, &secrets) {
        Ok(url) => url,
        Err(stop) => return Ok(Err(stop)),
    };
    let kept = Kept { nonce: nonce.expose().to_owned(), verifier: verifier.expose().to_owned(), provider };
    let kept = serde_json::to_vec(&kept).map_err(AppError::internal)?;
    let (now, workspace) = (app.clock.now(), leaving.provider.workspace_id.clone());
    let (id, revision) = (SignInAttemptId::new(now, &app.rng), leaving.provider.revision.clone());
    let sealed = app.keys.seal(&kept, SEALED_ATTEMPTS.at(&id, &workspace), &app.rng)?;
    app.db
        .write(move |conn| {
            let attempt = NewAttempt {
                id: &id,
                state: &state.hash(),
                workspace: &workspace,
                revision: &revision,
                browser: &leaving.browser,
                tester: leaving.tester.as_ref(),
                secret: &sealed,
                wanted: &leaving.wanted,
                expires_at: now + ATTEMPT_LIFETIME,
            };
            Ok(attempt.insert(conn)?)
        })
        .await?;
    Ok(Ok(url))
}

/// Takes the state out of use, whatever else the answer says. Nothing is asked of the provider.
///
/// # Errors
/// Only internal ones.
pub(super) async fn take(
    app: &App,
    workspace: &WorkspaceId,
    answer: &Answer,
    browser: Option<TokenHash>,
) -> AppResult<Result<(Attempt, Provider), Refusal>> {
    let (state, workspace, now) = (PlainToken::presented(&answer.state).hash(), workspace.clone(), app.clock.now());
    let found = app.db.write(move |conn| {
        let taken = store::take(conn, &workspace, &state, browser.as_ref(), now)?;
        Ok((taken, store::find(conn, &workspace)?))
    });
    Ok(match found.await? {
        (Taken::Gone, _) => Err(Refusal::Lost),
        (Taken::OtherBrowser, _) => Err(Refusal::OtherBrowser),
        (Taken::Attempt(attempt), Some(provider)) if provider.revision == attempt.revision => Ok((attempt, provider)),
        (Taken::Attempt(_), _) => Err(Refusal::Changed),
    })
}

/// Asks the provider who it is that came back.
///
/// # Errors
/// Why nobody can be let in with this answer.
pub(super) async fn come_back(
    app: &App,
    slug: &str,
    attempt: &Attempt,
    provider: &Provider,
    answer: &Answer,
) -> Result<Returned, Stop> {
    let opened = app.keys.open(&attempt.secret(), SEALED_ATTEMPTS.at(&attempt.id, &provider.workspace_id));
    let kept = opened.ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok()).ok_or(Refusal::Lost)?;
    let code = judged(answer, &kept.provider)?;
    let secret = provider
        .client_secret
        .as_ref()
        .map(|sealed| app.keys.open(sealed, SEALED_CLIENT_SECRETS.at(&provider.id, &provider.workspace_id)))
        .transpose();
    let secret = secret.map_err(|_| Refusal::Changed)?;
    let secret = secret.map(|bytes| SecretString::from(String::from_utf8_lossy(&bytes).into_owned()));
    let credentials = Credentials {
        client_id: &provider.client_id,
        client_secret: secret.as_ref(),
        redirect: &redirect_uri(app, slug),
        verifier: &kept.verifier,
        nonce: &kept.nonce,
    };
    let identity = exchange(&app.identity_http, &kept.provider, &credentials, code, app.clock.now()).await?;
    Ok(Returned { identity, revision: attempt.revision.clone() })
}

/// The code of an answer that comes from the provider somebody was sent to (RFC 9207) and is no refusal.
fn judged<'a>(answer: &'a Answer, provider: &Discovered) -> Result<&'a str, Stop> {
    let is_ours = match &answer.iss {
        Some(issuer) => *issuer == provider.issuer,
        None => !provider.authorization_response_iss_parameter_supported,
    };
    if !is_ours {
        return Err(Refusal::OtherIssuer.into());
    }
    match (answer.error.as_deref(), &answer.code) {
        (None, Some(code)) => Ok(code),
        (Some("access_denied"), _) => Err(Refusal::Denied.into()),
        _ => Err(Stop { refusal: Refusal::ProviderError, detail: "its sign-in page answered with an error" }),
    }
}
