//! Walks the spec and makes the parts of the page.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::super::assemble::chosen;
use super::super::left_out::is_given;
use super::super::place::FormPlace;
use super::super::{Asks, Audience, KnownValues, Spec};
use super::parts::{
    Elsewhere, FormPart, Frame, GroupPart, MorePart, OneOfPart, OptPart, PanelPart, SectionPart, SummaryItem,
};
use crate::base::forms::{FieldError, FieldPath, FormState};
use crate::schema::spec::{Branch, GroupShape, Node, NodeKind, OneOfShape, lower_first};

/// Radios up to this many answers, a list to pull down beyond.
pub(super) const MAX_RADIOS: usize = 7;
/// The style sheet knows this many branches by number.
const MAX_FOLDED_PANELS: usize = 12;
/// Groups inside groups that get a frame of their own.
const MAX_FRAMES: usize = 2;

/// What is known where the walk stands.
#[derive(Clone, Copy)]
pub(super) struct ViewScope<'a> {
    pub(super) value: Option<&'a Value>,
    /// Nothing that is known about this path belongs here: another branch, or a row that is not there yet.
    pub(super) fresh: bool,
    /// Groups around.
    pub(super) depth: usize,
    /// Stands inside a row.
    pub(super) in_rows: bool,
    /// A second or later empty row: long help was given before.
    pub(super) brief: bool,
}

impl<'a> ViewScope<'a> {
    fn inside(self, key: &str) -> Self {
        Self { value: self.value.and_then(|value| value.get(key)), ..self }
    }

    pub(super) fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// A part, and whether something in it is filled or wrong, so that what folds is unfolded.
pub(super) struct BuiltPart<'a> {
    pub(super) part: FormPart<'a>,
    pub(super) busy: bool,
}

