//! Leaving for the provider.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use secrecy::SecretString;

use super::render::{At, add_params};
use super::{Wire, WireError};
use crate::base::http_client::HttpsUrl;
use crate::base::rng::Rng;
use crate::connectors::provider::ProviderScope;

/// Where to send the browser, and what to keep for the way back.
#[derive(Clone)]
pub struct Departure {
    /// The consent page. It carries the state: not for logs.
    pub url: HttpsUrl,
    /// The PKCE verifier, when the provider takes one. Kept sealed until the code is exchanged.
    pub verifier: Option<SecretString>,
}

impl std::fmt::Debug for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Departure").field("host", &self.url.host()).finish_non_exhaustive()
    }
}

impl Wire<'_> {
    /// Makes the address of the consent page. `again` asks once more for permissions that were declined.
    ///
    /// # Errors
    /// A value the address needs is not set, or the address cannot be one.
    pub fn depart(&self, redirect_uri: &str, state: &str, again: bool, rng: &Rng) -> Result<Departure, WireError> {
        let rules = &self.block.authorize;
        let mut url = self.address(&rules.url, &[], At::default())?;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut params = vec![
            pair("response_type", "code"),
            pair(&rules.client_id_param, &self.app.client_id),
            pair("redirect_uri", redirect_uri),
            pair("state", state),
        ];
        params.extend(self.scope_params());
        let verifier = rules.pkce.then(|| PkceCodeVerifier::new(URL_SAFE_NO_PAD.encode(rng.bytes::<32>())));
        if let Some(verifier) = &verifier {
            params.push(pair("code_challenge", PkceCodeChallenge::from_code_verifier_sha256(verifier).as_str()));
            params.push(pair("code_challenge_method", "S256"));
        }
        let more = if again { self.fill_all(&rules.again_params, At::default())? } else { Vec::new() };
        for (name, value) in self.fill_all(&rules.params, At::default())?.into_iter().chain(more) {
            params.retain(|(known, _)| *known != name);
            params.push((name, value));
        }
        params.retain(|(_, value)| !value.is_empty());
        add_params(&mut url, &params);
        let url = HttpsUrl::parse(url.as_str()).map_err(|_| WireError::NotAllowedAddress)?;
        Ok(Departure { url, verifier: verifier.map(|verifier| SecretString::from(verifier.secret().as_str())) })
    }

    fn scope_params(&self) -> Vec<(String, String)> {
        let rules = &self.block.authorize;
        let apart = !rules.optional_scope_param.is_empty();
        let joined = |wanted: &dyn Fn(&ProviderScope) -> bool| {
            let names = self.block.scopes.iter().filter(|scope| wanted(scope)).map(|scope| scope.name.as_str());
            names.collect::<Vec<_>>().join(&rules.scope_separator)
        };
        let mut params = Vec::new();
        if !rules.scope_param.is_empty() {
            params.push((rules.scope_param.clone(), joined(&|scope| scope.required || !apart)));
        }
        if apart {
            params.push((rules.optional_scope_param.clone(), joined(&|scope| !scope.required)));
        }
        params
    }
}
