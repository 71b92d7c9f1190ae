//! How work ends: once, with what follows from it in the same transaction.

use std::sync::Arc;

use super::WorkKind;
use super::store::{Ending, Work, WorkTable};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::tx::Tx;

/// Ends one that is not over, with all that follows; `false` when it was over already.
pub(super) fn finish<K: WorkKind>(tx: &mut Tx<'_>, work: &Work<K>, ending: &Ending<K>) -> AppResult<bool> {
    let ended = K::end(tx.conn, &work.id, ending, tx.now)?;
    if ended {
        K::ended(tx, work, ending)?;
    }
    Ok(ended)
}

/// [`finish`] in a transaction of its own.
pub(super) async fn end<K: WorkKind>(app: &App, work: &Work<K>, ending: Ending<K>) -> AppResult<bool> {
    let work = work.clone();
    app.write(move |tx| finish(tx, &work, &ending)).await
}

/// Ends those whose worker has died, and takes away what they have left.
pub(super) async fn end_abandoned<K: WorkKind>(app: &Arc<App>) -> AppResult<()> {
    let now = app.clock.now();
    for work in app.db.read(move |conn| Ok(K::abandoned(conn, now)?)).await? {
        // One that came to its end after all has left nothing: what is there is its success.
        if end(app, &work, Ending::interrupted()).await? {
            K::clear_away(app, &work).await?;
        }
    }
    Ok(())
}

impl<K: WorkTable> Work<K> {
    /// Stops it: at once when nobody works at it, else its worker is asked to. One that is over stays as it is.
    ///
    /// # Errors
    /// The database refuses.
    pub fn cancel(&self, conn: &mut Conn, now: UtcTime) -> AppResult<()> {
        match self.state_at(now) {
            WorkState::Queued => {
                K::end(conn, &self.id, &Ending::cancelled("Stopped before it began."), now)?;
            }
            WorkState::InProgress => K::ask_to_stop(conn, &self.id, now)?,
            WorkState::Success | WorkState::Failed | WorkState::Cancelled => {}
        }
        Ok(())
    }

    /// Stops the one of that id; gives it as it is then.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none.
    pub fn stop(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &K::Id) -> AppResult<Self> {
        K::find(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?.cancel(tx.conn, tx.now)?;
        K::find(tx.conn, workspace, id)?.ok_or(AppError::NotFound)
    }
}
