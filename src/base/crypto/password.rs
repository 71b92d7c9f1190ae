//! Passwords people choose: argon2id with the OWASP Password Storage Cheat Sheet's first recommendation (19 MiB, 2 passes, 1 lane).

use anyhow::anyhow;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};

use crate::base::rng::Rng;

/// Fewest characters a new password may have.
pub const SHORTEST: usize = 12;
/// Most bytes a password may have, so that nobody makes us hash a novel.
pub const LONGEST: usize = 1_024;

/// How much work a hash takes. Tests use the cheap one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// For real accounts.
    Standard,
    /// For tests only: the smallest argon2id allows.
    Cheap,
}

fn hasher(cost: Cost) -> anyhow::Result<Argon2<'static>> {
    let (memory, passes) = match cost {
        Cost::Standard => (19_456, 2),
        Cost::Cheap => (8, 1),
    };
    let params = Params::new(memory, passes, 1, None).map_err(|error| anyhow!("argon2 parameters: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password into a PHC string. Takes tens of milliseconds: call it on the blocking pool.
///
/// # Errors
/// Only when argon2 itself refuses.
pub fn hash(password: &SecretString, cost: Cost, rng: &Rng) -> anyhow::Result<String> {
    let salt = rng.bytes::<16>();
    let hash = hasher(cost)?
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .map_err(|error| anyhow!("hashing a password: {error}"))?;
    Ok(hash.to_string())
}

/// Whether the password is the one the PHC string was made of. A broken string is a "no".
pub fn verify(password: &SecretString, phc: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    password.expose_secret().len() <= LONGEST
        && Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_password_only() {
        let phc = hash(&"correct horse".into(), Cost::Cheap, &Rng::System).unwrap();
        assert!(phc.starts_with("$argon2id$"));
        assert!(verify(&"correct horse".into(), &phc));
        assert!(!verify(&"wrong horse".into(), &phc));
        assert!(!verify(&"correct horse".into(), "not a hash"));
    }
}
