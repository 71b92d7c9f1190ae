//! One leaf: which control it gets and what stands in it.

use std::borrow::Cow;

use serde_json::Value;

use super::super::leaf;
use super::super::place::{CUT_EDGES, EDGES, FormPlace, control};
use super::build::{Builder, BuiltPart, MAX_RADIOS, ViewScope, inline};
use super::parts::{Control, EdgesPart, FieldPart, FormPart, InputPart, OptPart, Provided};
use crate::base::forms::{FieldError, ValueProblem};
use crate::schema::spec::{BoolShape, DateShape, Node, NodeKind, Opt, TextFormat, TextShape};

/// More options than this fold away, with a box to find one by name.
const MANY_OPTIONS: usize = 15;

/// The answer that leaves a concealed one as it is.
const KEEP: &str = "Keep the answer we have";

/// What a plain leaf shows.
struct LeafState<'a> {
    /// What was typed the last time, when the field was on the page then.
    typed: Option<&'a [String]>,
    /// What is known and may be shown, else the default.
    value: Option<&'a Value>,
}

/// How the page says that a value is there.
struct Seal<'a> {
    badge: &'static str,
    hint: Cow<'a, str>,
    /// It is on the draft, so there is something to remove. What is held for the next try is not.
    stored: bool,
}

impl Seal<'_> {
    const fn stored(hint: &'static str) -> Self {
        Self { badge: "Already provided", hint: Cow::Borrowed(hint), stored: true }
    }
}

impl<'a> LeafState<'a> {
    fn text(&self, node: &Node) -> String {
        match (self.typed, self.value) {
            (Some(typed), _) => typed.first().cloned().unwrap_or_default(),
            (None, Some(value)) => leaf::text(node, value),
            (None, None) => String::new(),
        }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn leaf(&mut self, node: &'a Node, place: &FormPlace, scope: ViewScope<'a>) -> BuiltPart<'a> {
        if node.secret {
            return self.secret_leaf(node, place, scope);
        }
        let known = if scope.fresh { None } else { scope.value };
        let concealed = known.is_some() && self.known.conceals(place.key());
        let typed = self.state.typed(&place.name);
        let boxes = self.state.typed(&control(&place.name, "set"));
        // Boxes that are off send nothing: then the hidden field beside them tells that they were there.
        let typed = typed.or_else(|| boxes.map(|_| &[][..]));
        let shown = if concealed { None } else { known.or(node.default.as_ref()) };
        let standing = LeafState { typed, value: shown };
        let mut field =
            FieldPart { frame: self.frame(node, place, scope), control: self.control(node, &standing, concealed) };
        field.frame.utc =
            matches!(&field.control, Control::Input(input) if input.kind == "datetime-local") && is_utc(node);
        let typed_now = typed.is_some_and(|typed| typed.iter().any(|text| !text.trim().is_empty()));
        if concealed {
            let open = field.frame.error.is_some() || typed_now;
            return self.provided(node, place, field, Seal::stored("It is not shown here."), open);
        }
        let standing_text = standing.text(node);
        let default_text = node.default.as_ref().map(|default| leaf::text(node, default)).unwrap_or_default();
        let differs = match (&field.control, typed) {
            (Control::Ticks { .. } | Control::Tick { .. }, Some(_)) => true,
            (Control::Ticks { .. } | Control::Tick { .. }, None) => {
                known.is_some_and(|known| Some(known) != node.default.as_ref())
            }
            _ => !standing_text.trim().is_empty() && standing_text != default_text,
        };
        let busy = field.frame.error.is_some() || differs && is_news(node, &field.control);
        BuiltPart { part: FormPart::Field(field), busy }
    }

