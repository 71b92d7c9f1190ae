//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::{found, sealed_at, start, store};
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::crypto::{Rotation, Sealed};
use crate::base::error::AppResult;
use crate::base::ids::ValidationId;
use crate::platform::db::Conn;

/// Seals the next values after `after` anew.
///
/// # Errors
/// A value does not open with any key of the ring.
pub fn reseal_some(conn: &mut Conn, after: &ValidationId, with: &Rotation<'_>) -> AppResult<Batch<ValidationId>> {
    let rows = store::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &rows,
        |row| &row.id,
        |row| {
            let at = |column| sealed_at(row.id.as_str(), column, &row.workspace_id);
            let found = row.found.clone().map(Sealed::from_bytes);
            let config = row.config.clone().map(Sealed::from_bytes);
            let put_found = |fresh: &Sealed| store::replace_found(conn, &row.id, fresh.as_bytes());
            let count = with.value(found.as_ref(), at(found::COLUMN), put_found)?;
            let put_config = |fresh: &Sealed| store::replace_config(conn, &row.id, fresh.as_bytes());
            Ok(count + with.value(config.as_ref(), at(start::COLUMN), put_config)?)
        },
    )
}
