//! SQLite's one writer: a thread with the only writing connection and a queue. What waits in the queue when a commit ends
//! is taken together into the next one (group commit), each piece of work in a savepoint of its own, so that one disk
//! flush serves many. Nobody is answered before the commit that holds their work has reached the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::anyhow;
use diesel::Connection as _;
use tokio::sync::oneshot;

use super::conn::{Conn, DatabaseUrl};
use super::dialect;
use crate::base::error::{AppError, AppResult, Trouble};

/// More than this many pieces of work never share a commit, so that the first of them is not kept waiting.
const LARGEST_GROUP: usize = 64;

/// Runs the work inside the open transaction, or not at all when there is none; gives back what tells its owner how the
/// commit went.
type QueuedWrite = Box<dyn FnOnce(Option<&mut Conn>) -> CommitReply + Send>;
type CommitReply = Box<dyn FnOnce(Result<(), CommitFailure>) + Send>;

/// Why a commit failed, for everybody who was in it.
#[derive(Clone)]
struct CommitFailure {
    reason: String,
    /// Somebody else held the file for too long, or there is no room: the next try may work.
    trouble: Option<Trouble>,
}

impl CommitFailure {
    fn of(error: &diesel::result::Error) -> Self {
        Self { reason: error.to_string(), trouble: Trouble::of(error) }
    }

    fn error(self) -> AppError {
        let error = anyhow!("the commit failed: {}", self.reason);
        match self.trouble {
            Some(trouble) => trouble.error(error),
            None => AppError::Internal(error),
        }
    }
}

pub(super) struct Writer {
    queue: Mutex<Sender<QueuedWrite>>,
}

impl Writer {
    pub(super) fn start(place: DatabaseUrl) -> anyhow::Result<Self> {
        let conn = place.open()?;
        let (queue, waiting) = channel();
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || serve(&place, conn, &waiting))?;
        Ok(Self { queue: Mutex::new(queue) })
    }

    pub(super) async fn write<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let (tell, answer) = oneshot::channel();
        self.submit(work, move |done| drop(tell.send(done)))?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Waits on the calling thread, so it must not be one that drives other people's requests.
    pub(super) fn write_blocking<T, F>(&self, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let (tell, answer) = channel();
        self.submit(work, move |done| drop(tell.send(done)))?;
        answer.recv().unwrap_or_else(|_| Err(gone()))
    }

    fn submit<T, F>(&self, work: F, tell: impl FnOnce(AppResult<T>) + Send + 'static) -> AppResult<()>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
    {
        let work: QueuedWrite = Box::new(move |conn| {
            let done = conn.map_or_else(|| Err(gone()), |conn| step(conn, work));
            Box::new(move |commit| {
                tell(match commit {
                    Ok(()) => done,
                    Err(reason) => Err(reason.error()),
                });
            })
        });
        let queue = self.queue.lock().map_err(|_| gone())?;
        queue.send(work).map_err(|_| gone())
    }
}

/// One piece of work in a savepoint of its own. A panic is caught inside of it, and whatever the work had opened in turn is
/// closed: a savepoint left open would take the place of the commit, and everybody would be told of a commit that never was.
fn step<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> AppResult<T>) -> AppResult<T> {
    conn.transaction(|conn| {
        let own = dialect::depth(conn)?;
        catch_unwind(AssertUnwindSafe(|| work(conn))).unwrap_or_else(|_| {
            while dialect::depth(conn)? > own {
                dialect::rollback(conn)?;
            }
            Err(AppError::Internal(anyhow!("a database step panicked")))
        })
    })
}

fn gone() -> AppError {
    AppError::Internal(anyhow!("the SQLite writer has ended"))
}

fn serve(place: &DatabaseUrl, mut conn: Conn, waiting: &Receiver<QueuedWrite>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        while group.len() < LARGEST_GROUP
            && let Ok(next) = waiting.try_recv()
        {
            group.push(next);
        }
        commit_group(&mut conn, group);
        if dialect::is_broken(&mut conn) {
            match place.open() {
                Ok(fresh) => conn = fresh,
                Err(error) => {
                    tracing::error!(error = %format!("{error:#}"), "the SQLite writer cannot reopen its file")
                }
            }
        }
    }
}

fn commit_group(conn: &mut Conn, group: Vec<QueuedWrite>) {
    let begun = dialect::begin_write(conn);
    let answers: Vec<CommitReply> = group.into_iter().map(|work| work(begun.is_ok().then_some(&mut *conn))).collect();
    let outcome = begun.and_then(|()| dialect::commit(conn)).map_err(|error| CommitFailure::of(&error));
    if outcome.is_err() {
        // After a failed commit the transaction may still be open; a failure here shows as a broken connection.
        let _ = dialect::rollback(conn);
    }
    for answer in answers {
        answer(outcome.clone());
    }
}
