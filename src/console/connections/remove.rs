//! Deleting a connection, draft or final: everything that could still act with its details ends in the same transaction.

use crate::base::error::AppResult;
use crate::features::connections::{Connection, ConnectionState, erase};
use crate::features::work::runs;
use crate::features::work::validations;
use crate::features::{oauth, setup_links, streams, webhooks};
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::link_state::LinkEnd;
use crate::platform::tx::Tx;

/// Deletes a connection: its details and keys are erased, its links say from then on that it was deleted, its checks and extractions are
/// stopped, its schedule ends, access at a provider is given back. What happened stays for a while: its timeline, past validations and extractions
/// with their logs and files (`console/retention/erase.rs`); records in an output layer stay there.
///
/// # Errors
/// [`AppError::NotFound`](crate::base::error::AppError::NotFound) when it was deleted meanwhile.
pub fn remove(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    setup_links::close_all(tx, connection, LinkEnd::Deleted)?;
    erase(tx, connection, actor.clone())?;
    let (workspace, id) = (&connection.workspace_id, &connection.id);
    validations::cancel_all(tx.conn, workspace, id, tx.now)?;
    if let Some(run) = runs::going(tx.conn, workspace, id)? {
        run.cancel(tx.conn, tx.now)?;
    }
    streams::stop_plan(tx.conn, id)?;
    runs::forget_state(tx.conn, id)?;
    webhooks::remove_callback(tx, connection, actor)?;
    oauth::disconnect(tx, connection)
}

/// What somebody should know before they delete a connection.
pub(super) struct Losses {
    pub(super) is_final: bool,
    pub(super) has_values: bool,
    pub(super) is_running: bool,
    pub(super) is_scheduled: bool,
    pub(super) has_records: bool,
    pub(super) is_signed_in: bool,
}

impl Losses {
    pub(super) fn of(conn: &mut Conn, connection: &Connection) -> AppResult<Self> {
        let (workspace, id) = (&connection.workspace_id, &connection.id);
        let plan = streams::find_plan(conn, workspace, id)?;
        let runs = runs::list(conn, workspace, id, RUNS_LOOKED_AT)?;
        Ok(Self {
            is_final: connection.state() == ConnectionState::Finalised,
            has_values: !connection.is_blank(),
            is_running: runs::going(conn, workspace, id)?.is_some(),
            is_scheduled: plan.is_some_and(|plan| plan.next_at.is_some()),
            has_records: runs.iter().any(|run| matches!(run.state, WorkState::Success | WorkState::Partial)),
            is_signed_in: oauth::of_connection(conn, workspace, id)?.is_some(),
        })
    }
}

/// Among so many of the last extractions a successful one is looked for.
const RUNS_LOOKED_AT: i64 = 1_000;
