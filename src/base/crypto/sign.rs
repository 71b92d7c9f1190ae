//! Signatures of webhooks as the Standard Webhooks specification 1.0 wants them: HMAC-SHA-256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base::rng::Rng;

/// How every secret begins in the clear.
pub const PREFIX: &str = "whsec_";
/// Bytes of a fresh secret.
pub const SECRET_BYTES: usize = 32;

/// A secret that signs. Nothing prints it.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// A fresh one.
    pub fn new(rng: &Rng) -> Self {
        Self(Zeroizing::new(rng.bytes::<SECRET_BYTES>().to_vec()))
    }

    /// The bytes, as they were sealed.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the receiver's program wants it: `whsec_` and base64.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// The signature of one try, `v1,` and base64; `timestamp` in seconds since 1970.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_other_implementations_do() {
        // The values were worked out with Python's hmac module.
        let secret = SigningSecret::from_bytes(Zeroizing::new((0..32).collect()));
        assert_eq!(secret.expose().as_str(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert_eq!(
            secret.sign("msg_1", 1_700_000_000, r#"{"a":1}"#),
            "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4="
        );
    }
}
