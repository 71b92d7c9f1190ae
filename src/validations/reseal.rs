//! Rotation of master keys; as `connections/reseal.rs`.

use super::{found, sealed_at, start, store};
use crate::crypto::{KeyRing, Sealed};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::ValidationId;
use crate::rng::Rng;

const AT_ONCE: i64 = 50;

/// Re-seals the next rows after `after`; gives the last id looked at and how many values were re-sealed, or `None` at the end.
///
/// # Errors
/// A value does not open with any key of the ring.
pub fn reseal_some(
    conn: &mut Conn,
    after: &ValidationId,
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Option<(ValidationId, usize)>> {
    let rows = store::sealed_after(conn, after, AT_ONCE)?;
    let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(None) };
    let mut resealed = 0;
    for row in rows {
        let fresh = |bytes: Option<Vec<u8>>, column| match bytes {
            Some(bytes) => {
                keys.reseal(&Sealed::from_bytes(bytes), sealed_at(row.id.as_str(), column, &row.workspace_id), rng)
            }
            None => Ok(None),
        };
        if let Some(sealed) = fresh(row.found, found::COLUMN)? {
            store::replace_found(conn, &row.id, sealed.as_bytes())?;
            resealed += 1;
        }
        if let Some(sealed) = fresh(row.config, start::COLUMN)? {
            store::replace_config(conn, &row.id, sealed.as_bytes())?;
            resealed += 1;
        }
    }
    Ok(Some((last, resealed)))
}
