//! What is written into the activity log about accounts.

use diesel::QueryResult;

use super::Acting;
use crate::base::clock::UtcTime;
use crate::base::ids::WorkspaceId;
use crate::base::rng::Rng;
use crate::platform::activity::{self, Actor, Entry, Event};
use crate::platform::db::Conn;

impl Acting {
    /// Writes down what they did; call it inside the transaction of the deed.
    pub(super) fn note(&self, conn: &mut Conn, event: Event, detail: &str, now: UtcTime, rng: &Rng) -> QueryResult<()> {
        let actor = Actor::Member { id: self.member.clone(), name: self.name.clone() };
        note(conn, &self.workspace, actor, event, detail, (now, rng))
    }
}

/// Writes down a deed that concerns neither a connection nor a setup link.
pub(super) fn note(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    actor: Actor,
    event: Event,
    detail: &str,
    (now, rng): (UtcTime, &Rng),
) -> QueryResult<()> {
    activity::record(conn, &Entry { workspace, connection: None, setup_link: None, event, actor, detail }, now, rng)
}
