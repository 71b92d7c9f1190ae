//! Days and moments as they are written, counted from 1970-01-01.

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// `2026-01-02`; a year before the first one as ISO 8601 counts it: `-0043-03-15`.
pub(super) fn date(days: i64) -> String {
    // Years begin in March, so that the day that leap years have more is their last one.
    let days = days + 719_468;
    let (age, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_age = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_age + year_of_age / 4 - year_of_age / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) =
        if month < 10 { (age * 400 + year_of_age, month + 3) } else { (age * 400 + year_of_age + 1, month - 9) };
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs())
}

/// `2026-01-02T03:04:05.678`, with a `Z` where it is that of Greenwich.
pub(super) fn moment(micros: i64, is_zoned: bool) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}").trim_end_matches('0').to_owned() };
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let zone = if is_zoned { "Z" } else { "" };
    format!("{}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}", date(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_those_of_the_calendar() {
        for (days, due) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_455, "2026-01-02"),
            (-719_162, "0001-01-01"),
            (2_932_897, "10000-01-01"),
        ] {
            assert_eq!(date(days), due);
        }
        assert_eq!(moment(-1, true), "1969-12-31T23:59:59.999999Z");
        assert_eq!(moment(1_500_000, false), "1970-01-01T00:00:01.5");
    }
}
