//! A backup was put back: a link that it holds open may have been used up or deleted since.

use super::{make, store};
use crate::base::error::AppResult;
use crate::platform::activity::Actor;
use crate::platform::tx::Tx;

/// Closes every open link of every workspace: whoever opens one is told why. Gives how many there were.
///
/// # Errors
/// The database refuses.
pub fn close_restored(tx: &mut Tx<'_>) -> AppResult<usize> {
    let open = store::all_open(tx.conn, tx.now)?;
    for link in &open {
        make::delete(tx, link, Actor::System)?;
        store::note_restored(tx.conn, link)?;
    }
    Ok(open.len())
}
