//! Reads a posted form by the spec: every field the spec has is looked up by its name, and nothing else is looked at.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;

use super::assemble::{Assembly, chosen, has_values};
use super::echo::echo;
use super::overlay::overlay;
use super::patch::{ChosenBranch, Patch, RowName, Submission};
use super::place::{FormPlace, MovedText, PostedRow, control, posted_rows};
use super::secrets::SecretSet;
use super::{Asks, Audience, KnownValues, Since, Spec, Strictness};
use crate::base::forms::{FieldError, FieldRef, FormState, RawForm, ValueProblem};
use crate::schema::spec::{GroupShape, Node, NodeKind, OneOfShape, RowsShape};

/// What a posted form comes to.
#[derive(Debug)]
pub struct Decoded {
    /// The changes; to be merged only when there are no errors.
    pub submission: Submission,
    /// What is wrong, in the order it was found.
    pub errors: Vec<FieldError>,
    /// What the page may show again: what was typed into fields that are no secrets, in every branch, right or wrong;
    /// and the errors.
    pub state: FormState,
    /// The secrets that were typed into fields of chosen branches and have nothing wrong, by field name. Those that only have a space
    /// at their edge, which somebody has to say something about, are among them.
    pub typed_secrets: BTreeMap<String, SecretString>,
}

impl Decoded {
    /// Also shows these errors, of the same form read in another way.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        let is_new = |error: &FieldError| !self.errors.iter().any(|earlier| earlier.name == error.name);
        let new: Vec<FieldError> = errors.into_iter().filter(is_new).collect();
        self.state.add_errors(new.clone());
        self.errors.extend(new);
        self
    }
}

/// Reads the form of a draft that is as it was shown; blank fields keep what it has.
#[must_use]
pub fn decode(spec: &Spec, raw: &RawForm, known: &KnownValues, layer: Strictness, who: &Audience) -> Decoded {
    read(spec, raw, known.into(), layer, who, false)
}

/// Reads the form of a draft that may have changed since it was shown. The changes are those of whoever filled it in; what they left as
/// they saw it is not put on the next page, so that they see what is there now.
#[must_use]
pub fn decode_since(spec: &Spec, raw: &RawForm, since: Since<'_>, layer: Strictness, who: &Audience) -> Decoded {
    read(spec, raw, since, layer, who, true)
}

fn read(
    spec: &Spec,
    raw: &RawForm,
    since: Since<'_>,
    layer: Strictness,
    who: &Audience,
    drops_untouched: bool,
) -> Decoded {
    let by_owner = who.is_owner();
    let mut decoder = Decoder::new(raw, since, who);
    let (shown, now) = (Value::Object(since.shown.plain.clone()), Value::Object(since.now.plain.clone()));
    let whole = DecodeScope { value: Some(&shown), now: Some(&now), fresh: false };
    let got = decoder.node(spec.root(), &FormPlace::root(), whole);
    let mut errors = decoder.errors;
    if layer == Strictness::Final {
        let tree = overlay(spec, since.shown, since.now, &got.patch);
        let mut assembly = Assembly::new(&tree.secrets, !by_owner).asking(who.asks());
        assembly.whole(spec.root(), &tree.plain);
        let new = |error: &FieldError| !errors.iter().any(|earlier| earlier.name == error.name);
        let found: Vec<FieldError> = assembly.found.into_iter().filter(new).collect();
        errors.extend(found);
    }
    let mut typed_secrets = decoder.typed_secrets;
    let is_refused =
        |name: &str| errors.iter().any(|error| error.name == name && error.code != ValueProblem::EdgeSpace);
    typed_secrets.retain(|name, _| !is_refused(name));
    let mut typed = echo(spec, raw, since, who);
    if drops_untouched {
        typed.retain(|name, _| !decoder.untouched.contains(name));
    }
    typed.extend(decoder.moved_ports.into_iter().map(MovedText::into_typed));
    let state = FormState::posted(typed, errors.clone());
    let submission = Submission {
        patch: got.patch,
        provided: decoder.provided,
        removes: decoder.removals > 0,
        by_owner,
        asks: who.asks().cloned(),
    };
    Decoded { submission, errors, state, typed_secrets }
}

