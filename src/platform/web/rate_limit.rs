//! How often one caller may try. Keyed limits in memory; keys that have been quiet are forgotten, so memory is bounded.
//!
//! They keep load off one process. What protects accounts and tokens is counted in the database besides (`counted_tries.rs`); its limits here
//! are twice those, and keep a flood away from the database.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::base::error::{AppError, AppResult};

/// More keys than this and the quiet ones are dropped before the next is taken in.
const MOST_KEYS: usize = 50_000;

/// Requests a minute with one API key.
pub const API_PER_MINUTE: u32 = 600;
/// Times a minute one API key may read credentials.
pub const CREDENTIALS_PER_MINUTE: u32 = 30;

/// One limit: so many at once, refilled evenly over a minute.
struct Limit<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn per_minute(count: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self { limiter: RateLimiter::hashmap(quota) }
    }

    fn check(&self, key: &K) -> AppResult<()> {
        if self.limiter.len() > MOST_KEYS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| AppError::TooMany {
            retry_after: until.wait_time_from(DefaultClock::default().now()).max(Duration::from_secs(1)),
        })
    }
}

/// A limit that also says how much of it is left.
struct CountedLimit {
    limiter: RateLimiter<String, HashMapStateStore<String>, DefaultClock, StateInformationMiddleware>,
    per_minute: u32,
}

/// How a caller stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStanding {
    /// Requests a minute.
    pub limit: u32,
    /// Requests that are left at once.
    pub remaining: u32,
}

impl LimitStanding {
    /// Seconds until all of the limit is there again.
    fn reset(self) -> u32 {
        (self.limit.saturating_sub(self.remaining) * 60).div_ceil(self.limit.max(1))
    }

    /// Writes the `RateLimit-…` headers.
    pub fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", self.reset()),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

impl CountedLimit {
    fn per_minute(count: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self { limiter: RateLimiter::hashmap(quota).with_middleware(), per_minute: count }
    }

    fn check(&self, key: &str) -> (LimitStanding, AppResult<()>) {
        if self.limiter.len() > MOST_KEYS {
            self.limiter.retain_recent();
        }
        let standing = |remaining| LimitStanding { limit: self.per_minute, remaining };
        match self.limiter.check_key(&key.to_owned()) {
            Ok(snapshot) => (standing(snapshot.remaining_burst_capacity()), Ok(())),
            Err(until) => {
                let retry_after = until.wait_time_from(DefaultClock::default().now()).max(Duration::from_secs(1));
                (standing(0), Err(AppError::TooMany { retry_after }))
            }
        }
    }
}

/// All limits of the product. IPv6 callers are counted by /64, the smallest block a customer is given (RFC 6177).
pub struct RateLimits {
    on: bool,
    open: Limit<IpAddr>,
    unknown: Limit<IpAddr>,
    submit: Limit<IpAddr>,
    sign_in: Limit<IpAddr>,
    test: Limit<String>,
    api: CountedLimit,
    credentials: CountedLimit,
}

impl RateLimits {
    /// The limits, or none at all when `on` is false.
    pub fn new(on: bool) -> Self {
        Self {
            on,
            open: Limit::per_minute(300),
            unknown: Limit::per_minute(60),
            submit: Limit::per_minute(30),
            sign_in: Limit::per_minute(40),
            test: Limit::per_minute(3),
            api: CountedLimit::per_minute(API_PER_MINUTE),
            credentials: CountedLimit::per_minute(CREDENTIALS_PER_MINUTE),
        }
    }

    /// Opening link pages: 300 a minute per address.
    ///
    /// # Errors
    /// [`AppError::TooMany`], like all of these.
    pub fn open(&self, ip: IpAddr) -> AppResult<()> {
        self.run(|| self.open.check(&block(ip)))
    }

    /// Tokens nobody knows: 60 a minute per address in this process. See [`App::count_unknown_token`](crate::platform::app::App).
    ///
    /// # Errors
    /// As [`RateLimits::open`].
    pub fn unknown_token(&self, ip: IpAddr) -> AppResult<()> {
        self.run(|| self.unknown.check(&block(ip)))
    }

    /// Sending a recipient's form: 30 a minute per address.
    ///
    /// # Errors
    /// As [`RateLimits::open`].
    pub fn submit(&self, ip: IpAddr) -> AppResult<()> {
        self.run(|| self.submit.check(&block(ip)))
    }

    /// Trying a password or a first-run code: 40 a minute per address in this process.
    ///
    /// # Errors
    /// As [`RateLimits::open`].
    pub fn sign_in(&self, ip: IpAddr) -> AppResult<()> {
        self.run(|| self.sign_in.check(&block(ip)))
    }

    /// Whether anybody is slowed down.
    pub fn are_on(&self) -> bool {
        self.on
    }

    /// Testing details before they are sent: 3 a minute for each link.
    ///
    /// # Errors
    /// As [`RateLimits::open`].
    pub fn test(&self, link: &str) -> AppResult<()> {
        self.run(|| self.test.check(&link.to_owned()))
    }

    /// Any request with an API key: [`API_PER_MINUTE`]. `None` when nobody is slowed down.
    pub fn api(&self, key: &str) -> Option<(LimitStanding, AppResult<()>)> {
        self.on.then(|| self.api.check(key))
    }

    /// Reading credentials with an API key: [`CREDENTIALS_PER_MINUTE`]. `None` when nobody is slowed down.
    pub fn credentials(&self, key: &str) -> Option<(LimitStanding, AppResult<()>)> {
        self.on.then(|| self.credentials.check(key))
    }

    fn run(&self, check: impl FnOnce() -> AppResult<()>) -> AppResult<()> {
        if self.on { check() } else { Ok(()) }
    }
}

/// The block of addresses that one caller is given.
pub(super) fn block(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}
