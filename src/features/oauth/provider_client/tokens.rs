//! What a provider gave: tokens, until when, and what else its answer said.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::clock::UtcTime;
use crate::base::crypto::exposed;

/// Tokens with their times. Cannot be printed.
#[derive(Clone)]
pub struct Tokens {
    /// What opens the provider's API.
    pub access_token: SecretString,
    /// What makes new access tokens.
    pub refresh_token: Option<SecretString>,
    /// When they were given.
    pub obtained_at: UtcTime,
    /// When the access token ends; `None` when it lives until it is taken back.
    pub expires_at: Option<UtcTime>,
    /// When the refresh token ends, as far as it is known.
    pub refresh_expires_at: Option<UtcTime>,
    /// The permissions the answer named; `None` when it named none.
    pub scopes: Option<Vec<String>>,
    /// Values the block keeps of the answer, by path: a team's name, an instance's address.
    pub kept: BTreeMap<String, String>,
}

/// The form in which tokens are sealed.
#[derive(Serialize, Deserialize)]
struct StoredTokens {
    #[serde(serialize_with = "exposed::text")]
    access_token: SecretString,
    #[serde(serialize_with = "exposed::option")]
    refresh_token: Option<SecretString>,
    obtained_at: i64,
    expires_at: Option<i64>,
    refresh_expires_at: Option<i64>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    kept: BTreeMap<String, String>,
}

impl Tokens {
    /// Whether the access token is to be replaced before it is used: it ends within `before` seconds.
    pub fn is_stale(&self, now: UtcTime, before: u32) -> bool {
        self.expires_at.is_some_and(|end| end <= now + time::Duration::seconds(i64::from(before)))
    }

    /// As bytes, to be sealed and nothing else.
    ///
    /// # Errors
    /// Never in practice: texts and numbers are always JSON.
    pub fn to_bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let stored = StoredTokens {
            access_token: self.access_token.clone(),
            refresh_token: self.refresh_token.clone(),
            obtained_at: self.obtained_at.unix(),
            expires_at: self.expires_at.map(UtcTime::unix),
            refresh_expires_at: self.refresh_expires_at.map(UtcTime::unix),
            scopes: self.scopes.clone(),
            kept: self.kept.clone(),
        };
        Ok(Zeroizing::new(serde_json::to_vec(&stored)?))
    }

    /// Reads what [`Tokens::to_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are something else; the error holds none of them.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let stored: StoredTokens =
            serde_json::from_slice(bytes).map_err(|_| anyhow::anyhow!("stored tokens cannot be read"))?;
        Ok(Self {
            access_token: stored.access_token,
            refresh_token: stored.refresh_token,
            obtained_at: UtcTime::from_unix(stored.obtained_at)
                .ok_or_else(|| anyhow::anyhow!("stored tokens have no time"))?,
            expires_at: stored.expires_at.and_then(UtcTime::from_unix),
            refresh_expires_at: stored.refresh_expires_at.and_then(UtcTime::from_unix),
            scopes: stored.scopes,
            kept: stored.kept,
        })
    }
}

/// Tokens as a part of something that is sealed as a whole: one text inside it, the form in which they have always been stored.
pub(in crate::features::oauth) mod as_text {
    use secrecy::{ExposeSecret as _, SecretString};
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Tokens;

    pub fn serialize<S: Serializer>(tokens: &Tokens, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = tokens.to_bytes().map_err(S::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&bytes).map_err(S::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tokens, D::Error> {
        let text = SecretString::deserialize(deserializer)?;
        Tokens::from_bytes(text.expose_secret().as_bytes()).map_err(D::Error::custom)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
