//! The form that stands for values: reading it back gives the same values. Tests and `check-specs` go this way round.

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::assemble::{chosen, has_values};
use super::place::{EDGES, FormPlace, KEEP_EDGES, RowSeat, control};
use super::{Spec, Values, leaf};
use crate::schema::pasted::has_edge;
use crate::schema::spec::{BoolShape, GroupShape, Node, NodeKind, OneOfShape, RowsShape};

/// Names and values, as a browser would post them. Secrets are among them.
#[must_use]
pub fn encode(spec: &Spec, values: &Values) -> Vec<(String, String)> {
    let mut encoder = Encoder { values, pairs: Vec::new() };
    encoder.node(spec.root(), &FormPlace::root(), Some(&Value::Object(values.plain.clone())));
    encoder.pairs
}

struct Encoder<'a> {
    values: &'a Values,
    pairs: Vec<(String, String)>,
}

impl Encoder<'_> {
    fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.pairs.push((name.into(), value.into()));
    }

    fn node(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>) {
        match &node.kind {
            _ if node.hidden => {}
            NodeKind::Const(_) => {}
            NodeKind::Group(group) => self.group(group, place, value),
            NodeKind::OneOf(one_of) => self.one_of(one_of, place, value),
            NodeKind::Rows(rows) => self.rows(rows, place, value),
            _ if node.secret => {
                if let Some(secret) = self.values.secrets.get(place.key()) {
                    let text = leaf::kept_secret(node, secret.expose_secret()).map(|value| leaf::text(node, &value));
                    let text = text.unwrap_or_default();
                    if leaf::is_one_password(node) && has_edge(&text) {
                        self.push(control(&place.name, EDGES), KEEP_EDGES);
                    }
                    self.push(&place.name, text);
                }
            }
            _ => {
                if let Some(value) = value {
                    self.leaf(node, place, value);
                }
            }
        }
    }

    fn group(&mut self, group: &GroupShape, place: &FormPlace, value: Option<&Value>) {
        let nothing = Map::new();
        let object = value.and_then(Value::as_object).unwrap_or(&nothing);
        for field in &group.fields {
            self.node(field, &place.child(&field.key), object.get(&field.key));
        }
    }

    fn one_of(&mut self, one_of: &OneOfShape, place: &FormPlace, value: Option<&Value>) {
        let value = value.filter(|value| value.as_object().is_some_and(has_values));
        let index = chosen(one_of, value, &self.values.secrets, place.key());
        if let Some((index, branch)) = index.and_then(|index| Some((index, one_of.branches.get(index)?))) {
            self.push(place.chooser(), index.to_string());
            self.group(&branch.group, &place.branch(index), value);
        }
    }

    fn rows(&mut self, rows: &RowsShape, place: &FormPlace, value: Option<&Value>) {
        let list = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.push(control(&place.name, "n"), list.len().to_string());
        for (index, row) in list.iter().enumerate() {
            self.node(&rows.item, &place.row(&RowSeat::known(index, row), &rows.item.title), Some(row));
        }
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace, value: &Value) {
        match (&node.kind, value) {
            (NodeKind::Bool(BoolShape { open: false }), _) => {
                self.push(control(&place.name, "set"), "1");
                if value == &Value::Bool(true) {
                    self.push(&place.name, "true");
                }
            }
            (NodeKind::Checks(checks), Value::Array(members)) => {
                self.push(control(&place.name, "set"), "1");
                for (index, _) in
                    checks.options.iter().enumerate().filter(|(_, option)| members.contains(&option.value))
                {
                    self.push(&place.name, index.to_string());
                }
            }
            _ => self.push(&place.name, leaf::text(node, value)),
        }
    }
}
