//! The end of being a draft, and changes that the connector itself makes.
//!
//! Invariant: a draft becomes a source or destination by one conditional UPDATE that names the version of the values that was judged;
//! finalising counts as a change of them, so whoever read the draft before it writes nothing into it afterwards. From then on every setup link of it is dead, because a link opens drafts only.

mod store;

use super::Connection;
use crate::base::error::{AppError, AppResult};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;

/// Makes a draft final, if its values are still those that were read.
///
/// # Errors
/// [`AppError::Conflict`] when they changed meanwhile, or it is final already.
pub fn finalise(tx: &mut Tx<'_>, read: &Connection, actor: Actor) -> AppResult<()> {
    if !store::finalise(tx.conn, read, tx.now)? {
        return Err(AppError::Conflict("The connection changed while it was being finalised. Look at it again."));
    }
    let entry = Entry {
        workspace: &read.workspace_id,
        connection: Some(&read.id),
        setup_link: None,
        event: Event::Finalised,
        actor,
        detail: "",
    };
    tx.record(&entry)
}
