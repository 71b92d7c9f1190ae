//! Runs by the clock: a plan whose time has come is moved to its next time and its run queued, in one transaction.

use std::sync::Arc;

use super::start::{NewRun, StartRunError, start};
use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections;
use crate::features::streams::{advance, due_plans, find_plan, stop_plan};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::tx::Tx;

const AT_ONCE: i64 = 50;

/// Queues what the clock asks for.
pub(super) async fn queue_due(app: &Arc<App>) -> AppResult<()> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| Ok(due_plans(conn, now, AT_ONCE)?)).await?;
    for (workspace, connection) in due {
        let (app_here, id) = (Arc::clone(app), connection.clone());
        let queued = app.write(move |tx| queue_one(tx, &app_here, &workspace, &connection)).await;
        if let Err(error) = queued {
            // The others' time has come, too.
            tracing::error!(connection = %id, error = %error, "a scheduled extraction cannot be queued");
        }
    }
    Ok(())
}

fn queue_one(tx: &mut Tx<'_>, app: &App, workspace: &WorkspaceId, connection: &ConnectionId) -> AppResult<()> {
    let Some(plan) = find_plan(tx.conn, workspace, connection)? else { return Ok(()) };
    if !advance(tx.conn, connection, &plan, tx.now)? {
        return Ok(());
    }
    let found = connections::find_by_id(tx.conn, workspace, connection)?.filter(|found| found.deleted_at.is_none());
    let Some(found) = found else { return Ok(stop_plan(tx.conn, connection)?) };
    let new = NewRun { connection: &found, trigger: "cron", actor: &Actor::System, from_start: false };
    match start(tx, &new, app) {
        Ok(_) => Ok(()),
        Err(StartRunError::App(error)) => Err(error),
        Err(StartRunError::ConnectorGone) => Ok(stop_plan(tx.conn, connection)?),
        Err(refused) => {
            tracing::warn!(connection = %found.slug, reason = %refused, "a scheduled extraction does not start");
            Ok(())
        }
    }
}
