//! Deleting a connection, draft or final: everything that could still act with its details ends in the same transaction.

use crate::base::error::{AppError, AppResult};
use crate::connectors::Kind;
use crate::features::connections::{Connection, ConnectionState, erase};
use crate::features::extraction_engine::objects;
use crate::features::outputs::{self, MOST_NAMED, Output, OutputUser, named};
use crate::features::work::runs::{self, Run};
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
/// A destination that sources write to is not deleted; what still writes to one that none is set to any more is stopped.
///
/// # Errors
/// [`RemoveError::InUse`]; [`AppError::NotFound`] when it was deleted meanwhile.
pub fn remove(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> Result<(), RemoveError> {
    setup_links::close_all(tx, connection, LinkEnd::Deleted)?;
    // From here on nobody sets a source to it: whoever does holds the same row.
    erase(tx, connection, actor.clone())?;
    let (workspace, id) = (&connection.workspace_id, &connection.id);
    let users = users(tx.conn, connection)?;
    if !users.is_empty() {
        return Err(RemoveError::InUse(users));
    }
    validations::cancel_all(tx.conn, workspace, id, tx.now)?;
    let own = runs::going(tx.conn, workspace, id).map_err(AppError::from)?;
    for run in own.into_iter().chain(runs_into(tx.conn, connection)?) {
        run.cancel(tx.conn, tx.now)?;
    }
    streams::stop_plan(tx.conn, id).map_err(AppError::from)?;
    runs::forget_state(tx.conn, id).map_err(AppError::from)?;
    objects::take_away_later(tx, connection)?;
    webhooks::remove_callback(tx, connection, actor)?;
    Ok(oauth::disconnect(tx, connection)?)
}

/// Why a connection was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The records of these sources go there.
    #[error("The records of these sources go there: {}. Choose another place for them first.", named(.0))]
    InUse(Vec<OutputUser>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

fn as_output(connection: &Connection) -> Option<Output> {
    (connection.kind == Kind::Destination).then(|| Output::Destination(connection.slug.clone()))
}

/// The sources that are set to write to it; none of a source.
pub(super) fn users(conn: &mut Conn, connection: &Connection) -> AppResult<Vec<OutputUser>> {
    let Some(output) = as_output(connection) else { return Ok(Vec::new()) };
    outputs::users(conn, &connection.workspace_id, &output, MOST_NAMED)
}

/// Extractions that wait or go on and write to it.
fn runs_into(conn: &mut Conn, connection: &Connection) -> AppResult<Vec<Run>> {
    let Some(output) = as_output(connection) else { return Ok(Vec::new()) };
    Ok(runs::going_into(conn, &connection.workspace_id, &output)?)
}

/// What somebody should know before they delete a connection.
pub(super) struct Losses {
    pub(super) is_final: bool,
    pub(super) has_values: bool,
    pub(super) is_running: bool,
    pub(super) is_scheduled: bool,
    pub(super) has_records: bool,
    pub(super) is_signed_in: bool,
    /// Extractions of sources that still write to it.
    pub(super) is_written: bool,
    /// Sources that are set to write to it: it cannot be deleted.
    pub(super) users: Vec<OutputUser>,
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
            is_written: !runs_into(conn, connection)?.is_empty(),
            users: users(conn, connection)?,
        })
    }
}

/// Among so many of the last extractions a successful one is looked for.
const RUNS_LOOKED_AT: i64 = 1_000;
