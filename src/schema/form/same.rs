//! Whether two states of a draft say the same at a place: a default that was written out is what it was before, and rows are told by
//! their id.

use serde_json::{Map, Value};

use super::assemble::chosen;
use super::identity::row_id;
use super::secrets::KnownSecrets;
use crate::base::forms::FieldPath;
use crate::schema::spec::{GroupShape, Node, NodeKind};

/// One state, at one place.
#[derive(Clone, Copy)]
pub(super) struct StateAt<'a> {
    pub(super) value: Option<&'a Value>,
    pub(super) secrets: &'a KnownSecrets,
}

impl<'a> StateAt<'a> {
    fn inside(self, key: &str) -> Self {
        Self { value: self.value.and_then(|value| value.get(key)), ..self }
    }

    fn since(self, key: &FieldPath) -> Option<i64> {
        self.secrets.get(key).map(|secret| secret.since)
    }

    fn rows(self) -> Vec<(String, &'a Value)> {
        let list = self.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let there = list.iter().enumerate().filter(|(_, row)| !row.is_null());
        there.map(|(index, row)| (row_id(row, index).into_owned(), row)).collect()
    }
}

/// Whether nobody would see a difference.
pub(super) fn is_same(node: &Node, key: &FieldPath, left: StateAt<'_>, right: StateAt<'_>) -> bool {
    match &node.kind {
        NodeKind::Const(_) => true,
        _ if node.secret => left.since(key) == right.since(key),
        NodeKind::Group(group) => is_same_group(group, key, left, right),
        NodeKind::OneOf(one_of) => {
            let branch = |at: StateAt<'_>| chosen(one_of, at.value, at.secrets, key).or(one_of.default);
            let index = branch(left);
            index == branch(right)
                && index
                    .and_then(|index| one_of.branches.get(index))
                    .is_none_or(|branch| is_same_group(&branch.group, key, left, right))
        }
        NodeKind::Rows(rows) => {
            let (before, after) = (left.rows(), right.rows());
            let row = |(id, row): &(String, &Value), other: &(String, &Value)| {
                let (left, right) = (StateAt { value: Some(row), ..left }, StateAt { value: Some(other.1), ..right });
                *id == other.0 && is_same(&rows.item, &key.child(id), left, right)
            };
            before.len() == after.len() && before.iter().zip(&after).all(|(one, other)| row(one, other))
        }
        _ => left.value.or(node.default.as_ref()) == right.value.or(node.default.as_ref()),
    }
}

fn is_same_group(group: &GroupShape, key: &FieldPath, left: StateAt<'_>, right: StateAt<'_>) -> bool {
    let known =
        |field: &Node| is_same(field, &key.child(&field.key), left.inside(&field.key), right.inside(&field.key));
    group.fields.iter().all(known) && strange(group, left.value) == strange(group, right.value)
}

/// What stands there and no field of the spec is for.
fn strange(group: &GroupShape, value: Option<&Value>) -> Map<String, Value> {
    let object = value.and_then(Value::as_object).into_iter().flatten();
    let unknown = object.filter(|(key, _)| !key.starts_with('~') && group.field(key).is_none());
    unknown.map(|(key, value)| (key.clone(), value.clone())).collect()
}
