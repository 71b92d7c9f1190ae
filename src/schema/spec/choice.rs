//! Choices between groups (`oneOf`): their branches, the branch a spec means by its default, and the branch a stored
//! object stands for.

use serde_json::Value;

use super::compile::{Compiler, Inherit};
use super::flatten::{self, Object, Schema};
use super::model::{BRANCH_KEY, Branch, GroupShape, LineItem, NodeKind, OneOfShape, ROW_KEY};
use super::{SpecError, defaults, describe, labels};
use crate::base::forms::FieldPath;

/// More branches than any real choice has; the largest has 17.
const MAX_BRANCHES: usize = 100;

impl Compiler<'_> {
    /// Whether the alternatives are groups with questions of their own. Alternatives that only demand or forbid are
    /// rules, not a choice.
    pub(super) fn are_groups(&self, variants: &[&Value]) -> bool {
        let flats: Vec<Object<'_>> = variants.iter().filter_map(|variant| self.flat(variant).ok()).collect();
        let is_group = |schema: &Object<'_>| {
            let kinds = flatten::kinds(schema);
            schema.contains_key("properties")
                || kinds == ["object"]
                || (kinds.is_empty() && !flatten::variants(schema).is_empty())
        };
        flats.len() == variants.len()
            && !flats.is_empty()
            && flats.iter().all(is_group)
            && flats.iter().any(|flat| flat.contains_key("properties") || !flatten::variants(flat).is_empty())
    }

    /// Compiles a choice. Properties that stand beside the choice become part of every branch.
    pub(super) fn one_of(
        &mut self,
        at: &FieldPath,
        schema: &Schema,
        inherit: &Inherit<'_>,
    ) -> Result<OneOfShape, SpecError> {
        let mut flats = Vec::new();
        self.expand(schema, None, inherit.level, &mut flats)?;
        let constants: Vec<Schema> = flats.iter().map(|flat| self.constants(flat)).collect();
        let default = inherit.default.and_then(|default| defaults::branch(default, &constants));
        let mut branches = Vec::new();
        for (index, flat) in flats.iter().enumerate() {
            let given = inherit.default.filter(|_| default == Some(index));
            let group = self.group(
                at,
                flat,
                &Inherit { default: given, level: inherit.level + 1, required: true, ..*inherit },
            )?;
            let title = self.branch_title(flat, constants.get(index), index);
            let hint = flat.get("description").and_then(Value::as_str).and_then(describe::sentence);
            branches.push(Branch { title, hint, left_out: None, group });
        }
        tell_apart(&mut branches);
        let marked = !are_told_apart(&branches);
        Ok(OneOfShape { branches, default, marked })
    }

    /// Every branch merged with what stands beside the choice; choices directly inside a branch become branches too.
    fn expand(
        &mut self,
        schema: &Schema,
        outer_title: Option<&str>,
        level: usize,
        out: &mut Vec<Schema>,
    ) -> Result<(), SpecError> {
        if level > super::limits::MAX_LEVELS {
            return Err(SpecError::TooDeep);
        }
        let beside: Schema = ["properties", "required"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), schema.get(*key)?.clone())))
            .collect();
        for variant in flatten::variants(schema) {
            let Ok(flat) = self.flat(variant) else { continue };
            let mut merged = flatten::merge(flat.into_owned(), &beside);
            self.spend(&merged).map_err(|_| SpecError::TooLarge)?;
            let own = merged.get("title").and_then(Value::as_str).map(str::to_owned);
            let title = match (outer_title, own) {
                (Some(outer), Some(own)) => Some(format!("{outer}: {own}")),
                (outer, own) => own.or_else(|| outer.map(str::to_owned)),
            };
            if let Some(title) = &title {
                merged.insert("title".to_owned(), Value::String(title.clone()));
            }
            if self.are_groups(&flatten::variants(&merged)) {
                self.expand(&merged, title.as_deref(), level + 1, out)?;
            } else {
                out.push(merged);
            }
            if out.len() > MAX_BRANCHES {
                return Err(SpecError::TooLarge);
            }
        }
        Ok(())
    }

    /// The constants that stand directly in a branch.
    fn constants(&self, branch: &Schema) -> Schema {
        let fields = branch.get("properties").and_then(Value::as_object);
        let constant = |(key, schema): (&String, &Value)| {
            Some((key.clone(), flatten::constant(self.flat(schema).ok()?.as_ref())?.clone()))
        };
        fields.into_iter().flatten().filter_map(constant).collect()
    }

    fn branch_title(&self, branch: &Schema, constants: Option<&Schema>, index: usize) -> String {
        let given = branch.get("title").and_then(Value::as_str);
        let constant = constants.and_then(|constants| constants.values().find_map(Value::as_str));
        match (given, constant) {
            (Some(given), _) if !given.trim().is_empty() => labels::title(Some(given), ""),
            (_, Some(constant)) => labels::humanise(constant),
            _ => format!("Option {}", index + 1),
        }
    }
}