    fn secret_leaf(&mut self, node: &'a Node, place: &FormPlace, scope: ViewScope<'a>) -> BuiltPart<'a> {
        let set = !scope.fresh && self.known.secret_paths.contains(place.key());
        let held = self.state.held_until(&place.name);
        let control = match &node.kind {
            NodeKind::Text(TextShape { multiline: false, .. }) | NodeKind::Number(_) => {
                Control::Secret { edges: self.edges(place) }
            }
            NodeKind::Choice(choice) => Control::Select {
                options: options(&choice.options, |_| false),
                empty: Some("Choose\u{2026}"),
                none_chosen: true,
            },
            _ => Control::SecretArea,
        };
        let mut field = FieldPart { frame: self.frame(node, place, scope), control };
        let wrong = field.frame.error.is_some();
        match (held, set) {
            (Some(until), _) => {
                let hint = format!("We keep what you typed until {until}, so you do not have to type it again.");
                self.provided(
                    node,
                    place,
                    field,
                    Seal { badge: "Received just now", hint: Cow::Owned(hint), stored: false },
                    wrong,
                )
            }
            (None, true) => self.provided(node, place, field, Seal::stored("It cannot be shown."), wrong),
            (None, false) => {
                field.frame.utc = false;
                BuiltPart { part: FormPart::Field(field), busy: wrong }
            }
        }
    }

    /// Asked when what was typed has a space at its edge; also again when something else was wrong beside it.
    fn edges(&self, place: &FormPlace) -> Option<EdgesPart> {
        let name = control(&place.name, EDGES);
        let typed = self.state.typed(&name).and_then(|typed| typed.first());
        let is_asked = |error: &FieldError| error.name == place.name && error.code == ValueProblem::EdgeSpace;
        if typed.is_none() && !self.state.errors().iter().any(is_asked) {
            return None;
        }
        Some(EdgesPart { name, keeps: typed.is_none_or(|typed| typed != CUT_EDGES) })
    }

    /// The value is there; the field to replace it waits behind a fold.
    fn provided(
        &self,
        node: &'a Node,
        place: &FormPlace,
        mut field: FieldPart<'a>,
        seal: Seal<'a>,
        open: bool,
    ) -> BuiltPart<'a> {
        let inline = inline(&node.title);
        let label = std::mem::replace(&mut field.frame.label, Cow::Owned(format!("New {inline}")));
        field.frame.optional = false;
        let must_be_new = |error: &FieldError| error.name == place.name && error.code == ValueProblem::AddressChanged;
        if !self.state.errors().iter().any(must_be_new) {
            let keep = "Leave empty to keep the one we have.";
            let hint = field.frame.hint.map_or(Cow::Borrowed(keep), |hint| Cow::Owned(format!("{keep} {hint}")));
            field.frame.hint = Some(hint);
        }
        let name = control(&place.name, "clear");
        let ticked = self.state.typed(&name).is_some();
        let clear = (self.owner && seal.stored).then_some((name, ticked));
        BuiltPart {
            part: FormPart::Provided(Box::new(Provided {
                label,
                inline,
                badge: seal.badge,
                hint: seal.hint,
                open: open || ticked,
                replace: field,
                clear,
            })),
            busy: true,
        }
    }

    fn control(&self, node: &'a Node, standing: &LeafState<'a>, concealed: bool) -> Control<'a> {
        match &node.kind {
            NodeKind::Bool(BoolShape { open }) if *open || concealed => yes_no(node, standing, concealed),
            NodeKind::Bool(_) => {
                let on = standing.typed.map_or(standing.value == Some(&Value::Bool(true)), |typed| {
                    typed.iter().any(|text| text == "true")
                });
                Control::Tick { on }
            }
            NodeKind::Choice(choice) => {
                let text = standing.text(node);
                let none_chosen = text.is_empty();
                let may_be_empty = !node.required && node.default.is_none();
                let options = options(&choice.options, |index| text == index);
                let empty = if concealed { Some(KEEP) } else { may_be_empty.then_some("Not set") };
                choice_control(options, empty, none_chosen)
            }
            NodeKind::Checks(checks) => {
                let members = standing.value.and_then(Value::as_array);
                let on = |index: &str, option: &Opt| match standing.typed {
                    Some(typed) => typed.iter().any(|text| text == index),
                    None => members.is_some_and(|members| members.contains(&option.value)),
                };
                let options: Vec<OptPart<'a>> = checks
                    .options
                    .iter()
                    .enumerate()
                    .map(|(index, option)| part(index, option, on(&index.to_string(), option)))
                    .collect();
                let open = options.len() <= MANY_OPTIONS || options.iter().any(|option| option.on);
                Control::Ticks { options, open }
            }
            NodeKind::Lines(_) | NodeKind::Json(_) => area(standing.text(node), 3),
            NodeKind::Number(number) => {
                let mode = if number.whole { "numeric" } else { "decimal" };
                Control::Input(InputPart {
                    kind: "text",
                    value: standing.text(node),
                    mode: Some(mode),
                    width: Some("s"),
                    dir: "ltr",
                })
            }
            NodeKind::Text(text) => text_control(text, standing.text(node)),
            NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) | NodeKind::Rows(_) => area(String::new(), 3),
        }
    }
}

