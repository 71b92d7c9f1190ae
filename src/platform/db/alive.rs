//! The pool's connections that are being made, open or being closed, so that the process does not end in the middle of one. The
//! libraries under libpq (Kerberos, OpenSSL) take their locks down when a process exits; a thread that is inside them at that moment
//! aborts it. Who closes the pool is not foreseen: the last one who knew it, be it a thread of the server that is ending.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many there are, and whether more may be made.
struct Count {
    now: usize,
    closed: bool,
}

/// The one counter of the process: what exits is the process.
pub(super) struct Alive {
    count: Mutex<Count>,
    fewer: Condvar,
}

/// One connection, from before it is made until after it is closed.
pub(super) struct Turn<'a>(&'a Alive);

pub(super) static ALIVE: Alive = Alive::new();

impl Alive {
    const fn new() -> Self {
        Self { count: Mutex::new(Count { now: 0, closed: false }), fewer: Condvar::new() }
    }

    /// A turn to have a connection; `None` when the process is about to end.
    pub(super) fn begin(&self) -> Option<Turn<'_>> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if count.closed {
            return None;
        }
        count.now += 1;
        Some(Turn(self))
    }

    /// Lets no more begin and waits until those that did are gone, at most so long. Gives how many stayed.
    pub(super) fn close(&self, longest: Duration) -> usize {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.closed = true;
        let waited = self.fewer.wait_timeout_while(count, longest, |count| count.now > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.now
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.count.lock().unwrap_or_else(PoisonError::into_inner).now -= 1;
        self.0.fewer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_waits_for_what_began_and_lets_nothing_begin() {
        static HERE: Alive = Alive::new();
        let turn = HERE.begin().unwrap();
        let closing = std::thread::spawn(|| HERE.close(Duration::from_secs(60)));
        while HERE.begin().is_some() {
            std::thread::yield_now();
        }
        assert!(!closing.is_finished(), "one is still there");
        drop(turn);
        assert_eq!(closing.join().unwrap(), 0);
    }

    #[test]
    fn a_connection_that_never_ends_holds_nobody_for_ever() {
        let here = Alive::new();
        let _turn = here.begin();
        assert_eq!(here.close(Duration::from_millis(1)), 1);
        assert!(here.begin().is_none());
    }
}
