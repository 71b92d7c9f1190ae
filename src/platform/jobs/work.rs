//! Long work with a connector: a check, an extraction. It waits in a table of its feature, a worker holds it with a lease that it
//! renews, people may ask it to stop, and what it says becomes rows of a log.

use time::Duration;

use crate::base::clock::UtcTime;
use crate::base::text_column::text_enum;

/// How long somebody watches long work without a sign of its worker before it counts as lost.
pub const WORK_LEASE: Duration = Duration::seconds(30);
/// How often a worker says that it lives, writes down what was said, and looks whether it shall stop.
pub const WORK_BEAT: std::time::Duration = std::time::Duration::from_millis(500);
/// Words for work that a stopped server has left behind.
pub const INTERRUPTED: &str = "The server stopped while this was running. Start it again.";

text_enum! {
    /// How far it is.
    pub enum WorkState {
        /// It waits for a worker.
        Queued = "queued",
        /// A worker has it.
        InProgress = "in_progress",
        /// It ended well.
        Success = "success",
        /// It ended, and some of what was wanted is there.
        Partial = "partial",
        /// It ended with a reason.
        Failed = "failed",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
}

impl WorkState {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Partial | Self::Failed | Self::Cancelled)
    }

    /// The tone of a badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Queued | Self::Cancelled => "",
            Self::InProgress => "info",
            Self::Success => "ok",
            Self::Partial => "warn",
            Self::Failed => "bad",
        }
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its place, from 1.
    pub number: i32,
    /// When it was said.
    pub at: UtcTime,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// What was said, without secrets.
    pub text: String,
}

/// Lines on their way into a table. A program that talks without end is written down only so far.
#[derive(Debug)]
pub struct LogBuffer {
    lines: Vec<LogLine>,
    last: i32,
    most: i32,
}

impl LogBuffer {
    /// A log of at most so many lines.
    pub fn new(most: i32) -> Self {
        Self { lines: Vec::new(), last: 0, most }
    }

    /// Takes a line; the one after the last that fits says that there were more.
    pub fn say(&mut self, at: UtcTime, level: &str, text: &str) {
        if self.last > self.most {
            return;
        }
        self.last += 1;
        let cut = self.last > self.most;
        let (level, text) =
            if cut { ("warn", "There was more than this log keeps; the rest is left out.") } else { (level, text) };
        // PostgreSQL takes no NUL in a text.
        self.lines.push(LogLine {
            number: self.last,
            at,
            level: level.to_owned(),
            text: text.replace('\0', "\u{fffd}"),
        });
    }

    /// What was said since the last time.
    pub fn drain(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_says_how_it_went_by_its_tone() {
        for (state, told) in [
            (WorkState::Queued, (false, "")),
            (WorkState::InProgress, (false, "info")),
            (WorkState::Success, (true, "ok")),
            (WorkState::Partial, (true, "warn")),
            (WorkState::Failed, (true, "bad")),
            (WorkState::Cancelled, (true, "")),
        ] {
            assert_eq!((state.is_over(), state.tone()), told);
        }
    }

    #[test]
    fn a_log_is_bounded_and_says_so() {
        let mut log = LogBuffer::new(2);
        for text in ["a\0", "b", "c", "d"] {
            log.say(UtcTime::from_unix(0).unwrap(), "info", text);
        }
        let lines = log.drain();
        assert_eq!((lines.len(), lines[1].text.as_str()), (3, "b"));
        assert_eq!((lines[0].text.as_str(), lines[2].level.as_str()), ("a\u{fffd}", "warn"));
        assert!(log.drain().is_empty());
    }
}
