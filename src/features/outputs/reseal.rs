//! Rotation of master keys; `crypto/rotation.rs` says how.

use super::{sealed_at, store};
use crate::base::crypto::Rotation;
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::error::AppResult;
use crate::base::ids::OutputLayerId;
use crate::platform::db::Conn;

/// Seals the next passwords after `after` anew.
///
/// # Errors
/// A password does not open with any key of the ring.
pub fn reseal_some(conn: &mut Conn, after: &OutputLayerId, with: &Rotation<'_>) -> AppResult<Batch<OutputLayerId>> {
    let layers = store::after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &layers,
        |layer| &layer.id,
        |layer| {
            let at = sealed_at(&layer.id, &layer.workspace_id);
            with.value(layer.sealed().as_ref(), at, |fresh| store::replace_sealed(conn, layer, fresh))
        },
    )
}
