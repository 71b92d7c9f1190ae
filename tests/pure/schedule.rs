//! Schedules beside a model that watches the clock of a place minute by minute.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vestibule::base::clock::UtcTime;
use vestibule::features::streams::Cron;

/// Clocks that are set in all the ways there are: by an hour, half an hour, two hours, at midnight, at three quarters, around Ramadan, never.
const ZONES: [&str; 12] = [
    "Europe/Lisbon",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "Asia/Kolkata",
];
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What a schedule names: minutes and hours of every day.
#[derive(Debug, Clone)]
struct Named {
    minutes: Vec<i8>,
    hours: Vec<i8>,
}

impl Named {
    fn expression(&self) -> String {
        let list = |numbers: &[i8]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let hours = if self.hours.len() == 24 { "*".to_owned() } else { list(&self.hours) };
        format!("{} {hours} * * *", list(&self.minutes))
    }

    fn names(&self, wall: DateTime) -> bool {
        self.minutes.contains(&wall.minute()) && self.hours.contains(&wall.hour())
    }

    /// When it comes within a time, by looking at the clock at every minute.
    fn model(&self, zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<i64> {
        // The clock was looked at for long enough before to know what it has shown already.
        let mut at = from - SignedDuration::from_hours(30);
        let mut shown = zone.to_datetime(at);
        let mut comes = Vec::new();
        while at <= until {
            let wall = zone.to_datetime(at);
            let is_time = if self.hours.len() == 24 {
                self.names(wall)
            } else {
                let mut passed = Vec::new();
                let mut next = shown + MINUTE;
                while next <= wall {
                    passed.push(next);
                    next += MINUTE;
                }
                passed.into_iter().any(|wall| self.names(wall))
            };
            if is_time && at > from {
                comes.push(at.as_second());
            }
            shown = shown.max(wall);
            at += MINUTE;
        }
        comes
    }
}

fn named() -> impl Strategy<Value = Named> {
    let minutes = proptest::sample::subsequence(vec![0_i8, 1, 15, 30, 45, 59], 1..=4);
    // Clocks are set in the first hours of a day.
    let some = proptest::sample::subsequence(vec![0_i8, 1, 2, 3, 4, 12, 23], 1..=5);
    let hours = prop_oneof![3 => some, 1 => Just((0..24).collect::<Vec<i8>>())];
    (minutes, hours).prop_map(|(minutes, hours)| Named { minutes, hours })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_schedule_comes_when_a_watched_clock_says_so(
        named in named(), zone in proptest::sample::select(ZONES.to_vec()), year in 2024_i16..2036, change in 0_usize..4, early in 1_i64..40,
    ) {
        let place = TimeZone::get(zone).unwrap();
        let new_year = jiff::civil::date(year, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let set = place.following(new_year).nth(change).map_or(new_year, |change| change.timestamp());
        let (from, until) = (set - SignedDuration::from_hours(early), set + SignedDuration::from_hours(40));
        let due = named.model(&place, from, until);
        let now = UtcTime::from_unix(from.as_second()).unwrap();
        let cron = Cron::parse(&named.expression(), zone, now).unwrap();
        let found: Vec<i64> = cron.next(now, due.len() + 1).into_iter().map(UtcTime::unix).collect();
        prop_assert_eq!(&found[..due.len()], &due[..], "{:?} in {} around {}", named, zone, set);
        prop_assert!(found[due.len()] > until.as_second(), "one too many before {until}: {found:?}");
    }
}

#[test]
fn hours_that_are_named_come_once_whatever_the_clock_does() {
    let times = |expression: &str, zone: &str, after: &str, count: usize| -> Vec<String> {
        let after = UtcTime::from_iso(after).unwrap();
        let cron = Cron::parse(expression, zone, after).unwrap();
        cron.next(after, count).into_iter().map(UtcTime::iso).collect()
    };
    // On 25 October 2026 clocks in Berlin go from 03:00 to 02:00, on 29 March from 02:00 to 03:00.
    let autumn = times("0 1,2,3 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", 4);
    assert_eq!(
        autumn,
        ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-26T00:00:00Z"]
    );
    let spring = times("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 3);
    assert_eq!(spring, ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"]);
    let first_moment = times("0 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2);
    assert_eq!(first_moment, ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"], "the first one the clock jumps over");
    let every = times("0 */2 * * *", "Europe/Berlin", "2026-10-24T21:00:00Z", 3);
    assert_eq!(every, ["2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"]);
    let hourly = times("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 3);
    assert_eq!(hourly, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]);
    let skipped = times("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
    assert_eq!(skipped, ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"]);
}
