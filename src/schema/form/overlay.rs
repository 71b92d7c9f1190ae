//! What a draft will be once a change is put on it.

use super::assemble::Assembly;
use super::complete::reference;
use super::merge::Tree;
use super::merger::Mode;
use super::patch::{Patch, Submission};
use super::secrets::SetSecret;
use super::{KnownValues, Spec, Values};
use crate::base::forms::FieldRef;

impl Submission {
    /// The required fields that are still empty when this is put on what was known. What a recipient is not asked for, such as free JSON,
    /// is not among a recipient's.
    #[must_use]
    pub fn left_empty(&self, spec: &Spec, known: &KnownValues) -> Vec<FieldRef> {
        let tree = self.overlay(spec, known);
        let mut assembly = Assembly::new(&tree.secrets, !self.by_owner).asking(self.asks.as_ref());
        assembly.whole(spec.root(), &tree.plain);
        assembly.found.iter().filter(|error| error.code.is_missing()).map(reference).collect()
    }

    /// Puts the changes on a draft that is as it was shown.
    pub fn merge_into(&self, spec: &Spec, values: &mut Values) {
        let secret = |(path, text)| (path, SetSecret { text: Some(text), since: 0 });
        let secrets = std::mem::take(&mut values.secrets).into_iter().map(secret).collect();
        let mut tree = Tree { plain: std::mem::take(&mut values.plain), secrets };
        tree.apply(spec.root(), &self.patch, Mode::Merge);
        *values = tree.into_values();
    }

    /// What will be known once this is put on what is known now.
    #[must_use]
    pub fn known_after(&self, spec: &Spec, known: &KnownValues) -> KnownValues {
        let tree = self.overlay(spec, known);
        KnownValues {
            plain: tree.plain,
            secret_paths: tree.secrets.into_keys().collect(),
            concealed: known.concealed.clone(),
        }
    }

    /// What is known with the changes on top, each row under the number its field names have.
    pub(super) fn overlay(&self, spec: &Spec, known: &KnownValues) -> Tree {
        overlay(spec, known, known, &self.patch)
    }
}

/// What is known `now` with changes on top that somebody made who was shown other values.
pub(super) fn overlay(spec: &Spec, shown: &KnownValues, now: &KnownValues, patch: &Patch) -> Tree {
    let mut tree = Tree::of(now);
    tree.change(spec.root(), patch, &Tree::of(shown), Mode::Overlay);
    tree
}
