//! A spec without the questions that somebody else answers: after signing in with a provider, nobody is asked for tokens.

use std::sync::OnceLock;

use serde_json::Value;

use super::Spec;
use super::model::{Branch, GroupShape, Node, NodeKind, OneOfShape, TextShape};
use crate::base::forms::FieldPath;

impl Spec {
    /// The same form with these places hidden and asked of nobody. A choice in which a branch has one of these constants (place and
    /// value) comes down to that branch.
    #[must_use]
    pub fn narrowed(&self, filled: &[FieldPath], chosen: &[(FieldPath, Value)]) -> Self {
        let mut root = self.root.clone();
        Narrow { filled, chosen }.node(&mut root, &FieldPath::root());
        Self {
            root,
            sections: self.sections.clone(),
            notes: self.notes.clone(),
            schema: self.schema.clone(),
            validator: OnceLock::new(),
        }
    }
}

struct Narrow<'a> {
    filled: &'a [FieldPath],
    chosen: &'a [(FieldPath, Value)],
}

impl Narrow<'_> {
    fn node(&self, node: &mut Node, path: &FieldPath) {
        if self.filled.contains(path) && !matches!(node.kind, NodeKind::Const(_)) {
            node.hidden = true;
            node.required = false;
            // What stands there is a mark until the real value is handed out, and no rule is made for marks.
            if let NodeKind::Text(text) = &mut node.kind {
                *text = TextShape { multiline: text.multiline, ..TextShape::default() };
            }
            return;
        }
        match &mut node.kind {
            NodeKind::Group(group) => self.group(group, path),
            NodeKind::OneOf(one_of) => {
                for branch in &mut one_of.branches {
                    self.group(&mut branch.group, path);
                }
                self.branches(one_of, path);
                if let Some(group) = only(one_of) {
                    node.kind = NodeKind::Group(group);
                }
            }
            _ => {}
        }
    }

    fn group(&self, group: &mut GroupShape, path: &FieldPath) {
        for field in &mut group.fields {
            self.node(field, &path.child(&field.key));
        }
    }

    /// Leaves the branches that carry a chosen constant, if any does.
    fn branches(&self, one_of: &mut OneOfShape, path: &FieldPath) {
        let carries = |branch: &Branch| {
            branch.group.constants().any(|(key, value)| {
                let at = path.child(key);
                self.chosen.iter().any(|(place, chosen)| *place == at && chosen == value)
            })
        };
        if one_of.branches.iter().any(carries) {
            one_of.branches.retain(carries);
            one_of.default = None;
        }
    }
}

fn only(one_of: &OneOfShape) -> Option<GroupShape> {
    match one_of.branches.as_slice() {
        [branch] => Some(branch.group.clone()),
        _ => None,
    }
}
