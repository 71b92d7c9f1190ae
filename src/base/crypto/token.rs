//! Tokens: 32 random bytes as base64url (43 characters). Shown once, stored as SHA-256, found by that hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::base::rng::Rng;

/// A token in the clear: on its way to the one person who may have it. It cannot be printed by accident.
#[derive(Clone)]
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// A fresh token with 256 bits of randomness; `prefix` tells kinds of tokens apart (empty, or like `vst_`).
    pub fn new(rng: &Rng, prefix: &str) -> Self {
        Self(Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(rng.bytes::<32>()))))
    }

    /// A token somebody presented; it may be any text.
    pub fn presented(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The token itself, to show it once or to put it into a URL.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).to_vec())
    }
}

impl std::fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainToken")
    }
}

/// SHA-256 of a token. Tokens carry 256 random bits, so no salt and no slow hash is needed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TokenHash(Vec<u8>);

impl TokenHash {
    /// The 32 bytes, for the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash")
    }
}