/// Branches of the same title get their number.
fn tell_apart(branches: &mut [Branch]) {
    let titles: Vec<String> = branches.iter().map(|branch| branch.title.clone()).collect();
    for (index, branch) in branches.iter_mut().enumerate() {
        if titles.iter().filter(|title| **title == branch.title).count() > 1 {
            branch.title = format!("{} ({})", branch.title, index + 1);
        }
    }
}

/// Whether stored constants alone tell every two branches apart.
fn are_told_apart(branches: &[Branch]) -> bool {
    let mut pairs = branches
        .iter()
        .enumerate()
        .flat_map(|(index, left)| branches.iter().skip(index + 1).map(move |right| (left, right)));
    pairs.all(|(left, right)| differ(&left.group, &right.group) || differ(&right.group, &left.group))
}

fn differ(left: &GroupShape, right: &GroupShape) -> bool {
    left.constants().any(|(key, value)| match right.field(key).map(|field| &field.kind) {
        Some(NodeKind::Const(other)) => other != value,
        Some(_) => false,
        None => true,
    })
}

/// The branch an object stands for: the one it is marked with, else the one whose constants and names fit best. None
/// when none fits.
pub(crate) fn chosen_by_values(one_of: &OneOfShape, object: &Schema) -> Option<usize> {
    if let Some(marked) = object.get(BRANCH_KEY).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok()) {
        return (marked < one_of.branches.len()).then_some(marked);
    }
    let scored =
        one_of.branches.iter().enumerate().filter_map(|(index, branch)| Some((score(&branch.group, object)?, index)));
    scored.max_by_key(|(score, index)| (*score, std::cmp::Reverse(*index))).map(|(_, index)| index)
}

/// How well an object fits a branch; None when a constant contradicts.
fn score(branch: &GroupShape, object: &Schema) -> Option<i64> {
    let mut score = 0;
    for (key, constant) in branch.constants() {
        score += match object.get(key) {
            Some(value) if value == constant => 10,
            Some(_) => return None,
            None => -10,
        };
    }
    for (key, value) in object.iter().filter(|(key, _)| *key != ROW_KEY) {
        score += match branch.field(key) {
            Some(field) if is_possible(&field.kind, value) => 1,
            Some(_) | None => -5,
        };
    }
    Some(score)
}

/// Whether a value is of a shape the field can have.
fn is_possible(kind: &NodeKind, value: &Value) -> bool {
    match kind {
        NodeKind::Const(constant) => constant == value,
        NodeKind::OneOf(_) | NodeKind::Group(_) => value.is_object(),
        NodeKind::Rows(_) => value.as_array().is_some_and(|rows| rows.iter().all(Value::is_object)),
        NodeKind::Lines(lines) => value.as_array().is_some_and(|items| match &lines.item {
            LineItem::Text(_) => items.iter().all(Value::is_string),
            LineItem::Number(_) => items.iter().all(Value::is_number),
        }),
        NodeKind::Checks(checks) => value.as_array().is_some_and(|members| {
            members.iter().all(|member| checks.options.iter().any(|option| option.value == *member))
        }),
        NodeKind::Choice(choice) => choice.options.iter().any(|option| option.value == *value),
        NodeKind::Bool(_) => value.is_boolean(),
        NodeKind::Number(_) => value.is_number(),
        NodeKind::Text(_) => value.is_string(),
        NodeKind::Json(_) => true,
    }
}
