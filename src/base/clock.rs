//! Time as an argument: the only file that reads the wall clock. Tests hold a [`Clock::manual`] and move it by hand.
//!
//! There are two clocks. The wall clock says when something happened; people and machines set it, so it may go back. The other one
//! ([`Clock::monotonic`]) only counts on, and says how long this process has waited for something.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use time::{Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// A moment in UTC, cut to whole microseconds: what both databases give back is exactly what was written.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Timestamp)]
pub struct UtcTime(PrimitiveDateTime);

impl UtcTime {
    /// Takes any moment, in any zone, to UTC and whole microseconds.
    pub fn new(at: OffsetDateTime) -> Self {
        let at = at.to_offset(UtcOffset::UTC);
        let cut = at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at);
        Self(PrimitiveDateTime::new(cut.date(), cut.time()))
    }

    /// The moment as seconds since 1970 (Unix time).
    pub fn unix(self) -> i64 {
        self.as_offset().unix_timestamp()
    }

    /// The moment that lies `seconds` after 1970; `None` outside the years the `time` crate knows.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self::new)
    }

    /// The moment for the `time` crate.
    pub fn as_offset(self) -> OffsetDateTime {
        self.0.assume_utc()
    }

    /// RFC 3339 with `Z`, for machines (`<time datetime>`, JSON).
    pub fn iso(self) -> String {
        self.as_offset().format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
    }

    /// Reads RFC 3339, in any zone.
    pub fn from_iso(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok().map(Self::new)
    }

    /// For people: "Saturday 14 March 2026, 15:30 UTC".
    pub fn words(self) -> String {
        let form = time::macros::format_description!(
            "[weekday] [day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        );
        self.0.format(form).unwrap_or_default()
    }

    /// For people elsewhere: "Saturday 14 March 2026, 12:30 America/Sao Paulo". A zone nobody knows is UTC.
    pub fn words_in(self, zone: &str) -> String {
        let (Ok(moment), Ok(place)) = (jiff::Timestamp::from_second(self.unix()), jiff::tz::TimeZone::get(zone)) else {
            return self.words();
        };
        let local = moment.to_zoned(place).datetime();
        format!("{} {}", local.strftime("%A %-d %B %Y, %H:%M"), zone.replace('_', " "))
    }

    /// For tables: "14 Mar 2026".
    pub fn short(self) -> String {
        let form = time::macros::format_description!("[day padding:none] [month repr:short] [year]");
        self.0.format(form).unwrap_or_default()
    }

    /// For sentences about today: "14:52 UTC".
    pub fn hour(self) -> String {
        let form = time::macros::format_description!("[hour]:[minute] UTC");
        self.0.format(form).unwrap_or_default()
    }

    /// For lines of a log: "14:52:07 UTC".
    pub fn clock(self) -> String {
        let form = time::macros::format_description!("[hour]:[minute]:[second] UTC");
        self.0.format(form).unwrap_or_default()
    }

    pub(crate) fn primitive(&self) -> &PrimitiveDateTime {
        &self.0
    }

    pub(crate) fn from_primitive(at: PrimitiveDateTime) -> Self {
        Self::new(at.assume_utc())
    }
}

impl std::ops::Add<Duration> for UtcTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.checked_add(span).unwrap_or(self.0))
    }
}

impl std::ops::Sub<Duration> for UtcTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.checked_sub(span).unwrap_or(self.0))
    }
}

impl std::ops::Sub for UtcTime {
    type Output = Duration;

    fn sub(self, other: Self) -> Duration {
        self.0 - other.0
    }
}

/// How far away a moment is, in the words of a careful person: "about 23 hours from now", "3 days ago".
pub fn distance_in_words(now: UtcTime, then: UtcTime) -> String {
    let gap = then - now;
    let minutes = gap.whole_minutes().abs();
    let amount = match minutes {
        0 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..=89 => format!("{minutes} minutes"),
        90..=2_159 => format!("about {} hours", (minutes + 30) / 60),
        2_160..=86_399 => format!("{} days", (minutes + 720) / 1_440),
        86_400..=1_051_199 => format!("about {} months", (minutes + 21_915) / 43_830),
        _ => format!("about {} years", (minutes + 262_980) / 525_960),
    };
    if gap.is_negative() { format!("{amount} ago") } else { format!("{amount} from now") }
}

