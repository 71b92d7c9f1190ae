//! `VESTIBULE_LOG`, `VESTIBULE_LOG_FORMAT`.

use std::io::IsTerminal as _;

use super::source::{ConfigProblems, Source};
use crate::base::text_column::text_enum;

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Filter in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// One line of text, or one JSON object, per event.
    pub format: LogFormat,
}

text_enum! {
    /// The shape of a log line.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// For programs.
        Json = "json",
    }
}

/// Where the HTTP library complains about what clients send.
const MALFORMED: &str = "actix_http::h1=off";

impl LogConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let filter = problems.parsed(source, "VESTIBULE_LOG", "info".to_owned(), |text| {
            tracing_subscriber::EnvFilter::try_new(text)
                .map(|_| text.to_owned())
                .map_err(|error| format!("is no log filter: {error}"))
        });
        let format = problems.parsed(source, "VESTIBULE_LOG_FORMAT", LogFormat::Text, |text| {
            LogFormat::parse(text).ok_or("must be text or json")
        });
        Self { filter, format }
    }

    /// The filter, without what the HTTP library says of every request that is none: whoever sends such could fill the log with errors.
    fn directives(&self) -> String {
        match self.filter.contains("actix_http") {
            true => self.filter.clone(),
            false => format!("{MALFORMED},{}", self.filter),
        }
    }

    /// Starts logging to standard error; a second call changes nothing.
    pub fn start(&self) {
        let builder = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(self.directives()))
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(true)
            // It would be printed to the same place, and a print that fails ends the request that was to be logged.
            .log_internal_errors(false);
        let _ = match self.format {
            LogFormat::Text => builder.try_init(),
            LogFormat::Json => builder.json().flatten_event(true).try_init(),
        };
    }
}
