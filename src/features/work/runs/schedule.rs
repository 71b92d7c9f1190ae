//! Runs by the clock: a plan whose time has come is moved to its next time and its run queued, in one transaction.
//!
//! Whatever keeps a run from starting, the plan goes on to its next time, so that it starts again by itself once the reason is gone. The
//! reason stands with the plan; the timeline tells of it once, and once when it is over.

use std::sync::Arc;

use super::start::{NewRun, StartRunError, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections::{self, Connection};
use crate::features::streams::{
    Blocked, Plan, advance, astray_plans, block_plan, due_plans, find_plan, set_next, stop_plan, unblock_plan,
};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;

const AT_ONCE: i64 = 50;

/// What is said of a plan or a source that cannot be read.
const UNREADABLE: &str = "What is stored cannot be read. The operator finds the reason in the server's log.";
/// When a plan is looked at again that cannot be read at all.
const UNREADABLE_AGAIN: time::Duration = time::Duration::HOUR;
/// What is said of a schedule that was good once.
const NO_TIME: &str = "The schedule names no time that comes. Enter another one.";

/// Queues what the clock asks for.
pub(super) async fn queue_due(app: &Arc<App>) -> AppResult<()> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| Ok(due_plans(conn, now, AT_ONCE)?)).await?;
    for (workspace, connection) in due {
        let (app_here, own, id) = (Arc::clone(app), workspace.clone(), connection.clone());
        let queued = app.write(move |tx| queue_one(tx, &app_here, &own, &id)).await;
        if let Err(error) = queued {
            // The others' time has come, too, and this one's comes again.
            tracing::error!(connection = %connection, error = %error, "a scheduled extraction cannot be queued");
            app.write(move |tx| pass_over(tx, &workspace, &connection)).await?;
        }
    }
    let astray = app.db.read(move |conn| Ok(astray_plans(conn, now, AT_ONCE)?)).await?;
    for (workspace, connection) in astray {
        let id = connection.clone();
        if let Err(error) = app.write(move |tx| reckon_again(tx, &workspace, &id)).await {
            tracing::error!(connection = %connection, error = %error, "the next time of a schedule cannot be worked out");
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
        // One that goes on shows that nothing is in the way.
        Ok(_) | Err(StartRunError::Going(_) | StartRunError::SameMoment) => {}
        Err(StartRunError::App(error)) => return Err(error),
        Err(refused) => return block(tx, &found, &plan, refused.to_string()),
    }
    match plan.trigger.next_after(tx.now) {
        Some(_) => unblock(tx, &found, &plan),
        None => block(tx, &found, &plan, NO_TIME.to_owned()),
    }
}

/// Goes on to the next time of one that cannot be queued.
fn pass_over(tx: &mut Tx<'_>, workspace: &WorkspaceId, connection: &ConnectionId) -> AppResult<()> {
    let plan = match find_plan(tx.conn, workspace, connection) {
        Ok(Some(plan)) => plan,
        Ok(None) => return Ok(()),
        // Nobody knows its next time then.
        Err(diesel::result::Error::DeserializationError(_)) => {
            set_next(tx.conn, connection, Some(tx.now + UNREADABLE_AGAIN), tx.now)?;
            let blocked = Blocked { since: tx.now, reason: UNREADABLE.to_owned() };
            return Ok(block_plan(tx.conn, connection, &blocked)?);
        }
        Err(error) => return Err(error.into()),
    };
    if !advance(tx.conn, connection, &plan, tx.now)? {
        return Ok(());
    }
    match connections::find_by_id(tx.conn, workspace, connection) {
        Ok(Some(found)) => block(tx, &found, &plan, UNREADABLE.to_owned()),
        // What cannot be read itself has no timeline to say it on.
        Ok(None) | Err(diesel::result::Error::DeserializationError(_)) => {
            let blocked = Blocked { since: tx.now, reason: UNREADABLE.to_owned() };
            Ok(block_plan(tx.conn, connection, &blocked)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The next time was worked out before the clock went back, or was lost. That of a draft comes with its end as a draft.
fn reckon_again(tx: &mut Tx<'_>, workspace: &WorkspaceId, connection: &ConnectionId) -> AppResult<()> {
    let plan = find_plan(tx.conn, workspace, connection)?.ok_or(AppError::NotFound)?;
    let found = connections::find_by_id(tx.conn, workspace, connection)?.ok_or(AppError::NotFound)?;
    if found.finalised_at.is_none() || found.deleted_at.is_some() {
        return Ok(set_next(tx.conn, connection, None, tx.now)?);
    }
    // One whose time has come is about to go on anyway.
    if plan.next_at.is_some_and(|next| next <= tx.now) {
        return Ok(());
    }
    let next = plan.trigger.next_after(tx.now);
    set_next(tx.conn, connection, next, tx.now)?;
    if next.is_none() { block(tx, &found, &plan, NO_TIME.to_owned()) } else { Ok(()) }
}

/// Notes why a time of the clock started nothing; the timeline hears of it when that begins.
fn block(tx: &mut Tx<'_>, connection: &Connection, plan: &Plan, reason: String) -> AppResult<()> {
    tracing::warn!(connection = %connection.slug, reason = %reason, "a scheduled extraction does not start");
    let since = plan.blocked.as_ref().map_or(tx.now, |blocked| blocked.since);
    if plan.blocked.is_none() {
        note(tx, connection, Event::ScheduleBlocked, &reason)?;
    }
    Ok(block_plan(tx.conn, &connection.id, &Blocked { since, reason })?)
}

fn unblock(tx: &mut Tx<'_>, connection: &Connection, plan: &Plan) -> AppResult<()> {
    if plan.blocked.is_none() {
        return Ok(());
    }
    unblock_plan(tx.conn, &connection.id)?;
    note(tx, connection, Event::ScheduleResumed, "")
}

fn note(tx: &mut Tx<'_>, connection: &Connection, event: Event, detail: &str) -> AppResult<()> {
    let (workspace, actor) = (&connection.workspace_id, Actor::System);
    tx.record(&Entry { workspace, connection: Some(&connection.id), setup_link: None, event, actor, detail })
}
