//! Who works at what waits: claim, commit, work, record.

use std::sync::Arc;

use tokio::sync::watch;

use super::WorkKind;
use super::ending::{end, end_lost, lost};
use super::store::{Ending, Work};
use crate::base::error::{AppError, AppResult};
use crate::engines::{Failure, FailureReason, Turn};
use crate::features::accounts;
use crate::features::outputs::{NoOutput, PlaceError};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{ClaimedTasks, Queue, Task, next_turn, run_queue_due, run_queue_until};
use crate::platform::tx::Tx;

/// Why work cannot begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotBegin {
    /// What is stored does not open, or the database does not answer.
    #[error("what is stored cannot be read: {0}")]
    Unreadable(#[from] AppError),
    #[error("the connection was deleted")]
    ConnectionDeleted,
    #[error("the connector is not installed any more")]
    ConnectorGone,
    #[error("the records cannot go where they were to go: {0}")]
    NoOutput(NoOutput),
    #[error("a chosen stream is not offered any more")]
    StreamGone,
    /// It was to run on the workspace's Airbyte and cannot any more; why.
    #[error("Airbyte cannot do it any more: {0}")]
    NotThere(String),
}

impl From<diesel::result::Error> for CannotBegin {
    fn from(error: diesel::result::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<PlaceError> for CannotBegin {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::None(why) => Self::NoOutput(why),
            PlaceError::App(error) => Self::Unreadable(error),
        }
    }
}

impl CannotBegin {
    pub(super) fn failure(&self) -> Failure {
        let (turn, words) = match self {
            Self::Unreadable(_) => (Turn::Operator, "What is stored cannot be read."),
            Self::ConnectionDeleted => (Turn::Owner, "The connection was deleted."),
            Self::ConnectorGone => (Turn::Operator, "The connector of this connection is not installed any more."),
            Self::NoOutput(why) => return Failure::new(FailureReason::NotPossible, why.to_string()).on(Turn::Owner),
            Self::NotThere(why) => return Failure::new(FailureReason::NotPossible, why.clone()).on(Turn::Owner),
            Self::StreamGone => {
                (Turn::Owner, "The source does not offer every chosen stream any more. Choose the streams again.")
            }
        };
        Failure::new(FailureReason::NotPossible, words).on(turn)
    }
}

/// Reads what a piece of work needs; `None` when it cannot begin, and has ended so.
pub(super) async fn prepared<K: WorkKind, T: Send + 'static>(
    app: &Arc<App>,
    work: &Work<K>,
    read: fn(&mut Conn, &App, &Work<K>) -> Result<T, CannotBegin>,
) -> AppResult<Option<T>> {
    let (here, row) = (Arc::clone(app), work.clone());
    let why = match app.db.read(move |conn| Ok(read(conn, &here, &row))).await {
        Ok(Ok(input)) => return Ok(Some(input)),
        Ok(Err(why)) => why,
        Err(error) => error.into(),
    };
    if let CannotBegin::Unreadable(error) = &why {
        tracing::error!(kind = K::NAME, work = %work.id, error = %error, "what work needs cannot be read");
    }
    end(app, work, Ending::of_failure(why.failure())).await?;
    Ok(None)
}

/// As many places as connectors may run at the same time: what waits for a place waits in its queue, where turns are taken.
fn queue<K: WorkKind>(app: &App) -> Queue {
    Queue { name: K::NAME, at_once: K::AT_ONCE.min(app.config.connectors.concurrency), claim: claim::<K> }
}

/// Does all that waits, once; says how much there was.
pub(super) async fn run_due<K: WorkKind>(app: &Arc<App>) -> AppResult<usize> {
    run_queue_due(app, queue::<K>(app)).await
}

/// Works until the channel says stop.
pub(super) async fn run_until<K: WorkKind>(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let queue = queue::<K>(&app);
    run_queue_until(app, queue, stopped).await;
}

fn claim<K: WorkKind>(app: Arc<App>, room: usize) -> ClaimedTasks {
    Box::pin(async move {
        for work in lost::<K>(&app).await? {
            end_lost(&app, &work).await?;
        }
        K::queue_due(&app).await?;
        let mut tasks: Vec<Task> = Vec::new();
        while tasks.len() < room && app.db.read(|conn| Ok(!K::heads(conn)?.is_empty())).await? {
            let free = room - tasks.len();
            match app.write(move |tx| claim_next::<K>(tx, free)).await {
                Ok(Some(work)) => tasks.push(Box::pin(perform(Arc::clone(&app), work)) as Task),
                Ok(None) => break,
                Err(error) if tasks.is_empty() => return Err(error),
                // What is ours already is worked at.
                Err(_) => break,
            }
        }
        Ok(tasks)
    })
}

/// Takes the piece whose turn it is; `None` when nothing waits, or what waits has to leave the places that are free to others.
fn claim_next<K: WorkKind>(tx: &mut Tx<'_>, free: usize) -> AppResult<Option<Work<K>>> {
    let keeps_room = accounts::several_workspaces(tx.conn)?;
    let mut heads = K::heads(tx.conn)?;
    while let Some(head) = next_turn(&heads, free, keeps_room).cloned() {
        if let Some(work) = K::claim(tx.conn, &head.id, tx.now)? {
            return Ok(Some(work));
        }
        // Another worker was faster; what comes after it is found next time.
        heads.retain(|one| one.id != head.id);
    }
    Ok(None)
}

async fn perform<K: WorkKind>(app: Arc<App>, work: Work<K>) {
    let id = work.id.clone();
    if let Err(error) = K::perform(app, work).await {
        tracing::error!(kind = K::NAME, work = %id, error = %error, "work cannot be recorded; its lease will end");
    }
}
