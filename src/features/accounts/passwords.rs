//! Passwords, a few at a time ([`PasswordWorkers`](crate::base::crypto::PasswordWorkers)): each hash takes 19 MiB and tens of milliseconds, and
//! callers are strangers.

use secrecy::SecretString;

use crate::base::crypto::password::{self, Cost};
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;

/// Hashes of nothing anybody can type (all bytes are zero), with the parameters of [`password::hash`]: trying them takes as long
/// as trying a member's.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const NOBODY_CHEAP: &str =
    "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a new password.
///
/// # Errors
/// [`AppError::Busy`] when too many wait for theirs; else only when argon2 itself refuses.
pub(super) async fn hash(app: &App, password: SecretString) -> AppResult<String> {
    let (cost, rng) = (app.password_cost, app.rng.clone());
    let hashed = app.passwords.run(move |memory| password::hash_in(memory, &password, cost, &rng)).await?;
    hashed.map_err(AppError::Internal)
}

/// Whether the password fits the hash; without a hash it never does, after the same time.
///
/// # Errors
/// [`AppError::Busy`] when too many wait for theirs.
pub(super) async fn verify(app: &App, password: SecretString, hash: Option<String>) -> AppResult<bool> {
    let hash = hash.unwrap_or_else(|| nobody(app.password_cost).to_owned());
    app.passwords.run(move |memory| password::verify_in(memory, &password, &hash)).await
}

fn nobody(cost: Cost) -> &'static str {
    match cost {
        Cost::Standard => NOBODY,
        Cost::Cheap => NOBODY_CHEAP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn trying_nobody_takes_the_work_of_trying_a_member() {
        for cost in [Cost::Standard, Cost::Cheap] {
            let real = password::hash(&"some password".into(), cost, &Rng::System).unwrap();
            let shape = |phc: &str| phc.split('$').map(str::to_owned).collect::<Vec<_>>();
            let (real, nobody) = (shape(&real), shape(nobody(cost)));
            assert_eq!(real[..4], nobody[..4]);
            assert_eq!([real[4].len(), real[5].len()], [nobody[4].len(), nobody[5].len()]);
        }
        assert!(!password::verify_in(&mut password::HashMemory::default(), &"".into(), NOBODY_CHEAP));
    }
}
