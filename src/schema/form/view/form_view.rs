//! The whole form, rendered.

use askama::Template;

use super::super::assemble::Assembly;
use super::super::overlay::overlay;
use super::super::{Audience, KnownValues, Patch, Spec};
use super::build::Builder;
use super::parts::{Sections, SummaryItem};
use crate::base::forms::FormState;

/// A form, ready to stand inside a page. Renders itself: `{{ form|safe }}` in a template.
#[derive(Template)]
#[template(source = "{{ html|safe }}", ext = "html")]
pub struct FormView {
    html: String,
    summary: Vec<SummaryItem>,
    counts: Counts,
}

/// How much there is to fill in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions on the page, those under "More settings" and in other branches included; a list of rows is one.
    pub fields: usize,
    /// Required answers of the chosen branches that have no default.
    pub required: usize,
    /// How many of those are there already.
    pub answered: usize,
}

/// Builds the form from the spec, what is known, and what was typed the last time.
#[must_use]
pub fn view(spec: &Spec, known: &KnownValues, state: &FormState, who: &Audience) -> FormView {
    let mut builder = Builder::new(spec, known, state, who);
    let sections = builder.sections();
    // Writing into a String cannot fail, and the templates call nothing that can.
    let mut html = String::with_capacity(1024 + 640 * builder.size());
    let rendered = Sections { sections }.render_into(&mut html);
    debug_assert!(rendered.is_ok(), "a form template failed");
    let (fields, summary) = builder.finish();
    let tree = overlay(spec, known, known, &Patch::Keep);
    let mut assembly = Assembly::new(&tree.secrets, !who.is_owner()).asking(who.asks());
    assembly.whole(spec.root(), &tree.plain);
    FormView { html, summary, counts: Counts { fields, required: assembly.required, answered: assembly.answered } }
}

impl FormView {
    /// What the error summary lists, in the order of the form. Empty when nothing is wrong.
    #[must_use]
    pub fn error_summary_items(&self) -> &[SummaryItem] {
        &self.summary
    }

    /// Whether the connector asks for nothing at all.
    #[must_use]
    pub const fn is_empty_form(&self) -> bool {
        self.counts.fields == 0
    }

    /// How much there is to fill in.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The HTML of the fields.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }
}

impl askama::filters::HtmlSafe for FormView {}
