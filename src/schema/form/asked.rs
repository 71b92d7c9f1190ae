//! What a link asks for, held against the form as it stands: which questions there are, and what stands beside them.

use super::asks::Asks;
use super::overview::overview;
use super::{FieldPath, KnownValues, OverviewAnswer, Spec};
use crate::schema::addresses;

/// A field that a link was to ask for and cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAskable {
    /// Its place among those that were named.
    pub index: usize,
}

impl Asks {
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

    /// The questions, as the form calls them.
    #[must_use]
    pub fn titles(&self, spec: &Spec, known: &KnownValues) -> Vec<String> {
        let asked = overview(spec, known).into_iter().filter(|answer| self.names(&answer.key));
        asked.map(|answer| answer.title).collect()
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
