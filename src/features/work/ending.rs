//! How work ends: once, with what follows from it in the same transaction.

use std::sync::Arc;

use super::WorkKind;
use super::store::{Ending, Work, WorkTable};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{WORK_LEASE, WorkState};
use crate::platform::lease_watch::LiveLease;
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

/// Looks at all that workers have; gives what has shown no sign of its worker for as long as this process watches, as it is seen now.
pub(super) async fn lost<K: WorkKind>(app: &Arc<App>) -> AppResult<Vec<Work<K>>> {
    let mut all = app.db.read(|conn| Ok(K::in_progress(conn)?)).await?;
    let names: Vec<String> = all.iter().map(|work| work.id.to_string()).collect();
    let live: Vec<LiveLease<'_>> = names.iter().zip(&all).map(|(id, work)| LiveLease { id, beat: work.beat }).collect();
    let lost = app.lease_watch.look(K::NAME, &live, app.clock.monotonic(), WORK_LEASE.unsigned_abs());
    let mut place = 0;
    all.retain(|_| {
        place += 1;
        lost.contains(&(place - 1))
    });
    Ok(all)
}

/// Ends one whose worker was lost, and takes away what it has left. One whose worker showed a sign since it was looked at stays as it is,
/// and one that came to its end after all has left nothing: what is there is its success.
pub(super) async fn end_lost<K: WorkKind>(app: &Arc<App>, lost: &Work<K>) -> AppResult<()> {
    let work = lost.clone();
    let ended = app
        .write(move |tx| {
            let ending = Ending::interrupted();
            let ended = K::end_lost(tx.conn, &work, &ending, tx.now)?;
            if ended {
                K::ended(tx, &work, &ending)?;
            }
            Ok(ended)
        })
        .await?;
    if ended { K::clear_away(app, lost).await } else { Ok(()) }
}

impl<K: WorkTable> Work<K> {
    /// Stops it: at once when nobody works at it, else its worker is asked to. One that is over stays as it is.
    ///
    /// # Errors
    /// The database refuses.
    pub fn cancel(&self, conn: &mut Conn, now: UtcTime) -> AppResult<()> {
        match self.state {
            WorkState::Queued => {
                K::end(conn, &self.id, &Ending::cancelled("Stopped before it began."), now)?;
            }
            WorkState::InProgress => K::ask_to_stop(conn, &self.id, now)?,
            WorkState::Success | WorkState::Partial | WorkState::Failed | WorkState::Cancelled => {}
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