pub(super) struct Builder<'a> {
    spec: &'a Spec,
    pub(super) known: &'a KnownValues,
    pub(super) state: &'a FormState,
    pub(super) owner: bool,
    workspace: &'a str,
    /// What is asked for; `None` for everything.
    pub(super) asks: Option<&'a Asks>,
    errors: HashMap<&'a str, &'a FieldError>,
    linked: BTreeSet<&'a str>,
    summary: Vec<SummaryItem>,
    ids: usize,
    fields: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(spec: &'a Spec, known: &'a KnownValues, state: &'a FormState, who: &'a Audience) -> Self {
        let mut errors = HashMap::new();
        for error in state.errors() {
            errors.entry(error.name.as_str()).or_insert(error);
        }
        let workspace = match who {
            Audience::Owner => "",
            Audience::Recipient { workspace, .. } => workspace,
        };
        Self {
            spec,
            known,
            state,
            owner: who.is_owner(),
            workspace,
            asks: who.asks(),
            errors,
            linked: BTreeSet::new(),
            summary: Vec::new(),
            ids: 0,
            fields: 0,
        }
    }

    /// How many things on the page have an id, which tells how long it will be.
    pub(super) const fn size(&self) -> usize {
        self.ids
    }

    /// The number of fields, and the summary; errors that belong to no field on the page come last and lead to its top.
    pub(super) fn finish(mut self) -> (usize, Vec<SummaryItem>) {
        let lost = self.state.errors().iter().filter(|error| !self.linked.contains(error.name.as_str()));
        self.summary.extend(lost.map(|error| SummaryItem { href: "#main".to_owned(), text: error.sentence() }));
        (self.fields, self.summary)
    }

    pub(super) fn sections(&mut self) -> Vec<SectionPart<'a>> {
        let spec = self.spec;
        let place = FormPlace::root();
        let scope = ViewScope { value: None, fresh: false, depth: 0, in_rows: false, brief: false };
        match &spec.root().kind {
            NodeKind::Group(group) => self.root_sections(group, &place, scope),
            NodeKind::OneOf(one_of) => {
                let parts = self.one_of(spec.root(), one_of, &place, scope).map(|made| made.part).into_iter().collect();
                vec![SectionPart { title: None, parts }]
            }
            _ => Vec::new(),
        }
    }

    fn root_sections(
        &mut self,
        group: &'a GroupShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
    ) -> Vec<SectionPart<'a>> {
        let headings = self.spec.sections();
        let mut blocks: Vec<(Option<&'a str>, Vec<&'a Node>)> = vec![(None, Vec::new())];
        blocks.extend(headings.iter().map(|heading| (Some(heading.title.as_str()), Vec::new())));
        for field in &group.fields {
            let named = field.section.as_deref();
            let at = headings.iter().position(|heading| Some(heading.id.as_str()) == named).map_or(0, |at| at + 1);
            if let Some((_, fields)) = blocks.get_mut(at) {
                fields.push(field);
            }
        }
        let mut sections = Vec::new();
        for (title, fields) in blocks {
            let (parts, _) = self.fields_of(&fields, place, scope, title);
            if !parts.is_empty() {
                sections.push(SectionPart { title, parts });
            }
        }
        sections
    }

    /// The parts of a group, the optional ones folded away when others stand beside them.
    pub(super) fn group(
        &mut self,
        group: &'a GroupShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
        title: Option<&'a str>,
    ) -> (Vec<FormPart<'a>>, bool) {
        let fields: Vec<&'a Node> = group.fields.iter().collect();
        self.fields_of(&fields, place, scope, title)
    }

    fn fields_of(
        &mut self,
        fields: &[&'a Node],
        place: &FormPlace,
        scope: ViewScope<'a>,
        title: Option<&'a str>,
    ) -> (Vec<FormPart<'a>>, bool) {
        let reaches = |key: &FieldPath| self.asks.is_none_or(|asks| asks.reaches(key));
        let is_asked = |field: &&'a Node| {
            field.is_asked() && reaches(place.child(&field.key).key()) && self.is_open(field, place, scope)
        };
        let asked: Vec<&'a Node> = fields.iter().copied().filter(is_asked).collect();
        // What somebody asks for by name is never folded away.
        let folds = self.asks.is_none() && asked.iter().any(|field| !field.folds);
        let (mut parts, mut folded) = (Vec::new(), Vec::new());
        let (mut busy, mut unfold) = (false, false);
        for field in asked {
            let here =
                if place.path.as_str().is_empty() { self.root_scope(field, scope) } else { scope.inside(&field.key) };
            let Some(made) = self.node(field, &place.child(&field.key), here) else { continue };
            busy |= made.busy;
            if folds && field.folds {
                unfold |= made.busy;
                folded.push(made.part);
            } else {
                parts.push(made.part);
            }
        }
        if !folded.is_empty() {
            parts.push(FormPart::More(MorePart { count: folded.len(), of: title, open: unfold, parts: folded }));
        }
        (parts, busy)
    }

    /// Whether it is there to be asked for: what nobody here takes up is not, unless it stands there and a member may want it gone.
    fn is_open(&self, field: &Node, around: &FormPlace, scope: ViewScope<'a>) -> bool {
        if field.left_out.is_none() {
            return true;
        }
        let at_root = around.path.as_str().is_empty();
        let here = if at_root { self.root_scope(field, scope) } else { scope.inside(&field.key) };
        let place = around.child(&field.key);
        self.owner && !scope.fresh && is_given(field, place.key(), here.value, &self.known.secret_paths)
    }

    fn root_scope(&self, field: &Node, scope: ViewScope<'a>) -> ViewScope<'a> {
        let known = if scope.fresh { None } else { self.known.plain.get(&field.key) };
        ViewScope { value: known, ..scope }
    }

    fn node(&mut self, node: &'a Node, place: &FormPlace, scope: ViewScope<'a>) -> Option<BuiltPart<'a>> {
        match &node.kind {
            NodeKind::Const(_) => None,
            NodeKind::Group(group) => self.group_part(node, group, place, scope),
            NodeKind::OneOf(one_of) => self.one_of(node, one_of, place, scope),
            NodeKind::Rows(rows) => {
                self.fields += usize::from(!scope.in_rows);
                self.rows(node, rows, place, scope)
            }
            NodeKind::Json(_) if !self.owner && !node.secret => Some(BuiltPart {
                part: FormPart::Elsewhere(Elsewhere { label: &node.title, workspace: self.workspace }),
                busy: false,
            }),
            _ => {
                self.fields += usize::from(!scope.in_rows);
                Some(self.leaf(node, place, scope))
            }
        }
    }

    fn group_part(
        &mut self,
        node: &'a Node,
        group: &'a GroupShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
    ) -> Option<BuiltPart<'a>> {
        let frame = self.frame(node, place, scope);
        let (parts, busy) = self.group(group, place, scope.deeper(), Some(&node.title));
        let part = FormPart::Group(GroupPart { frame, framed: scope.depth < MAX_FRAMES, parts });
        matches!(&part, FormPart::Group(group) if !group.parts.is_empty()).then_some(BuiltPart { part, busy })
    }

    /// Takes the next id and collects the field's error for the summary.
    pub(super) fn frame(&mut self, node: &'a Node, place: &FormPlace, scope: ViewScope<'a>) -> Frame<'a> {
        self.ids += 1;
        let name = if place.name.is_empty() { place.chooser() } else { place.name.clone() };
        let error = self.errors.get(name.as_str()).copied();
        let sentence = error.map(FieldError::sentence);
        if let (Some(error), Some(text)) = (error, &sentence) {
            self.linked.insert(error.name.as_str());
            self.summary.push(SummaryItem { href: format!("#f{}", self.ids), text: text.clone() });
        }
        Frame {
            id: self.ids,
            name,
            path: place.path.as_str().to_owned(),
            label: Cow::Borrowed(node.title.as_str()),
            optional: !node.required,
            utc: false,
            hint: node.left_out.as_deref().or(node.help.hint.as_deref()).map(Cow::Borrowed),
            error: sentence,
            more: node.help.more.as_ref().filter(|_| !scope.brief),
        }
    }

    pub(super) fn one_of(
        &mut self,
        node: &'a Node,
        one_of: &'a OneOfShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
    ) -> Option<BuiltPart<'a>> {
        if !self.names(place) {
            return self.standing_branch(node, one_of, place, scope);
        }
        self.fields += usize::from(!scope.in_rows);
        let frame = self.frame(node, place, scope);
        let whole;
        let value = if place.path.as_str().is_empty() && !scope.fresh {
            whole = Value::Object(self.known.plain.clone());
            Some(&whole).filter(|_| !self.known.plain.is_empty())
        } else {
            scope.value
        };
        let stands = if scope.fresh { None } else { chosen(one_of, value, &self.known.secret_paths, place.key()) };
        let typed =
            self.state.typed(&frame.name).and_then(|typed| typed.first()).map(|typed| typed.parse::<usize>().ok());
        let on = typed.unwrap_or_else(|| stands.or(one_of.default));
        let mut busy = frame.error.is_some() || (on.is_some() && on != one_of.default);
        // A branch that nobody here takes up is offered to nobody; where it stands, it is shown as what it is.
        let offered =
            |index: usize, branch: &Branch| branch.left_out.is_none() || stands == Some(index) || on == Some(index);
        let branches: Vec<(usize, &'a Branch)> =
            one_of.branches.iter().enumerate().filter(|(index, branch)| offered(*index, branch)).collect();
        let options = branches.iter().map(|(index, branch)| option(*index, branch, on)).collect();
        let mut panels = Vec::new();
        for (index, branch) in branches.iter().copied() {
            let inner = ViewScope {
                fresh: stands != Some(index),
                value: scope.value.filter(|_| stands == Some(index)),
                ..scope.deeper()
            };
            let (parts, busy_inside) = self.group(&branch.group, &place.branch(index), inner, Some(&branch.title));
            busy |= busy_inside && on == Some(index);
            if !parts.is_empty() {
                panels.push(panel(index, branch, parts));
            }
        }
        let empty = (!node.required && one_of.default.is_none()).then_some("Not set");
        let part =
            OneOfPart { select: branches.len() > MAX_RADIOS, empty, none_chosen: on.is_none(), frame, options, panels };
        Some(BuiltPart { part: FormPart::OneOf(Box::new(part)), busy })
    }
}

