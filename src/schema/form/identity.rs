//! Which row is which: a row keeps its id for life, so that its secrets, and who filled it in, belong to the row and not to the place
//! where it stands at the moment.
//!
//! Stored paths name a row by its id (`/rows/r3-0/token`); people, forms and programs are told its position (`/rows/0/token`). A row
//! that was stored before rows had ids has its position as its id. Ids of new rows are texts that are no number.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::base::forms::FieldPath;
use crate::schema::spec::{GroupShape, Node, NodeKind, ROW_KEY, chosen_by_values};

/// What row `index` is called, whatever stands in it.
pub(super) fn row_id(row: &Value, index: usize) -> Cow<'_, str> {
    row.get(ROW_KEY).and_then(Value::as_str).map_or_else(|| Cow::Owned(index.to_string()), Cow::Borrowed)
}

/// Where the row of that id stands.
pub(super) fn position(list: &[Value], id: &str) -> Option<usize> {
    list.iter().enumerate().position(|(index, row)| !row.is_null() && row_id(row, index) == id)
}

/// The value at a stored path.
#[must_use]
pub fn value_at<'a>(plain: &'a Map<String, Value>, key: &FieldPath) -> Option<&'a Value> {
    let mut segments = key.segments();
    let mut here = plain.get(segments.next()?.as_ref())?;
    for segment in segments {
        here = match here {
            Value::Array(list) => list.get(position(list, &segment)?)?,
            other => other.get(segment.as_ref())?,
        };
    }
    Some(here)
}

/// A stored path as people and programs know it: rows by their position.
#[must_use]
pub fn shown_path(plain: &Map<String, Value>, key: &FieldPath) -> FieldPath {
    let mut path = FieldPath::root();
    let mut here: Option<&Value> = None;
    for (depth, segment) in key.segments().enumerate() {
        let list = here.and_then(Value::as_array);
        let index = list.and_then(|list| position(list, &segment));
        path = index.map_or_else(|| path.child(&segment), |index| path.index(index));
        here = match (depth, list.zip(index)) {
            (0, _) => plain.get(segment.as_ref()),
            (_, Some((list, index))) => list.get(index),
            _ => here.and_then(|here| here.get(segment.as_ref())),
        };
    }
    path
}

/// Writes every row's id into it.
pub(super) fn write_ids(root: &Node, plain: &mut Map<String, Value>) {
    let mut whole = Value::Object(std::mem::take(plain));
    write_inside(root, &mut whole);
    if let Value::Object(object) = whole {
        *plain = object;
    }
}

fn write_inside(node: &Node, value: &mut Value) {
    match (&node.kind, value) {
        (NodeKind::Group(group), Value::Object(object)) => write_in_group(group, object),
        (NodeKind::OneOf(one_of), Value::Object(object)) => {
            let branch = chosen_by_values(one_of, object).and_then(|index| one_of.branches.get(index));
            if let Some(branch) = branch {
                write_in_group(&branch.group, object);
            }
        }
        (NodeKind::Rows(rows), Value::Array(list)) => {
            for (index, row) in list.iter_mut().enumerate() {
                if let Value::Object(object) = row
                    && !object.contains_key(ROW_KEY)
                {
                    object.insert(ROW_KEY.to_owned(), Value::String(index.to_string()));
                }
                write_inside(&rows.item, row);
            }
        }
        _ => {}
    }
}

fn write_in_group(group: &GroupShape, object: &mut Map<String, Value>) {
    for field in &group.fields {
        if let Some(value) = object.get_mut(&field.key) {
            write_inside(field, value);
        }
    }
}

/// The value without any row's id.
pub(super) fn without_ids(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| *key != ROW_KEY);
            Value::Object(kept.map(|(key, inner)| (key.clone(), without_ids(inner))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_ids).collect()),
        other => other.clone(),
    }
}

/// Makes ids for new rows: the number of the revision that brings them, and a count. A revision is written once, so none is made twice.
#[derive(Debug)]
pub(super) struct RowIds {
    revision: i64,
    made: usize,
}

impl RowIds {
    pub(super) const fn of(revision: i64) -> Self {
        Self { revision, made: 0 }
    }

    /// Makes the same ids once more.
    pub(super) const fn again(other: &Self) -> Self {
        Self { revision: other.revision, made: other.made }
    }

    /// For values that nobody numbers: behind all that are there.
    pub(super) fn behind(plain: &Map<String, Value>) -> Self {
        Self::of(plain.values().filter_map(newest).max().map_or(0, |newest| newest + 1))
    }

    pub(super) fn next(&mut self) -> String {
        self.made += 1;
        format!("r{}-{}", self.revision, self.made - 1)
    }
}

/// The newest revision that an id inside speaks of.
fn newest(value: &Value) -> Option<i64> {
    match value {
        Value::Object(object) => {
            let own = object.get(ROW_KEY).and_then(Value::as_str);
            let own = own.and_then(|id| id.strip_prefix('r')?.split('-').next()?.parse().ok());
            object.values().filter_map(newest).chain(own).max()
        }
        Value::Array(list) => list.iter().filter_map(newest).max(),
        _ => None,
    }
}
