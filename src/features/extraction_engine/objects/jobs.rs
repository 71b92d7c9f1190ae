//! What was deleted here is deleted there, too.

use std::sync::Arc;

use super::hold::HeldObject;
use super::store::{self, AirbyteObject};
use crate::base::error::AppResult;
use crate::base::ids::ConnectionId;
use crate::connectors::Kind;
use crate::engines::airbyte_api::{AirbyteApi, AirbyteFault, AirbyteKind};
use crate::features::connections::{Connection, find_by_id};
use crate::features::extraction_engine;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{JobSubject, Lane, Outcome, Registry, job};
use crate::platform::tx::Tx;

const STAYS: &str = "What was made of it in Airbyte stays there: that Airbyte is not set here any more";
const DELETED: &str = "It was deleted in Airbyte, too";

job!(
    /// Deletes in the workspace's Airbyte what stood there for a connection that was deleted here.
    TakeFromAirbyte(ConnectionId), "take_from_airbyte", take_away, Lane::Providers, not_taken_away
);

/// Adds the jobs of this folder.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<TakeFromAirbyte>()
}

/// Has whatever stands there for a connection deleted, once it is deleted here.
///
/// # Errors
/// The database refuses.
pub fn take_away_later(tx: &mut Tx<'_>, connection: &Connection) -> AppResult<()> {
    match store::find(tx.conn, &connection.id)? {
        Some(_) => tx.enqueue(&TakeFromAirbyte(connection.id.clone())),
        None => Ok(()),
    }
}

async fn take_away(app: &Arc<App>, id: ConnectionId) -> AppResult<Outcome> {
    let found = app.db.read(move |conn| {
        let Some(row) = store::find(conn, &id)? else { return Ok(None) };
        let setting = extraction_engine::find(conn, &row.workspace_id)?;
        let is_source = find_by_id(conn, &row.workspace_id, &id)?.is_none_or(|one| one.kind == Kind::Source);
        Ok(Some((row, setting, is_source)))
    });
    let Some((row, setting, is_source)) = found.await? else { return Ok(Outcome::Done) };
    let setting = setting.filter(|set| set.place() == row.place && set.has_secret());
    let Some(setting) = setting else {
        forget(app, row, STAYS).await?;
        return Ok(Outcome::Done);
    };
    let Some(held) = HeldObject::take(app, &row.workspace_id, &row.connection_id, &row.place).await? else {
        return Ok(Outcome::Retry { reason: "another worker is at it".to_owned() });
    };
    let (account, row) = (setting.account(&app.keys)?, held.row.clone());
    let gone = async {
        let api = AirbyteApi::sign_in(&app.connector_http, &account).await?;
        if let Some(link) = &row.link_id {
            api.delete(AirbyteKind::Connection, link).await?;
        }
        let kind = if is_source { AirbyteKind::Source } else { AirbyteKind::Destination };
        match &row.object_id {
            Some(object) => api.delete(kind, object).await,
            None => Ok(()),
        }
    };
    let gone: Result<(), AirbyteFault> = gone.await;
    held.release(app).await?;
    match gone {
        Ok(()) => {
            forget(app, row, DELETED).await?;
            Ok(Outcome::Done)
        }
        Err(fault) => Ok(Outcome::Retry { reason: fault.words() }),
    }
}

async fn forget(app: &App, row: AirbyteObject, detail: &'static str) -> AppResult<()> {
    app.write(move |tx| {
        store::delete(tx.conn, &row.connection_id)?;
        if row.object_id.is_none() {
            return Ok(());
        }
        tx.record(&Entry {
            workspace: &row.workspace_id,
            connection: Some(&row.connection_id),
            setup_link: None,
            event: Event::DeletedInAirbyte,
            actor: Actor::System,
            detail,
        })
    })
    .await
}

/// Whoever deleted it has to delete it there by hand.
fn not_taken_away(conn: &mut Conn, id: &ConnectionId) -> AppResult<Option<JobSubject>> {
    let Some(row) = store::find(conn, id)? else { return Ok(None) };
    let name = find_by_id(conn, &row.workspace_id, id)?.map(|one| one.description).unwrap_or_default();
    let about = format!("Deleting “{name}” in Airbyte, where its name ends the same: delete it there by hand");
    Ok(Some(JobSubject { workspace: row.workspace_id, about }))
}
