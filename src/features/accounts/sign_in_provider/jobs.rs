//! What runs later: who never came back is forgotten, and client secrets are sealed anew.

use super::store;
use crate::base::clock::UtcTime;
use crate::base::crypto::Rotation;
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::error::AppResult;
use crate::base::ids::SignInProviderId;
use crate::platform::db::Conn;

/// Forgets ways to a provider whose time is over.
///
/// # Errors
/// The database cannot be asked.
pub(in crate::features::accounts) fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    store::delete_expired(conn, now)?;
    Ok(())
}

/// Seals the next client secrets after `after` anew.
///
/// # Errors
/// A secret does not open with any key of the ring.
pub fn reseal_some(
    conn: &mut Conn,
    after: &SignInProviderId,
    with: &Rotation<'_>,
) -> AppResult<Batch<SignInProviderId>> {
    let rows = store::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &rows,
        |row| &row.id,
        |row| with.value(row.client_secret.as_ref(), row.secret_at(), |fresh| store::replace_sealed(conn, row, fresh)),
    )
}
