//! One works at a row, and everybody else waits.

use super::store::{self, AirbyteObject};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::platform::app::App;

/// Whoever holds a row longer is dead: everything that is done with it takes less.
const LEASE: std::time::Duration = std::time::Duration::from_secs(600);
/// Its name among what is watched.
const WATCHED: &str = "airbyte_objects";

/// Looks at all rows that somebody holds; gives those whose holder was watched so long that it is dead. Whoever looks often has watched: work
/// that waits for a row does so.
///
/// # Errors
/// The database cannot be asked.
pub async fn watch_holds(app: &App) -> AppResult<Vec<AirbyteObject>> {
    let all = app.db.read(|conn| Ok(store::held(conn)?)).await?;
    let name = |row: &AirbyteObject| format!("{} {}", row.connection_id, row.beat);
    Ok(app.lease_watch.look_at_claims(WATCHED, all, name, app.clock.monotonic(), LEASE))
}

/// A row that nobody else works at.
pub(super) struct HeldObject {
    pub(super) row: AirbyteObject,
}

impl HeldObject {
    /// Takes the row of one of ours; `None` while somebody else has it. What it knows of another Airbyte is not taken along.
    pub(super) async fn take(
        app: &App,
        workspace: &WorkspaceId,
        connection: &ConnectionId,
        place: &str,
    ) -> AppResult<Option<Self>> {
        let lost = watch_holds(app).await?;
        let lost = lost.iter().find(|row| &row.connection_id == connection).map(|row| row.beat);
        let (workspace, connection, here) = (workspace.clone(), connection.clone(), place.to_owned());
        let taken = app
            .write(move |tx| {
                store::expect(tx.conn, &workspace, &connection, &here, tx.now)?;
                Ok(store::claim(tx.conn, &connection, lost, tx.now)?)
            })
            .await?;
        Ok(taken.map(|row| {
            if row.place == place {
                return Self { row };
            }
            let place = place.to_owned();
            let (object_id, link_id, target, sent, link_sent) = (None, None, None, None, None);
            Self { row: AirbyteObject { place, object_id, link_id, target, sent, link_sent, ..row } }
        }))
    }

    /// Writes down how it stands.
    ///
    /// # Errors
    /// [`AppError::Conflict`] when it was taken away.
    pub(super) async fn keep(&self, app: &App) -> AppResult<()> {
        let row = self.row.clone();
        if app.write(move |tx| Ok(store::keep(tx.conn, &row, tx.now)?)).await? {
            Ok(())
        } else {
            Err(AppError::Conflict("Another worker looks after it in Airbyte."))
        }
    }

    /// Lets it go.
    pub(super) async fn release(self, app: &App) -> AppResult<()> {
        app.write(move |tx| Ok(store::release(tx.conn, &self.row)?)).await
    }
}
