//! What a form changes: a patch that can be put on a draft later, in a transaction, when the draft may have changed
//! meanwhile.

use std::borrow::Cow;
use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::assemble::{Assembly, chosen};
use super::complete::reference;
use super::secrets::{KnownSecrets, SecretSet};
use super::{KnownValues, Spec, Values};
use crate::base::forms::{FieldPath, FieldRef};
use crate::schema::spec::{BRANCH_KEY, GroupShape, Node, NodeKind, OneOfShape, RowsShape};

/// One change, at the place of the spec's tree where it stands.
#[derive(Clone, Default)]
pub(super) enum Patch {
    /// Nothing was said.
    #[default]
    Keep,
    Remove,
    Plain(Value),
    Secret(SecretString),
    /// Changes of properties by their name.
    Group(Vec<(String, Patch)>),
    /// This branch is chosen; another's values go.
    Branch(usize, Vec<(String, Patch)>),
    Rows(RowsPatch),
}

#[derive(Clone, Default)]
pub(super) struct RowsPatch {
    /// How many rows there were when the form was read: higher numbers are new rows.
    pub(super) base: usize,
    /// All earlier rows go first.
    pub(super) replace: bool,
    /// Row by number; [`Patch::Remove`] takes a row away.
    pub(super) rows: Vec<(usize, Patch)>,
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
        let (Self::Group(changes) | Self::Branch(_, changes)) = self else { return None };
        changes.iter_mut().find(|(key, _)| key == first)?.1.take(rest)
    }
}

/// What somebody handed over with one form.
#[derive(Clone)]
pub struct Submission {
    pub(super) patch: Patch,
    pub(super) provided: Vec<FieldRef>,
    pub(super) removes: bool,
    pub(super) by_owner: bool,
}

impl Submission {
    /// The fields that were given a new value, in the order of the form. Rows are named once, by their list. A
    /// default that was merely left standing is not among them.
    #[must_use]
    pub fn provided(&self) -> Vec<FieldRef> {
        self.provided.clone()
    }

