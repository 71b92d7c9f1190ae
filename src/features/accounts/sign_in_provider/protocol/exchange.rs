use openidconnect::core::{CoreClient, CoreErrorResponseType, CoreJsonWebKeySet, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, DiscoveryError, IssuerUrl, JsonWebKeySetUrl, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, StandardErrorResponse, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::ProviderIdentity;
use super::super::http::{OidcHttp, OidcHttpError};
use super::super::refusal::{RefusedSignIn, SignInRefusal};
use super::{Discovered, TokenClient, proof, untrusted};
use crate::base::clock::UtcTime;
use crate::base::http_client::GuardedClient;

/// What the provider knows us by, and what this one way was begun with.
pub(in super::super) struct ClientCredentials<'a> {
    pub(in super::super) client_id: &'a str,
    pub(in super::super) client_secret: Option<&'a SecretString>,
    pub(in super::super) redirect: &'a str,
    pub(in super::super) verifier: &'a str,
    pub(in super::super) nonce: &'a str,
}

/// Exchanges the code and believes what is proven: who it is that came back.
///
/// # Errors
/// The provider does not answer, refuses, or proves nothing.
pub(in super::super) async fn exchange(
    http: &GuardedClient,
    provider: &Discovered,
    credentials: &ClientCredentials<'_>,
    code: &str,
    now: UtcTime,
) -> Result<ProviderIdentity, RefusedSignIn> {
    let http = OidcHttp(http);
    let unusable = |_| untrusted("its metadata holds an address that cannot be used");
    let keys = JsonWebKeySetUrl::new(provider.jwks_uri.clone()).map_err(unusable)?;
    let keys = CoreJsonWebKeySet::fetch_async(&keys, &http).await.map_err(|error| keys_refusal(&error))?;
    let client = client(provider, credentials, keys).map_err(unusable)?;
    let redirect = RedirectUrl::new(credentials.redirect.to_owned()).map_err(unusable)?;
    let request = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_redirect_uri(std::borrow::Cow::Owned(redirect))
        .set_pkce_verifier(PkceCodeVerifier::new(credentials.verifier.to_owned()));
    let tokens: CoreTokenResponse = request.request_async(&http).await.map_err(|error| token_refusal(&error))?;
    proof::identity(&client, &http, provider, &tokens, credentials.nonce, now).await
}

fn client(
    provider: &Discovered,
    credentials: &ClientCredentials<'_>,
    keys: CoreJsonWebKeySet,
) -> Result<TokenClient, openidconnect::url::ParseError> {
    let id = ClientId::new(credentials.client_id.to_owned());
    let methods = provider.token_endpoint_auth_methods_supported.as_deref();
    let in_body = methods.is_some_and(|methods| {
        let has = |name: &str| methods.iter().any(|method| method == name);
        has("client_secret_post") && !has("client_secret_basic")
    });
    let client = CoreClient::new(id, IssuerUrl::new(provider.issuer.clone())?, keys)
        .set_token_uri(TokenUrl::new(provider.token_endpoint.clone())?)
        .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
    Ok(match credentials.client_secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
        None => client,
    })
}

fn unreachable(why: OidcHttpError) -> RefusedSignIn {
    RefusedSignIn { refusal: SignInRefusal::Unreachable, detail: why.detail() }
}

fn keys_refusal(error: &DiscoveryError<OidcHttpError>) -> RefusedSignIn {
    match error {
        DiscoveryError::Request(why) => unreachable(*why),
        _ => untrusted("its signing keys (jwks_uri) cannot be read"),
    }
}

fn token_refusal(
    error: &RequestTokenError<OidcHttpError, StandardErrorResponse<CoreErrorResponseType>>,
) -> RefusedSignIn {
    let answer = match error {
        RequestTokenError::Request(why) => return unreachable(*why),
        RequestTokenError::ServerResponse(answer) => answer,
        _ => return untrusted("its token endpoint answered with something that is no token"),
    };
    match answer.error() {
        CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => RefusedSignIn {
            refusal: SignInRefusal::ClientRefused,
            detail: "its token endpoint does not accept the client id or secret",
        },
        CoreErrorResponseType::InvalidGrant => RefusedSignIn {
            refusal: SignInRefusal::ProviderError,
            detail: "its token endpoint does not accept the code",
        },
        _ => {
            RefusedSignIn { refusal: SignInRefusal::ProviderError, detail: "its token endpoint answered with an error" }
        }
    }
}
