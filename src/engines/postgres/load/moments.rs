//! Dates, times and spans in the form in which they are sent. What has more digits than the server keeps, or lies outside of its calendar,
//! is none.

/// Days from the server's first day, 2000-01-01, to 1970-01-01.
const FROM_1970: i64 = 10_957;
const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;
/// The server's calendar begins here (in days), and moments end before that (in microseconds).
const FIRST_DAY: i64 = -2_451_545;
const LAST_DAY: i64 = 2_145_031_948;
const FIRST_MOMENT: i64 = -211_813_488_000_000_000;
const END_OF_MOMENTS: i64 = 9_223_371_331_200_000_000;

/// What is left of a text that is being read.
struct MomentText<'a>(&'a [u8]);

impl MomentText<'_> {
    fn take(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// So many digits, at least and at most.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        (length >= least).then_some(())?;
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(digits.iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0')))
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// Year, month and day; the year is counted as it is written.
    fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.digits(4, 7)?;
        self.take(b'-')?;
        let month = self.digits(2, 2)?;
        self.take(b'-')?;
        Some((year, month, self.digits(2, 2)?))
    }

    /// Microseconds of a day.
    fn time(&mut self) -> Option<i64> {
        let hours = self.digits(2, 2)?;
        self.take(b':')?;
        let minutes = self.digits(2, 2)?;
        let mut micros = 0;
        if self.take(b':').is_some() {
            let seconds = self.digits(2, 2).filter(|seconds| *seconds < 60)?;
            micros = seconds * SECOND + self.fraction()?;
        }
        (minutes < 60).then_some(())?;
        let all = (hours * 60 + minutes) * 60 * SECOND + micros;
        (all <= DAY).then_some(all)
    }

    /// Microseconds after the point, if there is one. Further digits have to be zeros.
    fn fraction(&mut self) -> Option<i64> {
        if self.take(b'.').is_none() {
            return Some(0);
        }
        let before = self.0.len();
        let digits = self.digits(1, 6)?;
        let missing = 6 - (before - self.0.len());
        while let Some(rest) = self.0.strip_prefix(b"0") {
            self.0 = rest;
        }
        (!self.0.first().is_some_and(u8::is_ascii_digit)).then_some(())?;
        Some((0..missing).fold(digits, |micros, _| micros * 10))
    }

    /// Seconds to the east of Greenwich.
    fn zone(&mut self) -> Option<i64> {
        if self.take(b'Z').is_some() || self.take(b'z').is_some() {
            return Some(0);
        }
        let sign = if self.take(b'+').is_some() { 1 } else { self.take(b'-').map(|()| -1)? };
        let (hours, mut seconds) = (self.digits(2, 2)?, 0);
        if !self.0.is_empty() && self.0.first() != Some(&b' ') {
            let _ = self.take(b':');
            seconds = self.digits(2, 2).filter(|minutes| *minutes < 60)? * 60;
            if self.take(b':').is_some() {
                seconds += self.digits(2, 2).filter(|seconds| *seconds < 60)?;
            }
        }
        (hours < 16).then_some(sign * (hours * 3_600 + seconds))
    }

    /// Whether the year is one before Christ; then nothing is left.
    fn is_before_christ(&mut self) -> bool {
        let is_so = self.0 == b" BC";
        if is_so {
            self.0 = b"";
        }
        is_so
    }
}

/// Days since 2000-01-01 in the calendar of today, which the server takes for all times.
fn day_number(year: i64, month: i64, day: i64, is_before_christ: bool) -> Option<i64> {
    (year > 0).then_some(())?;
    let year = if is_before_christ { 1 - year } else { year };
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(())?;
    // Years begin in March, so that the day that leap years have more is their last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (age, year) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_age = year * 365 + year / 4 - year / 100 + of_year;
    Some(age * 146_097 + of_age - 719_468 - FROM_1970)
}

