//! When an invite link ends: typed as date, time and zone, kept as a moment in UTC together with the zone, so that whoever edits
//! it sees the hour they typed. Zones are those of the IANA time zone database, which is compiled in.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::base::clock::{UTC, UtcTime, ZONES};

/// Stands in the database for "no end": one comparison then says of every link whether it is still open.
const NEVER: time::OffsetDateTime = time::macros::datetime!(9999-12-31 00:00 UTC);
/// No end lies further away.
pub const LONGEST: time::Duration = time::Duration::days(3_660);

/// The end of a link, or none, with the zone it was typed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    at: Option<UtcTime>,
    zone: String,
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// No date and time.
    #[error("Expires on must be a real date and time, like 2026-03-14 18:00")]
    NotTime,
    /// No zone of the database.
    #[error("Choose a time zone from the list")]
    NotZone,
    /// The hour that is left out when clocks are put forward.
    #[error("That hour does not exist on that day: clocks are put forward")]
    Skipped,
    /// Over already, for a new link.
    #[error("Expires on must be a time that is still to come")]
    Past,
    /// Absurdly far away.
    #[error("Expires on must be within ten years. Leave it empty for no end")]
    TooFar,
}

impl Expiry {
    /// No end.
    pub fn never() -> Self {
        Self { at: None, zone: UTC.to_owned() }
    }

    /// An end somebody gave as a moment, without a zone.
    ///
    /// # Errors
    /// It lies further away than ten years.
    pub fn at(at: UtcTime, now: UtcTime) -> Result<Self, ExpiryError> {
        if at > now + LONGEST { Err(ExpiryError::TooFar) } else { Ok(Self { at: Some(at), zone: UTC.to_owned() }) }
    }

    /// From a form: the value of a `datetime-local` field (HTML, 2.3.5.5) and the name of a zone. No text is no end. An hour that
    /// comes twice, when clocks are put back, is its first one.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn read(typed: &str, zone: &str, now: UtcTime) -> Result<Self, ExpiryError> {
        let name = if zone.is_empty() { UTC } else { zone };
        let known = ZONES.iter().find(|known| known.as_str() == name).ok_or(ExpiryError::NotZone)?;
        if typed.is_empty() {
            return Ok(Self { at: None, zone: known.clone() });
        }
        let local: DateTime = typed.replace(' ', "T").parse().map_err(|_| ExpiryError::NotTime)?;
        let zone = TimeZone::get(known).map_err(|_| ExpiryError::NotZone)?;
        let ambiguous = zone.into_ambiguous_zoned(local);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return Err(ExpiryError::Skipped);
        }
        let seconds = ambiguous.earlier().map_err(|_| ExpiryError::NotTime)?.timestamp().as_second();
        let at = UtcTime::from_unix(seconds).ok_or(ExpiryError::NotTime)?;
        if at > now + LONGEST {
            return Err(ExpiryError::TooFar);
        }
        Ok(Self { at: Some(at), zone: known.clone() })
    }

    /// As a row keeps it.
    pub(super) fn stored(at: UtcTime, zone: &str) -> Self {
        Self { at: Some(at).filter(|at| at.as_offset() < NEVER), zone: zone.to_owned() }
    }

    /// The moment for the row; far away when there is no end.
    pub(super) fn for_row(&self) -> UtcTime {
        self.at.unwrap_or_else(|| UtcTime::new(NEVER))
    }

    /// The moment it ends; `None`: never.
    pub fn moment(&self) -> Option<UtcTime> {
        self.at
    }

    /// The zone it was typed in.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// For the `datetime-local` field; empty without an end.
    pub fn typed(&self) -> String {
        self.local().map(|local| local.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
    }

    /// "Saturday 14 March 2026, 18:00 America/Sao_Paulo"; empty without an end.
    pub fn words(&self) -> String {
        self.at.map(|at| at.words_in(&self.zone)).unwrap_or_default()
    }

    fn local(&self) -> Option<DateTime> {
        let moment = jiff::Timestamp::from_second(self.at?.unix()).ok()?;
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        Some(moment.to_zoned(zone).datetime())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_kept_as_a_moment_and_shown_as_it_was_typed() {
        let now = UtcTime::new(time::macros::datetime!(2026-03-13 16:00 UTC));
        let read = |typed: &str, zone: &str| Expiry::read(typed, zone, now);
        let iso = |typed: &str, zone: &str| read(typed, zone).map(|expiry| expiry.moment().map(UtcTime::iso));
        let sao_paulo = read("2026-03-14T18:00", "America/Sao_Paulo").unwrap();
        assert_eq!(sao_paulo.moment().unwrap().iso(), "2026-03-14T21:00:00Z");
        assert_eq!(sao_paulo.typed(), "2026-03-14T18:00");
        assert_eq!(sao_paulo.words(), "Saturday 14 March 2026, 18:00 America/Sao Paulo");
        assert_eq!(Expiry::stored(sao_paulo.for_row(), sao_paulo.zone()), sao_paulo);
        assert_eq!(iso("2026-03-14 18:00", ""), Ok(Some("2026-03-14T18:00:00Z".to_owned())));
        assert_eq!(iso("2026-03-29T02:30", "Europe/Berlin"), Err(ExpiryError::Skipped));
        assert_eq!(iso("2026-10-25T02:30", "Europe/Berlin"), Ok(Some("2026-10-25T00:30:00Z".to_owned())));
        assert_eq!(iso("2026-02-30T10:00", "UTC"), Err(ExpiryError::NotTime));
        assert_eq!(iso("tomorrow", "UTC"), Err(ExpiryError::NotTime));
        assert_eq!(iso("2026-03-14T18:00", "Mars/Olympus"), Err(ExpiryError::NotZone));
        assert_eq!(iso("2126-03-14T18:00", "UTC"), Err(ExpiryError::TooFar));
        let last = now + LONGEST;
        assert_eq!(
            (Expiry::at(last, now).unwrap().moment(), read(&last.iso()[..16], "UTC").unwrap().moment()),
            (Some(last), Some(last))
        );
        let later = last + time::Duration::minutes(1);
        assert_eq!(
            (Expiry::at(later, now), read(&later.iso()[..16], "UTC")),
            (Err(ExpiryError::TooFar), Err(ExpiryError::TooFar))
        );
        let none = read("", "Asia/Tokyo").unwrap();
        assert_eq!((none.moment(), none.typed(), none.words()), (None, String::new(), String::new()));
        assert_eq!(Expiry::stored(none.for_row(), "Asia/Tokyo"), none);
        assert!(ZONES.len() > 300 && ZONES[0] == "UTC", "{}", ZONES.len());
    }
}
