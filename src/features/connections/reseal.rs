//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::store;
use crate::base::crypto::Rotation;
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::error::AppResult;
use crate::base::ids::ConnectionId;
use crate::platform::db::Conn;

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
