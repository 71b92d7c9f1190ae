//! When a source is read: by hand, or by the clock of a place.

use croner::parser::CronParser;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::wall_clock;
use crate::base::clock::UtcTime;

/// The word for a trigger by the clock.
pub(super) const CRON: &str = "cron";

/// How many coming times are shown.
pub const PREVIEWED: usize = 5;

/// What the description of a schedule says at length, and how people say it.
const SHORTER: [(&str, &str); 4] = [
    ("Monday, Tuesday, Wednesday, Thursday, and Friday", "Monday to Friday"),
    ("At minute 0 past every hour", "Every hour"),
    ("At minute 0, of every", "Every"),
    ("At every", "Every"),
];

/// Words that stand for five fields.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// When a source is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// When somebody says so.
    Manual,
    /// By the clock.
    Cron(Cron),
}

/// A cron expression of five fields in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// Minute, hour, day of month, month, day of week.
    pub expression: String,
    /// A name of the IANA time zone database, like `Europe/Lisbon`.
    pub zone: String,
}

/// What is wrong with a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TriggerFault {
    /// Not a cron expression.
    #[error("Schedule must be five fields, like 0 6 * * 1-5 for six o'clock on working days, or a word like @daily")]
    NotCron,
    /// It names no moment that will ever come.
    #[error("This schedule never comes: its day does not exist")]
    Never,
    /// Not a zone.
    #[error("Time zone must be a name like Europe/Lisbon or UTC")]
    NotZone,
}

impl TriggerFault {
    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotCron => "not_cron",
            Self::Never => "never",
            Self::NotZone => "not_zone",
        }
    }
}

impl Cron {
    /// Reads and checks a schedule. A word like `@daily` becomes the five fields it stands for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(expression: &str, zone: &str, now: UtcTime) -> Result<Self, TriggerFault> {
        let typed = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let nickname = NICKNAMES.iter().find(|(word, _)| typed.eq_ignore_ascii_case(word));
        let expression = nickname.map_or(typed, |(_, fields)| (*fields).to_owned());
        if expression.split(' ').count() != 5 {
            return Err(TriggerFault::NotCron);
        }
        let zone = if zone.trim().is_empty() { "UTC" } else { zone.trim() };
        let cron = Self { expression, zone: zone.to_owned() };
        TimeZone::get(zone).map_err(|_| TriggerFault::NotZone)?;
        CronParser::new().parse(&cron.expression).map_err(|_| TriggerFault::NotCron)?;
        if cron.next(now, 1).is_empty() { Err(TriggerFault::Never) } else { Ok(cron) }
    }

    /// The coming times after a moment; none when the schedule is broken. What becomes of times when the clock is set forward or back:
    /// a schedule that names hours comes once for each, one of every hour whenever the clock shows its minutes.
    pub fn next(&self, after: UtcTime, count: usize) -> Vec<UtcTime> {
        let zone = TimeZone::get(&self.zone).ok();
        let start = Timestamp::from_second(after.unix()).ok();
        let (Some(zone), Some(start), Ok(cron)) = (zone, start, CronParser::new().parse(&self.expression)) else {
            return Vec::new();
        };
        std::iter::successors(wall_clock::next(&cron, &zone, start), |last| wall_clock::next(&cron, &zone, *last))
            .take(count)
            .filter_map(|at| UtcTime::from_unix(at.as_second()))
            .collect()
    }

    /// For people: "At 06:00, on Monday to Friday". An expression that says no such thing stands as it is.
    pub fn in_words(&self) -> String {
        let Ok(cron) = CronParser::new().parse(&self.expression) else { return self.expression.clone() };
        let whole = cron.describe().trim_end_matches('.').to_owned();
        let words = SHORTER.iter().fold(whole, |words, (long, short)| words.replace(long, short));
        if self.is_daily() { format!("{words}, every day") } else { words }
    }

    fn is_daily(&self) -> bool {
        let fields: Vec<&str> = self.expression.split(' ').collect();
        let is_one = |field: &&&str| field.chars().all(|c| c.is_ascii_digit());
        fields.iter().take(2).filter(is_one).count() == 2 && fields.iter().skip(2).all(|field| *field == "*")
    }

    /// A moment as the clock of the place shows it: "Mon 16 Mar 2026, 06:00".
    pub fn local(&self, at: UtcTime) -> String {
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        Timestamp::from_second(at.unix())
            .map(|at| at.to_zoned(zone).strftime("%a %-d %b %Y, %H:%M").to_string())
            .unwrap_or_default()
    }
}

