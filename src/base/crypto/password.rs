//! Passwords people choose: argon2id with the OWASP Password Storage Cheat Sheet's first recommendation (19 MiB, 2 passes, 1 lane).

use anyhow::anyhow;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
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

/// No hash that is stored takes more memory (KiB): a damaged row makes nobody's server grow.
const MOST_MEMORY: u32 = 64 * 1024;

/// Memory that one hash after another is computed in.
#[derive(Default)]
pub struct HashMemory(Vec<Block>);

impl HashMemory {
    fn of(&mut self, params: &Params) -> &mut [Block] {
        let blocks = params.block_count();
        if self.0.len() < blocks {
            self.0.reserve_exact(blocks - self.0.len());
            self.0.resize(blocks, Block::default());
        }
        self.0.as_mut_slice()
    }
}

fn params(cost: Cost) -> anyhow::Result<Params> {
    let (memory, passes) = match cost {
        Cost::Standard => (19_456, 2),
        Cost::Cheap => (8, 1),
    };
    Params::new(memory, passes, 1, Some(OUTPUT)).map_err(|error| anyhow!("argon2 parameters: {error}"))
}

/// Bytes of a hash.
const OUTPUT: usize = Params::DEFAULT_OUTPUT_LEN;

/// Hashes a password into a PHC string, in memory of its own: for commands. Requests take turns
/// ([`PasswordWorkers`](super::PasswordWorkers)).
///
/// # Errors
/// Only when argon2 itself refuses.
pub fn hash(password: &SecretString, cost: Cost, rng: &Rng) -> anyhow::Result<String> {
    hash_in(&mut HashMemory::default(), password, cost, rng)
}

/// [`hash`], in memory that is given. Takes tens of milliseconds: call it on the blocking pool.
///
/// # Errors
/// As [`hash`].
pub fn hash_in(memory: &mut HashMemory, password: &SecretString, cost: Cost, rng: &Rng) -> anyhow::Result<String> {
    let (params, salt) = (params(cost)?, rng.bytes::<16>());
    let mut output = [0; OUTPUT];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2
        .hash_password_into_with_memory(password.expose_secret().as_bytes(), &salt, &mut output, memory.of(&params))
        .map_err(|error| anyhow!("hashing a password: {error}"))?;
    let refused = |error| anyhow!("writing a password hash: {error}");
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| anyhow!("writing a password hash: {error}"))?,
        salt: Some(Salt::new(&salt).map_err(refused)?),
        hash: Some(Output::new(&output).map_err(refused)?),
    };
    Ok(phc.to_string())
}

/// Whether the password is the one the PHC string was made of, in memory that is given. A broken string is a "no".
pub fn verify_in(memory: &mut HashMemory, password: &SecretString, phc: &str) -> bool {
    password.expose_secret().len() <= LONGEST && computed(memory, password, phc).is_some_and(|fits| fits)
}

/// Whether it fits; `None` when the string is no hash of ours.
fn computed(memory: &mut HashMemory, password: &SecretString, phc: &str) -> Option<bool> {
    let parsed = PasswordHash::new(phc).ok()?;
    let (salt, expected) = (parsed.salt?, parsed.hash?);
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).ok()?;
    let version = Version::try_from(parsed.version?).ok()?;
    let params = Params::try_from(&parsed).ok().filter(|params| params.m_cost() <= MOST_MEMORY)?;
    let mut output = vec![0; expected.as_ref().len()];
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(
            password.expose_secret().as_bytes(),
            salt.as_ref(),
            &mut output,
            memory.of(&params),
        )
        .ok()?;
    // Compared in the same time wherever they differ.
    Some(Output::new(&output).ok()? == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_password_only() {
        let mut memory = HashMemory::default();
        let mut verify = |password: &str, phc: &str| verify_in(&mut memory, &password.into(), phc);
        let phc = hash(&"correct horse".into(), Cost::Cheap, &Rng::System).unwrap();
        assert!(phc.starts_with("$argon2id$"));
        assert!(verify("correct horse", &phc));
        assert!(!verify("wrong horse", &phc));
        assert!(!verify("correct horse", "not a hash"));
        assert!(verify("correct horse", &phc), "in memory that was used before");
        // As the crate writes one itself.
        use argon2::password_hash::PasswordHasher as _;
        let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(Cost::Cheap).unwrap());
        let theirs = theirs.hash_password_with_salt(b"correct horse", b"salt of the test").unwrap().to_string();
        assert!(verify("correct horse", &theirs) && !verify("wrong horse", &theirs), "{theirs}");
        // A row that asks for a terabyte is a "no".
        assert!(!verify("correct horse", &phc.replace("m=8,", "m=1073741824,")));
    }
}
