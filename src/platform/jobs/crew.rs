//! Several pieces of long work at once, each in a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::base::error::AppResult;
use crate::platform::app::App;

const PAUSE: Duration = Duration::from_secs(1);

/// A piece of work that was claimed and now has to be done.
pub type Piece = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Claims up to so many pieces of work.
pub type Taking = Pin<Box<dyn Future<Output = AppResult<Vec<Piece>>> + Send>>;

/// What a crew works at.
#[derive(Clone, Copy)]
pub struct Trade {
    /// For the log.
    pub name: &'static str,
    /// Pieces at the same time in this process.
    pub at_once: usize,
    /// Claims up to so many.
    pub take: fn(Arc<App>, usize) -> Taking,
}

struct Crew {
    trade: Trade,
    tasks: JoinSet<()>,
}

impl Crew {
    async fn take(&mut self, app: &Arc<App>) -> AppResult<usize> {
        let room = self.trade.at_once.saturating_sub(self.tasks.len());
        if room == 0 {
            return Ok(0);
        }
        let pieces = (self.trade.take)(Arc::clone(app), room).await?;
        let taken = pieces.len();
        for piece in pieces {
            self.tasks.spawn(piece);
        }
        Ok(taken)
    }

    async fn one_done(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(error = %error, work = self.trade.name, "a piece of work broke off; its lease will end");
        }
    }
}

/// Does all that waits and comes back when it is done; says how many pieces there were.
///
/// # Errors
/// The database cannot be asked; work that fails is no error here.
pub async fn run_trade_due(app: &Arc<App>, trade: Trade) -> AppResult<usize> {
    let (mut crew, mut done) = (Crew { trade, tasks: JoinSet::new() }, 0);
    loop {
        let taken = crew.take(app).await?;
        done += taken;
        if taken == 0 && crew.tasks.is_empty() {
            return Ok(done);
        }
        crew.one_done().await;
    }
}

/// Works until the channel says stop. What is under way then is broken off: it is marked as interrupted when its lease ends, and
/// its programs end with it.
pub async fn run_trade_until(app: Arc<App>, trade: Trade, mut stopped: watch::Receiver<bool>) {
    let mut crew = Crew { trade, tasks: JoinSet::new() };
    loop {
        if let Err(error) = crew.take(&app).await {
            tracing::error!(error = %error, work = trade.name, "the worker cannot look for work");
        }
        tokio::select! {
            // An error means that the sender is gone: that is a stop, too.
            _ = stopped.wait_for(|stop| *stop) => break,
            () = crew.one_done(), if !crew.tasks.is_empty() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    crew.tasks.shutdown().await;
}
