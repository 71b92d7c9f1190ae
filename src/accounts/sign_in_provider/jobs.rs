//! What runs later: who never came back is forgotten, and client secrets are sealed anew.

use super::store;
use crate::clock::UtcTime;
use crate::crypto::KeyRing;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::SignInProviderId;
use crate::rng::Rng;

const AT_ONCE: i64 = 50;

/// Forgets ways to a provider whose time is over.
///
/// # Errors
/// The database cannot be asked.
pub(in crate::accounts) fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    store::delete_expired(conn, now)?;
    Ok(())
}

/// Re-seals the next client secrets after `after`; gives the last id looked at and how many were re-sealed, or `None` at the end.
///
/// # Errors
/// A secret does not open with any key of the ring.
pub fn reseal_some(
    conn: &mut Conn,
    after: &SignInProviderId,
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Option<(SignInProviderId, usize)>> {
    let providers = store::sealed_after(conn, after, AT_ONCE)?;
    let Some(last) = providers.last().map(|provider| provider.id.clone()) else { return Ok(None) };
    let mut resealed = 0;
    for provider in &providers {
        let Some(sealed) = &provider.client_secret else { continue };
        if let Some(fresh) = keys.reseal(sealed, provider.secret_at(), rng)? {
            store::replace_sealed(conn, provider, &fresh)?;
            resealed += 1;
        }
    }
    Ok(Some((last, resealed)))
}
