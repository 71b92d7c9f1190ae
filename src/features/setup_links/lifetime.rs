//! How long a setup link stays open.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use time::Duration;

use crate::base::clock::{UTC, UtcTime, ZONES};

/// The choices offered, with their words; the second is the default. A date is the fifth.
pub const LIFETIMES: [(&str, &str); 4] = [("1h", "1 hour"), ("24h", "24 hours"), ("3d", "3 days"), ("7d", "7 days")];
/// The choice that is made when nobody chooses.
pub const DEFAULT: &str = "24h";
/// The choice that comes with a date of one's own.
pub const UNTIL_DATE: &str = "date";
/// No link stays open longer: it is a credential.
pub const LONGEST: Duration = Duration::days(90);
/// No link is shorter: nobody could use it.
pub const SHORTEST: Duration = Duration::minutes(5);

/// A checked lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLifetime {
    /// When the link dies.
    pub expires_at: UtcTime,
    /// The time zone its end was chosen in.
    pub zone: &'static str,
}

/// What is wrong with the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LifetimeError {
    /// None of the offered choices.
    #[error("Choose how long the link stays open")]
    NotChosen,
    /// Not a date.
    #[error("Open until must be a real date, like 2026-03-14")]
    NotDate,
    /// No zone of the database.
    #[error("Choose a time zone from the list")]
    NotZone,
    /// Today or earlier.
    #[error("Open until must be a day that is still to come, or today")]
    Past,
    /// Shorter than five minutes, or longer than 90 days.
    #[error("expires_in_seconds must be a number from 300 (5 minutes) to 7776000 (90 days)")]
    OutOfRange,
    /// Too far away.
    #[error("A setup link can stay open for 90 days at most")]
    TooLong,
}

