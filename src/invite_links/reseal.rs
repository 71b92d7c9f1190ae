//! Rotation of master keys: a few tokens at a time, each in a transaction of its own, so that it can be killed and run again.

use super::store;
use crate::crypto::KeyRing;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::InviteLinkId;
use crate::rng::Rng;

const AT_ONCE: i64 = 50;

/// Re-seals the next tokens after `after`; gives the last id looked at and how many were re-sealed, or `None` at the end.
///
/// # Errors
/// A token does not open with any key of the ring.
pub fn reseal_some(
    conn: &mut Conn,
    after: &InviteLinkId,
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Option<(InviteLinkId, usize)>> {
    let rows = store::sealed_after(conn, after, AT_ONCE)?;
    let Some(last) = rows.last().map(|row| row.id.clone()) else { return Ok(None) };
    let mut resealed = 0;
    for row in &rows {
        let Some(sealed) = row.sealed_token() else { continue };
        if let Some(fresh) = keys.reseal(&sealed, row.sealed_at(), rng)? {
            store::replace_sealed(conn, &row.id, &fresh)?;
            resealed += 1;
        }
    }
    Ok(Some((last, resealed)))
}
