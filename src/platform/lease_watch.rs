//! Whether whoever holds a piece of work still lives.
//!
//! A worker that lives counts its beat on. Whoever looks compares beats, not clocks: work is lost when its beat was *watched* unchanged for
//! long enough. Clocks of two processes may differ and steps of either change nothing; and one look counts for at most
//! `MOST_BETWEEN_LOOKS`, so a machine that slept or a process that stood still has not watched meanwhile.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// More than this does not count as watched between two looks.
const MOST_BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// A lease as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLease<'a> {
    /// Of which work.
    pub id: &'a str,
    /// What its holder counts on.
    pub beat: i64,
}

/// What this process has watched of leases. Every kind of work is watched on its own.
#[derive(Debug, Default)]
pub struct LeaseWatch {
    kinds: Mutex<HashMap<&'static str, Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    last_look: Duration,
    leases: HashMap<String, SeenLease>,
}

#[derive(Debug, Clone, Copy)]
struct SeenLease {
    beat: i64,
    unchanged: Duration,
}

impl LeaseWatch {
    /// Looks at all leases of a kind; gives the places of those that were watched unchanged for `limit`. `at` is
    /// [`crate::base::clock::Clock::monotonic`].
    pub fn look(&self, kind: &'static str, live: &[LiveLease<'_>], at: Duration, limit: Duration) -> Vec<usize> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = kinds.entry(kind).or_default();
        let since = at.saturating_sub(watched.last_look).min(MOST_BETWEEN_LOOKS);
        let judge = |lease: &LiveLease<'_>| match watched.leases.get(lease.id) {
            Some(seen) if seen.beat == lease.beat => SeenLease { unchanged: seen.unchanged + since, ..*seen },
            _ => SeenLease { beat: lease.beat, unchanged: Duration::ZERO },
        };
        let seen: Vec<SeenLease> = live.iter().map(judge).collect();
        let lost =
            seen.iter().enumerate().filter(|(_, seen)| seen.unchanged >= limit).map(|(place, _)| place).collect();
        watched.last_look = at;
        // What is no more is forgotten.
        watched.leases = live.iter().map(|lease| lease.id.to_owned()).zip(seen).collect();
        lost
    }

    /// Looks at all claims of a kind that show no beat: whoever has one is done within `limit`, or dead. Gives those that were watched so
    /// long. `name` tells one claim from every other, also of the same work.
    pub fn look_at_claims<T>(
        &self,
        kind: &'static str,
        claims: Vec<T>,
        name: impl Fn(&T) -> String,
        at: Duration,
        limit: Duration,
    ) -> Vec<T> {
        let names: Vec<String> = claims.iter().map(name).collect();
        let live: Vec<LiveLease<'_>> = names.iter().map(|id| LiveLease { id, beat: 0 }).collect();
        let lost = self.look(kind, &live, at, limit);
        claims.into_iter().enumerate().filter(|(place, _)| lost.contains(place)).map(|(_, claim)| claim).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn look(watch: &LeaseWatch, beat: i64, seconds: u64) -> bool {
        !watch.look("runs", &[LiveLease { id: "a", beat }], Duration::from_secs(seconds), LIMIT).is_empty()
    }

    #[test]
    fn a_beat_that_stands_still_is_lost_after_the_limit_and_not_before() {
        let watch = LeaseWatch::default();
        assert!((100..130).all(|second| !look(&watch, 7, second)), "the first look has watched nothing yet");
        assert!(look(&watch, 7, 130));
        assert!(!look(&watch, 8, 131), "it lives after all");
        assert!((132..161).all(|second| !look(&watch, 8, second)));
        assert!(look(&watch, 8, 161));
    }

    #[test]
    fn a_claim_is_over_when_it_was_watched_so_long_and_the_next_one_begins_anew() {
        let watch = LeaseWatch::default();
        let look = |claims: &[&str], seconds: u64| {
            let claims = claims.iter().map(|claim| (*claim).to_owned()).collect();
            watch.look_at_claims("jobs", claims, String::clone, Duration::from_secs(seconds), LIMIT).join(" ")
        };
        assert!((100..110).all(|second| look(&["a 1"], second).is_empty()));
        assert!((110..130).all(|second| look(&["a 1", "b 1"], second).is_empty()));
        assert_eq!(look(&["a 1", "b 1"], 130), "a 1");
        assert!((131..140).all(|second| look(&["b 1", "a 2"], second).is_empty()), "a was claimed again");
        assert_eq!(look(&["b 1", "a 2"], 140), "b 1");
        assert_eq!(look(&["b 1", "a 2"], 145), "b 1");
    }

    #[test]
    fn time_nobody_watched_does_not_count() {
        let watch = LeaseWatch::default();
        assert!(!look(&watch, 7, 0) && !look(&watch, 7, 33) && !look(&watch, 7, 9_000), "twice five seconds");
        assert!((1..4).all(|look_again| !look(&watch, 7, 9_000 + 5 * look_again)));
        assert!(look(&watch, 7, 9_020), "but it is not forgotten");
    }

    #[test]
    fn what_ended_and_other_kinds_are_not_mixed_up() {
        let watch = LeaseWatch::default();
        look(&watch, 7, 0);
        (1..=6).for_each(|times| drop(watch.look("validations", &[], Duration::from_secs(5 * times), LIMIT)));
        assert!(watch.look("runs", &[], Duration::from_secs(30), LIMIT).is_empty());
        assert!((31..61).all(|second| !look(&watch, 7, second)), "it began anew");
    }
}