/// Days since 2000-01-01.
pub(in crate::engines) fn date(text: &[u8]) -> Option<i32> {
    match text {
        b"infinity" => return Some(i32::MAX),
        b"-infinity" => return Some(i32::MIN),
        _ => {}
    }
    let mut reading = MomentText(text);
    let (year, month, day) = reading.date()?;
    let is_before_christ = reading.is_before_christ();
    reading.end()?;
    let days = day_number(year, month, day, is_before_christ)?;
    (FIRST_DAY..=LAST_DAY).contains(&days).then(|| i32::try_from(days).ok())?
}

/// Microseconds since 2000-01-01; with a zone (`is_zoned`), in that of Greenwich. A text with a zone is none without one.
pub(in crate::engines) fn timestamp(text: &[u8], is_zoned: bool, digits: Option<u8>) -> Option<i64> {
    match text {
        b"infinity" => return Some(i64::MAX),
        b"-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let mut reading = MomentText(text);
    let (year, month, day) = reading.date()?;
    reading.take(b'T').or_else(|| reading.take(b' '))?;
    let time = reading.time()?;
    let mut zone = 0;
    if is_zoned {
        let _ = reading.0.first().filter(|byte| **byte == b' ').and_then(|_| reading.take(b' '));
        zone = reading.zone()?;
    }
    let is_before_christ = reading.is_before_christ();
    reading.end()?;
    let days = day_number(year, month, day, is_before_christ)?;
    let micros = days.checked_mul(DAY)?.checked_add(time)?.checked_sub(zone * SECOND)?;
    ((FIRST_MOMENT..END_OF_MOMENTS).contains(&micros) && has_digits(micros, digits)).then_some(micros)
}

/// Whether so many digits of a second are enough.
const fn has_digits(micros: i64, digits: Option<u8>) -> bool {
    match digits {
        Some(digits) if digits < 6 => micros % 10_i64.pow(6 - digits as u32) == 0,
        _ => true,
    }
}

/// Microseconds of a day.
pub(super) fn time(text: &[u8], digits: Option<u8>) -> Option<i64> {
    let mut reading = MomentText(text);
    let micros = reading.time()?;
    reading.end()?;
    has_digits(micros, digits).then_some(micros)
}

/// Microseconds of a day, and seconds to the west of Greenwich.
pub(super) fn time_with_zone(text: &[u8], digits: Option<u8>) -> Option<(i64, i32)> {
    let mut reading = MomentText(text);
    let micros = reading.time()?;
    let zone = reading.zone()?;
    reading.end()?;
    has_digits(micros, digits).then_some(())?;
    i32::try_from(-zone).ok().map(|west| (micros, west))
}

/// Microseconds, days and months of a span as ISO 8601 writes it: `P1Y2M-3DT4H5M6.7S`.
pub(super) fn interval(text: &[u8]) -> Option<(i64, i32, i32)> {
    let mut reading = MomentText(text);
    reading.take(b'P')?;
    (!reading.0.is_empty()).then_some(())?;
    let (mut micros, mut days, mut months, mut is_time) = (0_i64, 0_i64, 0_i64, false);
    while !reading.0.is_empty() {
        if reading.take(b'T').is_some() {
            (!is_time && !reading.0.is_empty()).then_some(())?;
            is_time = true;
            continue;
        }
        let sign: i64 = if reading.take(b'-').is_some() { -1 } else { 1 };
        let number = reading.digits(1, 12)?;
        let fraction = if reading.0.starts_with(b".") { Some(reading.fraction()?) } else { None };
        let (unit, rest) = reading.0.split_first()?;
        reading.0 = rest;
        (fraction.is_none() || *unit == b'S').then_some(())?;
        let number = sign * number;
        match (unit, is_time) {
            (b'Y', false) => months = months.checked_add(number.checked_mul(12)?)?,
            (b'M', false) => months = months.checked_add(number)?,
            (b'W', false) => days = days.checked_add(number.checked_mul(7)?)?,
            (b'D', false) => days = days.checked_add(number)?,
            (b'H', true) => micros = micros.checked_add(number.checked_mul(3_600 * SECOND)?)?,
            (b'M', true) => micros = micros.checked_add(number.checked_mul(60 * SECOND)?)?,
            (b'S', true) => {
                let all = number.checked_mul(SECOND)?.checked_add(sign * fraction.unwrap_or(0))?;
                micros = micros.checked_add(all)?;
            }
            _ => return None,
        }
    }
    Some((micros, i32::try_from(days).ok()?, i32::try_from(months).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_server() {
        for (text, due) in [
            ("2000-01-01", 0),
            ("1970-01-01", -10_957),
            ("2026-02-28", 9_555),
            ("2000-02-29", 59),
            ("0001-01-01", -730_119),
            ("0001-12-31 BC", -730_120),
            ("4714-11-24 BC", -2_451_545),
            ("10000-01-01", 2_921_940),
            ("infinity", i32::MAX),
        ] {
            assert_eq!(date(text.as_bytes()), Some(due), "{text}");
        }
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "0000-01-01",
            "2026-1-1",
            "26-01-01",
            "2026-01-01T",
            "",
            "4714-11-23 BC",
            "9999999-01-01",
        ] {
            assert_eq!(date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn moments_keep_every_microsecond_or_are_none() {
        let zoned = |text: &str| timestamp(text.as_bytes(), true, None);
        assert_eq!(zoned("2000-01-01T00:00:00Z"), Some(0));
        assert_eq!(zoned("2000-01-01T02:00:00.123456+02:00"), Some(123_456));
        assert_eq!(zoned("2000-01-01 02:00:00.5+0200"), Some(500_000));
        assert_eq!(zoned("1999-12-31T23:59:59.999999+00"), Some(-1));
        assert_eq!(zoned("2000-01-01T00:00:00.123456000Z"), Some(123_456));
        assert_eq!(zoned("0044-03-15T00:00:00+00:00 BC"), date(b"0044-03-15 BC").map(|days| i64::from(days) * DAY));
        assert_eq!(zoned("-infinity"), Some(i64::MIN));
        for text in [
            "2000-01-01T00:00:00",
            "2000-01-01",
            "2000-01-01T00:00:00.1234567Z",
            "2000-01-01T25:00:00Z",
            "2000-01-01T00:60:00Z",
            "300000-01-01T00:00:00Z",
            "2000-01-01T00:00:60Z",
            "2000-01-01T00:00:00 UTC",
        ] {
            assert_eq!(zoned(text), None, "{text}");
        }
        assert_eq!(timestamp(b"2000-01-01T00:00:01", false, None), Some(1_000_000));
        assert_eq!(timestamp(b"2000-01-01T00:00:01Z", false, None), None);
        assert_eq!(timestamp(b"2000-01-01T00:00:00.123Z", true, Some(3)), Some(123_000));
        assert_eq!(timestamp(b"2000-01-01T00:00:00.1234Z", true, Some(3)), None);
        assert_eq!(time(b"24:00:00", None), Some(DAY));
        assert_eq!(time(b"10:30", None), Some(37_800_000_000));
        assert_eq!(time_with_zone(b"00:00:01-05:30", None), Some((1_000_000, 19_800)));
    }

    #[test]
    fn spans_keep_their_parts() {
        for (text, due) in [
            ("P1Y2M3DT4H5M6.7S", Some((14_706_700_000, 3, 14))),
            ("P-1Y-2M3DT-4H-5M-6.789S", Some((-14_706_789_000, 3, -14))),
            ("PT0S", Some((0, 0, 0))),
            ("P2W", Some((0, 14, 0))),
            ("PT-0.5S", Some((-500_000, 0, 0))),
            ("P", None),
            ("PT", None),
            ("P1.5D", None),
            ("1D", None),
            ("P1H", None),
            ("PT0.1234567S", None),
            ("P9999999999Y", None),
        ] {
            assert_eq!(interval(text.as_bytes()), due, "{text}");
        }
    }
}
