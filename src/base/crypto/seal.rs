//! Secrets at rest: XChaCha20-Poly1305 over `version ‖ key id ‖ nonce ‖ ciphertext`. The associated data names the place
//! (table, row, column, workspace), so a sealed value moved elsewhere does not open.

use anyhow::{Context as _, anyhow, bail, ensure};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::keys::{KeyRing, MasterKey, derive_one};
use crate::base::rng::Rng;

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// The place a sealed value belongs to: all four parts are authenticated.
#[derive(Debug, Clone, Copy)]
pub struct SealedAt<'a> {
    /// Table.
    pub table: &'a str,
    /// The row's id.
    pub row: &'a str,
    /// Column.
    pub column: &'a str,
    /// The workspace the row belongs to.
    pub workspace: &'a str,
}

impl SealedAt<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![VERSION];
        for part in [self.table, self.row, self.column, self.workspace] {
            data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// A sealed value as it lies in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// A value read from the database; whether it opens is for [`KeyRing::open`] to say.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the database.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of the key that sealed it; `None` when the bytes are no sealed value.
    pub fn key_id(&self) -> Option<&str> {
        parts(&self.0).ok().map(|(id, _, _)| id)
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl KeyRing {
    /// Seals bytes for one place with the primary key.
    ///
    /// # Errors
    /// Only when there is no key, or the value is absurdly large.
    pub fn seal(&self, plain: &[u8], at: SealedAt<'_>, rng: &Rng) -> anyhow::Result<Sealed> {
        let key = self.primary().context("the key ring is empty")?;
        let nonce = rng.bytes::<NONCE_BYTES>();
        let aad = at.associated_data();
        let sealed = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| anyhow!("sealing failed"))?;
        let mut bytes = vec![VERSION, u8::try_from(key.id.len()).context("the key's name is too long")?];
        bytes.extend_from_slice(key.id.as_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(Sealed(bytes))
    }

    /// Opens what was sealed for this very place.
    ///
    /// # Errors
    /// An unknown key (its name is given), another place, or changed bytes.
    pub fn open(&self, sealed: &Sealed, at: SealedAt<'_>) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let (id, nonce, body) = parts(&sealed.0)?;
        let key = self.find(id).with_context(|| format!("no master key called {id} is configured"))?;
        let aad = at.associated_data();
        cipher(key)
            .decrypt(&XNonce::from(nonce), Payload { msg: body, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| anyhow!("a sealed value of {}.{} does not open", at.table, at.column))
    }

    /// The same value under the primary key; `None` when it is sealed with that key already.
    ///
    /// # Errors
    /// The value does not open.
    pub fn reseal(&self, sealed: &Sealed, at: SealedAt<'_>, rng: &Rng) -> anyhow::Result<Option<Sealed>> {
        if sealed.key_id() == Some(self.primary_id()) {
            return Ok(None);
        }
        let plain = self.open(sealed, at)?;
        self.seal(&plain, at, rng).map(Some)
    }
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*derive_one(&key.bytes, "seal")).into())
}

/// (key id, nonce, ciphertext)
fn parts(bytes: &[u8]) -> anyhow::Result<(&str, [u8; NONCE_BYTES], &[u8])> {
    let [version, id_len, rest @ ..] = bytes else { bail!("a sealed value is too short") };
    ensure!(*version == VERSION, "a sealed value has the unknown version {version}");
    let (id, rest) = rest.split_at_checked(usize::from(*id_len)).context("a sealed value is too short")?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().context("a sealed value is too short")?;
    Ok((std::str::from_utf8(id).context("a sealed value names no key")?, *nonce, body))
}

#[cfg(test)]
mod tests {
    use super::{KeyRing, Sealed, SealedAt};
    use crate::base::rng::Rng;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    const AT: SealedAt<'static> = SealedAt { table: "connections", row: "1", column: "sealed_secrets", workspace: "w" };

    fn ring(ids: &[&str]) -> KeyRing {
        let one = |id: &&str| {
            let bytes: [u8; 32] = std::array::from_fn(|at| id.as_bytes()[0].wrapping_add(u8::try_from(at).unwrap()));
            format!("{id}:{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes))
        };
        KeyRing::parse(&ids.iter().map(one).collect::<Vec<_>>().join(",")).unwrap()
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_nothing_else(plain in proptest::collection::vec(any::<u8>(), 0..300), flip in any::<proptest::sample::Index>(), bit in 0..8_u8) {
            let keys = ring(&["a"]);
            let sealed = keys.seal(&plain, AT, &Rng::System).unwrap();
            let opened = keys.open(&sealed, AT).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let mut bytes = sealed.as_bytes().to_vec();
            let at = flip.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(keys.open(&Sealed::from_bytes(bytes), AT).is_err());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(ring(&["a"]).open(&Sealed::from_bytes(bytes), AT).is_err());
        }
    }

    #[test]
    fn a_value_is_bound_to_its_place() {
        let keys = ring(&["a"]);
        let sealed = keys.seal(b"x", AT, &Rng::System).unwrap();
        for elsewhere in [
            SealedAt { row: "2", ..AT },
            SealedAt { workspace: "v", ..AT },
            SealedAt { column: "c", ..AT },
            SealedAt { table: "t", ..AT },
        ] {
            assert!(keys.open(&sealed, elsewhere).is_err());
        }
    }

    #[test]
    fn rotation_keeps_old_values_readable() {
        let sealed = ring(&["a"]).seal(b"x", AT, &Rng::System).unwrap();
        let both = ring(&["b", "a"]);
        assert_eq!(both.open(&sealed, AT).unwrap().as_slice(), b"x");
        let again = both.reseal(&sealed, AT, &Rng::System).unwrap().unwrap();
        assert_eq!(again.key_id(), Some("b"));
        assert_eq!(ring(&["b"]).open(&again, AT).unwrap().as_slice(), b"x");
        assert!(both.reseal(&again, AT, &Rng::System).unwrap().is_none());
    }
}