/// What is known at a place.
#[derive(Clone, Copy)]
pub(super) struct DecodeScope<'v> {
    /// When the page was made.
    pub(super) value: Option<&'v Value>,
    /// By now.
    pub(super) now: Option<&'v Value>,
    /// The place is new (another branch, another row): nothing that is known about this path belongs to it.
    pub(super) fresh: bool,
}

impl<'v> DecodeScope<'v> {
    const NEW: Self = Self { value: None, now: None, fresh: true };

    pub(super) fn inside(self, key: &str) -> Self {
        Self {
            value: self.value.and_then(|value| value.get(key)),
            now: self.now.and_then(|value| value.get(key)),
            fresh: self.fresh,
        }
    }
}

/// What was read at a place.
#[derive(Default)]
pub(super) struct Got {
    pub(super) patch: Patch,
    /// Something differs from what an untouched form sends and from what is known.
    pub(super) touched: bool,
    /// Something stands there: typed, or known and kept, beyond boxes and choices left at their default.
    pub(super) filled: bool,
}

pub(super) struct Decoder<'a> {
    pub(super) raw: &'a RawForm,
    /// What the page was made of.
    pub(super) known: &'a KnownValues,
    now: &'a KnownValues,
    pub(super) by_owner: bool,
    /// What is asked for; `None` for everything. Nothing else is read.
    asks: Option<&'a Asks>,
    pub(super) errors: Vec<FieldError>,
    pub(super) typed_secrets: BTreeMap<String, SecretString>,
    provided: Vec<FieldRef>,
    /// The fields that are as they were shown.
    pub(super) untouched: Vec<String>,
    /// How many values, rows and choices were taken away.
    pub(super) removals: usize,
    /// Hosts and ports that were posted in one field, as they stand in their two.
    pub(super) moved_ports: Vec<MovedText>,
    /// The list whose rows are being read.
    inside_rows: Option<FieldRef>,
    /// Reads only to see whether something was typed.
    trial: bool,
}

impl<'a> Decoder<'a> {
    fn new(raw: &'a RawForm, since: Since<'a>, who: &'a Audience) -> Self {
        Self {
            asks: who.asks(),
            raw,
            known: since.shown,
            now: since.now,
            untouched: Vec::new(),
            by_owner: who.is_owner(),
            errors: Vec::new(),
            typed_secrets: BTreeMap::new(),
            provided: Vec::new(),
            removals: 0,
            moved_ports: Vec::new(),
            inside_rows: None,
            trial: false,
        }
    }

    /// The same, to see whether something was typed.
    fn trial(&self) -> Self {
        Self {
            asks: self.asks,
            raw: self.raw,
            known: self.known,
            now: self.now,
            untouched: Vec::new(),
            by_owner: self.by_owner,
            errors: Vec::new(),
            typed_secrets: BTreeMap::new(),
            provided: Vec::new(),
            removals: 0,
            moved_ports: Vec::new(),
            inside_rows: None,
            trial: true,
        }
    }

    /// Whether a place is asked for, itself or with what is around it.
    fn names(&self, place: &FormPlace) -> bool {
        self.asks.is_none_or(|asks| asks.names(place.key()))
    }

    /// Whether there is anything to read at a place: it is asked for, or something inside it is.
    pub(super) fn reaches(&self, node: &Node, place: &FormPlace) -> bool {
        let Some(asks) = self.asks else { return true };
        let holds = matches!(node.kind, NodeKind::Group(_) | NodeKind::OneOf(_) | NodeKind::Rows(_));
        if holds { asks.reaches(place.key()) } else { asks.names(place.key()) }
    }

