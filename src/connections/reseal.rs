//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::store;
use crate::crypto::Rotation;
use crate::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::ConnectionId;

/// Seals the next secrets after `after` anew.
///
/// # Errors
/// A value does not open with any key of the ring.
pub fn reseal_some(conn: &mut Conn, after: &ConnectionId, with: &Rotation<'_>) -> AppResult<Batch<ConnectionId>> {
    let rows = store::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &rows,
        |row| &row.id,
        |row| with.value(row.sealed_secrets.as_ref(), row.sealed_at(), |fresh| store::replace_sealed(conn, row, fresh)),
    )
}
