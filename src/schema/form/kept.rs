//! Stored secrets that a change would take along to an address they were not given for.
//!
//! Why: who may name a host, and may not see a password, could have the password sent to a host of their own. So a change of an address
//! keeps only secrets that are given again with it. Tokens of a sign-in are no exception: the connector sends them wherever the
//! configuration leads, and only its makers know which setting that is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::assemble::Assembly;
use super::complete::sketch;
use super::decode::Decoded;
use super::patch::{Mode, Submission, Tree};
use super::{FieldPath, KnownValues, Spec};
use crate::schema::addresses;

/// Changes to be put on one after the other, each with the spec it was made for.
pub type Steps<'a> = [(&'a Spec, &'a Submission)];

/// The stored secrets that would go along to another address, as they are called after the changes. None when no address changes, and none
/// of those that are given again. `known` is everything that is stored, defaults count as stored.
#[must_use]
pub fn kept_elsewhere(whole: &Spec, known: &KnownValues, steps: &Steps<'_>) -> BTreeSet<FieldPath> {
    elsewhere(whole, known, steps, Mode::Merge)
}

fn elsewhere(whole: &Spec, known: &KnownValues, steps: &Steps<'_>, mode: Mode) -> BTreeSet<FieldPath> {
    let mut tree = Tree::of(known);
    for (spec, submission) in steps {
        tree.apply(spec.root(), &submission.patch, mode);
    }
    let (given, kept): (Vec<_>, Vec<_>) = tree.secrets.into_iter().partition(|(_, secret)| secret.is_some());
    let kept: BTreeSet<FieldPath> = kept.into_iter().map(|(path, _)| path).collect();
    if kept.is_empty() {
        return kept;
    }
    let secret_paths = given.iter().map(|(path, _)| path.clone()).chain(kept.iter().cloned()).collect();
    let after = KnownValues { plain: tree.plain, secret_paths, concealed: BTreeSet::new() };
    let leads = |known: &KnownValues| -> Value { sketch(whole, known) };
    // A secret that is an address itself cannot be compared; giving it is naming another.
    let is_moved = given.iter().any(|(path, _)| addresses::is_called_address(path))
        || addresses::leads_elsewhere(&leads(known), &leads(&after));
    if is_moved { kept } else { BTreeSet::new() }
}

impl Decoded {
    /// Asks again for every secret of the form that would go along to another address. `before` comes first: what a sign-in hands over
    /// with this form. `stored` is what is stored, `known` what the form was read against, `asked` its spec.
    pub fn ask_again(
        &mut self,
        whole: &Spec,
        stored: &KnownValues,
        before: &Steps<'_>,
        (asked, known): (&Spec, &KnownValues),
    ) {
        let steps: Vec<_> = before.iter().copied().chain([(asked, &self.submission)]).collect();
        let kept = elsewhere(whole, stored, &steps, Mode::Overlay);
        if kept.is_empty() {
            return;
        }
        let tree = self.submission.overlay(asked, known);
        let mut assembly = Assembly::new(&tree.secrets, false).asking_again(&kept);
        assembly.whole(asked.root(), &tree.plain);
        let again = assembly.again;
        self.errors.extend(again.iter().cloned());
        self.state.add_errors(again);
    }
}
