//! Which moments the times of a schedule are, where the clock of a place is set forward and back.
//!
//! The rule. A schedule that names hours comes once for each time that it names: a time that the clock jumps over in spring comes in the
//! moment of the jump, one that it shows twice in autumn comes when it is shown first. A schedule of every hour comes whenever the clock
//! shows one of its minutes: what is jumped over is no time that goes by, and an hour that is shown twice goes by twice.
//!
//! The library that reads the expressions is asked about a clock that is never set, so the rule stands here alone.

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

/// More changes of the clock than this are not looked past for one time: two centuries of them.
const MOST_CHANGES: usize = 400;

/// The first moment after another one at which a schedule comes; `None` when there is none.
pub(super) fn next(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    if is_hourly(cron) { next_shown(cron, zone, after) } else { next_named(cron, zone, after) }
}

/// Whether every hour of a day is named.
fn is_hourly(cron: &Cron) -> bool {
    (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false))
}

/// The wall clock as one that is never set.
fn plain(wall: DateTime) -> Option<Zoned> {
    wall.to_zoned(TimeZone::UTC).ok()
}

fn next_named(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    // Later times of the clock are never earlier moments, so what the clock shows now is where to begin.
    let shown = plain(zone.to_datetime(after))?;
    cron.iter_after(shown).filter_map(|wall| first_moment(zone, wall.datetime())).find(|at| *at > after)
}

/// When the clock shows this for the first time, or jumps over it.
fn first_moment(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(wall).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            let late = before.to_timestamp(wall).ok()? + SignedDuration::from_secs(1);
            zone.preceding(late).next().map(|jump| jump.timestamp())
        }
    }
}

fn next_shown(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let (mut from, mut counts_itself) = (after, false);
    for _ in 0..MOST_CHANGES {
        let offset = zone.to_offset(from);
        let wall = cron.find_next_occurrence(&plain(offset.to_datetime(from))?, counts_itself).ok()?;
        let at = offset.to_timestamp(wall.datetime()).ok()?;
        match zone.following(from).next() {
            // The clock is set before it shows that.
            Some(change) if change.timestamp() <= at => (from, counts_itself) = (change.timestamp(), true),
            _ => return Some(at),
        }
    }
    None
}
