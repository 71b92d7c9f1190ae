//! What of a finished configuration is a secret, and what of it a connector has changed by itself.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::import::import_config;
use super::patch::Submission;
use super::{FinalConfig, Spec};
use crate::base::forms::FieldPath;
use crate::schema::spec::{GroupShape, Node, NodeKind, chosen_by_values};

/// Every secret value of a configuration: what must not be seen in anything that is told about it.
#[must_use]
pub fn secret_values(spec: &Spec, config: &FinalConfig) -> Vec<SecretString> {
    let mut found = Vec::new();
    collect(spec.root(), config.expose(), &mut found);
    found
}

fn collect(node: &Node, value: &Value, found: &mut Vec<SecretString>) {
    if node.secret {
        return texts(value, found);
    }
    match (&node.kind, value) {
        (NodeKind::Group(group), Value::Object(object)) => collect_fields(group, object, found),
        // A branch is not told apart by its secrets, so all that have a field of that name count.
        (NodeKind::OneOf(one_of), Value::Object(object)) => {
            one_of.branches.iter().for_each(|branch| collect_fields(&branch.group, object, found));
        }
        (NodeKind::Rows(rows), Value::Array(list)) => list.iter().for_each(|row| collect(&rows.item, row, found)),
        _ => {}
    }
}

fn collect_fields(group: &GroupShape, object: &Map<String, Value>, found: &mut Vec<SecretString>) {
    for field in &group.fields {
        if let Some(value) = object.get(&field.key) {
            collect(field, value, found);
        }
    }
}

/// Every text and number inside.
fn texts(value: &Value, found: &mut Vec<SecretString>) {
    match value {
        Value::String(text) => found.push(text.as_str().into()),
        Value::Number(number) => found.push(number.to_string().into()),
        Value::Array(list) => list.iter().for_each(|inner| texts(inner, found)),
        Value::Object(object) => object.values().for_each(|inner| texts(inner, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a connector changed in its configuration, as far as the spec knows it and it is of the right kind; `None` when that is
/// nothing. A value that is gone is no change: connectors leave things out.
#[must_use]
pub fn changes(spec: &Spec, given: &FinalConfig, returned: &Value) -> Option<Submission> {
    let mut changed = differing(spec.root(), given.expose(), returned)?;
    // One wrong value does not spoil the others.
    loop {
        match import_config(spec, &changed) {
            Ok(submission) => return Some(submission).filter(|submission| !submission.is_empty()),
            Err(errors) => {
                let gone = errors.iter().filter(|error| remove(&mut changed, error.path.as_str())).count();
                if gone == 0 {
                    return None;
                }
            }
        }
    }
}

/// The values that differ, with all that stands around them in their objects; nothing the spec does not know.
fn differing(node: &Node, given: &Value, returned: &Value) -> Option<Value> {
    if given == returned || returned.is_null() {
        return None;
    }
    let inside = |group: &GroupShape, whole: bool| {
        let mut changed = Map::new();
        for field in &group.fields {
            let (Some(before), Some(after)) = (given.get(&field.key).or(Some(&Value::Null)), returned.get(&field.key))
            else {
                continue;
            };
            let constant = matches!(field.kind, NodeKind::Const(_));
            let kept = if constant && whole { Some(after.clone()) } else { differing(field, before, after) };
            changed.extend(kept.map(|value| (field.key.clone(), value)));
        }
        changed
    };
    match (&node.kind, returned) {
        (NodeKind::Group(group), Value::Object(_)) => {
            Some(inside(group, false)).filter(|changed| !changed.is_empty()).map(Value::Object)
        }
        (NodeKind::OneOf(one_of), Value::Object(object)) => {
            let branch = one_of.branches.get(chosen_by_values(one_of, object)?)?;
            let constants = branch.group.constants().count();
            // The constants go along, so that the same branch is found again.
            Some(inside(&branch.group, true)).filter(|changed| changed.len() > constants).map(Value::Object)
        }
        (NodeKind::Const(_) | NodeKind::Group(_) | NodeKind::OneOf(_), _) => None,
        _ => Some(returned.clone()),
    }
}

/// Plain values without some of them; a row of a list goes with its list.
#[must_use]
pub fn without<'a>(plain: Map<String, Value>, paths: impl IntoIterator<Item = &'a FieldPath>) -> Map<String, Value> {
    let mut tree = Value::Object(plain);
    for path in paths {
        remove(&mut tree, path.as_str());
    }
    match tree {
        Value::Object(left) => left,
        _ => Map::new(),
    }
}

/// Takes a value out; `false` when there is none.
fn remove(tree: &mut Value, pointer: &str) -> bool {
    let Some((parent, _)) = pointer.rsplit_once('/') else { return false };
    let Ok(path) = FieldPath::parse(pointer) else { return false };
    let Some(key) = path.segments().last().map(std::borrow::Cow::into_owned) else { return false };
    match tree.pointer_mut(parent) {
        Some(Value::Object(object)) => object.remove(&key).is_some(),
        // A row that is wrong makes the list wrong.
        Some(Value::Array(_)) => remove(tree, parent),
        _ => false,
    }
}
