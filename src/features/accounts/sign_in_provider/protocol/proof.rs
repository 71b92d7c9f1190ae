use std::time::SystemTime;

use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, EndUserName, LocalizedClaim, Nonce, OAuth2TokenResponse as _,
    SignatureVerificationError, TokenResponse as _, UserInfoUrl,
};

use super::super::http::OidcHttp;
use super::super::refusal::RefusedSignIn;
use super::super::{Email, LONGEST_SUBJECT, ProviderIdentity};
use super::{Discovered, TokenClient, untrusted};
use crate::base::clock::UtcTime;

/// A provider's clock may be this far behind ours.
const LEEWAY: time::Duration = time::Duration::seconds(60);

/// Ways to sign with a key that only the provider has. Never `none`, never a secret we share.
const SIGNED: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

impl Discovered {
    /// What it may sign with and we accept; RS256 when it names nothing (OpenID Connect Core 1.0, section 15.1).
    fn algorithms(&self) -> Vec<Alg> {
        let named = &self.id_token_signing_alg_values_supported;
        let read = |name: &String| serde_json::from_value::<Alg>(serde_json::Value::String(name.clone())).ok();
        let known: Vec<Alg> = named.iter().filter_map(read).filter(|alg| SIGNED.contains(alg)).collect();
        if named.is_empty() { vec![Alg::RsaSsaPkcs1V15Sha256] } else { known }
    }

    /// Whether there is a way to sign that both know.
    pub(super) fn signs(&self) -> bool {
        !self.algorithms().is_empty()
    }
}

/// Who the tokens prove it is: issuer, audience, signature, nonce and times of the ID token are checked by the library.
pub(super) async fn identity(
    client: &TokenClient,
    http: &OidcHttp<'_>,
    provider: &Discovered,
    tokens: &CoreTokenResponse,
    nonce: &str,
    now: UtcTime,
) -> Result<ProviderIdentity, RefusedSignIn> {
    let token = tokens.id_token().ok_or(untrusted("its token endpoint gave no ID token"))?;
    let at = SystemTime::from((now - LEEWAY).as_offset());
    let verifier = client.id_token_verifier().set_allowed_algs(provider.algorithms()).set_time_fn(move || at.into());
    let nonce = Nonce::new(nonce.to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(|error| untrusted(claims_detail(&error)))?;
    if !fits_access_token(token, claims, &verifier, tokens) {
        return Err(untrusted("its ID token belongs to another access token"));
    }
    let subject = claims.subject().as_str().to_owned();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(untrusted("its ID token names nobody"));
    }
    let mut email = Email::judged(claims.email().map(|email| email.as_str()), claims.email_verified());
    let mut name = first(claims.name());
    if let Some(url) = provider.userinfo_endpoint.as_ref().filter(|_| email.verified().is_none()) {
        let url = UserInfoUrl::new(url.clone()).map_err(|_| untrusted("its userinfo address cannot be used"))?;
        let client = client.clone().set_user_info_url(url);
        let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
        let more: CoreUserInfoClaims = request
            .request_async(http)
            .await
            .map_err(|_| untrusted("its userinfo endpoint gave no answer about this person"))?;
        let told = Email::judged(more.email().map(|email| email.as_str()), more.email_verified());
        email = if told == Email::None { email } else { told };
        name = name.or_else(|| first(more.name()));
    }
    Ok(ProviderIdentity { subject, email, name: name.unwrap_or_default() })
}

fn first(names: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    let names = names?;
    let name = names.get(None).or_else(|| names.iter().next().map(|(_, name)| name))?;
    Some(name.as_str().to_owned())
}

/// An ID token may name the access token it came with; then it has to be that one.
fn fits_access_token(
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    verifier: &CoreIdTokenVerifier<'_>,
    tokens: &CoreTokenResponse,
) -> bool {
    let Some(expected) = claims.access_token_hash() else { return true };
    let (Ok(alg), Ok(key)) = (token.signing_alg(), token.signing_key(verifier)) else { return false };
    AccessTokenHash::from_token(tokens.access_token(), alg, key).is_ok_and(|found| found == *expected)
}

fn claims_detail(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "its ID token has expired; are both clocks right?",
        ClaimsVerificationError::InvalidAudience(_) => "its ID token is meant for another client",
        ClaimsVerificationError::InvalidIssuer(_) => "its ID token names another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "its ID token belongs to another sign-in",
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            "its ID token is signed with a key it does not publish"
        }
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::DisallowedAlg(_)) => {
            "its ID token is signed in a way that is not accepted"
        }
        ClaimsVerificationError::SignatureVerification(_) => "the signature of its ID token is not right",
        _ => "its ID token cannot be read",
    }
}
