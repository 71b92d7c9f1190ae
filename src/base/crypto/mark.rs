//! Marks: HMAC-SHA-256 under a key derived from the master key, for values we hand out and want to know again
//! (form tokens, receipts, the first-run code). They hold no secret and are never stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keys::{KEY_BYTES, KeyRing};

/// Marks for one purpose; a mark made for one purpose is nothing to another. Keys of the whole ring are accepted, so
/// forms that are open while the master key is rotated still work.
#[derive(Clone)]
pub struct Marker {
    keys: Vec<Zeroizing<[u8; KEY_BYTES]>>,
}

impl Marker {
    /// Marks of `keys` for `purpose`.
    pub fn new(keys: &KeyRing, purpose: &str) -> Self {
        Self { keys: keys.derive(purpose) }
    }

    /// The mark of these parts, 32 bytes.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.keys.first().map_or([0; 32], |key| compute(key, parts).finalize().into_bytes().into())
    }

    /// The mark as base64url.
    pub fn text(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mark(parts))
    }

    /// Whether `mark` (base64url) is ours for these parts; compared in constant time.
    pub fn matches(&self, mark: &str, parts: &[&[u8]]) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(mark) else { return false };
        self.keys.iter().any(|key| compute(key, parts).verify_slice(&bytes).is_ok())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn compute(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key");
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac
}

impl std::fmt::Debug for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Marker")
    }
}
