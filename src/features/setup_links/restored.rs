//! A backup was put back: a link that it holds open may have been used or revoked since.

use super::{make, store};
use crate::base::error::AppResult;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::link_state::LinkEnd;
use crate::platform::tx::Tx;

/// Closes every open link of every workspace, and says so in its connection's timeline; gives how many there were.
///
/// # Errors
/// The database refuses.
pub fn close_restored(tx: &mut Tx<'_>) -> AppResult<usize> {
    let open = store::all_open(tx.conn, tx.now)?;
    for link in &open {
        store::close(tx.conn, &link.id, LinkEnd::Restored, tx.now)?;
        make::forget_all(tx.conn, &link.id)?;
        tx.record(&Entry {
            workspace: &link.workspace_id,
            connection: Some(&link.connection_id),
            setup_link: Some(&link.id),
            event: Event::ClosedByRestore,
            actor: Actor::System,
            detail: &link.recipient,
        })?;
    }
    Ok(open.len())
}
