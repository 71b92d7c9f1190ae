//! Connections that are being made right now, so that the process does not end in the middle of one. The libraries under libpq
//! (Kerberos, OpenSSL) take their locks down when a process exits; a thread of the pool that is connecting at that moment aborts it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many connections are being made, and whether more may be.
struct Count {
    now: usize,
    closed: bool,
}

/// The one counter of the process: what exits is the process.
pub(super) struct Connecting {
    count: Mutex<Count>,
    fewer: Condvar,
}

/// One connection that is being made.
pub(super) struct Turn<'a>(&'a Connecting);

pub(super) static CONNECTING: Connecting = Connecting::new();

impl Connecting {
    const fn new() -> Self {
        Self { count: Mutex::new(Count { now: 0, closed: false }), fewer: Condvar::new() }
    }

    /// A turn to connect; `None` when the process is about to end.
    pub(super) fn begin(&self) -> Option<Turn<'_>> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if count.closed {
            return None;
        }
        count.now += 1;
        Some(Turn(self))
    }

    /// Lets no more begin and waits for those that did, at most so long.
    pub(super) fn close(&self, longest: Duration) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.closed = true;
        let waited = self.fewer.wait_timeout_while(count, longest, |count| count.now > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
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
        static HERE: Connecting = Connecting::new();
        let turn = HERE.begin().unwrap();
        let closing = std::thread::spawn(|| HERE.close(Duration::from_secs(60)));
        while HERE.begin().is_some() {
            std::thread::yield_now();
        }
        assert!(!closing.is_finished(), "one is still connecting");
        drop(turn);
        closing.join().unwrap();
    }

    #[test]
    fn a_connection_that_never_comes_holds_nobody_for_ever() {
        let here = Connecting::new();
        let _turn = here.begin();
        here.close(Duration::from_millis(1));
        assert!(here.begin().is_none());
    }
}
