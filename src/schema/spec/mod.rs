//! A connector's spec, compiled: JSON Schema with the Airbyte annotations in, a small tree of questions out.
//!
//! Why: real specs are loose. They mix drafts, leave types out, hide constants in enums of one, give defaults of the
//! wrong type and name choices in half a dozen ways. All of that is settled once, here; everything that shows, reads
//! or completes a form walks the same tree.
//!
//! Invariants: compiling any JSON value ends quickly, with a [`Spec`] or a [`SpecError`]; what a spec asks for and
//! the tree cannot carry is in [`Spec::notes`]; a compiled spec never changes, and may be shared between threads.

mod choice;
mod clean;
mod compile;
mod date;
mod defaults;
mod describe;
mod flatten;
mod honoured;
mod judge;
mod labels;
mod limits;
mod model;
mod narrowed;
mod paste;
mod pattern;
mod scalar;

use std::sync::OnceLock;

use serde_json::Value;

pub(crate) use choice::chosen_by_values;
pub(crate) use describe::{Help, MoreHelp};
pub use honoured::{Honoured, HonouredChoice, LeftOut};
pub(crate) use judge::{judge, judge_count};
pub(crate) use labels::lower_first;
pub(crate) use model::{
    BRANCH_KEY, BoolShape, Branch, ChoiceShape, DateShape, GroupShape, JsonShape, LineItem, LinesShape, Node, NodeKind,
    NumberShape, OneOfShape, Opt, ROW_KEY, RowsShape, TextFormat, TextShape,
};
pub(crate) use paste::hosts_and_ports;

use crate::base::forms::FieldPath;

/// A compiled connector spec.
pub struct Spec {
    root: Node,
    sections: Vec<SpecSection>,
    notes: Vec<SpecNote>,
    schema: Value,
    validator: OnceLock<Result<jsonschema::Validator, String>>,
}

/// A part of the form with its own heading: a `group` of the spec that has a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpecSection {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// Something the spec asks for that the form cannot carry, or carries only in part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SpecNote {
    /// Where in the configuration; rows are shown by their first.
    pub path: FieldPath,
    /// What, in one sentence.
    pub reason: String,
}

/// Why a schema is not compiled at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The schema is no JSON object, or describes something that is no object.
    #[error("the specification does not describe an object")]
    NotAnObject,
    /// Nested deeper than any real connector.
    #[error("the specification is nested too deeply")]
    TooDeep,
    /// More parts than any real connector, or references that multiply.
    #[error("the specification is too large")]
    TooLarge,
}

impl Spec {
    /// Compiles the `connectionSpecification` of a connector: JSON Schema (draft 7) with the annotations of the
    /// Airbyte protocol (`airbyte_secret`, `airbyte_hidden`, `order`, `group`, `always_show`, `multiline`,
    /// `pattern_descriptor`, `display_type`).
    ///
    /// # Errors
    /// [`SpecError`] when the schema is no object, or so large or deep that it is not a connector's.
    pub fn compile(schema: &Value) -> Result<Self, SpecError> {
        limits::check_size(schema)?;
        let compiled = compile::compile(schema)?;
        Ok(Self {
            root: compiled.root,
            sections: compiled.sections,
            notes: compiled.notes,
            schema: schema.clone(),
            validator: OnceLock::new(),
        })
    }

    /// What the form cannot carry; empty for a healthy spec.
    #[must_use]
    pub fn notes(&self) -> &[SpecNote] {
        &self.notes
    }

    pub(crate) const fn root(&self) -> &Node {
        &self.root
    }

    /// The headings, in order. Fields that name none of them come before all.
    pub(crate) fn sections(&self) -> &[SpecSection] {
        &self.sections
    }

    /// Judges a finished configuration by the schema itself, formats aside. The message says where and which rule,
    /// never a value.
    pub(crate) fn disagreement(&self, config: &Value) -> Option<String> {
        match self.validator.get_or_init(|| clean::validator(&clean::clean(&self.schema))) {
            Ok(validator) => validator
                .iter_errors(config)
                .next()
                .map(|error| format!("{} at {} (rule {})", error.masked(), error.instance_path(), error.schema_path())),
            Err(reason) => Some(format!("the schema itself cannot be read: {reason}")),
        }
    }
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec").field("root", &self.root).field("notes", &self.notes).finish_non_exhaustive()
    }
}
