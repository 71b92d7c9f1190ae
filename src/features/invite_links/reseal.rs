//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::store;
use crate::base::crypto::Rotation;
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::error::AppResult;
use crate::base::ids::InviteLinkId;
use crate::platform::db::Conn;

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
