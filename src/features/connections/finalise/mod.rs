//! The end of being a draft, and changes that the connector itself makes.
//!
//! Invariant: a draft becomes a source or destination by one conditional UPDATE that names the version of the values that was judged;
//! finalising counts as a change of them, so whoever read the draft before it writes nothing into it afterwards. From then on every setup link of it is dead, because a link opens drafts only.

mod store;

use super::Connection;
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::rng::Rng;
use crate::platform::activity::{self, Actor, Entry, Event};
use crate::platform::db::Conn;

/// Makes a draft final, if its values are still those that were read.
///
/// # Errors
/// [`AppError::Conflict`] when they changed meanwhile, or it is final already.
pub fn finalise(conn: &mut Conn, read: &Connection, actor: Actor, now: UtcTime, rng: &Rng) -> AppResult<()> {
    if !store::finalise(conn, read, now)? {
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
    Ok(activity::record(conn, &entry, now, rng)?)
}
