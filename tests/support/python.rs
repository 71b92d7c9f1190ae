//! The Python that has the packages of `tests/requirements.txt`; `tests/run` makes it.

use std::io::Write as _;

/// Where it is.
pub fn python(what_for: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let python = std::env::var("TEST_PYTHON").ok().filter(|path| !path.is_empty());
    python.or_else(|| skipped(what_for, "TEST_PYTHON"))
}

/// Without what `tests/run` provides those who need it do nothing, and say so aloud: plain `cargo test` needs nothing installed.
pub fn skipped<T>(what_for: &str, setting: &str) -> Option<T> {
    // Written past the capture of the test runner, which hides what passing tests print.
    let said = writeln!(std::io::stderr(), "SKIPPED: {what_for} is missing; tests/run provides it ({setting})");
    said.unwrap();
    None
}
