//! A spec's `pattern`, compiled so that no pattern and no text can stall the server.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};

use super::limits;

/// Steps of backtracking one match may take.
const MAX_STEPS: usize = 50_000;
/// Bytes of one compiled pattern.
const MAX_COMPILED: usize = 1 << 20;

/// Bytes of text that are tried against a pattern with look-around or back-references: its time may grow with their
/// square.
const MAX_HARD_TEXT: usize = 1_024;

/// One moment, as programs spell it.
const DATES: [&str; 14] = [
    "2026-03-14",
    "2026-03-14T09:30:00Z",
    "2026-03-14T09:30:00.000Z",
    "2026-03-14T09:30:00.000000Z",
    "2026-03-14T09:30:00",
    "2026-03-14T09:30:00+00:00",
    "2026-03-14 09:30:00",
    "2026-03",
    "2026/03/14",
    "14-03-2026",
    "03-14-2026",
    "14/03/2026",
    "03/14/2026",
    "20260314",
];

/// A regular expression with the search meaning of JSON Schema (6.3.3: not anchored).
#[derive(Clone)]
pub(crate) struct Pattern {
    regex: Arc<Regex>,
    source: Arc<str>,
    hard: bool,
}

impl Pattern {
    /// Whether the text fits. A match that would take too many steps counts as a fit: the connector judges again, the
    /// visitor is not stuck.
    pub(crate) fn fits(&self, text: &str) -> bool {
        if self.hard && text.len() > MAX_HARD_TEXT {
            return true;
        }
        self.regex.is_match(text).unwrap_or(true)
    }

    /// A date as the pattern wants it spelled, where it takes hardly anything but dates: whoever has to keep it is told by example.
    pub(super) fn spelled_date(&self) -> Option<&'static str> {
        let takes_others = ["sample", "7", "12345678901", "a-b"].iter().any(|text| self.fits(text));
        DATES.into_iter().find(|date| !takes_others && self.fits(date))
    }

    /// Whether its time stays in proportion to the text, whatever the text is.
    pub(super) const fn is_linear(&self) -> bool {
        !self.hard
    }

    /// The expression as the spec has it.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.source())
    }
}

/// The patterns of one spec, each compiled once.
#[derive(Default)]
pub(super) struct Patterns(HashMap<String, Option<Pattern>>);

impl Patterns {
    /// The compiled pattern, or the reason why it is left out.
    pub(super) fn get(&mut self, source: &str) -> Result<Pattern, &'static str> {
        if let Some(known) = self.0.get(source) {
            return known.clone().ok_or("its pattern cannot be read, so any text is taken");
        }
        if source.len() > limits::MAX_PATTERN || self.0.len() >= limits::MAX_PATTERNS {
            return Err("its pattern is too long or one of too many, so any text is taken");
        }
        let compiled = compile(source);
        self.0.insert(source.to_owned(), compiled.clone());
        compiled.ok_or("its pattern cannot be read, so any text is taken")
    }
}

/// Compiles one pattern within the limits.
pub(super) fn compile(source: &str) -> Option<Pattern> {
    let regex =
        RegexBuilder::new(&ascii(source)).backtrack_limit(MAX_STEPS).delegate_size_limit(MAX_COMPILED).build().ok()?;
    Some(Pattern { regex: Arc::new(regex), source: source.into(), hard: is_hard(source) })
}

/// The expression with `\\d` and `\\w` as ECMA-262 means them, section 22.2.2.9: digits and letters of ASCII, not of every alphabet.
fn ascii(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut letters, mut in_set) = (source.chars(), false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match (letters.next(), in_set) {
                (Some('d'), true) => out.push_str("0-9"),
                (Some('w'), true) => out.push_str("A-Za-z0-9_"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('w'), false) => out.push_str("[A-Za-z0-9_]"),
                (Some('D'), false) => out.push_str("[^0-9]"),
                (Some('W'), false) => out.push_str("[^A-Za-z0-9_]"),
                (Some(other), _) => out.extend(['\\', other]),
                (None, _) => out.push('\\'),
            },
            '[' | ']' => {
                in_set = letter == '[';
                out.push(letter);
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether the expression asks for more than a finite automaton can do. Says yes too often rather than too seldom.
fn is_hard(source: &str) -> bool {
    let groups = source.split("(?").skip(1).any(|after| {
        let named =
            after.starts_with("P<") || (after.starts_with('<') && !after.starts_with("<=") && !after.starts_with("<!"));
        !(named || after.starts_with(['i', 'm', 's', 'x', ':']))
    });
    let escapes = source
        .split('\\')
        .skip(1)
        .any(|after| after.starts_with(|letter: char| letter.is_ascii_digit() || "gkKGRXhH".contains(letter)));
    groups || escapes || ["++", "*+", "?+", "}+"].iter().any(|possessive| source.contains(possessive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_letters_are_those_of_ascii() {
        for (pattern, fits, not) in [
            ("^\\d+$", "123", "\u{ff11}\u{ff12}"),
            ("^[\\d.]+$", "1.2", "\u{661}"),
            ("^\\w+$", "a_1", "\u{e9}"),
            ("^\\D$", "\u{661}", "7"),
            ("^\\\\d$", "\\d", "5"),
            ("^[\\[\\]\\d]+$", "[1]", "x"),
        ] {
            let pattern = compile(pattern).unwrap();
            assert!(pattern.fits(fits) && !pattern.fits(not), "{pattern:?}");
        }
    }

    #[test]
    fn hard_patterns_are_told_from_linear_ones() {
        for easy in ["^[a-z]+$", "(?:a|b)", "(?i)x", "(?P<n>a)", "(?<n>a)", "\\d{4}\\.\\w"] {
            assert!(compile(easy).unwrap().is_linear(), "{easy}");
        }
        for hard in ["(?=a)", "(?!a)b", "(?<=a)b", "(?<!a)b", "(a)\\1", "(?>a)", "a++"] {
            assert!(!compile(hard).unwrap().is_linear(), "{hard}");
        }
    }
}
