//! Where a walk over the spec stands: the path in the configuration, and the name of the form field.
//!
//! A field's name is the JSON Pointer of its path with segments that no property can have, since `~` stands otherwise
//! before 0 or 1 only: `/x/~o2/field` is a field of branch 2 of the choice `/x`, whose own name carries the branch's
//! number; `/rows/~n` counts the rows shown, `/rows/0/~rm` removes one; `/flag/~set` says that a box was on the page;
//! `/key/~clear` removes a value.

use serde_json::Value;

use super::KnownValues;
use super::secrets::SecretSet as _;
use crate::base::forms::{FieldError, FieldPath, FieldRef, RawForm, ValueProblem, push_segment};
use crate::schema::spec::Node;

#[derive(Clone, Debug, Default)]
pub(super) struct FormPlace {
    pub(super) path: FieldPath,
    pub(super) name: String,
    /// The name under which the browser posted it, when rows have moved since the page was made.
    moved: Option<String>,
    /// The row it stands in, for people: "Report 2".
    pub(super) row: Option<String>,
}

impl FormPlace {
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// The name that was posted.
    pub(super) fn posted(&self) -> &str {
        self.moved.as_deref().unwrap_or(&self.name)
    }

    pub(super) fn child(&self, key: &str) -> Self {
        let extend = |name: &String| {
            let mut longer = String::with_capacity(name.len() + key.len() + 1);
            longer.push_str(name);
            push_segment(&mut longer, key);
            longer
        };
        Self {
            path: self.path.child(key),
            name: extend(&self.name),
            moved: self.moved.as_ref().map(extend),
            row: self.row.clone(),
        }
    }

    /// Inside branch `index` of the choice here.
    pub(super) fn branch(&self, index: usize) -> Self {
        let extend = |name: &String| format!("{name}/~o{index}");
        Self { name: extend(&self.name), moved: self.moved.as_ref().map(extend), ..self.clone() }
    }

    /// Row `index`, posted as row `posted`; `title` is what one row is called.
    pub(super) fn row(&self, index: usize, posted: usize, title: &str) -> Self {
        let label = format!("{title} {}", index + 1);
        let moved = (index != posted || self.moved.is_some()).then(|| format!("{}/{posted}", self.posted()));
        let row = self.row.as_ref().map_or_else(|| label.clone(), |outer| format!("{outer}, {label}"));
        Self { path: self.path.index(index), name: format!("{}/{index}", self.name), moved, row: Some(row) }
    }

    /// The name of the field that says which branch is chosen. The root has no name of its own.
    pub(super) fn chooser(&self) -> String {
        chooser(&self.name)
    }

    pub(super) fn posted_chooser(&self) -> String {
        chooser(self.posted())
    }

    pub(super) fn error(&self, node: &Node, code: ValueProblem) -> FieldError {
        let name = if self.name.is_empty() { self.chooser() } else { self.name.clone() };
        FieldError {
            path: self.path.clone(),
            name,
            label: node.title.clone(),
            within: self.row.clone().or_else(|| node.within.clone()),
            secret: node.secret,
            code,
        }
    }

    pub(super) fn reference(&self, node: &Node) -> FieldRef {
        let within = self.row.as_ref().or(node.within.as_ref());
        let title = within.map_or_else(|| node.title.clone(), |within| format!("{within}: {}", node.title));
        FieldRef { path: self.path.clone(), title, secret: node.secret }
    }
}

fn chooser(name: &str) -> String {
    if name.is_empty() { "/~o".to_owned() } else { name.to_owned() }
}

/// The name of the control `mark` that belongs to a field.
pub(super) fn control(name: &str, mark: &str) -> String {
    format!("{name}/~{mark}")
}

/// How many rows of a list the page showed, and how far those numbers have moved since.
pub(super) struct ShownRows {
    pub(super) count: usize,
    pub(super) moved: usize,
}

/// `there` rows are known now; the page may have shown fewer. A form that does not say is taken to have shown all.
pub(super) fn shown(raw: &RawForm, place: &FormPlace, there: usize) -> ShownRows {
    let said = raw.first(&control(place.posted(), "n")).and_then(|count| count.parse::<usize>().ok());
    let count = said.unwrap_or(there).min(there);
    ShownRows { count, moved: there - count }
}

/// How many rows of the list are known.
pub(super) fn known_rows(value: Option<&Value>, known: &KnownValues, place: &FormPlace) -> usize {
    value.and_then(Value::as_array).map_or(0, Vec::len).max(known.secret_paths.rows(&place.path))
}
