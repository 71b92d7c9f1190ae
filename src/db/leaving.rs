//! The end of a process that talks to PostgreSQL. libpq stands on libraries (Kerberos, OpenSSL) that take themselves down when the
//! process exits; a thread that is opening a connection at that moment finds them half gone, and they abort the process: a command that
//! did its work would end with a signal. A pool opens connections in threads of its own, so the last act is to wait for them.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Which connections are being opened, by whichever thread.
pub(super) struct Door {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    opening: usize,
    closed: bool,
}

/// The one that every pool of the process uses.
pub(super) static DOOR: Door = Door::new();

impl Door {
    const fn new() -> Self {
        Self { state: Mutex::new(State { opening: 0, closed: false }), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens something; once the process is leaving, nothing is opened and the thread waits for the end.
    pub(super) fn through<T>(&self, open: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        while state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.opening += 1;
        drop(state);
        let _inside = Inside(self);
        open()
    }

    fn close(&self, patience: Duration) {
        let mut state = self.state();
        state.closed = true;
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.opening > 0);
        drop(waited);
    }
}

/// Somebody who is opening a connection.
struct Inside<'a>(&'a Door);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.state().opening -= 1;
        self.0.changed.notify_all();
    }
}

/// Waits until no thread is opening a connection, and keeps all of them from opening one from then on. The last act of a process;
/// after `patience` it leaves all the same.
pub fn leave(patience: Duration) {
    DOOR.close(patience);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_leaves_waits_for_who_opens_and_nobody_opens_after() {
        static HERE: Door = Door::new();
        static OPENED: AtomicBool = AtomicBool::new(false);
        let (tell_begun, begun) = channel();
        let (go_on, wait) = channel::<()>();
        let opening = std::thread::spawn(move || {
            HERE.through(|| {
                tell_begun.send(()).unwrap();
                wait.recv().unwrap();
                OPENED.store(true, Ordering::SeqCst);
            });
        });
        begun.recv().unwrap();
        HERE.close(Duration::ZERO);
        assert!(!OPENED.load(Ordering::SeqCst), "its patience was over first");
        go_on.send(()).unwrap();
        HERE.close(LONG);
        assert!(OPENED.load(Ordering::SeqCst));
        opening.join().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || HERE.through(|| tell.send(())));
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "it would never have come");
    }

    #[test]
    fn one_that_panics_is_not_waited_for() {
        static HERE: Door = Door::new();
        let failed = std::thread::spawn(|| HERE.through(|| panic!("as a test"))).join();
        assert!(failed.is_err());
        let begun = std::time::Instant::now();
        HERE.close(LONG);
        assert!(begun.elapsed() < LONG);
    }
}
