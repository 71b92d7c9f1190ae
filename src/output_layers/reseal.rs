//! Rotation of master keys: a few passwords at a time, each in a transaction of its own, so that it can be killed and run again.

use super::{sealed_at, store};
use crate::crypto::KeyRing;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::OutputLayerId;
use crate::rng::Rng;

const AT_ONCE: i64 = 50;

/// Re-seals the next passwords after `after`; gives the last id looked at and how many were re-sealed, or `None` at the end.
///
/// # Errors
/// A password does not open with any key of the ring.
pub fn reseal_some(
    conn: &mut Conn,
    after: &OutputLayerId,
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Option<(OutputLayerId, usize)>> {
    let layers = store::after(conn, after, AT_ONCE)?;
    let Some(last) = layers.last().map(|layer| layer.id.clone()) else { return Ok(None) };
    let mut resealed = 0;
    for layer in &layers {
        let Some(sealed) = layer.sealed() else { continue };
        if let Some(fresh) = keys.reseal(&sealed, sealed_at(&layer.id, &layer.workspace_id), rng)? {
            store::replace_sealed(conn, layer, &fresh)?;
            resealed += 1;
        }
    }
    Ok(Some((last, resealed)))
}
