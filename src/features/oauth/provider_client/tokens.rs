//! What a provider gave: tokens, until when, and what else its answer said.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::base::clock::UtcTime;

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

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn exposed_or_none<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|secret| secret.expose_secret()).serialize(serializer)
}

/// The form in which tokens are sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(serialize_with = "exposed")]
    access_token: SecretString,
    #[serde(serialize_with = "exposed_or_none")]
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
        let stored = Stored {
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
        let stored: Stored =
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

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("refresh_token", &self.refresh_token.is_some())
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
