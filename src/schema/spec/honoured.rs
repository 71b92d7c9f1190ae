//! A spec, held against what whoever will read its configuration takes up: the rest is asked of nobody.
//!
//! What stands there all the same, because a program set it or because it was asked for before, stays and is shown as what it is.

use super::Spec;
use super::model::{Branch, Node, NodeKind, OneOfShape};
use crate::base::forms::FieldPath;

/// What a built-in engine takes up of a configuration. Places are JSON Pointers.
#[derive(Debug)]
pub struct Honoured {
    /// The settings that are read.
    pub settings: &'static [&'static str],
    /// The constants that tell the branches of a choice apart, and those whose branches are done.
    pub choices: &'static [HonouredChoice],
    /// Why something else is left out, in one sentence, by its place; of a branch by its constant: `/way/method=CDC`.
    pub reasons: &'static [(&'static str, &'static str)],
    /// Why anything is that no reason names.
    pub otherwise: &'static str,
}

/// A constant, and its values that are done.
#[derive(Debug)]
pub struct HonouredChoice {
    /// Where it stands.
    pub constant: &'static str,
    /// The values.
    pub values: &'static [&'static str],
}

/// Something of a spec that is asked of nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it stands; of a branch, the choice.
    pub path: FieldPath,
    /// How the form calls it; a branch with its choice: "How changes are found: By the write-ahead log".
    pub title: String,
    /// Why, in one sentence.
    pub reason: String,
}

impl LeftOut {
    pub(crate) fn branch(path: &FieldPath, choice: &Node, branch: &Branch, reason: &str) -> Self {
        let title = format!("{}: {}", choice.title, branch.title);
        Self { path: path.clone(), title, reason: reason.to_owned() }
    }

    pub(crate) fn setting(path: &FieldPath, node: &Node, reason: &str) -> Self {
        let title =
            node.within.as_ref().map_or_else(|| node.title.clone(), |within| format!("{within}: {}", node.title));
        Self { path: path.clone(), title, reason: reason.to_owned() }
    }
}

impl Spec {
    /// The same form without the questions that are not in the table, and without the branches of choices that are not.
    #[must_use]
    pub fn held_against(mut self, honoured: &Honoured) -> Self {
        honoured.mark(&mut self.root, &FieldPath::root());
        self
    }

    /// What is asked of nobody because nobody here would take it up; each once.
    #[must_use]
    pub fn left_out(&self) -> Vec<LeftOut> {
        let mut found = Vec::new();
        collect(&self.root, &FieldPath::root(), &mut found);
        // Branches may have the same setting.
        let mut each: Vec<LeftOut> = Vec::new();
        for one in found {
            if !each.contains(&one) {
                each.push(one);
            }
        }
        each
    }
}

impl Honoured {
    fn reason(&self, place: &str) -> String {
        let known = self.reasons.iter().find(|(at, _)| *at == place);
        known.map_or(self.otherwise, |(_, words)| words).to_owned()
    }

    /// Whether something in this place, or inside of it, is taken up.
    fn reaches(&self, path: &FieldPath) -> bool {
        let is_inside = |place: &str| FieldPath::parse(place).is_ok_and(|place| place.is_within(path));
        self.settings.iter().any(|place| is_inside(place))
            || self.choices.iter().any(|choice| is_inside(choice.constant))
    }

    fn mark(&self, node: &mut Node, path: &FieldPath) {
        let is_root = path.as_str().is_empty();
        // A field that nobody could ever fill would block the connection for good: it is asked for.
        let may_go = !is_root && (!node.required || node.answers_itself());
        match &mut node.kind {
            NodeKind::Const(_) => {}
            _ if may_go && !self.reaches(path) => node.left_out = Some(self.reason(path.as_str())),
            NodeKind::Group(group) => {
                group.fields.iter_mut().for_each(|field| self.mark(field, &path.child(&field.key)));
            }
            NodeKind::OneOf(one_of) => self.mark_branches(one_of, path),
            _ => {}
        }
    }

    fn mark_branches(&self, one_of: &mut OneOfShape, path: &FieldPath) {
        for branch in &mut one_of.branches {
            branch.left_out = self.why_not(branch, path);
            if branch.left_out.is_none() {
                branch.group.fields.iter_mut().for_each(|field| self.mark(field, &path.child(&field.key)));
            }
        }
        let is_in = |branch: &Branch| branch.left_out.is_none();
        if one_of.fallback().is_some_and(|branch| !is_in(branch)) {
            one_of.default = one_of.branches.iter().position(is_in);
        }
    }

    /// Why a branch is left out: another of its constant's values is done, or none of its constants is known.
    fn why_not(&self, branch: &Branch, path: &FieldPath) -> Option<String> {
        let told = branch.group.constants().find_map(|(key, value)| {
            let place = path.child(key);
            let choice = self.choices.iter().find(|choice| choice.constant == place.as_str())?;
            Some((choice, place, value.as_str().unwrap_or_default()))
        });
        match told {
            Some((choice, _, value)) if choice.values.contains(&value) => None,
            Some((_, place, value)) => Some(self.reason(&format!("{}={value}", place.as_str()))),
            None => Some(self.otherwise.to_owned()),
        }
    }
}

fn collect(node: &Node, path: &FieldPath, found: &mut Vec<LeftOut>) {
    if let Some(reason) = &node.left_out {
        found.extend((!node.hidden).then(|| LeftOut::setting(path, node, reason)));
        return;
    }
    match &node.kind {
        NodeKind::Group(group) => group.fields.iter().for_each(|field| collect(field, &path.child(&field.key), found)),
        NodeKind::OneOf(one_of) => {
            for branch in &one_of.branches {
                match &branch.left_out {
                    Some(reason) => found.push(LeftOut::branch(path, node, branch, reason)),
                    None => branch.group.fields.iter().for_each(|field| collect(field, &path.child(&field.key), found)),
                }
            }
        }
        _ => {}
    }
}
