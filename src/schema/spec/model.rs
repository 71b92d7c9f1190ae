//! The tree of questions a spec comes down to.

use serde_json::Value;

use super::describe::Help;
use super::pattern::Pattern;
use crate::base::forms::Bounds;
use crate::schema::pasted::Pasted;

/// Remembers the chosen branch inside a stored object where no constant tells it. No real property is named so; one
/// that is, is refused.
pub(crate) const BRANCH_KEY: &str = "~branch";

/// Remembers which row a stored row is, wherever it stands. No real property is named so either.
pub(crate) const ROW_KEY: &str = "~id";

/// One property, the root, a branch of a choice or the item of an array.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The property's name; empty for the root, a branch and an item.
    pub(crate) key: String,
    /// The label.
    pub(crate) title: String,
    /// The group it stands in, when another field elsewhere has the same label.
    pub(crate) within: Option<String>,
    pub(crate) help: Help,
    pub(crate) required: bool,
    /// Never shown; its constant or default is written all the same.
    pub(crate) hidden: bool,
    /// Why nobody is asked for it: whoever reads the configuration here does not take it up.
    pub(crate) left_out: Option<String>,
    /// May go under "More settings".
    pub(crate) folds: bool,
    /// The id of the section it asks to stand in.
    pub(crate) section: Option<String>,
    /// The value is kept apart and never shown.
    pub(crate) secret: bool,
    /// Written when nothing was given. Always of the right kind, and for a choice always one of its options.
    pub(crate) default: Option<Value>,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// Fixed by the connector: written, never asked.
    Const(Value),
    OneOf(OneOfShape),
    Group(GroupShape),
    Rows(RowsShape),
    /// A list of texts or numbers.
    Lines(LinesShape),
    /// Any of several offered values.
    Checks(ChecksShape),
    Bool(BoolShape),
    /// One of several offered values.
    Choice(ChoiceShape),
    Number(NumberShape),
    Text(TextShape),
    /// Anything else, as JSON.
    Json(JsonShape),
}

/// Two branches or more; a choice of one is a group.
#[derive(Clone, Debug)]
pub(crate) struct OneOfShape {
    pub(crate) branches: Vec<Branch>,
    /// Chosen when nothing was.
    pub(crate) default: Option<usize>,
    /// The branches' constants do not tell them apart, so stored values carry [`BRANCH_KEY`].
    pub(crate) marked: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) title: String,
    pub(crate) hint: Option<String>,
    /// Why nobody is offered it.
    pub(crate) left_out: Option<String>,
    pub(crate) group: GroupShape,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct GroupShape {
    /// The spec gives the whole group a default, so it is written even when nobody filled it in.
    pub(crate) given: bool,
    /// In the order they are shown.
    pub(crate) fields: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct RowsShape {
    /// A group or a choice of groups.
    pub(crate) item: Box<Node>,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct LinesShape {
    pub(crate) item: LineItem,
    pub(crate) unique: bool,
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum LineItem {
    Text(TextShape),
    Number(NumberShape),
}

#[derive(Clone, Debug)]
pub(crate) struct ChecksShape {
    pub(crate) options: Vec<Opt>,
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct BoolShape {
    /// No default is known, so neither answer is set beforehand.
    pub(crate) open: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ChoiceShape {
    pub(crate) options: Vec<Opt>,
}

/// One offered value and what the form calls it.
#[derive(Clone, Debug)]
pub(crate) struct Opt {
    pub(crate) value: Value,
    pub(crate) label: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberShape {
    pub(crate) whole: bool,
    pub(crate) bounds: Bounds,
    pub(crate) step: Option<f64>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct TextShape {
    pub(crate) multiline: bool,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) format: TextFormat,
    pub(crate) date: Option<DateShape>,
    /// Lengths in characters.
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
    pub(crate) example: Option<String>,
    /// The spec's words for the pattern.
    pub(crate) form: Option<String>,
    /// How it is looked at when it is pasted.
    pub(crate) pasted: Pasted,
    /// The only texts that are allowed, where they cannot be shown as options. Empty for any.
    pub(crate) offered: Vec<String>,
}

/// A spelling that a browser's own date control can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateShape {
    /// `2026-03-14`
    Day,
    /// `2026-03-14T09:30:00` and this ending, such as `Z` or `.000Z`.
    Moment(&'static str),
}

/// The formats that are checked beyond the pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TextFormat {
    #[default]
    Free,
    Date,
    DateTime,
    Url,
    Email,
}

/// What JSON is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonShape {
    Any,
    Object,
    List,
}

impl Node {
    /// Whether anything of it is asked of a person.
    pub(crate) fn is_asked(&self) -> bool {
        !self.hidden && !matches!(self.kind, NodeKind::Const(_))
    }

    /// Whether the final configuration has it without anybody's answer.
    pub(crate) fn answers_itself(&self) -> bool {
        if self.default.is_some() {
            return true;
        }
        match &self.kind {
            NodeKind::Const(_) => true,
            NodeKind::Group(group) => group.answers_itself(),
            NodeKind::OneOf(one_of) => one_of.fallback().is_some_and(|branch| branch.group.answers_itself()),
            _ => false,
        }
    }
}

impl GroupShape {
    pub(crate) fn field(&self, key: &str) -> Option<&Node> {
        self.fields.iter().find(|field| field.key == key)
    }

    fn weight(&self) -> usize {
        self.fields.iter().filter(|field| field.is_asked()).map(|field| field.kind.weight()).sum()
    }

    fn answers_itself(&self) -> bool {
        self.fields.iter().all(|field| !field.required || field.answers_itself())
    }

    /// The constants that stand directly in it.
    pub(crate) fn constants(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().filter_map(|field| match &field.kind {
            NodeKind::Const(value) => Some((field.key.as_str(), value)),
            _ => None,
        })
    }
}

impl OneOfShape {
    /// The branch that stands when nobody chose.
    pub(crate) fn fallback(&self) -> Option<&Branch> {
        self.branches.get(self.default?)
    }
}

impl NodeKind {
    /// How many controls it takes on a page, a list of options counting for a few.
    fn weight(&self) -> usize {
        match self {
            Self::Const(_) => 0,
            Self::OneOf(one_of) => 1 + one_of.branches.iter().map(|branch| branch.group.weight()).sum::<usize>(),
            Self::Group(group) => group.weight(),
            Self::Rows(rows) => 2 * rows.item.kind.weight(),
            Self::Checks(checks) => 1 + checks.options.len() / 6,
            Self::Choice(choice) => 1 + choice.options.len() / 12,
            _ => 1,
        }
    }
}

impl RowsShape {
    /// How many empty rows a page holds ready: fewer, the heavier one row is, and fewer inside other rows.
    pub(crate) fn spare(&self, nested: bool) -> usize {
        let weight = self.item.kind.weight().max(1);
        let ready = if nested { (12 / weight).clamp(1, 3) } else { (60 / weight).clamp(2, 10) };
        ready.min(self.max)
    }

    /// The most rows that are ever read or shown, whatever the spec allows.
    pub(crate) const MOST: usize = 50;
}
