//! The fields that one link asks for, when it does not ask for all.
//!
//! Everything else of the form is no question of that link: it is not shown as one, a posted value for it is not read, and its absence
//! is not held against whoever sends. Places are stored ones (rows by their id), so that a row that moves keeps its question.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{FieldPath, shown_path};

/// Some fields of a form, with everything inside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks(BTreeSet<FieldPath>);

impl Asks {
    /// These fields; `None` when there are none, because a link that asks for nothing is none.
    #[must_use]
    pub fn of(fields: impl IntoIterator<Item = FieldPath>) -> Option<Self> {
        let fields: BTreeSet<FieldPath> = fields.into_iter().collect();
        (!fields.is_empty()).then_some(Self(fields))
    }

    /// These and more.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = FieldPath>) -> Self {
        self.0.extend(more);
        self
    }

    /// The stored places.
    pub fn fields(&self) -> impl Iterator<Item = &FieldPath> {
        self.0.iter()
    }

    /// Whether this place is asked for, itself or with what is around it.
    #[must_use]
    pub fn names(&self, key: &FieldPath) -> bool {
        self.0.iter().any(|asked| key.is_within(asked))
    }

    /// Whether it is asked for, or something inside it is.
    #[must_use]
    pub fn reaches(&self, key: &FieldPath) -> bool {
        self.0.iter().any(|asked| key.is_within(asked) || asked.is_within(key))
    }

    /// The same fields as people and programs know them: rows by their position.
    #[must_use]
    pub fn pointers(&self, plain: &serde_json::Map<String, Value>) -> Vec<String> {
        self.0.iter().map(|key| shown_path(plain, key).to_string()).collect()
    }
}