impl<'a> Builder<'a> {
    /// Whether a place is asked for, itself or with what is around it.
    pub(super) fn names(&self, place: &FormPlace) -> bool {
        self.asks.is_none_or(|asks| asks.names(place.key()))
    }

    /// A choice that is not asked for: the questions of the branch that stands.
    fn standing_branch(
        &mut self,
        node: &'a Node,
        one_of: &'a OneOfShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
    ) -> Option<BuiltPart<'a>> {
        let whole = Value::Object(self.known.plain.clone());
        let at_root = place.path.as_str().is_empty() && !scope.fresh;
        let value = if at_root { Some(&whole) } else { scope.value };
        let stands = if scope.fresh { None } else { chosen(one_of, value, &self.known.secret_paths, place.key()) };
        let index = stands.or(one_of.default)?;
        let branch = one_of.branches.get(index)?;
        let inner = ViewScope { fresh: stands.is_none(), value: scope.value.filter(|_| stands.is_some()), ..scope };
        let frame = self.frame(node, place, scope);
        let (parts, busy) = self.group(&branch.group, &place.branch(index), inner.deeper(), Some(&branch.title));
        let part = FormPart::Group(GroupPart { frame, framed: scope.depth < MAX_FRAMES, parts });
        matches!(&part, FormPart::Group(group) if !group.parts.is_empty()).then_some(BuiltPart { part, busy })
    }
}

fn option<'a>(index: usize, branch: &'a Branch, on: Option<usize>) -> OptPart<'a> {
    OptPart {
        value: Cow::Owned(index.to_string()),
        label: Cow::Borrowed(&branch.title),
        hint: branch.left_out.as_deref().or(branch.hint.as_deref()),
        on: on == Some(index),
    }
}

fn panel<'a>(index: usize, branch: &'a Branch, parts: Vec<FormPart<'a>>) -> PanelPart<'a> {
    let questions = branch.group.fields.iter().filter(|field| field.is_asked()).count();
    let say = match questions {
        1 => format!("One more question for {}", branch.title),
        more => format!("{more} more questions for {}", branch.title),
    };
    PanelPart { index, title: &branch.title, say, folds: index < MAX_FOLDED_PANELS, parts }
}

/// "Replace host", "New API token".
pub(super) fn inline(title: &str) -> String {
    lower_first(title)
}
