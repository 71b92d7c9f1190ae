//! The source that is handed off.

use std::sync::Arc;

use super::HandOffInput;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::connectors::{Connector, Kind};
use crate::engines::Catalog;
use crate::features::connections::{self, Connection};
use crate::features::streams::{Plan, find_plan};
use crate::features::work::validations;
use crate::platform::app::App;

/// A finalised source with all that a hand-off is made from.
pub(super) struct FinalisedSource {
    pub(super) connection: Connection,
    connector: Arc<Connector>,
    plan: Plan,
    catalog: Catalog,
}

impl FinalisedSource {
    pub(super) async fn find(app: &App, workspace: WorkspaceId, slug: String) -> AppResult<Self> {
        let found = app.db.read(move |conn| {
            let connection =
                connections::find_of_kind(conn, &workspace, Kind::Source, &slug)?.ok_or(AppError::NotFound)?;
            let plan = find_plan(conn, &workspace, &connection.id)?.unwrap_or_default();
            let success = validations::last_success(conn, &workspace, &connection.id)?;
            Ok((connection, plan, success))
        });
        let (connection, plan, success) = found.await?;
        if connection.finalised_at.is_none() {
            return Err(AppError::Conflict("Only a finalised source can be handed off. Finalise it first."));
        }
        let connector = app.connectors.find(connection.kind, &connection.connector_slug);
        let connector =
            connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
        let catalog = success.map(|success| success.found(&app.keys)).transpose()?.unwrap_or_default();
        Ok(Self { connection, connector, plan, catalog })
    }

    pub(super) fn input(&self) -> HandOffInput<'_> {
        let Self { connection, connector, plan, catalog } = self;
        HandOffInput { connection, connector, plan, catalog }
    }
}
