//! What is written into the activity log about accounts.

use crate::base::error::AppResult;

use super::Acting;
use crate::base::ids::WorkspaceId;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;

impl Acting {
    /// Writes down what they did; call it inside the transaction of the deed.
    pub(super) fn note(&self, tx: &mut Tx<'_>, event: Event, detail: &str) -> AppResult<()> {
        let actor = Actor::Member { id: self.member.clone(), name: self.name.clone() };
        note(tx, &self.workspace, actor, event, detail)
    }
}

/// Writes down a deed that concerns neither a connection nor a setup link.
pub(super) fn note(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    actor: Actor,
    event: Event,
    detail: &str,
) -> AppResult<()> {
    tx.record(&Entry { workspace, connection: None, setup_link: None, event, actor, detail })
}
