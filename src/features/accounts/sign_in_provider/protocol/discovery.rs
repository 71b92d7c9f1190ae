use serde::{Deserialize, Serialize};

use super::super::http::{self, OidcHttpError};
use super::super::refusal::{RefusedSignIn, SignInRefusal};
use crate::base::http_client::{GuardedClient, HttpsUrl};

/// What a provider says of itself, as far as signing in needs it (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Discovered {
    /// Exactly as its tokens name it.
    pub(in super::super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<String>,
    /// How it may sign.
    #[serde(default)]
    pub(super) id_token_signing_alg_values_supported: Vec<String>,
    /// How it lets clients prove themselves; absent means Basic authentication.
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether its answers name the issuer (RFC 9207).
    #[serde(default)]
    pub(in super::super) authorization_response_iss_parameter_supported: bool,
}

/// What is wrong with an issuer somebody typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum DiscoveryProblem {
    /// It did not answer.
    NoAnswer(OidcHttpError),
    /// It answered, but not with a provider's metadata.
    NoMetadata,
    /// The metadata is that of another issuer.
    OtherIssuer,
    /// The metadata lacks what we need, or names an address that is no `https` address.
    Unfit,
}

impl DiscoveryProblem {
    pub(in super::super) fn detail(self) -> &'static str {
        match self {
            Self::NoAnswer(why) => why.detail(),
            Self::NoMetadata => "no OpenID Connect provider answers there (/.well-known/openid-configuration)",
            Self::OtherIssuer => "the provider there calls itself by another issuer",
            Self::Unfit => "its metadata lacks an https address or a way to sign that is needed",
        }
    }
}

/// Asks an issuer that somebody typed, with or without a slash at the end; what it calls itself is what counts.
///
/// # Errors
/// What is wrong with it.
pub(in super::super) async fn discover(client: &GuardedClient, issuer: &str) -> Result<Discovered, DiscoveryProblem> {
    let base = issuer.trim_end_matches('/');
    let url = format!("{base}/.well-known/openid-configuration");
    let answer = http::get(client, &url).await.map_err(DiscoveryProblem::NoAnswer)?;
    if answer.status != 200 {
        return Err(DiscoveryProblem::NoMetadata);
    }
    let found: Discovered = serde_json::from_slice(&answer.body).map_err(|_| DiscoveryProblem::NoMetadata)?;
    if found.issuer.trim_end_matches('/') != base {
        return Err(DiscoveryProblem::OtherIssuer);
    }
    let addresses = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
    let is_https = |address: &String| HttpsUrl::parse(address).is_ok();
    if addresses.into_iter().all(is_https) && found.userinfo_endpoint.iter().all(is_https) && found.signs() {
        Ok(found)
    } else {
        Err(DiscoveryProblem::Unfit)
    }
}

/// Asks the issuer that is set up.
///
/// # Errors
/// It does not answer, or not as the one it was.
pub(in super::super) async fn discover_again(
    client: &GuardedClient,
    issuer: &str,
) -> Result<Discovered, RefusedSignIn> {
    let found = discover(client, issuer).await;
    let found =
        found.and_then(|found| if found.issuer == issuer { Ok(found) } else { Err(DiscoveryProblem::OtherIssuer) });
    found.map_err(|problem| {
        let refusal = match problem {
            DiscoveryProblem::NoAnswer(_) => SignInRefusal::Unreachable,
            DiscoveryProblem::NoMetadata => SignInRefusal::ProviderError,
            DiscoveryProblem::OtherIssuer | DiscoveryProblem::Unfit => SignInRefusal::Untrusted,
        };
        RefusedSignIn { refusal, detail: problem.detail() }
    })
}
