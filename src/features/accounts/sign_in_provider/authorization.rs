//! The authorization request to the provider and its answer: what is kept while somebody is away, and what is asked of them when they return.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::protocol::{AuthorizeSecrets, ClientCredentials, Discovered, authorize_url, discover_again, exchange};
use super::refusal::{ProviderSignInError, RefusedSignIn, SignInRefusal};
use super::store::{self, NewProviderAttempt, SignInAttempt, TakenAttempt};
use super::{ATTEMPT_LIFETIME, Provider, ProviderIdentity, SEALED_ATTEMPTS, SEALED_CLIENT_SECRETS};
use crate::base::crypto::{PlainToken, TokenHash, exposed};
use crate::base::error::AppError;
use crate::base::ids::{MemberId, SignInAttemptId, WorkspaceId};
use crate::platform::app::App;
use crate::platform::web::urls;

/// What is sealed while somebody is away. The provider's addresses stay those they were sent off with.
#[derive(Serialize, Deserialize)]
struct AttemptSecrets {
    nonce: String,
    #[serde(serialize_with = "exposed::text")]
    verifier: SecretString,
    provider: Discovered,
}

/// Who leaves, and for where.
pub(super) struct AuthorizeRequest<'a> {
    pub(super) provider: &'a Provider,
    pub(super) slug: &'a str,
    /// What binds the attempt to this browser.
    pub(super) browser: TokenHash,
    /// The owner, when it is a test.
    pub(super) tester: Option<MemberId>,
    /// The page to go to at the end.
    pub(super) wanted: String,
}

/// What the provider sent back in the address.
#[derive(Deserialize, Default)]
pub(super) struct AuthorizationResponse {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Somebody who is back and is whom the provider says.
pub(super) struct ProvenIdentity {
    pub(super) identity: ProviderIdentity,
    pub(super) revision: String,
}

/// Where the provider sends people back to; the workspace registers this address there.
pub(super) fn redirect_uri(app: &App, slug: &str) -> String {
    app.config.server.base_url.join(&urls::sign_in_callback(slug))
}

/// Begins an attempt; gives the address of the provider's page.
///
/// # Errors
/// The provider cannot be used.
pub(super) async fn authorize(app: &App, request: AuthorizeRequest<'_>) -> Result<String, ProviderSignInError> {
    let provider = discover_again(&app.identity_http, &request.provider.issuer).await?;
    let [state, nonce, verifier] = std::array::from_fn(|_| PlainToken::new(&app.rng, ""));
    let secrets = AuthorizeSecrets { state: state.expose(), nonce: nonce.expose(), verifier: verifier.expose() };
    let redirect = redirect_uri(app, request.slug);
    let url = authorize_url(&provider, &request.provider.client_id, &redirect, &secrets)?;
    let secrets = AttemptSecrets { nonce: nonce.expose().to_owned(), verifier: verifier.expose().into(), provider };
    let secrets = Zeroizing::new(serde_json::to_vec(&secrets).map_err(AppError::internal)?);
    let (workspace, revision) = (request.provider.workspace_id.clone(), request.provider.revision.clone());
    let (browser, tester, wanted) = (request.browser, request.tester, request.wanted);
    app.write(move |tx| {
        let id = SignInAttemptId::new(tx.now, tx.rng);
        let attempt = NewProviderAttempt {
            id: &id,
            state: &state.hash(),
            workspace: &workspace,
            revision: &revision,
            browser: &browser,
            tester: tester.as_ref(),
            secret: &tx.keys.seal(&secrets, SEALED_ATTEMPTS.at(&id, &workspace), tx.rng)?,
            wanted: &wanted,
            expires_at: tx.now + ATTEMPT_LIFETIME,
        };
        Ok(attempt.insert(tx.conn)?)
    })
    .await?;
    Ok(url)
}

/// Takes the state out of use, whatever else the answer says. Nothing is asked of the provider.
///
/// # Errors
/// Whoever comes back is refused.
pub(super) async fn take(
    app: &App,
    workspace: &WorkspaceId,
    answer: &AuthorizationResponse,
    browser: Option<TokenHash>,
) -> Result<(SignInAttempt, Provider), ProviderSignInError> {
    let (state, workspace) = (PlainToken::presented(&answer.state).hash(), workspace.clone());
    let found = app.write(move |tx| {
        let taken = store::take(tx.conn, &workspace, &state, browser.as_ref(), tx.now)?;
        Ok((taken, store::find(tx.conn, &workspace)?))
    });
    match found.await? {
        (TakenAttempt::Gone, _) => Err(SignInRefusal::Lost.into()),
        (TakenAttempt::OtherBrowser, _) => Err(SignInRefusal::OtherBrowser.into()),
        (TakenAttempt::Mine(attempt), Some(provider)) if provider.revision == attempt.revision => {
            Ok((attempt, provider))
        }
        (TakenAttempt::Mine(_), _) => Err(SignInRefusal::Changed.into()),
    }
}

/// Asks the provider who it is that came back.
///
/// # Errors
/// Why nobody can be let in with this answer.
pub(super) async fn verify_callback(
    app: &App,
    slug: &str,
    attempt: &SignInAttempt,
    provider: &Provider,
    answer: &AuthorizationResponse,
) -> Result<ProvenIdentity, RefusedSignIn> {
    let opened = app.keys.open(&attempt.secret(), SEALED_ATTEMPTS.at(&attempt.id, &provider.workspace_id));
    let kept = opened
        .ok()
        .and_then(|bytes| serde_json::from_slice::<AttemptSecrets>(&bytes).ok())
        .ok_or(SignInRefusal::Lost)?;
    let code = code_of(answer, &kept.provider)?;
    let secret = provider
        .client_secret
        .as_ref()
        .map(|sealed| app.keys.open(sealed, SEALED_CLIENT_SECRETS.at(&provider.id, &provider.workspace_id)))
        .transpose();
    let secret = secret.map_err(|_| SignInRefusal::Changed)?;
    let secret = secret.map(|bytes| SecretString::from(String::from_utf8_lossy(&bytes).into_owned()));
    let credentials = ClientCredentials {
        client_id: &provider.client_id,
        client_secret: secret.as_ref(),
        redirect: &redirect_uri(app, slug),
        verifier: kept.verifier.expose_secret(),
        nonce: &kept.nonce,
    };
    let identity = exchange(&app.identity_http, &kept.provider, &credentials, code, app.clock.now()).await?;
    Ok(ProvenIdentity { identity, revision: attempt.revision.clone() })
}

/// The code of an answer that comes from the provider somebody was sent to (RFC 9207) and is no refusal.
fn code_of<'a>(answer: &'a AuthorizationResponse, provider: &Discovered) -> Result<&'a str, RefusedSignIn> {
    let is_ours = match &answer.iss {
        Some(issuer) => *issuer == provider.issuer,
        None => !provider.authorization_response_iss_parameter_supported,
    };
    if !is_ours {
        return Err(SignInRefusal::OtherIssuer.into());
    }
    match (answer.error.as_deref(), &answer.code) {
        (None, Some(code)) => Ok(code),
        (Some("access_denied"), _) => Err(SignInRefusal::Denied.into()),
        _ => Err(RefusedSignIn {
            refusal: SignInRefusal::ProviderError,
            detail: "its sign-in page answered with an error",
        }),
    }
}
