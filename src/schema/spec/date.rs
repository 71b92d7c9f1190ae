//! Dates and times: which of the usual spellings a connector wants, and the way between a browser's date control and
//! that spelling.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, PrimitiveDateTime};

use super::model::{DateShape, TextFormat};
use super::pattern::Pattern;

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]");
const SECOND: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// The endings that occur, most usual first.
const ENDINGS: [&str; 6] = ["Z", ".000Z", ".000000Z", "", "+00:00", ".000+00:00"];

impl DateShape {
    /// The spelling a field wants, judged by its pattern, else by its examples, else by its format. None when no date
    /// control fits.
    pub(super) fn of(format: TextFormat, pattern: Option<&Pattern>, samples: &[&str]) -> Option<Self> {
        if let Some(pattern) = pattern {
            return Self::of_pattern(format, pattern);
        }
        let wanted = match format {
            TextFormat::Date => Self::Day,
            TextFormat::DateTime => Self::Moment("Z"),
            _ => return None,
        };
        match samples.first() {
            Some(sample) => Self::candidates(format).find(|shape| shape.owns(sample)),
            None => Some(wanted),
        }
    }

    fn of_pattern(format: TextFormat, pattern: &Pattern) -> Option<Self> {
        let looks_dated = pattern.source().contains("{4}") || matches!(format, TextFormat::Date | TextFormat::DateTime);
        let says_no = ["x", "2026", "2026-03-1x", "12345678"].iter().all(|text| !pattern.fits(text));
        if !looks_dated || !says_no {
            return None;
        }
        Self::candidates(format).find(|shape| {
            pattern.fits(&shape.join("2026-03-14T09:30:45")) && pattern.fits(&shape.join("1999-12-31T00:00:00"))
        })
    }

    fn candidates(format: TextFormat) -> impl Iterator<Item = Self> {
        let moments = || ENDINGS.iter().map(|ending| Self::Moment(ending));
        let day_first = format != TextFormat::DateTime;
        let before = day_first.then_some(Self::Day);
        let after = (!day_first).then_some(Self::Day);
        before.into_iter().chain(moments()).chain(after)
    }

    fn owns(self, text: &str) -> bool {
        self.control_value(text).is_some()
    }

    /// What the date control shows for a stored value; None when the value is spelled otherwise and needs a text field.
    pub(crate) fn control_value(self, stored: &str) -> Option<&str> {
        match self {
            Self::Day => is_day(stored).then_some(stored),
            Self::Moment(ending) => stored
                .strip_suffix(ending)
                .filter(|local| local.len() == 19 && PrimitiveDateTime::parse(local, SECOND).is_ok()),
        }
    }

    /// Whether the date control can show this text as it was typed.
    pub(crate) fn takes(self, typed: &str) -> bool {
        match self {
            Self::Day => is_day(typed),
            Self::Moment(_) => {
                typed.len() == 16 && PrimitiveDateTime::parse(typed, MINUTE).is_ok()
                    || typed.len() == 19 && PrimitiveDateTime::parse(typed, SECOND).is_ok()
            }
        }
    }

    /// Whether what is picked is told in UTC.
    pub(crate) fn is_utc(self) -> bool {
        matches!(self, Self::Moment(ending) if !ending.is_empty())
    }

    /// What is stored for what was typed: what the control sends gets its seconds and ending, anything else stays as
    /// it is.
    pub(crate) fn stored(self, typed: &str) -> String {
        if matches!(self, Self::Day) {
            return typed.to_owned();
        }
        let local = typed.split_once('.').map_or(typed, |(whole, fraction)| {
            if fraction.bytes().all(|digit| digit.is_ascii_digit()) { whole } else { typed }
        });
        match local.len() {
            16 if PrimitiveDateTime::parse(local, MINUTE).is_ok() => self.join(&format!("{local}:00")),
            19 if PrimitiveDateTime::parse(local, SECOND).is_ok() => self.join(local),
            _ => typed.to_owned(),
        }
    }

    fn join(self, local: &str) -> String {
        match self {
            Self::Day => local.get(..10).unwrap_or(local).to_owned(),
            Self::Moment(ending) => format!("{local}{ending}"),
        }
    }
}

/// A real calendar date, `2026-03-14`.
pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10 && Date::parse(text, DAY).is_ok()
}

/// A date with a time and a zone (RFC 3339), or without a zone as some connectors have it.
pub(crate) fn is_moment(text: &str) -> bool {
    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok()
        || PrimitiveDateTime::parse(text, SECOND).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::pattern::compile;
    use super::*;

    fn shape(format: TextFormat, pattern: &str) -> Option<DateShape> {
        DateShape::of(format, compile(pattern).as_ref(), &[])
    }

    #[test]
    fn the_pattern_tells_the_spelling() {
        assert_eq!(
            shape(TextFormat::DateTime, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
            Some(DateShape::Moment("Z"))
        );
        assert_eq!(
            shape(TextFormat::DateTime, r"^$|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.\d{6}Z$"),
            Some(DateShape::Moment(".000000Z"))
        );
        assert_eq!(shape(TextFormat::Free, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), Some(DateShape::Day));
        assert_eq!(shape(TextFormat::Free, r"^\d{2}-\d{2}-\d{4}$"), None);
        assert_eq!(shape(TextFormat::Free, r"^[0-9]{4}.*$"), None);
        assert_eq!(shape(TextFormat::Date, ".*"), None);
        assert_eq!(DateShape::of(TextFormat::DateTime, None, &["2021-01-01"]), Some(DateShape::Day));
        assert_eq!(DateShape::of(TextFormat::DateTime, None, &["Jan 2, 2024"]), None);
    }

    #[test]
    fn there_and_back() {
        let millis = DateShape::Moment(".000Z");
        assert_eq!(millis.stored("2026-03-14T09:30"), "2026-03-14T09:30:00.000Z");
        assert_eq!(millis.stored("2026-03-14T09:30:05.123"), "2026-03-14T09:30:05.000Z");
        assert_eq!(millis.control_value("2026-03-14T09:30:00.000Z"), Some("2026-03-14T09:30:00"));
        assert_eq!(millis.control_value("2026-03-14T09:30:00.123Z"), None);
        assert_eq!(millis.stored("2026-02-30T09:30"), "2026-02-30T09:30");
        assert!(is_day("2024-02-29") && !is_day("2026-02-29") && !is_day("2026-2-3"));
    }
}