/// The zone of whoever says nothing.
pub const UTC: &str = "UTC";

/// All time zones somebody may choose from, UTC first: the places of the IANA time zone database, which is compiled in.
pub static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let legacy = ["Etc/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/", "SystemV/"];
    let is_place = |name: &str| name.contains('/') && !legacy.iter().any(|head| name.starts_with(head));
    let mut names: Vec<String> =
        jiff::tz::db().available().map(|name| name.to_string()).filter(|name| is_place(name)).collect();
    names.sort();
    names.dedup();
    std::iter::once("UTC".to_owned()).chain(names).collect()
});

/// Where the present comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved. Clones share the hands.
    Manual(Arc<Hands>),
}

/// What a clock in the hands of a test shows.
#[derive(Debug)]
pub struct Hands {
    /// Microseconds since 1970.
    wall: AtomicI64,
    /// Microseconds that have gone by.
    passed: AtomicU64,
}

/// When this process first asked what had gone by.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: UtcTime) -> Self {
        Self::Manual(Arc::new(Hands { wall: AtomicI64::new(micros(start)), passed: AtomicU64::new(0) }))
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "the one door to the wall clock")]
    pub fn now(&self) -> UtcTime {
        match self {
            Self::System => UtcTime::new(OffsetDateTime::now_utc()),
            Self::Manual(hands) => from_micros(hands.wall.load(Ordering::SeqCst)),
        }
    }

    /// How long it is since some moment of this process; it never goes back.
    pub fn monotonic(&self) -> std::time::Duration {
        match self {
            Self::System => START.elapsed(),
            Self::Manual(hands) => std::time::Duration::from_micros(hands.passed.load(Ordering::SeqCst)),
        }
    }

    /// Lets time go by for a manual clock; the system's clock cannot be moved and stays as it is.
    pub fn advance(&self, span: Duration) {
        if let Self::Manual(hands) = self {
            hands.passed.fetch_add(u64::try_from(span.whole_microseconds()).unwrap_or(0), Ordering::SeqCst);
        }
        self.step(span);
    }

    /// Sets a manual clock forward or back, as somebody does who corrects a wall clock: no time goes by.
    pub fn step(&self, span: Duration) {
        if let Self::Manual(hands) = self {
            let micros = i64::try_from(span.whole_microseconds()).unwrap_or(0);
            hands.wall.fetch_add(micros, Ordering::SeqCst);
        }
    }
}

fn micros(at: UtcTime) -> i64 {
    i64::try_from(at.as_offset().unix_timestamp_nanos() / 1_000).unwrap_or(0)
}

fn from_micros(micros: i64) -> UtcTime {
    UtcTime::new(
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn distances_read_like_speech() {
        let now = UtcTime::new(datetime!(2026-03-13 16:00 UTC));
        assert_eq!(distance_in_words(now, now + Duration::hours(23)), "about 23 hours from now");
        assert_eq!(distance_in_words(now, now + Duration::days(7)), "7 days from now");
        assert_eq!(distance_in_words(now, now + Duration::days(59)), "59 days from now");
        assert_eq!(distance_in_words(now, now + Duration::days(60)), "about 2 months from now");
        assert_eq!(distance_in_words(now, now + Duration::days(1_574)), "about 4 years from now");
        assert_eq!(distance_in_words(now, now - Duration::minutes(1)), "1 minute ago");
        assert_eq!(distance_in_words(now, now + Duration::seconds(5)), "less than a minute from now");
    }

    #[test]
    fn words_name_the_day_and_the_zone() {
        let at = UtcTime::new(datetime!(2026-03-14 15:30:59.123456789 UTC));
        assert_eq!(at.words(), "Saturday 14 March 2026, 15:30 UTC");
        assert_eq!(at.as_offset().nanosecond(), 123_456_000);
        assert_eq!(at.words_in("UTC"), at.words());
        assert_eq!(at.words_in("America/Sao_Paulo"), "Saturday 14 March 2026, 12:30 America/Sao Paulo");
        assert_eq!(at.words_in("Mars/Olympus"), at.words());
    }
}
