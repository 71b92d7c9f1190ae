//! Runs by the clock: a plan whose time has come is moved to its next time and its run queued, in one transaction.

use std::sync::Arc;

use super::start::{NewRun, start};
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
    let connector = found.as_ref().and_then(|found| app.connectors.find(found.kind, &found.connector_slug));
    let (Some(found), Some(connector)) = (&found, connector) else { return Ok(stop_plan(tx.conn, connection)?) };
    let data_dir = &app.config.storage.data_dir;
    let new =
        NewRun { connection: found, connector, trigger: "cron", actor: &Actor::System, from_start: false, data_dir };
    if let Err(not_started) = start(tx, &new, &app.engines)? {
        tracing::warn!(connection = %found.slug, reason = %not_started.sentence(), "a scheduled extraction does not start");
    }
    Ok(())
}
