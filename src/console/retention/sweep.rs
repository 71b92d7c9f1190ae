//! The sweep: workspace by workspace and kind by kind, a few rows in each transaction.

use std::collections::HashMap;
use std::sync::Arc;

use time::Duration;

use super::steps::{AT_ONCE, Budget, forget_runs, rows, scoped};
use super::{FAILED_JOBS_KEPT, RetentionKind, erase, store};
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::features::webhooks::deliveries;
use crate::features::work::{runs, validations};
use crate::features::{accounts, connections, invite_links, setup_links};
use crate::platform::activity;
use crate::platform::app::App;
use crate::platform::db::{Conn, ForgetScope};
use crate::platform::jobs;

/// Transactions of one sweep; what is left then comes with the next one.
const MOST_STEPS: usize = 400;
const WORKSPACES_AT_ONCE: i64 = 50;

/// Forgets what is over in every workspace; says whether everything was done, or the next sweep goes on.
///
/// # Errors
/// The database cannot be asked.
pub async fn sweep(app: &Arc<App>) -> AppResult<bool> {
    let mut budget = Budget::of(MOST_STEPS);
    let moment = app.clock.now() - FAILED_JOBS_KEPT;
    let find = move |conn: &mut Conn| jobs::forgettable_failed(conn, moment, AT_ONCE);
    rows(app, &mut budget, find, jobs::forget_failed).await?;
    let mut after = String::new();
    loop {
        let from = after.clone();
        let some = app.db.read(move |conn| Ok(accounts::workspaces_after(conn, &from, WORKSPACES_AT_ONCE)?)).await?;
        let Some(last) = some.last() else { return Ok(budget.is_left()) };
        after = last.to_string();
        for workspace in some {
            sweep_workspace(app, workspace, &mut budget).await?;
        }
    }
}

async fn sweep_workspace(app: &Arc<App>, workspace: WorkspaceId, budget: &mut Budget) -> AppResult<()> {
    let own = workspace.clone();
    let days: HashMap<&'static str, i32> = app.db.read(move |conn| Ok(store::kept_for(conn, &own)?)).await?;
    let now = app.clock.now();
    let before = |kind: RetentionKind| {
        now - Duration::days(days.get(kind.as_str()).copied().unwrap_or(kind.default_days()).into())
    };
    for kind in RetentionKind::ALL.iter().copied() {
        // A link is looked at when nothing speaks of it any more: timelines and tests of recipients are swept before it.
        let moment = match kind {
            RetentionKind::Links => {
                before(kind).min(before(RetentionKind::Activity)).min(before(RetentionKind::Validations))
            }
            _ => before(kind),
        };
        let scope = ForgetScope::Before { workspace: workspace.clone(), moment };
        forget(app, kind, scope, budget).await?;
    }
    Ok(())
}

/// Forgets what is over of one kind.
async fn forget(app: &Arc<App>, kind: RetentionKind, scope: ForgetScope, budget: &mut Budget) -> AppResult<()> {
    let ForgetScope::Before { workspace, moment } = scope.clone() else { return Ok(()) };
    match kind {
        RetentionKind::Activity => scoped(app, budget, scope, activity::forgettable, activity::forget).await,
        RetentionKind::Validations => scoped(app, budget, scope, validations::forgettable, validations::forget).await,
        RetentionKind::Webhooks => scoped(app, budget, scope, deliveries::forgettable, deliveries::forget).await,
        RetentionKind::Links => {
            scoped(app, budget, scope, setup_links::forgettable, setup_links::forget).await?;
            let find = move |conn: &mut Conn| invite_links::forgettable_submissions(conn, &workspace, moment, AT_ONCE);
            rows(app, budget, find, invite_links::forget_submissions).await
        }
        RetentionKind::RunLogs => {
            let find = move |conn: &mut Conn| runs::forgettable_logs(conn, &workspace, moment, AT_ONCE);
            rows(app, budget, find, runs::forget_logs).await
        }
        RetentionKind::AccountLinks => {
            let find = move |conn: &mut Conn| accounts::forgettable_links(conn, &workspace, moment, AT_ONCE);
            rows(app, budget, find, accounts::forget_links).await
        }
        RetentionKind::Revisions => {
            let find = move |conn: &mut Conn| connections::old_revisions(conn, &workspace, moment, AT_ONCE);
            rows(app, budget, find, connections::forget_old_revisions).await
        }
        RetentionKind::Runs => forget_runs(app, &scope, budget).await,
        RetentionKind::Deleted => erase_deleted(app, &scope, budget).await,
    }
}

/// Erases connections that were deleted long enough ago.
async fn erase_deleted(app: &Arc<App>, scope: &ForgetScope, budget: &mut Budget) -> AppResult<()> {
    let ForgetScope::Before { workspace, moment } = scope else { return Ok(()) };
    let (own, moment) = (workspace.clone(), *moment);
    let found = app.db.read(move |conn| Ok(connections::deleted_before(conn, &own, moment, AT_ONCE)?)).await?;
    for connection in found {
        if let Err(error) = erase::erase(app, workspace, &connection, budget).await {
            // Something may have come meanwhile; the next sweep tries again, and the others do not wait for it.
            tracing::warn!(connection = %connection, error = %error, "a deleted connection could not be erased yet");
        }
    }
    Ok(())
}
