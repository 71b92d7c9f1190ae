//! When the next try is: pure.

use std::time::Duration;

/// Chance as a number: 0 is 20 % less, `u16::MAX` is 20 % more.
pub type Jitter = u16;

/// How long to wait after `done` tries failed, or `None` when that was the last one.
///
/// The step of the schedule is stretched or shortened by up to 20 %, so that receivers that came back are not met by everybody at once.
/// A receiver that asks for more time (`Retry-After`) gets it, up to twice the step.
pub fn next_delay(
    schedule: &[Duration],
    done: usize,
    retry_after: Option<Duration>,
    jitter: Jitter,
) -> Option<Duration> {
    let step = *schedule.get(done)?;
    let share = 0.8 + 0.4 * f64::from(jitter) / f64::from(u16::MAX);
    let usual = step.mul_f64(share);
    Some(retry_after.map_or(usual, |asked| asked.clamp(usual, step * 2)))
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(text: &str, now: crate::base::clock::UtcTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_secs(u64::try_from(now.unix()).ok()?);
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::UtcTime;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn a_wait_stays_near_its_step(steps in proptest::collection::vec(0_u64..100_000, 1..12), done in 0_usize..14, asked in proptest::option::of(0_u64..1_000_000), jitter in any::<u16>()) {
            let schedule: Vec<Duration> = steps.iter().copied().map(Duration::from_secs).collect();
            let delay = next_delay(&schedule, done, asked.map(Duration::from_secs), jitter);
            prop_assert_eq!(delay.is_none(), done >= schedule.len());
            if let Some(delay) = delay {
                let step = schedule[done];
                prop_assert!(delay >= step.mul_f64(0.799_999));
                let most = if asked.is_some() { step * 2 } else { step.mul_f64(1.200_001) };
                prop_assert!(delay <= most);
                if let Some(asked) = asked.map(Duration::from_secs) {
                    prop_assert!(delay >= asked.min(step * 2));
                }
            }
        }

        #[test]
        fn any_retry_after_is_read_without_a_panic(text in ".*") {
            let _ = retry_after(&text, UtcTime::from_unix(1_700_000_000).unwrap());
        }
    }

    #[test]
    fn chance_takes_a_fifth_off_or_adds_one() {
        let step = Duration::from_secs(100);
        for (jitter, seconds) in [(0, 80), (u16::MAX / 2 + 1, 100), (u16::MAX, 120)] {
            assert_eq!(next_delay(&[step], 0, None, jitter).unwrap().as_secs_f64().round(), f64::from(seconds));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UtcTime::from_unix(784_111_777).unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
