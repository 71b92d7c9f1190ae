//! Tries at passwords, codes and reset mails: after some that were wrong each next one waits longer, and what strangers do holds nobody else up.
//!
//! Who tries is counted by what they come with. A browser that has signed in to the account before (`known_browser.rs`) has a budget of its own;
//! so has somebody who is signed in. All others are counted by their address and the account together, by their address over all accounts
//! (`counted_tries`), and, for passwords, by the account over all of them: that one is wide, and only slows down a search from many
//! addresses. So wrong passwords from elsewhere never keep a person out of the browser they use, nor, short of such a search, out of another one;
//! and a link to choose a new password makes the browser that uses it a known one.
//!
//! Invariants: all counts are in the database, so that several processes count together; a try is counted before it is judged, so that many at
//! once are not more than one after the other; a key is a keyed digest of what was typed, whether somebody has that account or not; whatever
//! the clock does, nobody waits longer than the longest wait.

mod store;

use actix_web::HttpRequest;
use diesel::QueryResult;
use time::Duration;

use super::client_ip::client_ip;
use super::known_browser;
use super::rate_limit::block;
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::SessionId;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// So far the clock of another process may be ahead.
const SKEW: Duration = Duration::MINUTE;

/// How wrong tries slow down.
#[derive(Debug, Clone, Copy)]
struct Slope {
    name: &'static str,
    /// So many wrong ones in a row wait for nothing.
    free: i32,
    /// The first wait; each further one is twice as long.
    first: Duration,
    longest: Duration,
    /// After so long without a wrong one, they are forgotten.
    memory: Duration,
}

/// A browser that has signed in before, or a session.
const BROWSER: Slope = Slope {
    name: "browser",
    free: 10,
    first: Duration::seconds(5),
    longest: Duration::minutes(5),
    memory: Duration::HOUR,
};
/// An address and an account together.
const PAIR: Slope = Slope {
    name: "pair",
    free: 6,
    first: Duration::seconds(10),
    longest: Duration::minutes(15),
    memory: Duration::HOUR,
};
/// An account, from wherever it is tried: about a hundred wrong passwords a day.
const ACCOUNT: Slope = Slope {
    name: "account",
    free: 50,
    first: Duration::seconds(10),
    longest: Duration::minutes(15),
    memory: Duration::DAY,
};

/// The wrong tries of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wrongs {
    count: i32,
    /// From when on the next one is judged.
    next_at: UtcTime,
    forgotten_at: UtcTime,
}

impl Slope {
    fn wait_after(&self, wrongs: i32) -> Duration {
        let Ok(steps) = u32::try_from(wrongs - self.free) else { return Duration::ZERO };
        // Twenty doublings are beyond every longest wait.
        let factor = 1_i32.checked_shl(steps.min(20)).unwrap_or(i32::MAX);
        self.first.checked_mul(factor).map_or(self.longest, |wait| wait.min(self.longest))
    }

    /// What is known after one more that is wrong until it is found right; how long to wait when it may not be tried yet.
    fn one_more(&self, known: Option<Wrongs>, now: UtcTime) -> Result<Wrongs, Duration> {
        // What lies further ahead than the longest wait was written by a clock that has been put back since.
        let known = known.filter(|known| now < known.forgotten_at && known.next_at <= now + self.longest + SKEW);
        let count = known.map_or(0, |known| known.count);
        if let Some(known) = known.filter(|known| known.next_at > now) {
            return Err(known.next_at - now);
        }
        let count = count.saturating_add(1);
        let next_at = now + self.wait_after(count);
        Ok(Wrongs { count, next_at, forgotten_at: next_at.max(now + self.memory) })
    }
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryKind {
    /// A password.
    Password,
    /// To have a link for a new password sent.
    ResetMail,
    /// The code of the first run.
    SetupCode,
}

impl TryKind {
    fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ResetMail => "reset",
            Self::SetupCode => "setup",
        }
    }
}

/// A try that was counted and is not judged yet.
#[derive(Debug, Clone)]
pub struct CountedAttempt(Vec<SlowedKey>);

#[derive(Debug, Clone)]
struct SlowedKey {
    slope: Slope,
    key: String,
}

impl SlowedKey {
    fn new(app: &App, slope: Slope, what: TryKind, of: &[&str]) -> Self {
        let mut parts: Vec<&[u8]> = vec![b"slowed", slope.name.as_bytes(), what.name().as_bytes()];
        parts.extend(of.iter().map(|part| part.as_bytes()));
        Self { slope, key: app.form_marks.text(&parts) }
    }
}

/// Most bytes of an account's name that are counted apart.
const LONGEST_ACCOUNT: usize = 254;

fn judge(conn: &mut Conn, keys: &[SlowedKey], now: UtcTime) -> AppResult<Vec<Wrongs>> {
    let mut after = Vec::new();
    for one in keys {
        let more = one.slope.one_more(store::find(conn, &one.key)?, now);
        after.push(more.map_err(|wait| AppError::TooMany {
            retry_after: std::time::Duration::try_from(wait).unwrap_or_default().max(std::time::Duration::from_secs(1)),
        })?);
    }
    Ok(after)
}

