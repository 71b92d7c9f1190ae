//! What the form templates render. Every text here is escaped by the template; the two that are HTML already say so.

use std::borrow::Cow;
use std::fmt;

use askama::{FastWritable, Template, Values};

use crate::schema::spec::MoreHelp;

#[derive(Template)]
#[template(path = "components/form/sections.html")]
pub(super) struct Sections<'a> {
    pub(super) sections: Vec<SectionPart<'a>>,
}

pub(super) struct SectionPart<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) parts: Vec<FormPart<'a>>,
}

/// One piece of the form.
pub(super) enum FormPart<'a> {
    Field(FieldPart<'a>),
    Provided(Box<Provided<'a>>),
    OneOf(Box<OneOfPart<'a>>),
    Group(GroupPart<'a>),
    Rows(Box<RowsPart<'a>>),
    More(MorePart<'a>),
    Elsewhere(Elsewhere<'a>),
}

impl FastWritable for FormPart<'_> {
    fn write_into(&self, dest: &mut dyn fmt::Write, values: &dyn Values) -> askama::Result<()> {
        match self {
            Self::Field(part) => FastWritable::write_into(part, dest, values),
            Self::Provided(part) => FastWritable::write_into(part, dest, values),
            Self::OneOf(part) => FastWritable::write_into(part, dest, values),
            Self::Group(part) => FastWritable::write_into(part, dest, values),
            Self::Rows(part) => FastWritable::write_into(part, dest, values),
            Self::More(part) => FastWritable::write_into(part, dest, values),
            Self::Elsewhere(part) => FastWritable::write_into(part, dest, values),
        }
    }
}

impl fmt::Display for FormPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_into(f, askama::NO_VALUES).map_err(|_| fmt::Error)
    }
}

/// What stands around every control: label, hint, error, more help.
pub(super) struct Frame<'a> {
    /// Ids are `f` and this number.
    pub(super) id: usize,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) label: Cow<'a, str>,
    pub(super) optional: bool,
    /// Date and time are told in UTC.
    pub(super) utc: bool,
    pub(super) hint: Option<Cow<'a, str>>,
    pub(super) error: Option<String>,
    pub(super) more: Option<&'a MoreHelp>,
}

#[derive(Template)]
#[template(path = "components/form/field.html")]
pub(super) struct FieldPart<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) control: Control<'a>,
}

pub(super) enum Control<'a> {
    Input(InputPart),
    Area {
        value: String,
        rows: usize,
    },
    /// One line; with the question whether the space at the edge of what was typed belongs to it.
    Secret {
        edges: Option<EdgesPart>,
    },
    SecretArea,
    Tick {
        on: bool,
    },
    Radios {
        options: Vec<OptPart<'a>>,
    },
    Select {
        options: Vec<OptPart<'a>>,
        empty: Option<&'static str>,
        none_chosen: bool,
    },
    Ticks {
        options: Vec<OptPart<'a>>,
        open: bool,
    },
}

/// "Keep the space, or leave it out?"
pub(super) struct EdgesPart {
    /// The control's name.
    pub(super) name: String,
    pub(super) keeps: bool,
}

pub(super) struct InputPart {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) mode: Option<&'static str>,
    pub(super) width: Option<&'static str>,
    pub(super) dir: &'static str,
}

pub(super) struct OptPart<'a> {
    /// What is posted: the number of the option, or a word.
    pub(super) value: Cow<'static, str>,
    pub(super) label: Cow<'a, str>,
    pub(super) hint: Option<&'a str>,
    pub(super) on: bool,
}

/// A value that is there and is not shown.
#[derive(Template)]
#[template(path = "components/form/provided.html")]
pub(super) struct Provided<'a> {
    pub(super) label: Cow<'a, str>,
    /// The label inside "Replace …".
    pub(super) inline: String,
    pub(super) badge: &'static str,
    pub(super) hint: Cow<'a, str>,
    pub(super) open: bool,
    pub(super) replace: FieldPart<'a>,
    /// The name of the box that removes it, and whether it is ticked.
    pub(super) clear: Option<(String, bool)>,
}

#[derive(Template)]
#[template(path = "components/form/one_of.html")]
pub(super) struct OneOfPart<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) select: bool,
    /// The words for "none of these", when that is an answer.
    pub(super) empty: Option<&'static str>,
    pub(super) none_chosen: bool,
    pub(super) options: Vec<OptPart<'a>>,
    pub(super) panels: Vec<PanelPart<'a>>,
}

pub(super) struct PanelPart<'a> {
    pub(super) index: usize,
    pub(super) title: &'a str,
    pub(super) say: String,
    /// Style sheets can show and hide the first dozen; the others always show.
    pub(super) folds: bool,
    pub(super) parts: Vec<FormPart<'a>>,
}

#[derive(Template)]
#[template(path = "components/form/group.html")]
pub(super) struct GroupPart<'a> {
    pub(super) frame: Frame<'a>,
    /// Deeper than two groups a frame around each only crowds the page.
    pub(super) framed: bool,
    pub(super) parts: Vec<FormPart<'a>>,
}

#[derive(Template)]
#[template(path = "components/form/rows.html")]
pub(super) struct RowsPart<'a> {
    pub(super) frame: Frame<'a>,
    /// The field that says how many rows are known, and how many.
    pub(super) count: (String, usize),
    /// What one row is called in the middle of a sentence.
    pub(super) one: String,
    /// Rows that stand open.
    pub(super) rows: Vec<RowPart<'a>>,
    /// Rows behind "Add another".
    pub(super) spare: Vec<RowPart<'a>>,
}

pub(super) struct RowPart<'a> {
    pub(super) title: String,
    pub(super) inline: String,
    pub(super) open: bool,
    pub(super) first: bool,
    /// The name of the field that says which row it is, and its id.
    pub(super) id: Option<(String, String)>,
    /// The name of the box that removes a row that is known, and whether it is ticked.
    pub(super) remove: Option<(String, bool)>,
    pub(super) parts: Vec<FormPart<'a>>,
}

/// Optional settings, folded.
#[derive(Template)]
#[template(path = "components/form/more.html")]
pub(super) struct MorePart<'a> {
    pub(super) count: usize,
    /// What they belong to, for those who cannot see it.
    pub(super) of: Option<&'a str>,
    pub(super) open: bool,
    pub(super) parts: Vec<FormPart<'a>>,
}

/// A field that this person is not asked for.
#[derive(Template)]
#[template(path = "components/form/elsewhere.html")]
pub(super) struct Elsewhere<'a> {
    pub(super) label: &'a str,
    pub(super) workspace: &'a str,
}

/// One line of the error summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryItem {
    /// Leads to the field: `#f7`.
    pub href: String,
    /// The sentence that also stands at the field.
    pub text: String,
}

impl SummaryItem {
    /// The field's id and the sentence, as the error summary of a page takes them.
    #[must_use]
    pub fn target_and_text(&self) -> (String, String) {
        (self.href.trim_start_matches('#').to_owned(), self.text.clone())
    }
}
