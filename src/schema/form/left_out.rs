//! What stands in a configuration although nobody here takes it up.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::assemble::chosen;
use super::{FieldPath, FinalConfig, KnownValues, LeftOut, Spec};
use crate::schema::spec::{GroupShape, Node, NodeKind};

/// What of a draft nobody here takes up.
#[must_use]
pub fn left_out_in(spec: &Spec, known: &KnownValues) -> Vec<LeftOut> {
    walk(spec, &known.plain, &known.secret_paths)
}

/// What of a finished configuration nobody here takes up. Defaults say nothing.
#[must_use]
pub fn left_out_of(spec: &Spec, config: &FinalConfig) -> Vec<LeftOut> {
    config.expose().as_object().map(|plain| walk(spec, plain, &BTreeSet::new())).unwrap_or_default()
}

fn walk(spec: &Spec, plain: &Map<String, Value>, secrets: &BTreeSet<FieldPath>) -> Vec<LeftOut> {
    let mut reader = Reader { secrets, found: Vec::new() };
    reader.node(spec.root(), &FieldPath::root(), Some(&Value::Object(plain.clone())));
    reader.found
}

struct Reader<'a> {
    secrets: &'a BTreeSet<FieldPath>,
    found: Vec<LeftOut>,
}

impl Reader<'_> {
    fn node(&mut self, node: &Node, path: &FieldPath, value: Option<&Value>) {
        if let Some(reason) = &node.left_out {
            if is_given(node, path, value, self.secrets) {
                self.found.push(LeftOut::setting(path, node, reason));
            }
            return;
        }
        match &node.kind {
            NodeKind::Group(group) => self.group(group, path, value),
            NodeKind::OneOf(one_of) => {
                let index = chosen(one_of, value, self.secrets, path);
                let Some(branch) = index.and_then(|index| one_of.branches.get(index)) else { return };
                match &branch.left_out {
                    Some(reason) => self.found.push(LeftOut::branch(path, node, branch, reason)),
                    None => self.group(&branch.group, path, value),
                }
            }
            _ => {}
        }
    }

    fn group(&mut self, group: &GroupShape, path: &FieldPath, value: Option<&Value>) {
        for field in &group.fields {
            self.node(field, &path.child(&field.key), value.and_then(|value| value.get(&field.key)));
        }
    }
}

/// Whether somebody gave a value for it: one that is no default.
pub(super) fn is_given(node: &Node, path: &FieldPath, value: Option<&Value>, secrets: &BTreeSet<FieldPath>) -> bool {
    let is_blank = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    let is_given = value.is_some_and(|value| !is_blank(value) && node.default.as_ref() != Some(value));
    is_given || secrets.iter().any(|secret| secret.is_within(path))
}
