//! What this process has counted since it started; `server/metrics.rs` shows it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A route as it stands in the table, never a path, with the first digit of the status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnsweredRoute {
    /// The matched pattern.
    pub route: String,
    /// 2 for 2xx, and so on.
    pub status_class: u16,
}

/// The counters of a process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Mails that a mail server took.
    pub mails_sent: Counter,
    /// Tries to send a mail that came to nothing.
    pub mails_failed: Counter,
    /// Webhooks that a receiver took.
    pub webhooks_delivered: Counter,
    /// Tries to deliver a webhook that came to nothing.
    pub webhooks_failed: Counter,
    requests: Mutex<BTreeMap<AnsweredRoute, u64>>,
}

impl Metrics {
    /// Counts an answered request. There are as many routes as the table has, so this stays small.
    pub fn answered(&self, route: &str, status: u16) {
        let key = AnsweredRoute { route: route.to_owned(), status_class: status / 100 };
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// The requests that were answered, by route and class of status.
    pub fn requests(&self) -> BTreeMap<AnsweredRoute, u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
