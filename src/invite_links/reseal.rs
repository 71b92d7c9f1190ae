//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::store;
use crate::crypto::Rotation;
use crate::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::InviteLinkId;

/// Seals the next tokens after `after` anew.
///
/// # Errors
/// A token does not open with any key of the ring.
pub fn reseal_some(conn: &mut Conn, after: &InviteLinkId, with: &Rotation<'_>) -> AppResult<Batch<InviteLinkId>> {
    let rows = store::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &rows,
        |row| &row.id,
        |row| {
            with.value(row.sealed_token().as_ref(), row.sealed_at(), |fresh| {
                store::replace_sealed(conn, &row.id, fresh)
            })
        },
    )
}
