//! Stored secrets that a change would take along to an address they were not given for.
//!
//! Why: who may name a host, and may not see a password, could have the password sent to a host of their own. So a change of an address
//! keeps only secrets that are given again with it. Tokens of a sign-in are no exception: the connector sends them wherever the
//! configuration leads, and only its makers know which setting that is.

use std::collections::BTreeSet;

use super::assemble::Assembly;
use super::complete::sketch_by_row;
use super::decode::Decoded;
use super::merge::{DraftState, Merged, Tree};
use super::merger::Mode;
use super::overlay::overlay;
use super::patch::Steps;
use super::{Audience, FieldPath, KnownValues, Since, Spec};
use crate::schema::addresses;

/// The stored secrets that would go along to another address. None when no address changes, and none of those that are given again.
/// `known` is everything that is stored, defaults count as stored.
#[must_use]
pub fn kept_elsewhere(whole: &Spec, known: &KnownValues, steps: &Steps<'_>) -> BTreeSet<FieldPath> {
    let mut tree = Tree::of(known);
    for (spec, submission) in steps {
        tree.apply(spec.root(), &submission.patch, Mode::Merge);
    }
    elsewhere(whole, known, tree)
}

/// The secrets that were stored before and that a merge would take along to another address.
#[must_use]
pub fn misdirected(whole: &Spec, before: &DraftState, merged: &Merged) -> BTreeSet<FieldPath> {
    let kept = merged.state.secrets.keys().filter(|path| !merged.given.contains(*path)).cloned().collect();
    moved_away(whole, &before.known(), &Moved { after: merged.state.known(), given: &merged.given, kept })
}

fn elsewhere(whole: &Spec, known: &KnownValues, after: Tree) -> BTreeSet<FieldPath> {
    let (given, kept): (Vec<_>, Vec<_>) = after.secrets.into_iter().partition(|(_, secret)| secret.text.is_some());
    let given: BTreeSet<FieldPath> = given.into_iter().map(|(path, _)| path).collect();
    let kept: BTreeSet<FieldPath> = kept.into_iter().map(|(path, _)| path).collect();
    let secret_paths = given.union(&kept).cloned().collect();
    let after = KnownValues { plain: after.plain, secret_paths, concealed: BTreeSet::new() };
    moved_away(whole, known, &Moved { after, given: &given, kept })
}

/// What comes of a change.
struct Moved<'a> {
    after: KnownValues,
    given: &'a BTreeSet<FieldPath>,
    kept: BTreeSet<FieldPath>,
}

fn moved_away(whole: &Spec, known: &KnownValues, moved: &Moved<'_>) -> BTreeSet<FieldPath> {
    if moved.kept.is_empty() {
        return BTreeSet::new();
    }
    // A row that moves up takes its address along.
    let leads = |known: &KnownValues| sketch_by_row(whole, known);
    // A secret that is an address itself cannot be compared; giving it is naming another.
    let is_moved = moved.given.iter().any(addresses::is_called_address)
        || addresses::leads_elsewhere(&leads(known), &leads(&moved.after));
    if is_moved { moved.kept.clone() } else { BTreeSet::new() }
}

impl Decoded {
    /// Asks again for every secret of the form that would go along to another address. `before` comes first: what a sign-in hands over
    /// with this form. `stored` is what is stored, `asked` the form's spec, `since` what it was read against. Who is not asked for one of them
    /// at all is not asked again: the merge takes it out.
    pub fn ask_again<'a>(
        &mut self,
        whole: &Spec,
        stored: &KnownValues,
        before: &Steps<'_>,
        asked: &Spec,
        since: impl Into<Since<'a>>,
        who: &Audience,
    ) {
        let Since { shown, now } = since.into();
        let mut tree = Tree::of(stored);
        for (spec, submission) in before {
            tree.apply(spec.root(), &submission.patch, Mode::Merge);
        }
        tree.change(asked.root(), &self.submission.patch, &Tree::of(shown), Mode::Merge);
        let kept = elsewhere(whole, stored, tree);
        if kept.is_empty() {
            return;
        }
        let tree = overlay(asked, shown, now, &self.submission.patch);
        let mut assembly = Assembly::new(&tree.secrets, false).asking(who.asks()).asking_again(&kept);
        assembly.whole(asked.root(), &tree.plain);
        let again = assembly.again;
        self.errors.extend(again.iter().cloned());
        self.state.add_errors(again);
    }
}
