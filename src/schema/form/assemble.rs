//! One walk that builds the final configuration from what is there, and finds what is missing or wrong on the way.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::place::{FormPlace, RowSeat};
use super::secrets::{SecretSet, SecretValues};
use super::{Asks, leaf};
use crate::base::forms::{FieldError, FieldPath, ValueProblem};
use crate::schema::spec::{
    GroupShape, Node, NodeKind, OneOfShape, ROW_KEY, RowsShape, chosen_by_values, judge, judge_count,
};

/// The branch that stored values stand for.
pub(super) fn chosen(
    one_of: &OneOfShape,
    value: Option<&Value>,
    secrets: &dyn SecretSet,
    path: &FieldPath,
) -> Option<usize> {
    match value.and_then(Value::as_object) {
        Some(object) if has_values(object) => chosen_by_values(one_of, object),
        Some(_) => chosen_by_values(one_of, &Map::new()),
        None => secrets.any_within(path).then(|| chosen_by_values(one_of, &Map::new())).flatten(),
    }
}

/// Whether anything stands in it. Which row it is does not count.
pub(super) fn has_values(object: &Map<String, Value>) -> bool {
    object.keys().any(|key| key != ROW_KEY)
}

pub(super) struct Assembly<'a> {
    secrets: &'a dyn SecretValues,
    /// Free JSON is not asked of a recipient, so its absence is not held against them.
    skip_json: bool,
    /// Rows are told by their id, not by where they stand.
    by_row: bool,
    /// What somebody is asked for; whatever else is missing or wrong is not theirs to mend.
    asks: Option<&'a Asks>,
    pub(super) found: Vec<FieldError>,
    /// Kept secrets that have to be given again, and those of them that somebody can be asked for.
    ask_again: Option<&'a BTreeSet<FieldPath>>,
    pub(super) again: Vec<FieldError>,
    /// Leaves that must have an answer from somebody, and how many have one.
    pub(super) required: usize,
    pub(super) answered: usize,
}

impl<'a> Assembly<'a> {
    pub(super) const fn new(secrets: &'a dyn SecretValues, skip_json: bool) -> Self {
        Self {
            secrets,
            skip_json,
            by_row: false,
            asks: None,
            found: Vec::new(),
            ask_again: None,
            again: Vec::new(),
            required: 0,
            answered: 0,
        }
    }

    /// Also finds which of these secrets somebody can be asked for.
    pub(super) fn asking_again(self, secrets: &'a BTreeSet<FieldPath>) -> Self {
        Self { ask_again: Some(secrets), ..self }
    }

    /// For somebody who is asked for some fields only; `None` for all.
    pub(super) fn asking(self, asks: Option<&'a Asks>) -> Self {
        Self { asks, ..self }
    }

    fn is_asked(&self, place: &FormPlace) -> bool {
        self.asks.is_none_or(|asks| asks.names(place.key()))
    }

    /// Also makes an object of every list of rows, by their ids.
    pub(super) fn by_row(self) -> Self {
        Self { by_row: true, ..self }
    }

    /// The whole configuration. Values that are set but not at hand stand in as null.
    pub(super) fn whole(&mut self, root: &Node, plain: &Map<String, Value>) -> Value {
        let place = FormPlace::root();
        match &root.kind {
            NodeKind::Group(group) => Value::Object(self.group(group, &place, Some(plain))),
            NodeKind::OneOf(one_of) if plain.is_empty() && !self.secrets.any_within(place.key()) => {
                self.one_of(root, one_of, &place, None).unwrap_or_else(|| Value::Object(Map::new()))
            }
            _ => self
                .node(root, &place, Some(&Value::Object(plain.clone())))
                .unwrap_or_else(|| Value::Object(Map::new())),
        }
    }

    fn node(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        // What is hidden can be asked of nobody, nor what is inside of it.
        let outside = self.ask_again;
        self.ask_again = outside.filter(|_| !node.hidden);
        let made = self.shown(node, place, value);
        self.ask_again = outside;
        made
    }

