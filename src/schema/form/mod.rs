//! The form of a connector: shown, read back, merged into what is there, and completed into a configuration.
//!
//! Why: a stranger fills in whatever they have, blank never overwrites, several people may fill in parts, and in the
//! end the connector gets a whole configuration with every default and constant in it. All of that follows one
//! compiled [`Spec`], never the names that were posted.
//!
//! Invariants: no secret value is in a [`KnownValues`], a [`FormState`], a [`FormView`] or anything printed; a posted name
//! that the spec does not know changes nothing; only the chosen branch of a choice is kept; what [`complete`] calls a
//! configuration fits the spec's rules.

mod asked;
mod asks;
mod assemble;
mod check;
mod complete;
mod decode;
mod echo;
mod encode;
mod exposed;
mod identity;
mod import;
mod kept;
mod leaf;
mod left_out;
mod merge;
mod merge_rows;
mod merger;
mod news;
mod overlay;
mod overview;
mod patch;
mod place;
mod ports;
mod read;
mod references;
mod same;
mod secrets;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::{Map, Value};

pub use asked::{NotAskable, StandingAnswer, standing};
pub use asks::Asks;
pub use check::{SpecCheck, check_spec, sample_config};
pub use complete::{Completion, FinalConfig, complete, missing_asked, missing_required, sketch};
pub use decode::{Decoded, decode, decode_since};
pub use echo::resumed;
pub use encode::encode;
pub use exposed::{changes, secret_values, without};
pub use identity::{shown_path, value_at};
pub use import::{import_config, import_given};
pub use kept::{kept_elsewhere, misdirected};
pub use left_out::{left_out_in, left_out_of};
pub use merge::{DraftState, Merged, merge};
pub use merger::{MergeConflict, MergeRules};
pub use overview::{OverviewAnswer, overview};
pub use patch::{Steps, Submission};
pub use references::{REFERENCE, with_references, without_marks};
pub use view::{Counts, FormView, SummaryItem, view};

use patch::Patch;

pub use super::spec::LeftOut;
use super::spec::Spec;
pub use crate::base::forms::{FieldError, FieldPath, FieldRef, FormState, RawForm};

/// What a draft holds. The plain tree has the values of the chosen branches only; secrets lie beside it by path.
///
/// A choice whose branches no constant tells apart carries the key `~branch` with the branch's number in its object;
/// [`complete`] drops it. So it does with the key `~id` of a row, which says which row it is: paths of what lies in
/// rows name that id, not the place where the row stands.
#[derive(Clone, Default)]
pub struct Values {
    /// Everything that is no secret.
    pub plain: Map<String, Value>,
    /// The secrets. Those of a list or number are its JSON text.
    pub secrets: BTreeMap<FieldPath, SecretString>,
}

/// What a page may know of a draft.
#[derive(Clone, Debug, Default)]
pub struct KnownValues {
    /// The plain tree of [`Values`], also of concealed fields: which branch stands and what is missing depends on it.
    pub plain: Map<String, Value>,
    /// Which secrets are set.
    pub secret_paths: BTreeSet<FieldPath>,
    /// Plain fields that somebody else's submission filled: they and all inside them are shown as "Already provided",
    /// never with their value, and blank keeps them. Which branch of a choice stands is shown all the same, because
    /// its questions follow from it.
    pub concealed: BTreeSet<FieldPath>,
}

/// What somebody was shown, and what is there by the time they send. The page that is shown to them next is one of `now`.
#[derive(Clone, Copy, Debug)]
pub struct Since<'a> {
    /// What the page was made of.
    pub shown: &'a KnownValues,
    /// What the draft has now.
    pub now: &'a KnownValues,
}

impl<'a> From<&'a KnownValues> for Since<'a> {
    fn from(known: &'a KnownValues) -> Self {
        Self { shown: known, now: known }
    }
}

/// How strictly a form is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What was answered must keep the rules of its field; what is not there is fine, and so is what others left.
    Draft,
    /// Also required fields, and everything together with what is known already.
    Final,
}

/// Who looks at the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A member of the workspace: sees and may also remove values, and gets free JSON fields.
    Owner,
    /// Somebody outside, who adds values and never removes any.
    Recipient {
        /// The workspace that asks.
        workspace: String,
        /// What it asks for; `None` for everything.
        asks: Option<Asks>,
    },
}

impl std::fmt::Debug for Values {
    /// Names only: even plain values belong to a customer.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values").field("plain", &self.plain.keys()).field("secrets", &self.secrets.keys()).finish()
    }
}

impl KnownValues {
    /// What a page of the owner may know of these values.
    #[must_use]
    pub fn of(values: &Values) -> Self {
        Self {
            plain: values.plain.clone(),
            secret_paths: values.secrets.keys().cloned().collect(),
            concealed: BTreeSet::new(),
        }
    }

    /// Whether the value here, if there is one, must not be shown.
    fn conceals(&self, path: &FieldPath) -> bool {
        if self.concealed.is_empty() {
            return false;
        }
        let mut rest = path.as_str();
        loop {
            if self.concealed.contains(rest) {
                return true;
            }
            match rest.rfind('/').and_then(|end| rest.get(..end)) {
                Some(shorter) => rest = shorter,
                None => return false,
            }
        }
    }
}

impl Audience {
    const fn is_owner(&self) -> bool {
        matches!(self, Self::Owner)
    }

    /// What they are asked for; `None` for everything.
    const fn asks(&self) -> Option<&Asks> {
        match self {
            Self::Owner => None,
            Self::Recipient { asks, .. } => asks.as_ref(),
        }
    }
}
