//! Programs of real connectors from PyPI.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::skipped;

/// Where real connectors lie: TEST_CONNECTORS names their `bin` folder (`tests/run` makes it). Without it those who need them do
/// nothing.
pub fn programs(what_for: &str) -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment where connectors are")]
    let programs = std::env::var_os("TEST_CONNECTORS").filter(|path| !path.is_empty()).map(PathBuf::from);
    programs.or_else(|| skipped(what_for, "TEST_CONNECTORS"))
}

/// Runs `vestibule connectors import`, which writes connector files into a folder.
pub fn import(dir: &Path, args: &[&str]) {
    #[allow(clippy::disallowed_methods, reason = "the test runs the product's program")]
    let run = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["connectors", "import", "--dir", dir.to_str().unwrap()])
        .args(args)
        .env("VESTIBULE_DATA_DIR", dir)
        .output();
    good(&run.unwrap());
}

/// Runs a connector by hand, as its makers describe it, and gives what it writes.
pub fn by_hand(program: &Path, args: &[&str]) -> String {
    #[allow(clippy::disallowed_methods, reason = "the test runs the connector itself")]
    let run = Command::new(program).args(args).output().unwrap();
    good(&run);
    String::from_utf8(run.stdout).unwrap()
}

#[track_caller]
fn good(run: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(run.status.success(), "{}\n{}\n{}", run.status, text(&run.stdout), text(&run.stderr));
}
