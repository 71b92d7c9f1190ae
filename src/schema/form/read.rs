//! Reads one leaf of a posted form, against what is known of it.

use secrecy::SecretString;
use serde_json::Value;

use super::decode::{DecodeScope, Decoder, Got};
use super::leaf;
use super::patch::Patch;
use super::place::{CUT_EDGES, EDGES, FormPlace, KEEP_EDGES, control};
use crate::base::forms::ValueProblem;
use crate::schema::pasted;
use crate::schema::spec::{Node, NodeKind, judge};

/// What the browser said about one plain leaf.
enum Posted {
    /// The field was not on the page, or a box of a kind that sends nothing when it is off.
    Absent,
    Blank,
    Value(Value),
    Wrong(ValueProblem),
}

/// What is known of a leaf, and whether the page kept it back.
#[derive(Clone, Copy)]
struct Old<'v> {
    known: Option<&'v Value>,
    concealed: bool,
}

impl Decoder<'_> {
    /// Whether the owner ticked "Remove" at this field.
    fn is_cleared(&self, place: &FormPlace) -> bool {
        self.by_owner && self.raw.first(&control(place.posted(), "clear")).is_some_and(|mark| !mark.is_empty())
    }

    pub(super) fn secret_leaf(&mut self, node: &Node, place: &FormPlace, scope: DecodeScope<'_>) -> Got {
        let set = !scope.fresh && self.known.secret_paths.contains(place.key());
        let kept = Got { filled: set, ..Got::default() };
        let posted = self.raw.first(place.posted()).unwrap_or_default();
        match leaf::parse(node, posted) {
            Err(problem) => self.wrong(node, place, problem),
            Ok(Some(value)) => {
                self.typed_secrets.insert(place.name.clone(), leaf::unix_lines(posted).into());
                let Some(value) = self.with_edges_settled(node, place, value) else {
                    return self.wrong(node, place, ValueProblem::EdgeSpace);
                };
                if let Some(problem) = judge(node, &value) {
                    return self.wrong(node, place, problem);
                }
                self.provide(node, place);
                Got {
                    patch: Patch::Secret(SecretString::from(leaf::secret_to_keep(&value))),
                    touched: true,
                    filled: true,
                }
            }
            Ok(None) if set && self.is_cleared(place) => {
                self.removals += 1;
                Got { patch: Patch::Remove, touched: true, filled: false }
            }
            Ok(None) => kept,
        }
    }

    /// Every character may belong to a password. Whether a space at its edge does is known only to whoever typed it; `None` until they say so.
    fn with_edges_settled(&self, node: &Node, place: &FormPlace, value: Value) -> Option<Value> {
        let Some(text) = value.as_str().filter(|text| leaf::is_one_password(node) && pasted::has_edge(text)) else {
            return Some(value);
        };
        match self.raw.first(&control(place.posted(), EDGES)) {
            Some(KEEP_EDGES) => Some(value),
            Some(CUT_EDGES) => Some(Value::from(pasted::trimmed(text))).filter(|text| *text != ""),
            _ => None,
        }
    }

    pub(super) fn plain_leaf(&mut self, node: &Node, place: &FormPlace, scope: DecodeScope<'_>) -> Got {
        let known = if scope.fresh { None } else { scope.value };
        let concealed = known.is_some() && self.known.conceals(place.key());
        let got = self.read_plain(node, place, Old { known, concealed });
        if !got.touched {
            self.untouched.push(place.name.clone());
            self.untouched.push(control(&place.name, "set"));
        }
        got
    }

    fn read_plain(&mut self, node: &Node, place: &FormPlace, old: Old<'_>) -> Got {
        let Old { known, concealed } = old;
        let kept = Got { filled: known.is_some_and(|value| counts(node, value)), ..Got::default() };
        let posted = match self.posted(node, place, old) {
            Posted::Wrong(problem) => return self.wrong(node, place, problem),
            Posted::Value(value) => Some(value),
            Posted::Absent if !self.is_cleared(place) => return kept,
            Posted::Absent | Posted::Blank => None,
        };
        let Some(value) = posted else {
            let cleared = self.is_cleared(place) || (self.by_owner && !concealed);
            if known.is_none() || !cleared {
                return kept;
            }
            self.removals += 1;
            return Got { patch: Patch::Remove, touched: true, filled: false };
        };
        let filled = counts(node, &value);
        if known == Some(&value) {
            return Got { filled, ..Got::default() };
        }
        // A default that was left standing is kept with the rest, but nobody provided it.
        let touched = known.is_some() || node.default.as_ref() != Some(&value);
        if touched {
            // Whoever types a value hears what is wrong with it, and nobody after them.
            if let Some(problem) = judge(node, &value) {
                return self.wrong(node, place, problem);
            }
            self.provide(node, place);
        }
        let patch = if touched { Patch::Plain(value) } else { Patch::Standing(value) };
        Got { patch, touched, filled }
    }

    fn posted(&self, node: &Node, place: &FormPlace, old: Old<'_>) -> Posted {
        match &node.kind {
            NodeKind::Bool(_) => self.posted_bool(place),
            NodeKind::Checks(checks) => {
                let read = leaf::options_at(&checks.options, self.raw.all(place.posted()));
                match read {
                    Err(problem) => Posted::Wrong(problem),
                    Ok(value) if value == Value::Array(Vec::new()) => self.posted_nothing(node, place, old, checks.min),
                    Ok(value) => Posted::Value(value),
                }
            }
            _ => self.posted_text(node, place, old),
        }
    }

    fn posted_bool(&self, place: &FormPlace) -> Posted {
        match self.raw.first(place.posted()) {
            Some("") => Posted::Blank,
            Some(word) => word
                .parse()
                .map_or(Posted::Wrong(ValueProblem::NotOffered), |answer: bool| Posted::Value(Value::Bool(answer))),
            None if self.is_on_page(place) => Posted::Value(Value::Bool(false)),
            None => Posted::Absent,
        }
    }

    /// Boxes that are off send nothing; a hidden field beside them says that they were there.
    fn is_on_page(&self, place: &FormPlace) -> bool {
        self.raw.first(&control(place.posted(), "set")).is_some_and(|mark| !mark.is_empty())
    }

    /// An emptied list is blank, except where a default would come back for it.
    fn posted_nothing(&self, node: &Node, place: &FormPlace, old: Old<'_>, min: usize) -> Posted {
        let has_default = node.default.as_ref().and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let on_page = self.is_on_page(place) || self.raw.has(place.posted());
        match (on_page, has_default && min == 0) {
            (false, _) => Posted::Absent,
            (true, true) if old.known.is_none() || (self.by_owner && !old.concealed) => {
                Posted::Value(Value::Array(Vec::new()))
            }
            (true, _) => Posted::Blank,
        }
    }

    fn posted_text(&self, node: &Node, place: &FormPlace, old: Old<'_>) -> Posted {
        let Some(text) = self.text(place) else {
            return Posted::Absent;
        };
        // What stood in the field comes back as it is, also when it would be read in another way if it were typed.
        let same =
            |value: &&Value| leaf::unix_lines(text) == leaf::unix_lines(&leaf::text(node, value)) && !text.is_empty();
        let shown = old.known.filter(|_| !old.concealed);
        if let Some(value) = shown.filter(same).or_else(|| node.default.as_ref().filter(same)) {
            return Posted::Value(value.clone());
        }
        match leaf::parse(node, text) {
            Err(problem) => Posted::Wrong(problem),
            Ok(Some(value)) => Posted::Value(value),
            Ok(None) => match &node.kind {
                NodeKind::Lines(lines) => self.posted_nothing(node, place, old, lines.min),
                _ => Posted::Blank,
            },
        }
    }
}

/// Whether a value shows that somebody filled the row it stands in: any text does, boxes and choices only when they
/// differ from their default.
pub(super) fn counts(node: &Node, value: &Value) -> bool {
    match &node.kind {
        NodeKind::Bool(_) | NodeKind::Choice(_) | NodeKind::Checks(_) => node.default.as_ref() != Some(value),
        _ => true,
    }
}