    /// Notes that a field got a value.
    pub(super) fn provide(&mut self, node: &Node, place: &FormPlace) {
        let given = self
            .inside_rows
            .clone()
            .map_or_else(|| place.reference(node), |list| FieldRef { secret: node.secret, ..list });
        match self.provided.iter_mut().find(|earlier| earlier.path == given.path) {
            Some(earlier) => earlier.secret |= given.secret,
            None => self.provided.push(given),
        }
    }

    pub(super) fn wrong(&mut self, node: &Node, place: &FormPlace, problem: ValueProblem) -> Got {
        self.errors.push(place.error(node, problem));
        Got { patch: Patch::Keep, touched: true, filled: true }
    }

    pub(super) fn has_secret_within(&self, place: &FormPlace, scope: DecodeScope<'_>) -> bool {
        !scope.fresh && self.known.secret_paths.any_within(place.key())
    }

    fn node(&mut self, node: &Node, place: &FormPlace, scope: DecodeScope<'_>) -> Got {
        if node.hidden || !self.reaches(node, place) {
            let filled = scope.value.is_some_and(|value| !value.is_null());
            return Got { filled, ..Got::default() };
        }
        match &node.kind {
            NodeKind::Const(_) => Got::default(),
            NodeKind::Group(group) => {
                let (changes, got) = self.fields(group, place, scope);
                let there = scope.value.and_then(Value::as_object).is_some_and(has_values)
                    || self.has_secret_within(place, scope);
                let keeps = changes.is_empty() || !(node.required || got.touched || there);
                Got { patch: if keeps { Patch::Keep } else { Patch::Group(changes) }, ..got }
            }
            NodeKind::OneOf(one_of) => self.one_of(node, one_of, place, scope),
            NodeKind::Rows(rows) => self.rows(node, rows, place, scope),
            NodeKind::Json(_) if !self.by_owner && !node.secret => {
                Got { filled: scope.value.is_some(), ..Got::default() }
            }
            _ if node.secret => self.secret_leaf(node, place, scope),
            _ => self.plain_leaf(node, place, scope),
        }
    }

    fn fields(&mut self, group: &GroupShape, place: &FormPlace, scope: DecodeScope<'_>) -> (Vec<(String, Patch)>, Got) {
        let mut changes = Vec::new();
        let mut whole = Got::default();
        self.move_ports(group, place, scope);
        for field in &group.fields {
            let got = self.node(field, &place.child(&field.key), scope.inside(&field.key));
            whole.touched |= got.touched;
            whole.filled |= got.filled;
            if !matches!(got.patch, Patch::Keep) {
                changes.push((field.key.clone(), got.patch));
            }
        }
        (changes, whole)
    }

    fn one_of(&mut self, node: &Node, one_of: &OneOfShape, place: &FormPlace, scope: DecodeScope<'_>) -> Got {
        let current =
            if scope.fresh { None } else { chosen(one_of, scope.value, &self.known.secret_paths, place.key()) };
        let stands = chosen(one_of, scope.now, &self.now.secret_paths, place.key());
        let posted = match self.raw.first(&place.posted_chooser()) {
            _ if !self.names(place) => current.or(one_of.default),
            Some("") if self.by_owner && current.is_some() && !node.required => {
                self.removals += 1;
                return Got { patch: Patch::Remove, touched: true, filled: false };
            }
            Some("") => current,
            None => current.or_else(|| self.only_filled_branch(one_of, place)),
            Some(index) => match index.parse().ok().filter(|index| *index < one_of.branches.len()) {
                Some(index) => Some(index),
                None => return self.wrong(node, place, ValueProblem::NotOffered),
            },
        };
        let Some((index, branch)) = posted.and_then(|index| Some((index, one_of.branches.get(index)?))) else {
            self.untouched.push(place.chooser());
            return Got::default();
        };
        let stays = current == Some(index);
        let now = scope.now.filter(|_| stands == Some(index));
        let inner = if stays { DecodeScope { now, ..scope } } else { DecodeScope { value: None, now, fresh: true } };
        let chosen_now = !stays && (current.is_some() || one_of.default != Some(index));
        if chosen_now {
            self.provide(node, place);
        }
        let (changes, got) = self.fields(&branch.group, &place.branch(index), inner);
        let touched = got.touched || chosen_now;
        // Who answered questions of a branch that somebody else left meanwhile finds their answers where they put them.
        if !chosen_now && (stands == Some(index) || !touched) {
            self.untouched.push(place.chooser());
        }
        if !touched && current.is_none() && !node.required {
            return Got::default();
        }
        let keeps = stays && changes.is_empty();
        Got {
            patch: if keeps {
                Patch::Keep
            } else {
                Patch::Branch(ChosenBranch { index, is_choice: chosen_now, fields: changes })
            },
            touched,
            filled: touched || got.filled || stays && one_of.default != Some(index),
        }
    }

