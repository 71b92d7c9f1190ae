//! A draft as its owner reads it: every question of the chosen branches, in the order of the form, with its answer.

use serde_json::{Map, Value};

use super::assemble::{chosen, has_values};
use super::left_out::is_given;
use super::place::{FormPlace, RowSeat};
use super::{FieldPath, KnownValues, Spec, leaf, missing_required};
use crate::schema::spec::{ChoiceShape, GroupShape, Node, NodeKind, OneOfShape, RowsShape};

/// One question and what is known of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverviewAnswer {
    /// Where the value lies in the configuration.
    pub path: FieldPath,
    /// Where it is stored: rows by their id.
    pub key: FieldPath,
    /// How the form calls the field.
    pub title: String,
    /// Its value is never shown.
    pub secret: bool,
    /// It is free JSON that nobody outside is asked for.
    pub json: bool,
    /// The connector needs it.
    pub required: bool,
    /// It is written when nobody answers.
    pub has_default: bool,
    /// Why nobody here takes the answer up that stands there.
    pub left_out: Option<String>,
    /// The answer, or the default, in words; `None` for secrets and for what nobody answered.
    pub shown: Option<String>,
    set: bool,
    missing: bool,
}

impl OverviewAnswer {
    /// Whether somebody answered.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.set
    }

    /// Whether the connection cannot be finished without it.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.missing
    }
}

/// All questions of the chosen branches.
#[must_use]
pub fn overview(spec: &Spec, known: &KnownValues) -> Vec<OverviewAnswer> {
    let missing = missing_required(spec, known).into_iter().map(|field| field.path).collect();
    let mut reader = OverviewReader { known, missing, answers: Vec::new() };
    let plain = Value::Object(known.plain.clone());
    reader.node(spec.root(), &FormPlace::root(), Some(&plain), true);
    reader.answers
}

struct OverviewReader<'a> {
    known: &'a KnownValues,
    missing: Vec<FieldPath>,
    answers: Vec<OverviewAnswer>,
}

impl OverviewReader<'_> {
    /// `needed`: everything around the field is needed too, so its own "required" counts.
    fn node(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>, needed: bool) {
        if !node.is_asked() || !self.is_open(node, place, value) {
            return;
        }
        match &node.kind {
            NodeKind::Group(group) => {
                self.group(group, place, value, needed && (node.required || place.path.as_str().is_empty()))
            }
            NodeKind::OneOf(one_of) => self.one_of(node, one_of, place, value, needed),
            NodeKind::Rows(rows) => self.rows(node, rows, place, value, needed),
            _ => self.leaf(node, place, value, needed),
        }
    }

    /// What nobody here takes up is a question only where it was answered before.
    fn is_open(&self, node: &Node, place: &FormPlace, value: Option<&Value>) -> bool {
        node.left_out.is_none() || is_given(node, place.key(), value, &self.known.secret_paths)
    }

    fn group(&mut self, group: &GroupShape, place: &FormPlace, value: Option<&Value>, needed: bool) {
        let nothing = Map::new();
        let object = value.and_then(Value::as_object).unwrap_or(&nothing);
        for field in &group.fields {
            self.node(field, &place.child(&field.key), object.get(&field.key), needed);
        }
    }

    fn one_of(&mut self, node: &Node, one_of: &OneOfShape, place: &FormPlace, value: Option<&Value>, needed: bool) {
        let filled = value.filter(|value| value.as_object().is_some_and(has_values));
        let picked = chosen(one_of, filled, &self.known.secret_paths, place.key());
        let branch = picked.or(one_of.default).and_then(|index| Some((index, one_of.branches.get(index)?)));
        let shown = branch.map(|(_, branch)| branch.title.clone());
        self.push(node, place, shown, picked.is_some(), one_of.default.is_some(), needed);
        let left_out = branch.and_then(|(_, branch)| branch.left_out.clone());
        if let (Some(_), Some(answer)) = (&left_out, self.answers.last_mut()) {
            answer.left_out = left_out;
            return;
        }
        if let Some((index, branch)) = branch {
            self.group(&branch.group, &place.branch(index), value, needed && (node.required || picked.is_some()));
        }
    }

    fn rows(&mut self, node: &Node, rows: &RowsShape, place: &FormPlace, value: Option<&Value>, needed: bool) {
        let list = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if list.is_empty() {
            self.push(node, place, None, false, node.default.is_some(), needed);
        }
        for (index, row) in list.iter().enumerate() {
            self.node(&rows.item, &place.row(&RowSeat::known(index, row), &rows.item.title), Some(row), true);
        }
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace, value: Option<&Value>, needed: bool) {
        let set = if node.secret { self.known.secret_paths.contains(place.key()) } else { value.is_some() };
        let shown = if node.secret { None } else { value.or(node.default.as_ref()).map(|value| words(node, value)) };
        self.push(node, place, shown, set, node.default.is_some(), needed);
    }

    fn push(
        &mut self,
        node: &Node,
        place: &FormPlace,
        shown: Option<String>,
        set: bool,
        has_default: bool,
        needed: bool,
    ) {
        let field = place.reference(node);
        let missing = self.missing.contains(&field.path);
        let required = missing || (needed && node.required);
        self.answers.push(OverviewAnswer {
            path: field.path,
            key: place.key().clone(),
            title: field.title,
            secret: node.secret,
            json: matches!(node.kind, NodeKind::Json(_)) && !node.secret,
            required,
            has_default,
            left_out: node.left_out.clone(),
            shown,
            set,
            missing,
        });
    }
}

/// A value as a person reads it.
fn words(node: &Node, value: &Value) -> String {
    let label = |choice: &ChoiceShape| {
        choice.options.iter().find(|option| &option.value == value).map(|option| option.label.clone())
    };
    match (&node.kind, value) {
        (_, Value::Bool(true)) => "Yes".to_owned(),
        (_, Value::Bool(false)) => "No".to_owned(),
        (NodeKind::Choice(choice), _) => label(choice).unwrap_or_else(|| leaf::text(node, value)),
        (NodeKind::Checks(checks), Value::Array(members)) => {
            let chosen = checks
                .options
                .iter()
                .filter(|option| members.contains(&option.value))
                .map(|option| option.label.as_str());
            chosen.collect::<Vec<_>>().join(", ")
        }
        // As it is stored: the control of a date leaves out what the spec adds, such as the zone.
        (NodeKind::Text(_), Value::String(stored)) => stored.clone(),
        (NodeKind::Lines(_), _) => leaf::text(node, value).lines().collect::<Vec<_>>().join(", "),
        _ => leaf::text(node, value),
    }
}
