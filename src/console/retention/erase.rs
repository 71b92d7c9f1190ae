//! Erasing: after this nothing in the database or the data folder speaks of a connection that was deleted.

use std::sync::Arc;

use super::steps::{AT_ONCE, Budget, forget_runs, rows};
use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::work::{runs, validations};
use crate::features::{connections, setup_links, streams, webhooks};
use crate::platform::activity;
use crate::platform::app::App;
use crate::platform::db::{Conn, ForgetScope};

/// Forgets up to a number of rows; says how many.
type Forget = fn(&mut Conn, &ForgetScope, i64) -> diesel::QueryResult<usize>;

/// What is told of a connection, each before what it refers to.
const TOLD: [Forget; 4] = [activity::forget, webhooks::deliveries::forget, validations::forget, setup_links::forget];

/// Erases a deleted connection, as far as the budget goes; the next sweep goes on.
pub(super) async fn erase(
    app: &Arc<App>,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    budget: &mut Budget,
) -> AppResult<()> {
    let scope = ForgetScope::OfConnection { workspace: workspace.clone(), connection: connection.clone() };
    for forget in TOLD {
        let own = scope.clone();
        rows(app, budget, move |conn| Ok(forget(conn, &own, AT_ONCE)?)).await?;
    }
    let own = connection.clone();
    app.write(move |tx| Ok(runs::forget_state(tx.conn, &own)?)).await?;
    forget_runs(app, &scope, budget).await?;
    if !budget.is_left() {
        return Ok(());
    }
    let own = connection.clone();
    app.write(move |tx| {
        streams::forget_plan(tx.conn, &own)?;
        Ok(connections::forget_deleted(tx.conn, &own)?)
    })
    .await?;
    Ok(())
}
