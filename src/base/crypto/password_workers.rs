//! Few hashes at a time, each in memory that the next one uses again: whoever tries passwords makes us compute, never grow.
//!
//! A hash takes 19 MiB for tens of milliseconds. What is freed in between goes back to whichever thread had it, so that fifty callers would
//! leave hundreds of MiB behind. Here are as many pieces as turns, and a line of callers that is not endless either.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use tokio::sync::Semaphore;

use super::password::HashMemory;
use crate::base::error::{AppError, AppResult};

/// So many hashes are computed at the same moment.
pub const AT_ONCE: usize = 2;
/// So many more callers wait for their turn; whoever comes then is asked to come back.
pub const MOST_WAITING: usize = 64;

/// The turns, and the memory that goes with them.
#[derive(Clone)]
pub struct PasswordWorkers {
    turns: Arc<Semaphore>,
    memory: Arc<SharedMemory>,
}

#[derive(Default)]
struct SharedMemory {
    free: Mutex<Vec<HashMemory>>,
    made: AtomicUsize,
    callers: AtomicUsize,
}

impl SharedMemory {
    fn take(&self) -> HashMemory {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| {
            self.made.fetch_add(1, Ordering::Relaxed);
            HashMemory::default()
        })
    }

    fn give_back(&self, memory: HashMemory) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Somebody who waits or is served.
struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for PasswordWorkers {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), memory: Arc::default() }
    }
}

impl PasswordWorkers {
    /// Does some hashing when it is this caller's turn.
    ///
    /// # Errors
    /// [`AppError::Busy`] when too many wait already.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HashMemory) -> T + Send + 'static,
    ) -> AppResult<T> {
        let before = self.memory.callers.fetch_add(1, Ordering::Relaxed);
        let _in_line = InLine(&self.memory.callers);
        if before >= AT_ONCE + MOST_WAITING {
            return Err(AppError::Busy(anyhow!("{before} passwords wait to be hashed")));
        }
        let turn = self.turns.clone().acquire_owned().await.map_err(AppError::internal)?;
        let memory = self.memory.clone();
        // A caller who goes away meanwhile gives neither the turn nor the memory back before the work is done.
        let done = tokio::task::spawn_blocking(move || {
            let mut own = memory.take();
            let done = work(&mut own);
            memory.give_back(own);
            drop(turn);
            done
        });
        done.await.map_err(AppError::internal)
    }

    /// How many pieces of memory were ever made.
    pub fn pieces(&self) -> usize {
        self.memory.made.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinSet;

    use super::*;
    use crate::base::crypto::password::{Cost, hash_in, verify_in};
    use crate::base::rng::Rng;

    #[tokio::test]
    async fn many_callers_share_little_memory() {
        let workers = PasswordWorkers::default();
        let phc =
            workers.run(|memory| hash_in(memory, &"right".into(), Cost::Cheap, &Rng::System)).await.unwrap().unwrap();
        for _ in 0..3 {
            let mut all = JoinSet::new();
            for number in 0..50 {
                let (workers, phc) = (workers.clone(), phc.clone());
                let typed = if number % 10 == 0 { "right" } else { "wrong" };
                all.spawn(async move {
                    let fits = workers.run(move |memory| verify_in(memory, &typed.into(), &phc)).await.unwrap();
                    assert_eq!(fits, typed == "right");
                });
            }
            all.join_all().await;
        }
        assert!(workers.pieces() <= AT_ONCE, "{}", workers.pieces());
    }

    #[tokio::test]
    async fn whoever_comes_to_a_full_line_is_asked_to_come_back() {
        let workers = PasswordWorkers::default();
        let mut doors = Vec::new();
        let mut all = JoinSet::new();
        for _ in 0..AT_ONCE + MOST_WAITING {
            let (open, opened) = mpsc::channel::<()>();
            doors.push(open);
            let workers = workers.clone();
            all.spawn(async move { workers.run(move |_| opened.recv().is_err()).await.is_ok() });
        }
        while workers.memory.callers.load(Ordering::Relaxed) < AT_ONCE + MOST_WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.run(|_| ()).await, Err(AppError::Busy(_))));
        drop(doors);
        assert!(all.join_all().await.into_iter().all(|served| served));
        assert!(workers.run(|_| ()).await.is_ok());
        assert!(workers.pieces() <= AT_ONCE);
    }
}
