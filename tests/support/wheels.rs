//! A package index of the tests: a folder of wheels, so that nothing outside is needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::installation::{Installation, Ran};
use super::{python, skipped};

/// A folder of wheels, and the Python that installs from it.
pub struct WheelFolder {
    python: String,
    dir: PathBuf,
}

impl WheelFolder {
    /// Beside the data of an installation, which from now on knows no other index; `None` without a Python.
    pub fn of(here: &mut Installation) -> Option<Self> {
        let python = python("a Python that makes environments").filter(|python| is_tried(python))?;
        let dir = here.file("wheels");
        std::fs::create_dir_all(&dir).unwrap();
        here.set("PIP_NO_INDEX", "1").set("PIP_FIND_LINKS", dir.to_str().unwrap()).set("PIP_NO_CACHE_DIR", "1");
        // Another tool that makes environments may be here, which says things in other words.
        here.set("PATH", here.file("no-programs").to_str().unwrap().to_owned().as_str());
        Some(Self { python, dir })
    }

    /// In a folder, for a product of the tests' own; `None` without a Python.
    pub fn beside(dir: &Path) -> Option<Self> {
        let python = python("a Python that makes environments").filter(|python| is_tried(python))?;
        let dir = dir.join("wheels");
        std::fs::create_dir_all(&dir).unwrap();
        Some(Self { python, dir })
    }

    /// Where programs are looked for so that this Python is found and nothing else.
    pub fn path(&self) -> String {
        Path::new(&self.python).parent().unwrap().to_str().unwrap().to_owned()
    }

    /// What package tools are told so that they know no other index.
    pub fn variables(&self) -> Vec<(String, String)> {
        let told = [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", self.dir.to_str().unwrap()), ("PIP_NO_CACHE_DIR", "1")];
        told.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Puts a wheel there.
    pub fn put(&self, package: &str, version: &str, mode: &str) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/wheels.py");
        #[allow(clippy::disallowed_methods, reason = "the test makes the wheel itself")]
        let made =
            Command::new(&self.python).arg(script).arg(&self.dir).args([package, version, mode]).status().unwrap();
        assert!(made.success());
    }

    /// `connectors install NAME`, with this Python, the licence agreed to, and more.
    pub fn install(&self, here: &Installation, name: &str, more: &[&str]) -> Ran {
        let args = ["connectors", "install", name, "--python", &self.python, "--accept-licence"];
        here.run(&[&args, more].concat())
    }

    /// `connectors upgrade NAME` with this Python.
    pub fn upgrade(&self, here: &Installation, name: &str) -> Ran {
        here.run(&["connectors", "upgrade", name, "--python", &self.python])
    }
}

/// Whether the connectors of the tests name this Python among those they run with.
fn is_tried(python: &str) -> bool {
    #[allow(clippy::disallowed_methods, reason = "the test asks the Python itself")]
    let asked = Command::new(python)
        .args(["-c", "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))"])
        .status();
    asked.unwrap().success() || skipped::<()>("a Python from 3.10 to 3.12", "TEST_PYTHON").is_some()
}
