//! Whether the database answers at all, which is asked while somebody waits for it. A call into libpq cannot be broken off, and a server that has
//! stopped, or whose machine is gone, leaves it waiting: nobody who asked for a page waits with it. A statement that takes long on a database
//! that answers others is waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use diesel::connection::SimpleConnection as _;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::conn::DatabaseUrl;
use crate::base::error::{AppError, AppResult};

/// After so long it is asked whether anybody is there.
const SLOW: Duration = Duration::from_millis(1_500);
/// So long an answer to that may take. With `SLOW` and whoever asked just before, nobody waits five seconds.
const ANSWER: Duration = Duration::from_millis(1_500);

/// What is known of the database's answering.
pub(super) struct Pulse {
    place: DatabaseUrl,
    /// When it was asked the last time, and whether it answered. Whoever holds it asks.
    last: Mutex<Option<(Instant, bool)>>,
    refuses_writes: AtomicBool,
}

impl Pulse {
    pub(super) fn of(place: DatabaseUrl) -> Self {
        Self { place, last: Mutex::new(None), refuses_writes: AtomicBool::new(false) }
    }

    /// Waits for what the database was asked, as long as it answers at all.
    pub(super) async fn watched<T>(&self, mut work: JoinHandle<AppResult<T>>) -> AppResult<T> {
        loop {
            match (timeout(SLOW, &mut work).await, &self.place) {
                (Ok(Ok(done)), _) => return done,
                (Ok(Err(error)), _) => return Err(AppError::internal(error)),
                // A file is waited for: who asked has set a limit of their own to that.
                (Err(_), DatabaseUrl::Sqlite(_)) => {}
                (Err(_), DatabaseUrl::Postgres(_)) => {
                    if !self.answers().await {
                        return Err(AppError::Away(anyhow!("the database does not answer")));
                    }
                }
            }
        }
    }

    /// Asks, unless somebody did a moment ago.
    async fn answers(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((_, answered)) = last.filter(|(asked, _)| asked.elapsed() < ANSWER) {
            return answered;
        }
        let place = self.place.clone();
        let asked = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            place.open()?.batch_execute("SELECT 1")?;
            Ok(())
        });
        let answered = matches!(timeout(ANSWER, asked).await, Ok(Ok(Ok(()))));
        *last = Some((Instant::now(), answered));
        answered
    }

    /// Remembers whether something could be written.
    pub(super) fn note_write<T>(&self, done: &AppResult<T>) {
        match done {
            Ok(_) => self.refuses_writes.store(false, Ordering::Relaxed),
            Err(AppError::Away(_)) => self.refuses_writes.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    pub(super) fn refuses_writes(&self) -> bool {
        self.refuses_writes.load(Ordering::Relaxed)
    }
}