/// A radio that stands at its default, or a blank one, is no news.
fn is_news(node: &Node, control: &Control<'_>) -> bool {
    match control {
        Control::Tick { on } => Some(&Value::Bool(*on)) != node.default.as_ref(),
        Control::Ticks { options, .. } => {
            let default = node.default.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
            options.iter().filter(|option| option.on).count() != default
                || default > 0 && options.iter().any(|option| option.on) && node.default.is_none()
        }
        _ => true,
    }
}

fn is_utc(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Text(text) if text.date.is_some_and(DateShape::is_utc))
}

fn text_control(text: &TextShape, value: String) -> Control<'static> {
    if text.multiline || value.contains('\n') {
        return area(value, 4);
    }
    // A date that cannot stand in a date control would vanish there.
    if let Some(date) = text.date
        && (value.is_empty() || date.takes(&value))
    {
        let kind = if date == DateShape::Day { "date" } else { "datetime-local" };
        return Control::Input(InputPart { kind, value, mode: None, width: Some("m"), dir: "ltr" });
    }
    let mode = match text.format {
        TextFormat::Url => Some("url"),
        TextFormat::Email => Some("email"),
        _ => None,
    };
    let dir = if mode.is_some() || text.pattern.is_some() { "ltr" } else { "auto" };
    Control::Input(InputPart { kind: "text", value, mode, width: None, dir })
}

fn area(value: String, least: usize) -> Control<'static> {
    let rows = value.lines().count().clamp(least, 12);
    Control::Area { value, rows }
}

fn yes_no<'a>(node: &Node, standing: &LeafState<'_>, concealed: bool) -> Control<'a> {
    let text = standing.text(node);
    let mut words = vec![("true", "Yes"), ("false", "No")];
    if concealed {
        words.push(("", KEEP));
    } else if !node.required {
        words.push(("", "Not set"));
    }
    let option = |(value, label): (&'static str, &'static str)| OptPart {
        value: Cow::Borrowed(value),
        label: Cow::Borrowed(label),
        hint: None,
        on: text == value,
    };
    Control::Radios { options: words.into_iter().map(option).collect() }
}

fn choice_control<'a>(mut options: Vec<OptPart<'a>>, empty: Option<&'static str>, none_chosen: bool) -> Control<'a> {
    if options.len() > MAX_RADIOS {
        let empty = empty.or(none_chosen.then_some("Choose\u{2026}"));
        return Control::Select { options, empty, none_chosen };
    }
    if let Some(words) = empty {
        options.push(OptPart { value: Cow::Borrowed(""), label: Cow::Borrowed(words), hint: None, on: none_chosen });
    }
    Control::Radios { options }
}

fn options<'a>(options: &'a [Opt], on: impl Fn(&str) -> bool) -> Vec<OptPart<'a>> {
    options.iter().enumerate().map(|(index, option)| part(index, option, on(&index.to_string()))).collect()
}

fn part(index: usize, option: &Opt, on: bool) -> OptPart<'_> {
    OptPart { value: Cow::Owned(index.to_string()), label: Cow::Borrowed(&option.label), hint: None, on }
}
