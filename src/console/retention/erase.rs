//! Erasing: after this nothing in the database or the data folder speaks of a connection that was deleted.

use std::sync::Arc;

use super::steps::{Budget, forget_runs, scoped};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::engines::forget_destination;
use crate::features::extraction_engine::objects;
use crate::features::webhooks::deliveries;
use crate::features::work::{runs, validations};
use crate::features::{connections, setup_links, streams};
use crate::platform::activity;
use crate::platform::app::App;
use crate::platform::db::ForgetScope;

/// Erases a deleted connection, as far as the budget goes; the next sweep goes on.
pub(super) async fn erase(
    app: &Arc<App>,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    budget: &mut Budget,
) -> AppResult<()> {
    let scope = ForgetScope::OfConnection { workspace: workspace.clone(), connection: connection.clone() };
    // What is told of a connection, each before what it refers to.
    scoped(app, budget, scope.clone(), activity::forgettable, activity::forget).await?;
    scoped(app, budget, scope.clone(), deliveries::forgettable, deliveries::forget).await?;
    scoped(app, budget, scope.clone(), validations::forgettable, validations::forget).await?;
    scoped(app, budget, scope.clone(), setup_links::forgettable, setup_links::forget).await?;
    let own = connection.clone();
    app.write(move |tx| Ok(runs::forget_state(tx.conn, &own)?)).await?;
    forget_runs(app, &scope, budget).await?;
    if !budget.is_left() {
        return Ok(());
    }
    // What a destination of this server holds goes with it.
    let (data_dir, own) = (app.config.storage.data_dir.clone(), connection.to_string());
    let gone = tokio::task::spawn_blocking(move || forget_destination(&data_dir, &own)).await;
    gone.map_err(std::io::Error::other).flatten().map_err(AppError::internal)?;
    let own = connection.clone();
    app.write(move |tx| {
        objects::forget(tx.conn, &own)?;
        streams::forget_plan(tx.conn, &own)?;
        Ok(connections::forget_deleted(tx.conn, &own)?)
    })
    .await?;
    Ok(())
}
