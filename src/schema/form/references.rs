//! A draft as a program reads it: plain values as they are, and in the place of every secret a reference that says nothing, which the
//! program may send back to keep that secret.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::assemble::chosen;
use super::merge::DraftState;
use super::place::{FormPlace, RowSeat};
use super::{FieldPath, Spec};
use crate::schema::spec::{BRANCH_KEY, GroupShape, Node, NodeKind, ROW_KEY};

/// What every reference begins with. No secret that a program sends may begin so.
pub const REFERENCE: &str = "~secret:";

/// The values of a draft with references (by the stored path of their secret) in the places of its secrets.
#[must_use]
pub fn with_references(
    spec: &Spec,
    state: &DraftState,
    references: &BTreeMap<FieldPath, String>,
) -> Map<String, Value> {
    let reader = ReferenceReader { state, references };
    let whole = Value::Object(state.plain.clone());
    match reader.node(spec.root(), &FormPlace::root(), Some(&whole)) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Stored values without the marks that only the form engine needs.
#[must_use]
pub fn without_marks(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| *key != BRANCH_KEY && *key != ROW_KEY);
            Value::Object(kept.map(|(key, inner)| (key.clone(), without_marks(inner))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_marks).collect()),
        other => other.clone(),
    }
}

struct ReferenceReader<'a> {
    state: &'a DraftState,
    references: &'a BTreeMap<FieldPath, String>,
}

impl ReferenceReader<'_> {
    fn node(&self, node: &Node, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        if node.secret {
            return self.references.get(place.key()).map(|reference| Value::from(reference.as_str()));
        }
        match (&node.kind, value) {
            (NodeKind::Group(group), value) => self.group(group, place, value),
            (NodeKind::OneOf(one_of), value) => {
                let index = chosen(one_of, value, &self.state.secrets, place.key());
                match index.and_then(|index| Some((index, one_of.branches.get(index)?))) {
                    Some((index, branch)) => self.group(&branch.group, &place.branch(index), value),
                    None => value.map(without_marks),
                }
            }
            (NodeKind::Rows(rows), Some(Value::Array(list))) => {
                let row = |(index, row): (usize, &Value)| {
                    let at = place.row(&RowSeat::known(index, row), &rows.item.title);
                    self.node(&rows.item, &at, Some(row)).unwrap_or_else(|| Value::Object(Map::new()))
                };
                Some(Value::Array(list.iter().enumerate().map(row).collect()))
            }
            (_, value) => value.cloned(),
        }
    }

    /// What stands there, also what the spec does not know, and then its secrets.
    fn group(&self, group: &GroupShape, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        let mut object = Map::new();
        for (key, inner) in value.and_then(Value::as_object).into_iter().flatten() {
            let shown = match group.field(key) {
                Some(field) => self.node(field, &place.child(key), Some(inner)),
                None => (key != BRANCH_KEY && key != ROW_KEY).then(|| inner.clone()),
            };
            object.extend(shown.map(|shown| (key.clone(), shown)));
        }
        let left: Vec<&Node> = group.fields.iter().filter(|field| !object.contains_key(&field.key)).collect();
        for field in left {
            let shown = self.node(field, &place.child(&field.key), None);
            object.extend(shown.map(|shown| (field.key.clone(), shown)));
        }
        (!object.is_empty() || value.is_some()).then_some(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn marks_of_the_form_engine_stay_inside() {
        let stored = json!({"a": {"~branch": 1, "b": [{"~branch": 0, "~id": "r1-0", "c": 2}]}, "~branch": 3});
        assert_eq!(without_marks(&stored), json!({"a": {"b": [{"c": 2}]}}));
    }
}
