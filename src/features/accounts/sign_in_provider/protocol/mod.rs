//! OpenID Connect with one provider: where its pages are, the address to send a browser to, and what its answer proves.
//!
//! Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749 (code grant), RFC 7636 (PKCE), RFC 9207 (`iss` in the answer).

mod discovery;
mod exchange;
mod proof;

pub(super) use discovery::{Discovered, discover, discover_again};
pub(super) use exchange::{ClientCredentials, exchange};

use openidconnect::core::{CoreClient, CoreJsonWebKeySet, CoreResponseType};
use openidconnect::{
    AuthUrl, AuthenticationFlow, ClientId, CsrfToken, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
};

use super::refusal::{RefusedSignIn, SignInRefusal};

/// A client that knows the token endpoint.
type TokenClient =
    CoreClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

fn untrusted(detail: &'static str) -> RefusedSignIn {
    RefusedSignIn { refusal: SignInRefusal::Untrusted, detail }
}

/// What one way to the provider and back needs to stay secret, beside the state.
pub(super) struct AuthorizeSecrets<'a> {
    pub(super) state: &'a str,
    pub(super) nonce: &'a str,
    pub(super) verifier: &'a str,
}

/// Where the browser is sent.
///
/// # Errors
/// The provider's metadata holds an address that cannot be used.
pub(super) fn authorize_url(
    provider: &Discovered,
    client_id: &str,
    redirect: &str,
    secrets: &AuthorizeSecrets<'_>,
) -> Result<String, RefusedSignIn> {
    let unusable = |_| untrusted("its metadata holds an address that cannot be used");
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(unusable)?;
    let client = CoreClient::new(ClientId::new(client_id.to_owned()), issuer, CoreJsonWebKeySet::new(Vec::new()))
        .set_auth_uri(AuthUrl::new(provider.authorization_endpoint.clone()).map_err(unusable)?)
        .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(unusable)?);
    let verifier = PkceCodeVerifier::new(secrets.verifier.to_owned());
    let (state, nonce) = (CsrfToken::new(secrets.state.to_owned()), Nonce::new(secrets.nonce.to_owned()));
    let request =
        client.authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, move || state, move || nonce);
    let (url, _, _) = request
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    Ok(url.into())
}
