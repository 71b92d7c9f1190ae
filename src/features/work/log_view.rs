//! A line of a log as pages show it.

use crate::platform::jobs::LogLine;

/// One line.
#[derive(Debug, Clone)]
pub struct LogItem {
    /// When, for machines.
    pub iso: String,
    /// When, for people: the second of a day, UTC.
    pub clock: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The level as a word of a sentence.
    pub word: &'static str,
    /// What was said.
    pub text: String,
}

impl From<&LogLine> for LogItem {
    fn from(line: &LogLine) -> Self {
        Self {
            iso: line.at.iso(),
            clock: line.at.clock(),
            word: match line.level.as_str() {
                "error" => "Error",
                "warn" => "Warning",
                _ => "",
            },
            level: line.level.clone(),
            text: line.text.clone(),
        }
    }
}
