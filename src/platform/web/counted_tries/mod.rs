//! Tries at what protects accounts and tokens (passwords and codes of whatever account, unknown tokens), counted in the database: with several processes somebody
//! has as many tries as with one.
//!
//! One row a key, an hour glass: a try takes its share of a minute, the shares come back as time goes by. A key is kept as a keyed digest, so
//! the table tells nobody's address. Whatever the clock does, nobody waits much longer than a minute: what lies further ahead than other
//! processes' clocks can be was written before the clock was put back, and counts no more.

mod store;

use std::net::IpAddr;

use diesel::QueryResult;
use time::Duration;

use super::rate_limit::block;
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::db::Conn;

const MINUTE: Duration = Duration::MINUTE;
/// So far the clock of another process may be ahead. Without it, tries that one process has counted would be none to the other.
const SKEW: Duration = Duration::MINUTE;

/// What is counted, and how many tries a minute gives.
#[derive(Debug, Clone, Copy)]
struct TryLimit {
    name: &'static str,
    per_minute: i32,
}

/// Passwords, codes and reset mails of all accounts, from one address.
const ADDRESS: TryLimit = TryLimit { name: "address", per_minute: 20 };
/// Tokens nobody knows, from one address.
const UNKNOWN: TryLimit = TryLimit { name: "unknown", per_minute: 30 };

/// A try at one thing.
struct CountedTry {
    limit: TryLimit,
    key: String,
}

impl CountedTry {
    fn new(app: &App, limit: TryLimit, what: &str) -> Self {
        Self { limit, key: app.form_marks.text(&[b"tries", limit.name.as_bytes(), what.as_bytes()]) }
    }
}

/// Up to when the tries are used after one more; how long to wait when there is none left.
fn use_one(limit: TryLimit, used_to: Option<UtcTime>, now: UtcTime) -> Result<UtcTime, Duration> {
    let share = MINUTE / limit.per_minute;
    let used_to = used_to.filter(|at| *at <= now + MINUTE + SKEW).map_or(now, |at| at.max(now));
    let after = used_to + share;
    if after > now + MINUTE { Err(after - (now + MINUTE)) } else { Ok(after) }
}

fn judge(conn: &mut Conn, tries: &[CountedTry], now: UtcTime) -> AppResult<Vec<UtcTime>> {
    let mut after = Vec::new();
    for one in tries {
        let used = use_one(one.limit, store::used_to(conn, &one.key)?, now);
        after.push(used.map_err(|wait| AppError::TooMany {
            retry_after: std::time::Duration::try_from(wait).unwrap_or_default().max(std::time::Duration::from_secs(1)),
        })?);
    }
    Ok(after)
}

impl App {
    /// Counts one try at a password, a code or a reset mail of whatever account: 20 a minute from one address, over all processes. What is
    /// tried of one account is counted besides (`slowed_tries`).
    ///
    /// # Errors
    /// [`AppError::TooMany`] when there is none left; then nothing was counted.
    pub(super) async fn count_sign_in(&self, ip: IpAddr) -> AppResult<()> {
        self.limits.sign_in(ip)?;
        self.count(vec![CountedTry::new(self, ADDRESS, &block(ip).to_string())]).await
    }

    /// Counts a token nobody knows: 30 a minute from one address, over all processes.
    ///
    /// # Errors
    /// [`AppError::TooMany`] when there is none left; then nothing was counted.
    pub async fn count_unknown_token(&self, ip: IpAddr) -> AppResult<()> {
        self.limits.unknown_token(ip)?;
        self.count(vec![CountedTry::new(self, UNKNOWN, &block(ip).to_string())]).await
    }

    async fn count(&self, tries: Vec<CountedTry>) -> AppResult<()> {
        if !self.limits.are_on() {
            return Ok(());
        }
        let now = self.clock.now();
        // Who has no try left is told so without a write, so that a flood holds up nobody who writes.
        let tries = self.db.read(move |conn| judge(conn, &tries, now).map(|_| tries)).await?;
        self.write(move |tx| {
            for one in &tries {
                store::lock(tx.conn, &one.key, tx.now)?;
            }
            let after = judge(tx.conn, &tries, tx.now)?;
            for (one, used_to) in tries.iter().zip(after) {
                store::put(tx.conn, &one.key, used_to)?;
            }
            Ok(())
        })
        .await
    }
}

/// Deletes the rows of keys whose tries are all back, and those that a clock which was put back has left far ahead.
///
/// # Errors
/// The database refuses.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    store::delete_outside(conn, now, now + MINUTE + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix(seconds).unwrap()
    }

    const ACCOUNT: TryLimit = TryLimit { name: "test", per_minute: 6 };

    #[test]
    fn six_at_once_then_one_every_ten_seconds() {
        let mut used = None;
        for _ in 0..6 {
            used = Some(use_one(ACCOUNT, used, at(1_000)).unwrap());
        }
        assert_eq!(use_one(ACCOUNT, used, at(1_000)), Err(Duration::seconds(10)));
        assert_eq!(use_one(ACCOUNT, used, at(1_004)), Err(Duration::seconds(6)));
        used = Some(use_one(ACCOUNT, used, at(1_010)).unwrap());
        assert!(use_one(ACCOUNT, used, at(1_010)).is_err());
        for _ in 0..6 {
            used = Some(use_one(ACCOUNT, used, at(2_000)).unwrap());
        }
        assert!(use_one(ACCOUNT, used, at(2_000)).is_err());
    }

    #[test]
    fn whatever_the_clock_does_nobody_waits_long_and_a_clock_behind_gives_nothing_away() {
        for jump in [-86_400, -3_600, -61, -60, -1, 0, 1, 59, 60, 3_600, 86_400] {
            let (mut used, mut given) = (None, 0);
            for _ in 0..20 {
                if let Ok(after) = use_one(ACCOUNT, used, at(100_000)) {
                    (used, given) = (Some(after), given + 1);
                }
            }
            assert_eq!(given, 6);
            let later = at(100_000 + jump);
            if let Err(wait) = use_one(ACCOUNT, used, later) {
                assert!(wait <= Duration::seconds(70), "{jump}: {wait}");
                assert!(use_one(ACCOUNT, used, later + wait).is_ok(), "{jump}");
            }
            // Another process, a little behind or ahead, counts on from there.
            if (-60..10).contains(&jump) {
                assert!(use_one(ACCOUNT, used, later).is_err(), "{jump}");
            }
        }
    }
}
