//! Who works at what waits: claim, commit, work, record.

use std::sync::Arc;

use tokio::sync::watch;

use super::WorkKind;
use super::ending::{end, end_lost, lost};
use super::store::{Ending, Work};
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{ClaimedTasks, Queue, Task, run_queue_due, run_queue_until};

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
    #[error("the output layer is gone")]
    OutputLayerGone,
    #[error("a chosen stream is not offered any more")]
    StreamGone,
}

impl From<diesel::result::Error> for CannotBegin {
    fn from(error: diesel::result::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

impl CannotBegin {
    fn sentence(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "What is stored cannot be read. The operator finds the reason in the server's log.",
            Self::ConnectionDeleted => "The connection was deleted.",
            Self::ConnectorGone => "The connector of this connection is not installed any more.",
            Self::OutputLayerGone => "The output layer of this source is not there any more. Choose another one.",
            Self::StreamGone => "The source does not offer every chosen stream any more. Choose the streams again.",
        }
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
    end(app, work, Ending::failed("not_possible", K::CANNOT_BEGIN, why.sentence())).await?;
    Ok(None)
}

const fn queue<K: WorkKind>() -> Queue {
    Queue { name: K::NAME, at_once: K::AT_ONCE, claim: claim::<K> }
}

/// Does all that waits, once; says how much there was.
pub(super) async fn run_due<K: WorkKind>(app: &Arc<App>) -> AppResult<usize> {
    run_queue_due(app, queue::<K>()).await
}

/// Works until the channel says stop.
pub(super) async fn run_until<K: WorkKind>(app: Arc<App>, stopped: watch::Receiver<bool>) {
    run_queue_until(app, queue::<K>(), stopped).await;
}

fn claim<K: WorkKind>(app: Arc<App>, room: usize) -> ClaimedTasks {
    Box::pin(async move {
        for work in lost::<K>(&app).await? {
            end_lost(&app, &work).await?;
        }
        K::queue_due(&app).await?;
        let limit = i64::try_from(room).unwrap_or(1);
        let due = app.db.read(move |conn| Ok(K::due(conn, limit)?)).await?;
        let mut tasks: Vec<Task> = Vec::new();
        for id in due {
            match app.write(move |tx| Ok(K::claim(tx.conn, &id, tx.now)?)).await {
                Ok(claimed) => {
                    let app = Arc::clone(&app);
                    tasks.extend(claimed.map(|work| Box::pin(perform(app, work)) as Task));
                }
                Err(error) if tasks.is_empty() => return Err(error),
                // What is ours already is worked at.
                Err(_) => break,
            }
        }
        Ok(tasks)
    })
}

async fn perform<K: WorkKind>(app: Arc<App>, work: Work<K>) {
    let id = work.id.clone();
    if let Err(error) = K::perform(app, work).await {
        tracing::error!(kind = K::NAME, work = %id, error = %error, "work cannot be recorded; its lease will end");
    }
}
