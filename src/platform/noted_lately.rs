//! What this process has noted lately, so that the same thing seen again and again is written down once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::base::clock::UtcTime;

/// More notes than this are not kept; what comes beyond them is not written down either, so that nobody fills the table.
const MOST_NOTES: usize = 10_000;

/// Names of things and when they were noted.
#[derive(Debug, Default)]
pub struct NotedLately {
    seen: Mutex<HashMap<String, UtcTime>>,
}

impl NotedLately {
    /// Whether this was not noted within `quiet` before now; from here on it counts as noted.
    pub fn is_new(&self, name: String, now: UtcTime, quiet: time::Duration) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_NOTES {
            seen.retain(|_, at| now - *at < quiet);
        }
        match seen.get(&name) {
            Some(at) if now - *at < quiet => false,
            _ if seen.len() >= MOST_NOTES => false,
            _ => {
                seen.insert(name, now);
                true
            }
        }
    }
}
