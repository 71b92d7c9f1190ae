//! What was typed, to be shown again: every plain field of the spec, in every branch. Secrets, hidden fields and
//! unknown names are left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{FormPlace, control, known_rows, shown};
use super::{KnownValues, Spec};
use crate::base::forms::RawForm;
use crate::schema::spec::{GroupShape, Node, NodeKind, RowsShape};

type TypedTexts = BTreeMap<String, Vec<String>>;

/// The texts by field name.
pub(super) fn echo(spec: &Spec, raw: &RawForm, known: &KnownValues, by_owner: bool) -> TypedTexts {
    let mut walk = Walk { raw, known, by_owner, typed: TypedTexts::new() };
    let whole = Value::Object(known.plain.clone());
    walk.node(spec.root(), &FormPlace::root(), Some(&whole));
    walk.typed
}

struct Walk<'a> {
    raw: &'a RawForm,
    known: &'a KnownValues,
    by_owner: bool,
    typed: TypedTexts,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>) {
        if node.hidden || !self.raw.has_within(place.posted()) {
            return;
        }
        match &node.kind {
            NodeKind::Const(_) => {}
            NodeKind::Group(group) => self.group(group, place, value),
            NodeKind::OneOf(one_of) => {
                self.take(&place.chooser(), &place.posted_chooser());
                for (index, branch) in one_of.branches.iter().enumerate() {
                    self.group(&branch.group, &place.branch(index), value);
                }
            }
            NodeKind::Rows(rows) => self.rows(rows, place, value),
            NodeKind::Json(_) if !self.by_owner => {}
            _ => self.leaf(node, place),
        }
    }

    fn group(&mut self, group: &GroupShape, place: &FormPlace, value: Option<&Value>) {
        for field in &group.fields {
            self.node(field, &place.child(&field.key), value.and_then(|value| value.get(&field.key)));
        }
    }

    fn rows(&mut self, rows: &RowsShape, place: &FormPlace, value: Option<&Value>) {
        let shown = shown(self.raw, place, known_rows(value, self.known, place));
        for posted in self.raw.rows(place.posted(), RowsShape::MOST) {
            let number = if posted < shown.count { posted } else { posted + shown.moved };
            let row = place.row(number, posted, &rows.item.title);
            self.control(&row, "rm");
            self.node(&rows.item, &row, value.and_then(|list| list.get(number)));
        }
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace) {
        self.control(place, "clear");
        if !node.secret {
            self.control(place, "set");
            self.take(&place.name, place.posted());
        }
    }

    fn control(&mut self, place: &FormPlace, mark: &str) {
        self.take(&control(&place.name, mark), &control(place.posted(), mark));
    }

    fn take(&mut self, name: &str, posted: &str) {
        if self.raw.has(posted) {
            self.typed.insert(name.to_owned(), self.raw.all(posted).map(|text| text.replace('\0', "")).collect());
        }
    }
}