    /// Without a chooser in the form, the one branch that something was typed into. A page without style sheets shows
    /// all of them.
    fn only_filled_branch(&self, one_of: &OneOfShape, place: &FormPlace) -> Option<usize> {
        if self.trial || !self.raw.has_text_within(place.posted()) {
            return None;
        }
        let typed_into = |index: &usize| {
            let mut trial = self.trial();
            let branch = one_of.branches.get(*index).map(|branch| &branch.group);
            branch.is_some_and(|group| trial.fields(group, &place.branch(*index), DecodeScope::NEW).1.touched)
        };
        let mut filled = (0..one_of.branches.len()).filter(typed_into);
        let only = filled.next()?;
        filled.next().is_none().then_some(only)
    }

    fn rows(&mut self, node: &Node, rows: &RowsShape, place: &FormPlace, scope: DecodeScope<'_>) -> Got {
        let shown = scope.value.filter(|_| !scope.fresh);
        let outermost = self.inside_rows.is_none();
        if outermost {
            self.inside_rows = Some(place.reference(node));
        }
        let mut changes = Vec::new();
        let there = shown.and_then(Value::as_array).map_or(0, Vec::len);
        let mut whole = Got { filled: there > 0, ..Got::default() };
        for posted in posted_rows(self.raw, place, shown, scope.now) {
            let row = place.row(&posted.seat, &rows.item.title);
            // Rows that nobody asks for: no new ones, and none of those that are there.
            if !self.names(place) && (posted.is_new || !self.reaches(&rows.item, &row)) {
                continue;
            }
            let untouched = self.untouched.len();
            let change = self.row(node, rows, &row, &posted);
            whole.touched |= !matches!(change, Patch::Keep);
            // What was typed into a row that is gone stands on the next page as a row that is not there yet.
            if posted.is_gone && change.says_something() {
                self.untouched.truncate(untouched);
            }
            if !matches!(change, Patch::Keep) {
                let PostedRow { seat, is_new, .. } = posted;
                changes
                    .push((if is_new { RowName::New(seat.index) } else { RowName::Old(seat.id.into_owned()) }, change));
            }
        }
        if outermost {
            self.inside_rows = None;
        }
        whole.filled |= !changes.is_empty();
        let patch = if changes.is_empty() { Patch::Keep } else { Patch::Rows(changes) };
        Got { patch, ..whole }
    }

    /// One row: new ones that nobody touched are no rows, and emptying a row that was there removes it.
    fn row(&mut self, list: &Node, rows: &RowsShape, row: &FormPlace, posted: &PostedRow<'_>) -> Patch {
        let scope = DecodeScope { value: posted.shown, now: posted.now, fresh: posted.shown.is_none() };
        let ticked = self.raw.first(&control(row.posted(), "rm")).is_some_and(|mark| !mark.is_empty());
        if ticked && !posted.is_new && self.by_owner {
            self.removals += 1;
            return Patch::Remove;
        }
        let removals = self.removals;
        let got = self.node(&rows.item, row, scope);
        if posted.is_new {
            if !got.touched {
                return Patch::Keep;
            }
            self.provide(list, row);
            return if matches!(got.patch, Patch::Keep) { Patch::Group(Vec::new()) } else { got.patch };
        }
        if self.by_owner && !got.filled && self.removals > removals {
            return Patch::Remove;
        }
        got.patch
    }
}
