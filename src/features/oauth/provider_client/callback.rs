//! Coming back from the provider.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::answer::short_name;
use super::render::At;
use super::{ProviderClient, ProviderError};

/// The parameters of the return. They hold the code and the state, so they cannot be printed.
#[derive(Clone)]
pub struct CallbackQuery(Vec<(String, String)>);

/// What providers call a person's no.
const DECLINED: [&str; 5] =
    ["access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize", "consent_declined"];

impl CallbackQuery {
    /// Reads the query of the address.
    pub fn parse(query: &str) -> Self {
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The state, to find the attempt by; `None` also when it stands there twice.
    pub fn state(&self) -> Option<&str> {
        self.get("state")
    }

    /// A parameter that stands there once and is not empty.
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }
}

impl std::fmt::Debug for CallbackQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackQuery").finish_non_exhaustive()
    }
}

impl ProviderClient<'_> {
    /// Judges the return, and gives the code. Nothing was sent to anybody yet.
    ///
    /// # Errors
    /// The person declined, the provider reports an error, or the return cannot be believed.
    pub fn read_callback(&self, query: &CallbackQuery) -> Result<SecretString, ProviderError> {
        let rules = &self.block.callback;
        if rules.hmac {
            self.check_hmac(query)?;
        }
        if let Some(issuer) = &self.block.authorize.issuer
            && query.get("iss") != Some(self.fill(issuer, At::default())?.as_str())
        {
            return Err(ProviderError::BadCallback("the issuer is not the provider's"));
        }
        if let Some(name) = query.get("error") {
            let denied = DECLINED.contains(&name) || query.get("error_reason") == Some("user_denied");
            return Err(if denied { ProviderError::Denied } else { ProviderError::Refused(short_name(name)) });
        }
        for (name, value) in self.fill_all(&rules.must_match, At::default())? {
            if query.get(&name) != Some(value.as_str()) {
                return Err(ProviderError::BadCallback("it is about something else than was asked for"));
            }
        }
        let code = query.get(&rules.code_param).ok_or(ProviderError::BadCallback("there is no code"))?;
        Ok(SecretString::from(code))
    }

    /// HMAC-SHA256 with the client secret over the other parameters, sorted by name, as `name=value` joined by `&`, in hex.
    fn check_hmac(&self, query: &CallbackQuery) -> Result<(), ProviderError> {
        const WRONG: ProviderError = ProviderError::BadCallback("the signature does not fit");
        let given = query.get("hmac").and_then(from_hex).ok_or(WRONG)?;
        let mut others: Vec<String> =
            query.0.iter().filter(|(name, _)| name != "hmac").map(|(name, value)| format!("{name}={value}")).collect();
        others.sort_unstable();
        let key = self.app.client_secret.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| WRONG)?;
        mac.update(others.join("&").as_bytes());
        mac.verify_slice(&given).map_err(|_| WRONG)
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}
