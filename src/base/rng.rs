//! Randomness as an argument: the only file that asks the operating system for it.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng, TryRng as _};

/// Where random bytes come from.
#[derive(Clone)]
pub enum Rng {
    /// The operating system's generator.
    System,
    /// A repeatable sequence, for tests only.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Rng {
    /// The same sequence for the same seed: for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing secret can be made then, so nothing must go on.
    #[expect(clippy::expect_used, reason = "without system randomness no token may be made")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        match self {
            Self::System => SysRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes"),
            Self::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// `len` characters drawn evenly from `alphabet` (at most 256 symbols; rejection sampling, so none is favoured).
    pub fn text(&self, alphabet: &[u8], len: usize) -> String {
        let limit = 256 - 256 % alphabet.len().max(1);
        let mut text = String::with_capacity(len);
        while text.len() < len {
            for byte in self.bytes::<32>() {
                let byte = usize::from(byte);
                if let Some(symbol) =
                    alphabet.get(byte % alphabet.len().max(1)).filter(|_| byte < limit && text.len() < len)
                {
                    text.push(char::from(*symbol));
                }
            }
        }
        text
    }
}

impl std::fmt::Debug for Rng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rng")
    }
}
