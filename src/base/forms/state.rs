//! What a form may show again after it was posted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

use super::FieldError;

/// The texts that were typed into fields that are no secrets, the errors, and which secrets are held for the next try.
#[derive(Clone, Default)]
pub struct FormState {
    typed: BTreeMap<String, Vec<String>>,
    errors: Vec<FieldError>,
    held: BTreeSet<String>,
    held_until: String,
}

impl FormState {
    /// A form that nobody has filled in yet.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// What was typed, by field name (no secret may be among it), and what is wrong with it.
    pub(crate) fn posted(typed: BTreeMap<String, Vec<String>>, errors: Vec<FieldError>) -> Self {
        Self { typed, errors, ..Self::default() }
    }

    /// Notes what else is wrong.
    pub fn add_errors(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    /// A form that is shown again with what was typed into it before, and nothing wrong yet.
    #[must_use]
    pub fn resumed(typed: BTreeMap<String, Vec<String>>) -> Self {
        Self { typed, ..Self::default() }
    }

    /// The same with other texts.
    #[must_use]
    pub fn with_typed(self, typed: BTreeMap<String, Vec<String>>) -> Self {
        Self { typed, ..self }
    }

    /// What was typed into fields that are no secrets, by field name.
    #[must_use]
    pub fn typed_fields(&self) -> &BTreeMap<String, Vec<String>> {
        &self.typed
    }

    /// Says that the secrets typed under these field names are kept sealed until `until` (words for people, with the
    /// zone).
    #[must_use]
    pub fn with_held(mut self, names: BTreeSet<String>, until: String) -> Self {
        self.held = names;
        self.held_until = until;
        self
    }

    /// What needs attention.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Whether the form was posted before.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        !self.typed.is_empty()
    }

    /// Whether anything that a person typed, or that is wrong, is in it: blank texts and boxes left as they were do not count.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        let is_control = |name: &str| name.rsplit('/').next().is_some_and(|last| last.starts_with('~'));
        let text = |(name, values): (&String, &Vec<String>)| {
            !is_control(name) && values.iter().any(|value| !value.trim().is_empty())
        };
        !self.errors.is_empty() || !self.held.is_empty() || self.typed.iter().any(text)
    }

    /// What was typed under the name.
    pub(crate) fn typed(&self, name: &str) -> Option<&[String]> {
        self.typed.get(name).map(Vec::as_slice)
    }

    /// One more than the highest row number that was typed directly inside the name; 0 when there is none below `most`.
    pub(crate) fn typed_rows(&self, name: &str, most: usize) -> usize {
        let from = format!("{name}/");
        let inside = self
            .typed
            .range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded))
            .map(|(field, _)| field.as_str());
        let numbers = inside
            .map_while(|field| field.strip_prefix(&from))
            .filter_map(|rest| rest.split('/').next()?.parse::<usize>().ok());
        numbers.filter(|number| *number < most).max().map_or(0, |last| last + 1)
    }

    /// Until when the secret of this field is held, if it is.
    pub(crate) fn held_until(&self, name: &str) -> Option<&str> {
        self.held.contains(name).then_some(self.held_until.as_str())
    }
}

impl fmt::Debug for FormState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormState")
            .field("typed", &self.typed.keys())
            .field("errors", &self.errors)
            .field("held", &self.held)
            .finish()
    }
}