    fn shown(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        match &node.kind {
            NodeKind::Const(constant) => Some(constant.clone()),
            NodeKind::Group(group) => {
                let object = value.and_then(Value::as_object);
                let active = node.required
                    || group.given
                    || object.is_some_and(has_values)
                    || self.secrets.any_within(place.key());
                active.then(|| Value::Object(self.group(group, place, object)))
            }
            NodeKind::OneOf(one_of) => self.one_of(node, one_of, place, value),
            NodeKind::Rows(rows) => self.rows(node, rows, place, value),
            _ => self.leaf(node, place, value),
        }
    }

    fn group(
        &mut self,
        group: &GroupShape,
        place: &FormPlace,
        object: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let mut config = Map::new();
        for field in &group.fields {
            let value = object.and_then(|object| object.get(&field.key));
            if let Some(value) = self.node(field, &place.child(&field.key), value) {
                config.insert(field.key.clone(), value);
            }
        }
        config
    }

    fn one_of(&mut self, node: &Node, one_of: &OneOfShape, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        let chosen = chosen(one_of, value, self.secrets, place.key());
        let Some(index) = chosen.or(one_of.default) else {
            if node.required && self.is_asked(place) {
                self.required += 1;
                self.found.push(place.error(node, ValueProblem::NotChosen));
            }
            return None;
        };
        let branch = one_of.branches.get(index)?;
        let inside = place.branch(index);
        let object = value.and_then(Value::as_object);
        if chosen.is_some() || node.required {
            return Some(Value::Object(self.group(&branch.group, &inside, object)));
        }
        // An optional choice left at its default is written only when that needs nobody's answer.
        let mut trial = Assembly::new(self.secrets, self.skip_json);
        let config = trial.group(&branch.group, &inside, object);
        trial.found.is_empty().then_some(Value::Object(config))
    }

    fn rows(&mut self, node: &Node, rows: &RowsShape, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        let counts = node.required && node.default.is_none() && self.is_asked(place);
        let Some(list) = value.and_then(Value::as_array) else {
            if counts {
                self.required += 1;
                self.found.push(place.error(node, ValueProblem::Missing));
            }
            return node.default.clone();
        };
        if counts {
            self.required += 1;
            self.answered += 1;
        }
        // A removed row leaves null behind while a form is judged, so that the others keep their number.
        let kept = list.iter().enumerate().filter(|(_, row)| !row.is_null());
        let mut configs: Vec<(String, Value)> = Vec::new();
        for (index, row) in kept {
            let seat = RowSeat::known(index, row);
            let made = self.node(&rows.item, &place.row(&seat, &rows.item.title), Some(row));
            configs.extend(made.map(|made| (seat.id.into_owned(), made)));
        }
        if let Some(problem) = judge_count(configs.len(), rows.min, Some(rows.max)).filter(|_| self.is_asked(place)) {
            self.found.push(place.error(node, problem));
        }
        if self.by_row {
            return Some(Value::Object(configs.into_iter().collect()));
        }
        Some(Value::Array(configs.into_iter().map(|(_, config)| config).collect()))
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>) -> Option<Value> {
        let set = self.secrets.kept(place.key());
        let kept = set.flatten().and_then(|kept| leaf::kept_secret(node, kept.expose_secret()));
        let value = if node.secret { kept.as_ref() } else { value };
        let is_asked = self.is_asked(place);
        let counts = node.required
            && node.default.is_none()
            && is_asked
            && !(self.skip_json && matches!(node.kind, NodeKind::Json(_)) && !node.secret);
        self.required += usize::from(counts);
        if let Some(value) = value {
            self.answered += usize::from(counts);
            self.found.extend(judge(node, value).filter(|_| is_asked).map(|problem| place.error(node, problem)));
            return Some(value.clone());
        }
        if set.is_some() {
            self.answered += usize::from(counts);
            if is_asked && self.ask_again.is_some_and(|again| again.contains(place.key())) {
                self.again.push(place.error(node, ValueProblem::AddressChanged));
            }
            return Some(Value::Null);
        }
        if counts {
            let choose = matches!(node.kind, NodeKind::Choice(_) | NodeKind::Bool(_) | NodeKind::Checks(_));
            self.found.push(place.error(node, if choose { ValueProblem::NotChosen } else { ValueProblem::Missing }));
        }
        node.default.clone()
    }
}
