//! What a form changes: a patch that can be put on a draft later, in a transaction, when the draft may have changed
//! meanwhile.

use std::borrow::Cow;

use secrecy::SecretString;
use serde_json::Value;

use super::{Asks, Spec};
use crate::base::forms::{FieldPath, FieldRef};

/// One change, at the place of the spec's tree where it stands.
#[derive(Clone, Default)]
pub(super) enum Patch {
    /// Nothing was said.
    #[default]
    Keep,
    /// A default that nobody touched: it is written where nothing stands.
    Standing(Value),
    Remove,
    Plain(Value),
    Secret(SecretString),
    /// The secret that this reference stands for stays.
    Reference(String),
    /// Changes of properties by their name.
    Group(Vec<(String, Patch)>),
    /// This branch is chosen; another's values go.
    Branch(ChosenBranch),
    /// Changes of single rows; [`Patch::Remove`] takes a row away.
    Rows(Vec<(RowName, Patch)>),
    /// All rows there shall be, in their order.
    List(Vec<Patch>),
}

#[derive(Clone)]
pub(super) struct ChosenBranch {
    pub(super) index: usize,
    /// Somebody chose it now: it is another one than the one that stood, and no default that nobody touched.
    pub(super) is_choice: bool,
    pub(super) fields: Vec<(String, Patch)>,
}

/// A row that a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowName {
    /// The row of that id.
    Old(String),
    /// A new row, with the number its field names have.
    New(usize),
}

impl Patch {
    /// Takes out what is said of one text.
    fn take(&mut self, keys: &[Cow<'_, str>]) -> Option<SecretString> {
        let Some((first, rest)) = keys.split_first() else {
            return match std::mem::take(self) {
                Self::Secret(secret) => Some(secret),
                Self::Plain(Value::String(text)) => Some(text.into()),
                other => {
                    *self = other;
                    None
                }
            };
        };
        let (Self::Group(changes) | Self::Branch(ChosenBranch { fields: changes, .. })) = self else { return None };
        changes.iter_mut().find(|(key, _)| key == first)?.1.take(rest)
    }

    /// Whether somebody said anything with it, beyond leaving standing what stood there.
    pub(super) fn says_something(&self) -> bool {
        match self {
            Self::Keep | Self::Standing(_) | Self::Reference(_) => false,
            Self::Remove | Self::Plain(_) | Self::Secret(_) | Self::List(_) => true,
            Self::Group(changes) => changes.iter().any(|(_, change)| change.says_something()),
            Self::Branch(choice) => choice.is_choice || choice.fields.iter().any(|(_, change)| change.says_something()),
            Self::Rows(rows) => {
                rows.iter().any(|(name, change)| matches!(name, RowName::New(_)) || change.says_something())
            }
        }
    }

    /// The first reference inside.
    pub(super) fn first_reference(&self) -> Option<&str> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Group(changes) | Self::Branch(ChosenBranch { fields: changes, .. }) => {
                changes.iter().find_map(|(_, change)| change.first_reference())
            }
            Self::List(rows) => rows.iter().find_map(Self::first_reference),
            Self::Rows(rows) => rows.iter().find_map(|(_, change)| change.first_reference()),
            Self::Keep | Self::Standing(_) | Self::Remove | Self::Plain(_) | Self::Secret(_) => None,
        }
    }
}

/// What somebody handed over with one form.
#[derive(Clone)]
pub struct Submission {
    pub(super) patch: Patch,
    pub(super) provided: Vec<FieldRef>,
    pub(super) removes: bool,
    pub(super) by_owner: bool,
    /// What was asked for; `None` for everything.
    pub(super) asks: Option<Asks>,
}

impl Submission {
    /// The fields that were given a new value, in the order of the form. Rows are named once, by their list. A
    /// default that was merely left standing is not among them.
    #[must_use]
    pub fn provided(&self) -> Vec<FieldRef> {
        self.provided.clone()
    }

    /// Takes out the text it gives one field, as if nothing had been said of that field; `None` when it gives it none. Fields of rows
    /// are not reached.
    pub fn take(&mut self, path: &FieldPath) -> Option<SecretString> {
        let text = self.patch.take(&path.segments().collect::<Vec<_>>())?;
        self.provided.retain(|field| field.path != *path);
        Some(text)
    }

    /// Whether it changes nothing: no field got a value and none was cleared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.provided.is_empty() && !self.removes
    }

    /// Whether it says of a secret that it stays, so that somebody has to see whether it is there.
    #[must_use]
    pub fn refers(&self) -> bool {
        self.patch.first_reference().is_some()
    }
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission")
            .field("provided", &self.provided)
            .field("removes", &self.removes)
            .finish_non_exhaustive()
    }
}

/// Changes to be put on one after the other, each with the spec it was made for.
pub type Steps<'a> = [(&'a Spec, &'a Submission)];
