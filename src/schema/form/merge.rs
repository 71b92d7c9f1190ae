//! Three-way merging: what one person changed on a form is put on what is stored now, and nothing of anybody is lost.
//!
//! What was shown against what was sent is what this person changed; what was shown against what is there now is what others changed. A
//! field that one side changed takes that side; a field that both changed to the same value is fine; to different values it is a
//! conflict, and then nothing at all is taken. Which branch of a choice stands is a field of its own, and so is which rows there are.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::identity::{RowIds, write_ids};
use super::merger::{MergeConflict, MergeFindings, MergeRules, Merger, Mode, ShownScope, is_filled};
use super::patch::{Patch, Steps};
use super::place::FormPlace;
use super::secrets::{KnownSecrets, SetSecret};
use super::{KnownValues, Spec, Values};
use crate::base::forms::FieldPath;
use crate::schema::spec::Node;

/// One state of a draft, as far as it can be compared without opening a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DraftState {
    /// Everything that is no secret.
    pub plain: Map<String, Value>,
    /// The secrets that are set, and the revision that set each. A secret that was set again has a later one.
    pub secrets: BTreeMap<FieldPath, i64>,
}

/// Values that hold what everybody said.
#[derive(Debug)]
pub struct Merged {
    /// The values; of secrets those whose text was at hand.
    pub values: Values,
    /// The same to compare.
    pub state: DraftState,
    /// Where this person's answers stand.
    pub changed: BTreeSet<FieldPath>,
    /// The secrets among them.
    pub given: BTreeSet<FieldPath>,
}

impl DraftState {
    /// Of values of which nobody knows when they were set.
    #[must_use]
    pub fn of(known: &KnownValues) -> Self {
        Self { plain: known.plain.clone(), secrets: known.secret_paths.iter().map(|path| (path.clone(), 0)).collect() }
    }

    /// What a member may know of it.
    #[must_use]
    pub fn known(&self) -> KnownValues {
        KnownValues {
            plain: self.plain.clone(),
            secret_paths: self.secrets.keys().cloned().collect(),
            concealed: BTreeSet::new(),
        }
    }
}

/// Puts changes on `current`, one after the other, each made for its own spec by somebody who saw `base`. `texts` are the current secrets, as far as
/// they are at hand. `whole` is the spec of the values.
///
/// # Errors
/// The fields that cannot be merged; then nothing is.
pub fn merge(
    whole: &Spec,
    steps: &Steps<'_>,
    base: &DraftState,
    current: &DraftState,
    mut texts: BTreeMap<FieldPath, SecretString>,
    rules: &MergeRules<'_>,
) -> Result<Merged, Vec<MergeConflict>> {
    let mut base = Tree::of_state(whole, base, &mut BTreeMap::new());
    let mut tree = Tree::of_state(whole, current, &mut texts);
    let (mut found, mut ids) = (MergeFindings::default(), RowIds::of(rules.revision));
    for (spec, submission) in steps {
        let mut same_ids = RowIds::again(&ids);
        tree.merge(spec.root(), &submission.patch, &base, rules, &mut ids, &mut found);
        // Whoever made the next change saw this one on what was shown.
        let shown = base.clone();
        base.merge(spec.root(), &submission.patch, &shown, rules, &mut same_ids, &mut MergeFindings::default());
    }
    if !found.conflicts.is_empty() {
        return Err(found.conflicts);
    }
    let secrets = tree.secrets.iter().map(|(path, secret)| (path.clone(), secret.since)).collect();
    let state = DraftState { plain: tree.plain.clone(), secrets };
    Ok(Merged { values: tree.into_values(), state, changed: found.changed, given: found.given })
}

/// Values while they are being changed.
#[derive(Clone, Default)]
pub(super) struct Tree {
    pub(super) plain: Map<String, Value>,
    pub(super) secrets: KnownSecrets,
}

impl Tree {
    pub(super) fn of(known: &KnownValues) -> Self {
        let secrets = known.secret_paths.iter().map(|path| (path.clone(), SetSecret::default())).collect();
        Self { plain: known.plain.clone(), secrets }
    }

    fn of_state(whole: &Spec, state: &DraftState, texts: &mut BTreeMap<FieldPath, SecretString>) -> Self {
        let mut plain = state.plain.clone();
        write_ids(whole.root(), &mut plain);
        let secret =
            |(path, since): (&FieldPath, &i64)| (path.clone(), SetSecret { text: texts.remove(path), since: *since });
        Self { plain, secrets: state.secrets.iter().map(secret).collect() }
    }

    pub(super) fn into_values(self) -> Values {
        let secrets = self.secrets.into_iter().filter_map(|(path, secret)| Some((path, secret.text?))).collect();
        Values { plain: self.plain, secrets }
    }

    /// Puts a change on these values that was made for them as they are; nothing of it can be in conflict.
    pub(super) fn apply(&mut self, root: &Node, patch: &Patch, mode: Mode) {
        let base = self.clone();
        self.change(root, patch, &base, mode);
    }

    /// Puts a change on these values that was made for others.
    pub(super) fn change(&mut self, root: &Node, patch: &Patch, base: &Self, mode: Mode) {
        let mut base = base.clone();
        write_ids(root, &mut base.plain);
        write_ids(root, &mut self.plain);
        let rules = MergeRules {
            revision: 0,
            known_secrets: &BTreeSet::new(),
            references: &BTreeMap::new(),
            yields_but_for: None,
            knows_base: true,
        };
        let mut ids = RowIds::behind(&self.plain);
        let mut found = MergeFindings::default();
        self.walk(root, patch, &base, Merging { rules: &rules, ids: &mut ids, found: &mut found, mode });
    }

    fn merge(
        &mut self,
        root: &Node,
        patch: &Patch,
        base: &Self,
        rules: &MergeRules<'_>,
        ids: &mut RowIds,
        found: &mut MergeFindings,
    ) {
        self.walk(root, patch, base, Merging { rules, ids, found, mode: Mode::Merge });
    }

    fn walk(&mut self, root: &Node, patch: &Patch, base: &Self, merging: Merging<'_>) {
        let whole = |plain: Map<String, Value>| Some(Value::Object(plain)).filter(is_filled);
        let (now, shown) = (whole(std::mem::take(&mut self.plain)), whole(base.plain.clone()));
        let Merging { rules, ids, found, mode } = merging;
        let mut merger = Merger { base: &base.secrets, secrets: &mut self.secrets, rules, ids, found, mode };
        let before = ShownScope { value: shown.as_ref(), fresh: false };
        if let Some(Value::Object(plain)) = merger.node(root, patch, &FormPlace::root(), before, now) {
            self.plain = plain;
        }
    }
}

/// How one walk merges.
struct Merging<'a> {
    rules: &'a MergeRules<'a>,
    ids: &'a mut RowIds,
    found: &'a mut MergeFindings,
    mode: Mode,
}
