//! Where a walk over the spec stands: the path in the configuration, and the name of the form field.
//!
//! A field's name is the JSON Pointer of its path with segments that no property can have, since `~` stands otherwise
//! before 0 or 1 only: `/x/~o2/field` is a field of branch 2 of the choice `/x`, whose own name carries the branch's
//! number; `/rows/~n` counts the rows shown, `/rows/0/~id` says which row stands there, `/rows/0/~rm` removes it; `/flag/~set` says that
//! a box was on the page; `/key/~clear` removes a value.

use std::borrow::Cow;

use jsonptr::Token;
use serde_json::Value;

use super::identity::{position, row_id};
use crate::base::forms::{FieldError, FieldPath, FieldRef, RawForm, ValueProblem};
use crate::schema::spec::{Node, RowsShape};

#[derive(Clone, Debug, Default)]
pub(super) struct FormPlace {
    /// As people and programs know it: rows by their position.
    pub(super) path: FieldPath,
    /// As it is stored, where that is another: rows by their id.
    stored: Option<FieldPath>,
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

    /// The path by which the value is stored.
    pub(super) fn key(&self) -> &FieldPath {
        self.stored.as_ref().unwrap_or(&self.path)
    }

    /// The name that was posted.
    pub(super) fn posted(&self) -> &str {
        self.moved.as_deref().unwrap_or(&self.name)
    }

    pub(super) fn child(&self, key: &str) -> Self {
        let extend = |name: &String| {
            let mut longer = String::with_capacity(name.len() + key.len() + 1);
            longer.push_str(name);
            longer.push('/');
            longer.push_str(Token::new(key).encoded());
            longer
        };
        Self {
            path: self.path.child(key),
            stored: self.stored.as_ref().map(|stored| stored.child(key)),
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

    /// A row; `title` is what one row is called.
    pub(super) fn row(&self, at: &RowSeat<'_>, title: &str) -> Self {
        let RowSeat { index, posted, id } = at;
        let label = format!("{title} {}", index + 1);
        let moved = (index != posted || self.moved.is_some()).then(|| format!("{}/{posted}", self.posted()));
        let row = self.row.as_ref().map_or_else(|| label.clone(), |outer| format!("{outer}, {label}"));
        let path = self.path.index(*index);
        let stored = self.key().child(id);
        Self {
            stored: (stored != path).then_some(stored),
            path,
            name: format!("{}/{index}", self.name),
            moved,
            row: Some(row),
        }
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

/// The control beside a password that says whether the space at its edge belongs to it.
pub(super) const EDGES: &str = "edges";
/// It does.
pub(super) const KEEP_EDGES: &str = "keep";
/// It does not.
pub(super) const CUT_EDGES: &str = "cut";

/// The text of a field that was posted as another.
pub(super) struct MovedText {
    /// The field's name on the next page.
    name: String,
    /// Its name on the page that was posted.
    posted: String,
    text: String,
}

impl MovedText {
    pub(super) fn new(place: &FormPlace, text: &str) -> Self {
        Self { name: place.name.clone(), posted: place.posted().to_owned(), text: text.to_owned() }
    }

    pub(super) fn is_of(&self, place: &FormPlace) -> bool {
        self.posted == place.posted()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// As the next page shows it.
    pub(super) fn into_typed(self) -> (String, Vec<String>) {
        (self.name, vec![self.text])
    }
}

/// Where a row stands, and which it is.
pub(super) struct RowSeat<'a> {
    /// The position on the page that is shown next, and in the configuration.
    pub(super) index: usize,
    /// The position on the page that was posted.
    pub(super) posted: usize,
    pub(super) id: Cow<'a, str>,
}

impl<'a> RowSeat<'a> {
    /// A row that is known.
    pub(super) fn known(index: usize, row: &'a Value) -> Self {
        Self { index, posted: index, id: row_id(row, index) }
    }

    /// A row that is not there yet. Its id is none that a row can have.
    pub(super) fn new(index: usize) -> Self {
        Self { index, posted: index, id: Cow::Owned(format!("+{index}")) }
    }
}

/// A row of a posted form.
pub(super) struct PostedRow<'a> {
    pub(super) seat: RowSeat<'a>,
    /// It was not there when the page was made.
    pub(super) is_new: bool,
    /// It was there then, and is not any more.
    pub(super) is_gone: bool,
    /// What stood in it when the page was made.
    pub(super) shown: Option<&'a Value>,
    /// What stands in it now.
    pub(super) now: Option<&'a Value>,
}

/// The rows of a list that were posted. `shown` is the list as the page showed it, `now` as it is now. A row that does not say which it
/// is, is the one that stood at its place; a form that does not say how many rows it had is taken to have shown all.
pub(super) fn posted_rows<'a>(
    raw: &RawForm,
    place: &FormPlace,
    shown: Option<&'a Value>,
    now: Option<&'a Value>,
) -> Vec<PostedRow<'a>> {
    let shown = shown.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let now = now.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let said = raw.first(&control(place.posted(), "n")).and_then(|count| count.parse::<usize>().ok());
    let count = said.unwrap_or(shown.len()).min(shown.len());
    let read = |posted: usize| {
        let said = raw.first(&control(&format!("{}/{posted}", place.posted()), "id")).filter(|id| !id.is_empty());
        let id = match said {
            Some(id) => Some(Cow::Owned(id.to_owned())),
            None => shown.get(posted).filter(|_| posted < count).map(|row| row_id(row, posted)),
        };
        let Some(id) = id else {
            let index = now.len() + posted.saturating_sub(count);
            let seat = RowSeat { posted, ..RowSeat::new(index) };
            return PostedRow { seat, is_new: true, is_gone: false, shown: None, now: None };
        };
        let here = position(now, &id);
        PostedRow {
            is_new: false,
            is_gone: here.is_none(),
            shown: position(shown, &id).and_then(|index| shown.get(index)),
            now: here.and_then(|index| now.get(index)),
            seat: RowSeat { index: here.unwrap_or_default(), posted, id },
        }
    };
    let mut rows: Vec<PostedRow<'a>> = raw.rows(place.posted(), RowsShape::MOST).into_iter().map(read).collect();
    // What was typed into a row that is gone stands before the new ones.
    let gone = rows.iter().filter(|row| row.is_gone).count();
    rows.iter_mut().filter(|row| row.is_new).for_each(|row| row.seat.index += gone);
    for (index, row) in (now.len()..).zip(rows.iter_mut().filter(|row| row.is_gone)) {
        row.seat.index = index;
    }
    rows
}