impl LinkLifetime {
    /// From the form: one of [`LIFETIMES`], or `UNTIL_DATE` with a date, which counts to the end of that day in that zone. Without a
    /// zone it is UTC.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn choose(choice: &str, date: &str, zone: &str, now: UtcTime) -> Result<Self, LifetimeError> {
        let span = match choice {
            "1h" => Duration::hours(1),
            "" | DEFAULT => Duration::hours(24),
            "3d" => Duration::days(3),
            "7d" => Duration::days(7),
            UNTIL_DATE => return Self::until_end_of(date, zone, now),
            _ => return Err(LifetimeError::NotChosen),
        };
        Ok(Self::lasting(span, now))
    }

    /// From the API: so many seconds from now; a day when nothing is said.
    ///
    /// # Errors
    /// Shorter than five minutes, or longer than 90 days.
    pub fn of_seconds(seconds: Option<i64>, now: UtcTime) -> Result<Self, LifetimeError> {
        let span = seconds.map_or(Duration::hours(24), Duration::seconds);
        if span < SHORTEST || span > LONGEST {
            return Err(LifetimeError::OutOfRange);
        }
        Ok(Self::lasting(span, now))
    }

    /// A week: for people who are asked a second time.
    pub fn week(now: UtcTime) -> Self {
        Self::lasting(Duration::days(7), now)
    }

    fn lasting(span: Duration, now: UtcTime) -> Self {
        Self { expires_at: now + span, zone: UTC }
    }

    fn until_end_of(date: &str, zone: &str, now: UtcTime) -> Result<Self, LifetimeError> {
        let name = if zone.is_empty() { UTC } else { zone };
        let zone = ZONES.iter().find(|known| known.as_str() == name).ok_or(LifetimeError::NotZone)?.as_str();
        let date: Date = date.trim().parse().map_err(|_| LifetimeError::NotDate)?;
        let place = TimeZone::get(zone).map_err(|_| LifetimeError::NotZone)?;
        // Where clocks change at midnight, the day ends when the next one begins, whichever hour that is.
        let next = date.tomorrow().and_then(|next| next.to_zoned(place)).map_err(|_| LifetimeError::NotDate)?;
        let expires_at = UtcTime::from_unix(next.timestamp().as_second() - 1).ok_or(LifetimeError::NotDate)?;
        if expires_at < now + SHORTEST {
            return Err(LifetimeError::Past);
        }
        if expires_at > now + LONGEST {
            return Err(LifetimeError::TooLong);
        }
        Ok(Self { expires_at, zone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_day_may_end_in_five_minutes_or_in_ninety_days_and_not_a_second_beyond() {
        let until =
            |now, date| LinkLifetime::choose("date", date, "", UtcTime::new(now)).map(|life| life.expires_at.iso());
        let evening = datetime!(2026-03-13 23:54:59 UTC);
        assert_eq!(until(evening, "2026-03-13").unwrap(), "2026-03-13T23:59:59Z");
        assert_eq!(until(evening + Duration::SECOND, "2026-03-13"), Err(LifetimeError::Past));
        let midnight = datetime!(2026-03-13 23:59:59 UTC);
        assert_eq!(until(midnight, "2026-06-11").unwrap(), "2026-06-11T23:59:59Z");
        assert_eq!(until(midnight - Duration::SECOND, "2026-06-11"), Err(LifetimeError::TooLong));
    }

    #[test]
    fn choices_and_dates() {
        let now = UtcTime::new(datetime!(2026-03-13 16:00 UTC));
        let in_zone =
            |date, zone| LinkLifetime::choose("date", date, zone, now).map(|life| (life.expires_at.iso(), life.zone));
        let iso = |text: &str| text.to_owned();
        assert_eq!(in_zone("2026-03-20", "America/Sao_Paulo"), Ok((iso("2026-03-21T02:59:59Z"), "America/Sao_Paulo")));
        assert_eq!(in_zone("2026-03-13", "Asia/Tokyo"), Err(LifetimeError::Past), "the day is over there");
        assert_eq!(in_zone("2026-03-14", "Asia/Tokyo"), Ok((iso("2026-03-14T14:59:59Z"), "Asia/Tokyo")));
        assert_eq!(in_zone("2026-03-29", "Europe/Berlin"), Ok((iso("2026-03-29T21:59:59Z"), "Europe/Berlin")));
        assert_eq!(in_zone("2026-03-20", "Mars/Olympus"), Err(LifetimeError::NotZone));
        let until = |choice, date| LinkLifetime::choose(choice, date, "", now).map(|life| life.expires_at.iso());
        assert_eq!(until("", "").unwrap(), "2026-03-14T16:00:00Z");
        assert_eq!(until("1h", "ignored").unwrap(), "2026-03-13T17:00:00Z");
        assert_eq!(until("24h", "").unwrap(), "2026-03-14T16:00:00Z");
        assert_eq!(until("3d", "").unwrap(), "2026-03-16T16:00:00Z");
        assert_eq!(until("7d", "").unwrap(), "2026-03-20T16:00:00Z");
        assert_eq!(LinkLifetime::week(now).expires_at.iso(), "2026-03-20T16:00:00Z");
        assert_eq!(until("date", "2026-03-20").unwrap(), "2026-03-20T23:59:59Z");
        assert_eq!(until("date", "2026-03-13").unwrap(), "2026-03-13T23:59:59Z");
        assert_eq!(until("date", "2026-03-12"), Err(LifetimeError::Past));
        assert_eq!(until("date", "2026-02-30"), Err(LifetimeError::NotDate));
        assert_eq!(until("date", "2027-03-20"), Err(LifetimeError::TooLong));
        assert_eq!(until("1y", ""), Err(LifetimeError::NotChosen));
        let after =
            |seconds| LinkLifetime::of_seconds(seconds, now).map(|life| (life.expires_at - now).whole_seconds());
        for (seconds, expected) in [(None, Ok(86_400)), (Some(300), Ok(300)), (Some(7_776_000), Ok(7_776_000))] {
            assert_eq!(after(seconds), expected);
        }
        for seconds in [299, 0, -1, i64::MIN, 7_776_001, i64::MAX] {
            assert_eq!(after(Some(seconds)), Err(LifetimeError::OutOfRange), "{seconds}");
        }
    }
}
