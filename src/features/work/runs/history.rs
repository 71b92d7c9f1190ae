//! What earlier extractions brought of each stream, as a small picture beside its count.

use super::{Run, StreamCount, word};
use crate::platform::jobs::WorkState;

/// How many extractions a picture shows.
pub(super) const SHOWN: i64 = 20;

/// Width of a bar with the gap behind it, and the height of the highest bar, in units of the picture.
const STEP: usize = 6;
const HIGHEST: i64 = 20;
/// What an extraction that was not a success is drawn with at least, so that it is seen.
const LEAST: i64 = 2;

/// The records of one stream over the last extractions.
pub(super) struct StreamHistory {
    /// The same in words.
    pub(super) label: String,
    pub(super) width: usize,
    pub(super) bars: Vec<HistoryBar>,
}

/// One extraction.
pub(super) struct HistoryBar {
    pub(super) x: usize,
    pub(super) y: i64,
    pub(super) height: i64,
    /// It was not a success, or this stream of it was not read to the end.
    pub(super) is_short: bool,
    /// It is the one the page is about.
    pub(super) is_this: bool,
}

impl StreamHistory {
    /// Of the runs up to this one, newest first; `None` when there is nothing to compare.
    pub(super) fn of(stream: &StreamCount, runs: &[Run]) -> Option<Self> {
        let found: Vec<(&Run, &StreamCount)> =
            runs.iter().rev().filter_map(|run| Some((run, same(stream, run)?))).collect();
        if found.len() < 2 {
            return None;
        }
        let most = found.iter().map(|(_, count)| count.records).max().unwrap_or(0).max(1);
        let last = found.len() - 1;
        let bars = found.iter().enumerate().map(|(place, (run, count))| {
            let is_short = count.incomplete || matches!(run.state, WorkState::Failed | WorkState::Cancelled);
            let least = if is_short || count.records > 0 { LEAST } else { 0 };
            let height = (count.records.saturating_mul(HIGHEST) / most).max(least);
            HistoryBar { x: place * STEP, y: HIGHEST - height, height, is_short, is_this: place == last }
        });
        let told: Vec<String> = found.iter().map(|(run, count)| told(run, count)).collect();
        let label = format!("Records of the last {} extractions, oldest first: {}", found.len(), told.join(", "));
        Some(Self { label, width: found.len() * STEP, bars: bars.collect() })
    }
}

fn same<'a>(stream: &StreamCount, run: &'a Run) -> Option<&'a StreamCount> {
    run.details.streams.0.iter().find(|one| one.stream == stream.stream)
}

fn told(run: &Run, count: &StreamCount) -> String {
    if count.incomplete {
        return format!("{} (not to the end)", count.records);
    }
    // Of one that is done in part, the streams that are whole are whole.
    if matches!(run.state, WorkState::Success | WorkState::Partial) {
        return count.records.to_string();
    }
    format!("{} ({})", count.records, word(run.state).to_lowercase())
}

/// "3 s", "2 min 5 s", "1 h 4 min".
pub(super) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let texts = [-3, 0, 59, 60, 3_599, 3_600, 90_000].map(duration);
        assert_eq!(texts, ["0 s", "0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "25 h 0 min"]);
    }
}
