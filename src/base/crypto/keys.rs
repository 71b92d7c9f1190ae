//! The key ring: several master keys with names, the first one seals, all of them open.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base::rng::Rng;

/// Bytes of one master key.
pub const KEY_BYTES: usize = 32;
const LONGEST_ID: usize = 32;
/// Random bytes are nearly all different: fewer than so many different ones among 32 come by chance once in 10^21 keys or more seldom.
const FEWEST_DISTINCT: usize = 12;

pub(super) struct MasterKey {
    pub(super) id: String,
    pub(super) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// All master keys. Clones share them; nothing prints them.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<Vec<MasterKey>>,
}

impl KeyRing {
    /// Reads `id:base64,id:base64,…`; the first key is primary.
    ///
    /// # Errors
    /// Says which entry is wrong and why, without a byte of any key.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (place, entry) in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).enumerate() {
            let place = place + 1;
            let Some((id, encoded)) = entry.split_once(':') else {
                bail!("key {place} has no name: write name:base64")
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            ensure!(
                !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(plain),
                "key {place} has no usable name"
            );
            ensure!(keys.iter().all(|key| key.id != id), "two keys are called {id}");
            let Ok(bytes) = STANDARD.decode(encoded.trim()).map(Zeroizing::new) else {
                bail!("key {id} is not base64")
            };
            let Ok(bytes) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()) else {
                bail!("key {id} must be {KEY_BYTES} bytes long")
            };
            let distinct: BTreeSet<&u8> = bytes.iter().collect();
            ensure!(
                distinct.len() >= FEWEST_DISTINCT,
                "key {id} is not random: make one with `vestibule keys generate`"
            );
            keys.push(MasterKey { id: id.to_owned(), bytes: Zeroizing::new(bytes) });
        }
        ensure!(!keys.is_empty(), "no key is given");
        Ok(Self { keys: Arc::new(keys) })
    }

    /// A fresh key with a name made of the day, as `id:base64`, for the key file or `VESTIBULE_MASTER_KEYS`.
    pub fn generate(now: crate::base::clock::UtcTime, rng: &Rng) -> Zeroizing<String> {
        let day = now.as_offset().date();
        let tail = rng.text(b"abcdefghjkmnpqrstuvwxyz23456789", 4);
        let id = format!("k{}{:02}{:02}-{tail}", day.year(), u8::from(day.month()), day.day());
        Zeroizing::new(format!("{id}:{}", STANDARD.encode(rng.bytes::<KEY_BYTES>())))
    }

    /// The name of the key that seals.
    pub fn primary_id(&self) -> &str {
        self.keys.first().map_or("", |key| key.id.as_str())
    }

    /// The names of all keys, primary first.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.id.as_str()).collect()
    }

    pub(super) fn primary(&self) -> Option<&MasterKey> {
        self.keys.first()
    }

    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Keys for one purpose, derived from every master key (HMAC-SHA-256 as a one-step KDF), primary first.
    pub(super) fn derive(&self, purpose: &str) -> Vec<Zeroizing<[u8; KEY_BYTES]>> {
        self.keys.iter().map(|key| derive_one(&key.bytes, purpose)).collect()
    }
}

pub(super) fn derive_one(master: &[u8; KEY_BYTES], purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut out = Zeroizing::new([0_u8; KEY_BYTES]);
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(master) {
        mac.update(b"vestibule/v1/");
        mac.update(purpose.as_bytes());
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    out
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyRing").field(&self.ids()).finish()
    }
}
