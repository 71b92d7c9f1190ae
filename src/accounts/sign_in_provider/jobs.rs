//! What runs later: who never came back is forgotten, and client secrets are sealed anew.

use super::store;
use crate::clock::UtcTime;
use crate::crypto::Rotation;
use crate::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::SignInProviderId;

/// Forgets ways to a provider whose time is over.
///
/// # Errors
/// The database cannot be asked.
pub(in crate::accounts) fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
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