impl Trigger {
    /// `manual` or `cron`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Cron(_) => CRON,
        }
    }

    /// When it comes next after a moment.
    pub fn next_after(&self, now: UtcTime) -> Option<UtcTime> {
        match self {
            Self::Manual => None,
            Self::Cron(cron) => cron.next(now, 1).first().copied(),
        }
    }

    /// The coming times as the clock of its place shows them, from the next one on; none when nothing comes by itself.
    pub fn local_from(&self, next: Option<UtcTime>, count: usize) -> Vec<String> {
        let (Self::Cron(cron), Some(next)) = (self, next) else { return Vec::new() };
        let more = cron.next(next, count.saturating_sub(1));
        std::iter::once(next).chain(more).map(|at| cron.local(at)).collect()
    }

    /// For people: "By hand", "At 06:00, on Monday (Europe/Lisbon)".
    pub fn words(&self) -> String {
        match self {
            Self::Manual => "By hand".to_owned(),
            Self::Cron(cron) => format!("{} ({})", cron.in_words(), cron.zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_trigger_says_when_and_how_it_comes() {
        let now = UtcTime::new(datetime!(2026-03-27 12:00 UTC));
        let next = UtcTime::new(datetime!(2026-03-28 06:00 UTC));
        let (manual, cron) = (Trigger::Manual, Trigger::Cron(Cron::parse("0 6 * * *", "Europe/Lisbon", now).unwrap()));
        assert_eq!((manual.word(), cron.word()), ("manual", "cron"));
        assert_eq!([manual.words(), cron.words()], ["By hand", "At 06:00, every day (Europe/Lisbon)"]);
        assert_eq!((manual.next_after(now), cron.next_after(now)), (None, Some(next)));
        assert_eq!(cron.local_from(Some(next), 2), ["Sat 28 Mar 2026, 06:00", "Sun 29 Mar 2026, 06:00"]);
        assert!(cron.local_from(None, 2).is_empty() && manual.local_from(Some(next), 2).is_empty());
        let faults = [TriggerFault::NotCron, TriggerFault::Never, TriggerFault::NotZone];
        assert_eq!(faults.map(TriggerFault::code), ["not_cron", "never", "not_zone"]);
    }

    #[test]
    fn a_schedule_follows_the_clock_of_its_place() {
        // The night of 29 March 2026 clocks in Lisbon go from 01:00 to 02:00.
        let now = UtcTime::new(datetime!(2026-03-27 12:00 UTC));
        let cron = Cron::parse(" 0  6 * * * ", "Europe/Lisbon", now).unwrap();
        let times: Vec<String> = cron.next(now, 3).into_iter().map(UtcTime::iso).collect();
        assert_eq!(times, ["2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z", "2026-03-30T05:00:00Z"]);
        assert_eq!(cron.local(cron.next(now, 2)[1]), "Sun 29 Mar 2026, 06:00");
        for (expression, words) in [
            ("0 6 * * *", "At 06:00, every day"),
            ("0 6 * * 1-5", "At 06:00, on Monday to Friday"),
            ("30 23 1 * *", "At 23:30, on day 1"),
            ("*/15 * * * *", "Every 15 minutes"),
            ("0 * * * *", "Every hour"),
            ("0 */6 * * *", "Every 6 hours"),
        ] {
            let cron = Cron::parse(expression, "UTC", now).unwrap();
            assert_eq!(cron.in_words(), words);
        }
        assert_eq!(Cron::parse("0 6 * * * *", "UTC", now), Err(TriggerFault::NotCron));
        assert_eq!(Cron::parse("often", "UTC", now), Err(TriggerFault::NotCron));
        for (word, fields) in NICKNAMES {
            assert_eq!(Cron::parse(&word.to_uppercase(), "UTC", now).unwrap().expression, fields);
        }
        assert_eq!(Cron::parse("@reboot", "UTC", now), Err(TriggerFault::NotCron));
        assert_eq!(Cron::parse("0 6 30 2 *", "UTC", now), Err(TriggerFault::Never));
        assert_eq!(Cron::parse("0 6 * * *", "Lisbon", now), Err(TriggerFault::NotZone));
        assert_eq!(Cron::parse("0 6 * * *", "", now).unwrap().zone, "UTC");
    }
}
