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

/// A regular expression with the search meaning of JSON Schema (6.3.3: not anchored).
#[derive(Clone)]
pub(crate) struct Pattern(Arc<Regex>);

impl Pattern {
    /// Whether the text fits. A match that takes too many steps counts as a fit: the connector judges again, the visitor is not stuck.
    pub(crate) fn fits(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(true)
    }

    /// The expression as the spec has it.
    pub(crate) fn source(&self) -> &str {
        self.0.as_str()
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
    let regex = RegexBuilder::new(source).backtrack_limit(MAX_STEPS).delegate_size_limit(MAX_COMPILED).build().ok()?;
    Some(Pattern(Arc::new(regex)))
}
