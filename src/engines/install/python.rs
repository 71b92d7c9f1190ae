//! The Python that an environment is made with.

use std::path::{Path, PathBuf};

use super::InstallError;
use super::tool::Tools;
use crate::engines::process::find_program;

/// What a Python says of itself: its version, and whether it can make environments.
const QUESTION: &str = "import sys\nprint('%d.%d.%d' % sys.version_info[:3])\ntry:\n    import ensurepip, venv\n    print('venv')\nexcept ImportError:\n    pass\n";

/// The versions of Python that something runs with: from one, up to but without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PythonRange {
    lowest: (u8, u8),
    below: (u8, u8),
}

impl PythonRange {
    /// Reads `>=3.10,<3.13`.
    pub fn parse(text: &str) -> Option<Self> {
        let (lowest, below) = text.split_once(',')?;
        let number = |text: &str, sign: &str| {
            let (major, minor) = text.trim().strip_prefix(sign)?.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        let range = Self { lowest: number(lowest, ">=")?, below: number(below, "<")? };
        (range.lowest.0 == 3 && range.below.0 == 3 && range.lowest < range.below).then_some(range)
    }

    /// As package tools write it.
    pub fn to_text(self) -> String {
        format!(">={}.{},<{}.{}", self.lowest.0, self.lowest.1, self.below.0, self.below.1)
    }

    /// "Python 3.10 to 3.12".
    pub fn in_words(self) -> String {
        let (low, high) = (self.lowest.1, self.below.1 - 1);
        if low == high { format!("Python 3.{low}") } else { format!("Python 3.{low} to 3.{high}") }
    }

    fn holds(self, version: (u8, u8)) -> bool {
        self.lowest <= version && version < self.below
    }

    /// Programs that may be such a Python: the usual one, then the newest first.
    fn candidates(self) -> Vec<String> {
        let minors = (self.lowest.1..self.below.1).rev();
        ["python3".to_owned()]
            .into_iter()
            .chain(minors.map(|minor| format!("python3.{minor}")))
            .chain(["python".to_owned()])
            .collect()
    }

    /// The version that is advised: not the newest, which not everything is published for.
    fn advised(self) -> u8 {
        (self.below.1 - 1).min(self.lowest.1.max(11))
    }
}

/// A Python that can make environments.
pub(super) struct FoundPython {
    pub(super) program: PathBuf,
    pub(super) version: String,
}

/// Looks for a Python in the range that can make environments.
pub(super) async fn find(
    tools: &Tools<'_>,
    range: PythonRange,
    wanted: Option<&Path>,
) -> Result<FoundPython, InstallError> {
    let programs: Vec<PathBuf> =
        match wanted {
            Some(program) => vec![find_program(&program.to_string_lossy(), tools.path).ok_or_else(|| {
                InstallError::new(format!("{} is no program that can be started.", program.display()))
            })?],
            None => range.candidates().iter().filter_map(|name| find_program(name, tools.path)).collect(),
        };
    let (mut others, mut incomplete) = (Vec::new(), Vec::new());
    for program in programs {
        let command = vec![program.clone().into_os_string(), "-I".into(), "-c".into(), QUESTION.into()];
        let answer = tools.ask(command).await?;
        let mut lines = answer.text.lines();
        // A stand-in of a tool that manages versions is there and starts nothing.
        let Some((text, version)) =
            lines.next().and_then(|line| Some((line.trim(), version(line)?))).filter(|_| answer.is_good())
        else {
            continue;
        };
        if !range.holds(version) {
            others.push(text.to_owned());
        } else if lines.next() == Some("venv") {
            return Ok(FoundPython { program, version: text.to_owned() });
        } else {
            incomplete.push((program, version));
        }
    }
    Err(missing(range, &others, &incomplete))
}

fn version(line: &str) -> Option<(u8, u8)> {
    let mut parts = line.trim().split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn missing(range: PythonRange, others: &[String], incomplete: &[(PathBuf, (u8, u8))]) -> InstallError {
    if let Some((program, (major, minor))) = incomplete.first() {
        return InstallError::new(format!(
            "{} is Python {major}.{minor}, but its parts that make environments (venv, ensurepip) are not installed. On Debian and Ubuntu: \
             apt install python{major}.{minor}-venv.",
            program.display()
        ));
    }
    let advised = range.advised();
    let how = format!(
        "Install Python 3.{advised} (Debian, Ubuntu: apt install python3.{advised} python3.{advised}-venv; Fedora: dnf install python3.{advised}), \
         name one with --python, or install uv, which fetches the Python that is wanted."
    );
    let mut others = others.to_vec();
    others.dedup();
    let here = if others.is_empty() {
        "no Python was found where programs are looked for (PATH)".to_owned()
    } else {
        format!("found was only {}", others.join(", "))
    };
    InstallError::new(format!("{} is needed, and {here}. {how}", range.in_words()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_said() {
        let range = PythonRange::parse(">=3.10,<3.13").unwrap();
        assert_eq!((range.to_text().as_str(), range.in_words().as_str()), (">=3.10,<3.13", "Python 3.10 to 3.12"));
        assert!(range.holds((3, 12)) && !range.holds((3, 13)) && !range.holds((3, 9)) && range.advised() == 11);
        assert_eq!(PythonRange::parse(">=3.12,<3.13").unwrap().in_words(), "Python 3.12");
        for text in ["", "3.10", ">=3.12,<3.12", ">=2.7,<3.9", ">=3.10"] {
            assert_eq!(PythonRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let range = PythonRange::parse(">=3.10,<3.13").unwrap();
        let none = missing(range, &[], &[]).message;
        assert!(
            none.contains("Python 3.10 to 3.12 is needed")
                && none.contains("no Python was found")
                && none.contains("python3.11-venv")
        );
        assert!(missing(range, &["3.13.0".to_owned()], &[]).message.contains("found was only 3.13.0"));
        let half = missing(range, &[], &[("python3".into(), (3, 12))]).message;
        assert!(half.contains("apt install python3.12-venv"), "{half}");
    }
}
