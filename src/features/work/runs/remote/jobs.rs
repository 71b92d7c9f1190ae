//! A source that was finalised, or whose plan changed, is made in the workspace's Airbyte, or changed there.

use std::sync::Arc;

use super::order;
use crate::base::error::AppResult;
use crate::base::ids::ConnectionId;
use crate::connectors::Kind;
use crate::features::connections::{Connection, find_by_id};
use crate::features::extraction_engine::objects::{self, CarryError, CarryOrder};
use crate::features::extraction_engine::{self, route};
use crate::features::streams::Plan;
use crate::features::work::worker::CannotBegin;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{JobSubject, Lane, Outcome, Registry, job};
use crate::platform::tx::Tx;

job!(
    /// Sees that a source stands in the workspace's Airbyte as it is here.
    CarryToAirbyte(ConnectionId), "carry_to_airbyte", carry, Lane::Providers, not_carried
);

/// Adds the jobs of runs.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<CarryToAirbyte>()
}

/// Has a finalised source made in the workspace's Airbyte, or changed there, where its extractions run there.
///
/// # Errors
/// The database refuses.
pub fn carry_later(tx: &mut Tx<'_>, app: &App, connection: &Connection, plan: &Plan) -> AppResult<()> {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let Some(connector) = connector.filter(|_| connection.kind == Kind::Source) else { return Ok(()) };
    if !route(tx.conn, app, connection, &connector, &plan.output)?.is_airbyte() {
        return Ok(());
    }
    let Some(setting) = extraction_engine::find(tx.conn, &connection.workspace_id)? else { return Ok(()) };
    objects::expect(tx.conn, &connection.workspace_id, &connection.id, &setting.place(), tx.now)?;
    tx.enqueue(&CarryToAirbyte(connection.id.clone()))
}

async fn carry(app: &Arc<App>, id: ConnectionId) -> AppResult<Outcome> {
    let here = Arc::clone(app);
    let read = app.db.read(move |conn| {
        let Some(workspace) = objects::workspace_of(conn, &id)? else { return Ok(None) };
        match order::read(conn, &here, &workspace, &id) {
            Ok(order) => Ok(Some(order)),
            Err(CannotBegin::Unreadable(error)) => Err(error),
            // It does not run there any more, or not at all: the next run says why.
            Err(_) => Ok(None),
        }
    });
    let Some(order) = read.await? else { return Ok(Outcome::Done) };
    let reason = match objects::carry(app, &order).await {
        Ok(_) => return Ok(Outcome::Done),
        Err(CarryError::App(error)) => return Err(error),
        Err(CarryError::Busy) => return Ok(Outcome::Retry { reason: "another worker is at it".to_owned() }),
        Err(CarryError::Fault(fault)) if fault.is_for_now() => return Ok(Outcome::Retry { reason: fault.words() }),
        Err(refused) => refused.to_string(),
    };
    tell(app, &order, reason.clone()).await?;
    Ok(Outcome::GiveUp { reason })
}

/// Writes down with the source that Airbyte refuses it.
async fn tell(app: &App, order: &CarryOrder, reason: String) -> AppResult<()> {
    let source = order.source.clone();
    app.write(move |tx| {
        tx.record(&Entry {
            workspace: &source.workspace_id,
            connection: Some(&source.id),
            setup_link: None,
            event: Event::RefusedByAirbyte,
            actor: Actor::System,
            detail: &reason,
        })
    })
    .await
}

fn not_carried(conn: &mut Conn, id: &ConnectionId) -> AppResult<Option<JobSubject>> {
    let Some(workspace) = objects::workspace_of(conn, id)? else { return Ok(None) };
    let name = find_by_id(conn, &workspace, id)?.map(|one| one.description).unwrap_or_default();
    let about = format!("Making “{name}” in Airbyte. Its next extraction tries it again, too");
    Ok(Some(JobSubject { workspace, about }))
}
