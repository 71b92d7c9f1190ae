//! Several tasks at once, each claimed from a queue and done on its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::base::error::AppResult;
use crate::platform::app::App;

const PAUSE: Duration = Duration::from_secs(1);

/// Work that was claimed and now has to be done.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
/// What a queue gives when it is asked for work.
pub type ClaimedTasks = Pin<Box<dyn Future<Output = AppResult<Vec<Task>>> + Send>>;

/// Work that waits in a table of its own.
#[derive(Clone, Copy)]
pub struct Queue {
    /// For the log.
    pub name: &'static str,
    /// Tasks at the same time in this process.
    pub at_once: usize,
    /// Claims up to so many, possibly none, and ends work whose worker was lost.
    pub claim: fn(Arc<App>, usize) -> ClaimedTasks,
}

struct WorkerPool {
    queue: Queue,
    tasks: JoinSet<()>,
}

impl WorkerPool {
    fn new(queue: Queue) -> Self {
        Self { queue, tasks: JoinSet::new() }
    }

    async fn fill(&mut self, app: &Arc<App>) -> AppResult<usize> {
        // Without any room, too: whoever claims looks after lost work as well.
        let room = self.queue.at_once.saturating_sub(self.tasks.len());
        let claimed = (self.queue.claim)(Arc::clone(app), room).await?;
        let count = claimed.len();
        for task in claimed {
            self.tasks.spawn(task);
        }
        Ok(count)
    }

    async fn one_done(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(error = %error, queue = self.queue.name, "a task broke off; its lease will end");
        }
    }
}

/// Does all that waits and comes back when it is done; says how many tasks there were.
///
/// # Errors
/// The database cannot be asked; a task that fails is no error here.
pub async fn run_queue_due(app: &Arc<App>, queue: Queue) -> AppResult<usize> {
    let (mut pool, mut done) = (WorkerPool::new(queue), 0);
    loop {
        let claimed = pool.fill(app).await?;
        done += claimed;
        if claimed == 0 && pool.tasks.is_empty() {
            return Ok(done);
        }
        pool.one_done().await;
    }
}

/// Works until the channel says stop. What is under way then is broken off: it is marked as interrupted when its lease ends, and
/// its programs end with it.
pub async fn run_queue_until(app: Arc<App>, queue: Queue, mut stopped: watch::Receiver<bool>) {
    let mut pool = WorkerPool::new(queue);
    loop {
        if let Err(error) = pool.fill(&app).await {
            tracing::error!(error = %error, queue = queue.name, "the worker cannot look for work");
        }
        tokio::select! {
            // An error means that the sender is gone: that is a stop, too.
            _ = stopped.wait_for(|stop| *stop) => break,
            () = pool.one_done(), if !pool.tasks.is_empty() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    pool.tasks.shutdown().await;
}
