//! The walk that merges: one patch, along the spec, on what is stored now.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::assemble::{chosen, has_values};
use super::identity::RowIds;
use super::patch::{ChosenBranch, Patch};
use super::place::FormPlace;
use super::same::{StateAt, is_same};
use super::secrets::{KnownSecrets, SecretSet, SetSecret};
use crate::base::forms::{FieldError, FieldPath, Meanwhile, ValueProblem};
use crate::schema::spec::{BRANCH_KEY, GroupShape, Node, NodeKind, OneOfShape};

/// What merging goes by beside the values.
#[derive(Clone, Copy, Debug)]
pub struct MergeRules<'a> {
    /// The number of the revision that comes of it.
    pub revision: i64,
    /// The secrets that may be given once more: where the very same was set meanwhile, that is no conflict. Only those their giver knows
    /// anyway, since others could try secrets out with it.
    pub known_secrets: &'a BTreeSet<FieldPath>,
    /// The references a program may send back, with the places of the secrets they stand for.
    pub references: &'a BTreeMap<String, FieldPath>,
    /// For whoever cannot be asked: where others changed something, theirs stays. Except these fields, which the same one changed last.
    pub yields_but_for: Option<&'a BTreeSet<FieldPath>>,
    /// Whether it is known what they saw. Else all that is there counts as changed by others.
    pub knows_base: bool,
}

impl MergeRules<'_> {
    fn is_own(&self, key: &FieldPath) -> bool {
        self.yields_but_for.is_some_and(|own| own.contains(key))
    }
}

/// A field that two people changed.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeConflict {
    /// Where it is stored.
    pub key: FieldPath,
    /// The same as it is told.
    pub error: FieldError,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Rows close up.
    Merge,
    /// Rows keep the numbers their field names have; a removed one leaves null behind.
    Overlay,
}

/// What merging found.
#[derive(Default)]
pub(super) struct MergeFindings {
    pub(super) conflicts: Vec<MergeConflict>,
    pub(super) changed: BTreeSet<FieldPath>,
    pub(super) given: BTreeSet<FieldPath>,
}

/// What was shown at a place.
#[derive(Clone, Copy, Default)]
pub(super) struct ShownScope<'v> {
    pub(super) value: Option<&'v Value>,
    /// The place was not on the page, so nothing was shown of it.
    pub(super) fresh: bool,
}

impl ShownScope<'_> {
    pub(super) const NOTHING: Self = Self { value: None, fresh: true };

    pub(super) fn inside(self, key: &str) -> Self {
        Self { value: self.value.and_then(|value| value.get(key)), fresh: self.fresh }
    }
}

pub(super) struct Merger<'a> {
    pub(super) base: &'a KnownSecrets,
    pub(super) secrets: &'a mut KnownSecrets,
    pub(super) rules: &'a MergeRules<'a>,
    pub(super) ids: &'a mut RowIds,
    pub(super) found: &'a mut MergeFindings,
    pub(super) mode: Mode,
}

