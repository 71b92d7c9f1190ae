//! The Python that has the packages of `tests/requirements.txt`; `tests/run` makes it.

use std::io::Write as _;

/// Where it is. Without it those who need it do nothing, and say so aloud: plain `cargo test` needs nothing installed.
pub fn python(what_for: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let python = std::env::var("TEST_PYTHON").ok().filter(|path| !path.is_empty());
    if python.is_none() {
        // Written past the capture of the test runner, which hides what passing tests print.
        let said = writeln!(std::io::stderr(), "SKIPPED: {what_for} is missing; tests/run provides it (TEST_PYTHON)");
        said.unwrap();
    }
    python
}
