//! The fields that one link asks for, when it does not ask for all.
//!
//! Everything else of the form is no question of that link: it is not shown as one, a posted value for it is not read, and its absence
//! is not held against whoever sends. Places are stored ones (rows by their id), so that a row that moves keeps its question.

use std::collections::BTreeSet;

use serde_json::Value;

use super::overview::overview;
use super::{FieldPath, KnownValues, OverviewAnswer, Spec, shown_path};
use crate::schema::addresses;

/// Some fields of a form, with everything inside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks(BTreeSet<FieldPath>);

/// A field that a link was to ask for and cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAskable {
    /// Its place among those that were named.
    pub index: usize,
}

impl Asks {
    /// These fields; `None` when there are none, because a link that asks for nothing is none.
    #[must_use]
    pub fn of(fields: impl IntoIterator<Item = FieldPath>) -> Option<Self> {
        let fields: BTreeSet<FieldPath> = fields.into_iter().collect();
        (!fields.is_empty()).then_some(Self(fields))
    }

    /// The fields that people and programs call so; each must be a question of the form as it stands, or hold some.
    ///
    /// # Errors
    /// The first that is none.
    pub fn named(spec: &Spec, known: &KnownValues, pointers: &[FieldPath]) -> Result<Option<Self>, NotAskable> {
        let answers = overview(spec, known);
        let key = |pointer: &FieldPath| {
            let inside = answers.iter().find(|answer| !answer.json && answer.path.is_within(pointer))?;
            let depth = pointer.segments().count();
            Some(inside.key.segments().take(depth).fold(FieldPath::root(), |path, segment| path.child(&segment)))
        };
        let keys = pointers.iter().enumerate().map(|(index, pointer)| key(pointer).ok_or(NotAskable { index }));
        keys.collect::<Result<Vec<_>, _>>().map(Self::of)
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

    /// The questions, as the form calls them.
    #[must_use]
    pub fn titles(&self, spec: &Spec, known: &KnownValues) -> Vec<String> {
        let asked = overview(spec, known).into_iter().filter(|answer| self.names(&answer.key));
        asked.map(|answer| answer.title).collect()
    }

    /// The same fields as people and programs know them: rows by their position.
    #[must_use]
    pub fn pointers(&self, plain: &serde_json::Map<String, Value>) -> Vec<String> {
        self.0.iter().map(|key| shown_path(plain, key).to_string()).collect()
    }
}

/// An answer that stands, for somebody who is asked for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingAnswer {
    /// The question.
    pub answer: OverviewAnswer,
    /// What stands there; `None` where only that something stands may be said.
    pub shown: Option<String>,
}

/// The answers a link does not ask for. Of what others outside have answered only addresses are told: whoever is asked for a secret has to
/// see where it goes.
#[must_use]
pub fn standing(spec: &Spec, known: &KnownValues, asks: &Asks) -> Vec<StandingAnswer> {
    let set = overview(spec, known).into_iter().filter(|answer| answer.is_set() && !asks.names(&answer.key));
    set.map(|answer| {
        let told = !known.conceals(&answer.key) || addresses::is_called_address(&answer.path);
        StandingAnswer { shown: answer.shown.clone().filter(|_| told), answer }
    })
    .collect()
}