impl Merger<'_> {
    /// The new plain value at a place, from the one of now.
    pub(super) fn node(
        &mut self,
        node: &Node,
        patch: &Patch,
        place: &FormPlace,
        before: ShownScope<'_>,
        now: Option<Value>,
    ) -> Option<Value> {
        match (patch, &node.kind) {
            (Patch::Keep, _) => now,
            (Patch::Standing(value), _) => now.or_else(|| Some(value.clone())),
            (Patch::Remove, _) => self.removed(node, place, before, now),
            (Patch::Plain(value), _) => self.plain(node, value, place, before, now),
            (Patch::Secret(text), _) => {
                self.secret(node, text, place, before);
                now
            }
            (Patch::Reference(reference), _) => {
                let is_here = self.rules.references.get(reference) == Some(place.key());
                if before.fresh || !is_here {
                    self.refuse(node, place, ValueProblem::UnknownReference);
                }
                now
            }
            (Patch::Group(changes), NodeKind::Group(group)) => {
                let object = self.fields(group, changes, place, before, object(now));
                (!object.is_empty()).then_some(Value::Object(object))
            }
            (Patch::Branch(choice), NodeKind::OneOf(one_of)) => self.branch(node, one_of, choice, place, before, now),
            (Patch::Rows(said), NodeKind::Rows(rows)) => self.rows(node, rows, said, place, before, now),
            (Patch::List(given), NodeKind::Rows(rows)) => self.list(node, rows, given, place, before, now),
            // A patch of another shape than the spec's cannot be made for this spec; it says nothing here.
            (Patch::Group(_) | Patch::Branch(_) | Patch::Rows(_) | Patch::List(_), _) => now,
        }
    }

    pub(super) fn refuse(&mut self, node: &Node, place: &FormPlace, code: ValueProblem) {
        if !self.found.conflicts.iter().any(|earlier| earlier.key == *place.key()) {
            let error = place.error(node, code);
            self.found.conflicts.push(MergeConflict { key: place.key().clone(), error });
        }
    }

    pub(super) fn conflict(&mut self, node: &Node, place: &FormPlace) {
        self.differ(node, place, Meanwhile::Answered);
    }

    pub(super) fn differ(&mut self, node: &Node, place: &FormPlace, what: Meanwhile) {
        if self.rules.yields_but_for.is_none() {
            self.refuse(node, place, ValueProblem::Meanwhile(what));
        }
    }

    /// Whether nobody changed what stands at a place, or inside of it, since it was shown.
    pub(super) fn is_as_shown(
        &self,
        node: &Node,
        key: &FieldPath,
        before: ShownScope<'_>,
        now: Option<&Value>,
    ) -> bool {
        let nothing = KnownSecrets::new();
        let secrets = if before.fresh { &nothing } else { self.base };
        let shown = StateAt { value: before.value, secrets };
        is_same(node, key, shown, StateAt { value: now, secrets: self.secrets })
    }

    fn removed(&mut self, node: &Node, place: &FormPlace, before: ShownScope<'_>, now: Option<Value>) -> Option<Value> {
        let nothing_shown = before.value.is_none() && (before.fresh || !self.base.any_within(place.key()));
        if nothing_shown && self.rules.knows_base {
            return now;
        }
        let is_gone = now.is_none() && !self.secrets.any_within(place.key());
        if is_gone || self.is_as_shown(node, place.key(), before, now.as_ref()) {
            self.forget(place.key());
            return None;
        }
        self.conflict(node, place);
        now
    }

    fn plain(
        &mut self,
        node: &Node,
        value: &Value,
        place: &FormPlace,
        before: ShownScope<'_>,
        now: Option<Value>,
    ) -> Option<Value> {
        // Whoever sends what they saw changes nothing.
        if now.as_ref() == Some(value) || before.value == Some(value) {
            return now;
        }
        if !self.is_as_shown(node, place.key(), before, now.as_ref()) && !self.rules.is_own(place.key()) {
            self.conflict(node, place);
            return now;
        }
        self.found.changed.insert(place.key().clone());
        Some(value.clone())
    }

    fn secret(&mut self, node: &Node, text: &SecretString, place: &FormPlace, before: ShownScope<'_>) {
        let now = self.secrets.get(place.key());
        let is_same =
            |secret: &SetSecret| secret.text.as_ref().is_some_and(|here| here.expose_secret() == text.expose_secret());
        if self.rules.known_secrets.contains(place.key()) && now.is_some_and(is_same) {
            return;
        }
        let shown = self.base.get(place.key()).filter(|_| !before.fresh);
        let is_as_shown = now.map(|secret| secret.since) == shown.map(|secret| secret.since);
        if !is_as_shown && !self.rules.is_own(place.key()) {
            return self.conflict(node, place);
        }
        let set = SetSecret { text: Some(text.clone()), since: self.rules.revision };
        self.secrets.insert(place.key().clone(), set);
        self.found.changed.insert(place.key().clone());
        self.found.given.insert(place.key().clone());
    }

    fn fields(
        &mut self,
        group: &GroupShape,
        changes: &[(String, Patch)],
        place: &FormPlace,
        before: ShownScope<'_>,
        mut object: Map<String, Value>,
    ) -> Map<String, Value> {
        for (key, patch) in changes {
            let Some(field) = group.field(key) else { continue };
            let now = object.get_mut(key).map(Value::take);
            match self.node(field, patch, &place.child(key), before.inside(key), now) {
                Some(new) => {
                    object.insert(key.clone(), new);
                }
                None => {
                    object.shift_remove(key);
                }
            }
        }
        object
    }

    fn branch(
        &mut self,
        node: &Node,
        one_of: &OneOfShape,
        choice: &ChosenBranch,
        place: &FormPlace,
        before: ShownScope<'_>,
        mut now: Option<Value>,
    ) -> Option<Value> {
        let Some(branch) = one_of.branches.get(choice.index) else { return now };
        let stands = chosen(one_of, now.as_ref(), self.secrets, place.key());
        let stood = if before.fresh { None } else { chosen(one_of, before.value, self.base, place.key()) };
        let was_here = stood == Some(choice.index);
        if stands != Some(choice.index) {
            // Whoever stayed in their branch, or left a default standing, has nothing against another one as long as they said nothing.
            let is_left = was_here || !choice.is_choice;
            let stands_alone = !was_here && stands.is_none();
            if is_left && !stands_alone {
                if self.is_branch_news(one_of, choice, place, before) {
                    self.conflict(node, place);
                }
                return now;
            }
            if !self.is_as_shown(node, place.key(), before, now.as_ref()) {
                self.conflict(node, place);
                return now;
            }
            self.forget(place.key());
            now = None;
            if choice.is_choice {
                self.found.changed.insert(place.key().clone());
            }
        }
        let before = if was_here { before } else { ShownScope::NOTHING };
        let mut fields = object(now);
        for (key, constant) in branch.group.constants() {
            fields.insert(key.to_owned(), constant.clone());
        }
        if one_of.marked {
            fields.insert(BRANCH_KEY.to_owned(), Value::from(choice.index));
        }
        Some(Value::Object(self.fields(&branch.group, &choice.fields, &place.branch(choice.index), before, fields)))
    }

    pub(super) fn forget(&mut self, key: &FieldPath) {
        let gone: Vec<FieldPath> = self.secrets.within(key).cloned().collect();
        for path in gone {
            self.secrets.remove(&path);
            self.found.given.remove(&path);
        }
    }
}

pub(super) fn is_filled(value: &Value) -> bool {
    value.as_object().is_none_or(has_values)
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
