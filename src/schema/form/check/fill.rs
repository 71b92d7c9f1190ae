//! Fills in a form as a patient person would: every field, with one branch chosen at every choice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::leaf;
use super::super::place::{FormPlace, RowSeat, control};
use super::sample;
use crate::schema::spec::{
    BoolShape, GroupShape, JsonShape, LineItem, Node, NodeKind, NumberShape, OneOfShape, Spec, TextShape,
};

/// More ways than this are not tried.
const MAX_PLANS: usize = 1_500;

/// Which branch to choose where, by the chooser's name. Choices that are not named take their default, else the first
/// branch.
#[derive(Clone, Default)]
pub(super) struct FillPlan(BTreeMap<String, (usize, String)>);

impl FillPlan {
    /// The plan for people.
    pub(super) fn words(&self) -> String {
        let choices: Vec<&str> = self.0.values().map(|(_, title)| title.as_str()).collect();
        if choices.is_empty() { "with defaults".to_owned() } else { format!("with {}", choices.join(" > ")) }
    }

    fn branch(&self, name: &str, one_of: &OneOfShape) -> usize {
        self.0.get(name).map_or_else(|| one_of.default.unwrap_or(0), |(index, _)| *index)
    }
}

/// A filled form, and the secrets in it that nothing else could be mistaken for.
pub(super) struct Filled {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) secrets: Vec<String>,
}

/// One plan for each branch of each choice, and one that leaves all at their defaults.
pub(super) fn plans(spec: &Spec) -> Vec<FillPlan> {
    let mut found = vec![FillPlan::default()];
    collect(spec.root(), &FormPlace::root(), &FillPlan::default(), &mut found);
    found
}

fn collect(node: &Node, place: &FormPlace, around: &FillPlan, found: &mut Vec<FillPlan>) {
    if node.hidden || found.len() >= MAX_PLANS {
        return;
    }
    match &node.kind {
        NodeKind::Group(group) => collect_all(group, place, around, found),
        NodeKind::Rows(rows) => collect(&rows.item, &place.row(&RowSeat::new(0), ""), around, found),
        NodeKind::OneOf(one_of) => {
            for (index, branch) in one_of.branches.iter().enumerate() {
                let mut plan = around.clone();
                plan.0.insert(place.chooser(), (index, branch.title.clone()));
                found.push(plan.clone());
                collect_all(&branch.group, &place.branch(index), &plan, found);
            }
        }
        _ => {}
    }
}

fn collect_all(group: &GroupShape, place: &FormPlace, around: &FillPlan, found: &mut Vec<FillPlan>) {
    group.fields.iter().for_each(|field| collect(field, &place.child(&field.key), around, found));
}

pub(super) fn fill(spec: &Spec, plan: &FillPlan) -> Filled {
    let mut filler = FormFiller { plan, filled: Filled { pairs: Vec::new(), secrets: Vec::new() }, count: 0 };
    filler.node(spec.root(), &FormPlace::root());
    filler.filled
}

struct FormFiller<'a> {
    plan: &'a FillPlan,
    filled: Filled,
    count: usize,
}

impl FormFiller<'_> {
    fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.filled.pairs.push((name.into(), value.into()));
    }

    fn node(&mut self, node: &Node, place: &FormPlace) {
        match &node.kind {
            _ if node.hidden => {}
            NodeKind::Const(_) => {}
            NodeKind::Group(group) => self.group(group, place),
            NodeKind::OneOf(one_of) => {
                let index = self.plan.branch(&place.chooser(), one_of);
                self.push(place.chooser(), index.to_string());
                if let Some(branch) = one_of.branches.get(index) {
                    self.group(&branch.group, &place.branch(index));
                }
            }
            NodeKind::Rows(rows) => {
                for index in 0..rows.min.max(1) {
                    self.node(&rows.item, &place.row(&RowSeat::new(index), ""));
                }
            }
            NodeKind::Bool(BoolShape { open }) => self.yes_no(node, *open, place),
            NodeKind::Checks(checks) => {
                self.push(control(&place.name, "set"), "1");
                (0..checks.min.max(1)).for_each(|index| self.push(&place.name, index.to_string()));
            }
            _ => self.leaf(node, place),
        }
    }

    fn group(&mut self, group: &GroupShape, place: &FormPlace) {
        group.fields.iter().for_each(|field| self.node(field, &place.child(&field.key)));
    }

    /// The answer that is not the default.
    fn yes_no(&mut self, node: &Node, open: bool, place: &FormPlace) {
        let yes = node.default != Some(Value::Bool(true));
        if open {
            self.push(&place.name, yes.to_string());
            return;
        }
        self.push(control(&place.name, "set"), "1");
        if yes {
            self.push(&place.name, "true");
        }
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace) {
        self.count += 1;
        let text = match &node.kind {
            NodeKind::Text(text) if node.secret => self.secret(text),
            NodeKind::Text(text) => sample::text(text, self.count),
            NodeKind::Number(number) => Some(sample::number(*number)),
            NodeKind::Choice(choice) => Some((choice.options.len() - 1).to_string()),
            NodeKind::Lines(lines) => {
                let line = |count: usize| match &lines.item {
                    LineItem::Text(text) => sample::text(text, count),
                    LineItem::Number(NumberShape { step: None, .. }) if count == 0 => Some("1".to_owned()),
                    LineItem::Number(number) => Some(sample::number(*number)),
                };
                (0..lines.min.max(1))
                    .map(|index| line(self.count * 10 + index))
                    .collect::<Option<Vec<_>>>()
                    .map(|lines| lines.join("\n"))
            }
            NodeKind::Json(JsonShape::Object) => Some(sample::json(node, "{}")),
            NodeKind::Json(JsonShape::List) => Some(sample::json(node, "[]")),
            NodeKind::Json(JsonShape::Any) => node
                .default
                .as_ref()
                .map(|default| leaf::text(node, default))
                .or_else(|| node.required.then(|| "\"sample\"".to_owned())),
            _ => None,
        };
        if let Some(text) = text {
            self.push(&place.name, text);
        }
    }

    fn secret(&mut self, text: &TextShape) -> Option<String> {
        let marker = format!("kept-secret-{:04}", self.count);
        if sample::fits(text, &marker) {
            self.filled.secrets.push(marker.clone());
            return Some(marker);
        }
        sample::text(text, self.count)
    }
}