impl App {
    /// Counts one try at something of an account, before it is judged.
    ///
    /// # Errors
    /// [`AppError::TooMany`] when it comes too soon; then nothing was counted for the account.
    pub async fn begin_try(&self, request: &HttpRequest, what: TryKind, account: &str) -> AppResult<CountedAttempt> {
        let account: String = account.to_lowercase().chars().take(LONGEST_ACCOUNT).collect();
        if let Some(browser) = known_browser::find(request, self, &account) {
            let own = SlowedKey::new(self, BROWSER, what, &[&account, &browser]);
            return self.count_slowed(vec![own]).await;
        }
        let ip = client_ip(request, &self.config.server.trusted_proxies);
        let mut keys = vec![SlowedKey::new(self, PAIR, what, &[&account, &block(ip).to_string()])];
        if what == TryKind::Password {
            keys.push(SlowedKey::new(self, ACCOUNT, what, &[&account]));
        }
        self.may_try(keys.clone()).await?;
        self.count_sign_in(ip).await?;
        self.count_slowed(keys).await
    }

    /// Counts one try at a password by somebody who is signed in.
    ///
    /// # Errors
    /// As [`App::begin_try`].
    pub async fn begin_own_try(&self, session: &SessionId) -> AppResult<CountedAttempt> {
        self.count_slowed(vec![SlowedKey::new(self, BROWSER, TryKind::Password, &["session", session.as_str()])]).await
    }

    /// Settles a counted try by what came of it. One that was never judged, because too many passwords waited or the database was away, says
    /// nothing of whoever made it, and counts for nothing.
    ///
    /// # Errors
    /// Why it was not judged; or the database cannot be asked.
    pub async fn settle_try<T>(&self, attempt: CountedAttempt, judged: AppResult<Option<T>>) -> AppResult<Option<T>> {
        match &judged {
            Ok(Some(_)) => self.try_was_right(attempt).await?,
            Ok(None) => {}
            Err(_) => {
                if let Err(error) = self.uncount(attempt, store::take_back).await {
                    tracing::warn!(error = %error, "a try that was not judged stays counted");
                }
            }
        }
        judged
    }

    /// Says that a try was right: whoever made it begins anew.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn try_was_right(&self, attempt: CountedAttempt) -> AppResult<()> {
        self.uncount(attempt, store::forget).await
    }

    async fn uncount(&self, attempt: CountedAttempt, own: fn(&mut Conn, &str) -> QueryResult<()>) -> AppResult<()> {
        if !self.limits.are_on() {
            return Ok(());
        }
        self.write(move |tx| {
            for one in attempt.0 {
                // One right password says nothing of those that others try.
                let is_shared = one.slope.name == ACCOUNT.name;
                let settle = if is_shared { store::take_back } else { own };
                settle(tx.conn, &one.key)?;
            }
            Ok(())
        })
        .await
    }

    /// Refuses whoever has to wait, without a write, so that a flood holds up nobody who writes.
    async fn may_try(&self, keys: Vec<SlowedKey>) -> AppResult<()> {
        if !self.limits.are_on() {
            return Ok(());
        }
        let now = self.clock.now();
        self.db.read(move |conn| judge(conn, &keys, now).map(|_| ())).await
    }

    async fn count_slowed(&self, keys: Vec<SlowedKey>) -> AppResult<CountedAttempt> {
        self.may_try(keys.clone()).await?;
        if !self.limits.are_on() {
            return Ok(CountedAttempt(keys));
        }
        self.write(move |tx| {
            for one in &keys {
                store::lock(tx.conn, &one.key, tx.now)?;
            }
            let after = judge(tx.conn, &keys, tx.now)?;
            for (one, wrongs) in keys.iter().zip(after) {
                store::put(tx.conn, &one.key, wrongs)?;
            }
            Ok(CountedAttempt(keys))
        })
        .await
    }
}

/// Deletes what is forgotten, and what a clock that was put back has left far ahead.
///
/// # Errors
/// The database refuses.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    store::delete_outside(conn, now, now + ACCOUNT.memory + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix(seconds).unwrap()
    }

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_longest() {
        let (mut known, mut now, mut waits) = (None, at(1_000), Vec::new());
        for _ in 0..16 {
            match PAIR.one_more(known, now) {
                Ok(wrongs) => known = Some(wrongs),
                Err(wait) => {
                    waits.push(wait.whole_seconds());
                    assert!(PAIR.one_more(known, now + wait - Duration::SECOND).is_err());
                    now = now + wait;
                    known = Some(PAIR.one_more(known, now).unwrap());
                }
            }
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
        // An hour without one, and it begins anew.
        let later = known.unwrap().forgotten_at;
        assert_eq!(PAIR.one_more(known, later).unwrap().count, 1);
    }

    #[test]
    fn an_account_is_tried_about_a_hundred_times_a_day() {
        let (mut known, mut now, mut tried) = (None, at(0), 0);
        while now < at(86_400) {
            match ACCOUNT.one_more(known, now) {
                Ok(wrongs) => (known, tried) = (Some(wrongs), tried + 1),
                Err(wait) => now = now + wait,
            }
        }
        assert!((100..160).contains(&tried), "{tried}");
    }

    #[test]
    fn a_clock_that_is_put_back_locks_nobody_out_and_one_behind_gives_nothing_away() {
        let mut known = None;
        for _ in 0..6 {
            known = Some(PAIR.one_more(known, at(100_000)).unwrap());
        }
        assert!(PAIR.one_more(known, at(100_000 - 30)).is_err());
        assert!(PAIR.one_more(known, at(100_000 - 86_400)).is_ok());
        let wait = PAIR.one_more(known, at(100_000 - 600)).unwrap_err();
        assert!(wait <= PAIR.longest + SKEW, "{wait}");
    }
}
