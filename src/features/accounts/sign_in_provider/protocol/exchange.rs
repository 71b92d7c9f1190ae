use openidconnect::core::{CoreClient, CoreErrorResponseType, CoreJsonWebKeySet, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, DiscoveryError, EndpointNotSet, EndpointSet, IssuerUrl,
    JsonWebKeySetUrl, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::Identity;
use super::super::http::{Door, NoAnswer};
use super::super::refusal::Refusal;
use super::{Discovered, Stop, proof, untrusted};
use crate::base::clock::UtcTime;
use crate::base::http_client::GuardedClient;

/// A client that knows the token endpoint.
pub(super) type Client =
    CoreClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// What the provider knows us by, and what this one way was begun with.
pub(in super::super) struct Credentials<'a> {
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
    credentials: &Credentials<'_>,
    code: &str,
    now: UtcTime,
) -> Result<Identity, Stop> {
    let door = Door(http);
    let unusable = |_| untrusted("its metadata holds an address that cannot be used");
    let keys = JsonWebKeySetUrl::new(provider.jwks_uri.clone()).map_err(unusable)?;
    let keys = CoreJsonWebKeySet::fetch_async(&keys, &door).await.map_err(|error| keys_stop(&error))?;
    let client = client(provider, credentials, keys).map_err(unusable)?;
    let redirect = RedirectUrl::new(credentials.redirect.to_owned()).map_err(unusable)?;
    let request = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_redirect_uri(std::borrow::Cow::Owned(redirect))
        .set_pkce_verifier(PkceCodeVerifier::new(credentials.verifier.to_owned()));
    let tokens: CoreTokenResponse = request.request_async(&door).await.map_err(|error| token_stop(&error))?;
    proof::identity(&client, &door, provider, &tokens, credentials.nonce, now).await
}

fn client(
    provider: &Discovered,
    credentials: &Credentials<'_>,
    keys: CoreJsonWebKeySet,
) -> Result<Client, openidconnect::url::ParseError> {
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

fn unreachable(why: NoAnswer) -> Stop {
    Stop { refusal: Refusal::Unreachable, detail: why.detail() }
}

fn keys_stop(error: &DiscoveryError<NoAnswer>) -> Stop {
    match error {
        DiscoveryError::Request(why) => unreachable(*why),
        _ => untrusted("its signing keys (jwks_uri) cannot be read"),
    }
}

fn token_stop(error: &RequestTokenError<NoAnswer, StandardErrorResponse<CoreErrorResponseType>>) -> Stop {
    let answer = match error {
        RequestTokenError::Request(why) => return unreachable(*why),
        RequestTokenError::ServerResponse(answer) => answer,
        _ => return untrusted("its token endpoint answered with something that is no token"),
    };
    match answer.error() {
        CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => Stop {
            refusal: Refusal::ClientRefused,
            detail: "its token endpoint does not accept the client id or secret",
        },
        CoreErrorResponseType::InvalidGrant => {
            Stop { refusal: Refusal::ProviderError, detail: "its token endpoint does not accept the code" }
        }
        _ => Stop { refusal: Refusal::ProviderError, detail: "its token endpoint answered with an error" },
    }
}