    /// The required fields that are still empty when this is put on what was known. Free JSON, which a recipient is
    /// not asked for, is not among a recipient's.
    #[must_use]
    pub fn left_empty(&self, spec: &Spec, known: &KnownValues) -> Vec<FieldRef> {
        let tree = self.overlay(spec, known);
        let mut assembly = Assembly::new(&tree.secrets, !self.by_owner);
        assembly.whole(spec.root(), &tree.plain);
        assembly.found.iter().filter(|error| error.code.is_missing()).map(reference).collect()
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

    /// Puts the changes on a draft. Rows that were added to the draft since the form was shown stay.
    pub fn merge_into(&self, spec: &Spec, values: &mut Values) {
        let secrets =
            std::mem::take(&mut values.secrets).into_iter().map(|(path, secret)| (path, Some(secret))).collect();
        let mut tree = Tree { plain: std::mem::take(&mut values.plain), secrets };
        tree.apply(spec.root(), &self.patch, Mode::Merge);
        values.plain = tree.plain;
        values.secrets = tree.secrets.into_iter().filter_map(|(path, secret)| Some((path, secret?))).collect();
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
        overlay(spec, known, &self.patch)
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

pub(super) fn overlay(spec: &Spec, known: &KnownValues, patch: &Patch) -> Tree {
    let mut tree = Tree::of(known);
    tree.apply(spec.root(), patch, Mode::Overlay);
    tree
}

/// Values while they are being changed. A secret without a value is one that is merely known of.
pub(super) struct Tree {
    pub(super) plain: Map<String, Value>,
    pub(super) secrets: KnownSecrets,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Rows close up.
    Merge,
    /// Rows keep their numbers; a removed one leaves null behind.
    Overlay,
}

impl Tree {
    pub(super) fn of(known: &KnownValues) -> Self {
        let secrets = known.secret_paths.iter().map(|path| (path.clone(), None)).collect();
        Self { plain: known.plain.clone(), secrets }
    }

    pub(super) fn apply(&mut self, root: &Node, patch: &Patch, mode: Mode) {
        let plain = std::mem::take(&mut self.plain);
        let whole = Some(Value::Object(plain)).filter(|whole| whole.as_object().is_some_and(|whole| !whole.is_empty()));
        let mut change = TreeChange { secrets: &mut self.secrets, mode };
        if let Some(Value::Object(plain)) = change.node(root, patch, &FieldPath::root(), whole) {
            self.plain = plain;
        }
    }
}

struct TreeChange<'a> {
    secrets: &'a mut KnownSecrets,
    mode: Mode,
}

impl TreeChange<'_> {
    /// The new plain value at a place, from the old one.
    fn node(&mut self, node: &Node, patch: &Patch, path: &FieldPath, old: Option<Value>) -> Option<Value> {
        match (patch, &node.kind) {
            (Patch::Keep, _) => old,
            (Patch::Remove, _) => {
                self.forget(path);
                None
            }
            (Patch::Plain(value), _) => Some(value.clone()),
            (Patch::Secret(secret), _) => {
                self.secrets.insert(path.clone(), Some(secret.clone()));
                old
            }
            (Patch::Group(changes), NodeKind::Group(group)) => {
                let object = self.fields(group, changes, path, object(old));
                (!object.is_empty()).then_some(Value::Object(object))
            }
            (Patch::Branch(index, changes), NodeKind::OneOf(one_of)) => self.branch(one_of, *index, changes, path, old),
            (Patch::Rows(changes), NodeKind::Rows(rows)) => self.rows(node, rows, changes, path, old),
            // A patch of another shape than the spec's cannot be made for this spec; it says nothing here.
            (Patch::Group(_) | Patch::Branch(..) | Patch::Rows(_), _) => old,
        }
    }

    fn fields(
        &mut self,
        group: &GroupShape,
        changes: &[(String, Patch)],
        path: &FieldPath,
        mut object: Map<String, Value>,
    ) -> Map<String, Value> {
        for (key, patch) in changes {
            let Some(field) = group.field(key) else { continue };
            let old = object.get_mut(key).map(Value::take);
            match self.node(field, patch, &path.child(key), old) {
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
        one_of: &OneOfShape,
        index: usize,
        changes: &[(String, Patch)],
        path: &FieldPath,
        mut old: Option<Value>,
    ) -> Option<Value> {
        let Some(branch) = one_of.branches.get(index) else { return old };
        if chosen(one_of, old.as_ref(), self.secrets, path) != Some(index) {
            self.forget(path);
            old = None;
        }
        let mut fields = object(old);
        for (key, constant) in branch.group.constants() {
            fields.insert(key.to_owned(), constant.clone());
        }
        if one_of.marked {
            fields.insert(BRANCH_KEY.to_owned(), Value::from(index));
        }
        Some(Value::Object(self.fields(&branch.group, changes, path, fields)))
    }

    fn rows(
        &mut self,
        node: &Node,
        rows: &RowsShape,
        patch: &RowsPatch,
        path: &FieldPath,
        old: Option<Value>,
    ) -> Option<Value> {
        if patch.replace {
            self.forget(path);
        }
        let mut list: Vec<Value> = match old {
            Some(Value::Array(list)) if !patch.replace => list,
            _ => Vec::new(),
        };
        let there = list.len().max(self.secrets.rows(path));
        list.resize_with(there, || Value::Object(Map::new()));
        // Rows that somebody else added meanwhile push the new ones back.
        let pushed = there.saturating_sub(patch.base);
        let mut removed = Vec::new();
        for (number, change) in &patch.rows {
            let number = if *number < patch.base { *number } else { number + pushed };
            if matches!(change, Patch::Remove) {
                removed.push(number);
                continue;
            }
            list.resize_with(list.len().max(number + 1), || Value::Null);
            if let Some(slot) = list.get_mut(number) {
                let old = Some(slot.take()).filter(|row| !row.is_null());
                *slot = self
                    .node(&rows.item, change, &path.index(number), old)
                    .unwrap_or_else(|| Value::Object(Map::new()));
            }
        }
        for number in removed {
            self.forget(&path.index(number));
            list.get_mut(number).map(Value::take);
        }
        if self.mode == Mode::Merge {
            list = self.close_up(path, list);
        }
        let gone = list.iter().all(Value::is_null);
        let explicit =
            patch.replace || node.default.as_ref().and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
        (!gone || explicit).then_some(Value::Array(list))
    }

    /// Drops the empty places and moves the secrets of the rows behind them.
    fn close_up(&mut self, path: &FieldPath, list: Vec<Value>) -> Vec<Value> {
        let mut kept = Vec::new();
        for (number, row) in list.into_iter().enumerate().filter(|(_, row)| !row.is_null()) {
            if kept.len() != number {
                self.rename(&path.index(number), &path.index(kept.len()));
            }
            kept.push(row);
        }
        kept
    }

    fn rename(&mut self, from: &FieldPath, to: &FieldPath) {
        let moving: BTreeMap<FieldPath, FieldPath> =
            self.secrets.within(from).filter_map(|path| Some((path.clone(), path.moved(from, to)?))).collect();
        for (old, new) in moving {
            if let Some(secret) = self.secrets.remove(&old) {
                self.secrets.insert(new, secret);
            }
        }
    }

    fn forget(&mut self, path: &FieldPath) {
        let gone: Vec<FieldPath> = self.secrets.within(path).cloned().collect();
        for path in gone {
            self.secrets.remove(&path);
        }
    }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
