//! Which columns a table's file gets: every field of its records, with a type that holds all values of the field as they are.

use std::collections::HashMap;
use std::io;

use super::StoredColumn;
use super::kind::{FileKind, is_short};
use crate::engines::LoadTable;
use crate::engines::json::{JsonKind, JsonSpan, JsonWalk};

/// What a file without any field has instead: a file has at least one column.
const NO_FIELDS: &str = "_data";

/// The fields of a table, as far as they are known.
pub(super) struct FileShape {
    fields: Vec<ShapeField>,
    /// By their names as records write them.
    by_name: HashMap<Vec<u8>, usize>,
}

/// A field.
struct ShapeField {
    name: String,
    declared: Option<FileKind>,
    /// What holds all values so far; `None` while there was none.
    kind: Option<FileKind>,
    /// Floats hold all of its numbers.
    is_short: bool,
}

impl ShapeField {
    fn new(name: String, declared: Option<FileKind>) -> Self {
        Self { name, declared, kind: None, is_short: true }
    }

    /// What its column holds.
    fn column(&self) -> FileKind {
        self.kind.or(self.declared).unwrap_or(FileKind::Text)
    }

    fn see(&mut self, span: &JsonSpan<'_>) {
        if span.kind == JsonKind::Null {
            return;
        }
        let kind = match self.kind {
            Some(kind) if kind.holds(span) => kind,
            Some(kind) => held(kind.wider(self.is_short), span),
            None => self.first(span),
        };
        self.is_short &= span.kind != JsonKind::Number || is_short(span);
        self.kind = Some(kind);
    }

    /// What the first value needs.
    fn first(&self, span: &JsonSpan<'_>) -> FileKind {
        if let Some(declared) = self.declared {
            if declared.holds(span) {
                return declared;
            }
            let other = held(declared.alternatives(), span);
            if other != FileKind::Text {
                return other;
            }
        }
        held(FileKind::natural(span.kind), span)
    }
}

/// The first that holds a value; at last a text does.
fn held(kinds: &[FileKind], span: &JsonSpan<'_>) -> FileKind {
    kinds.iter().copied().find(|kind| kind.holds(span)).unwrap_or(FileKind::Text)
}

impl FileShape {
    pub(super) fn of(table: &LoadTable) -> Self {
        let mut shape = Self { fields: Vec::new(), by_name: HashMap::new() };
        for (name, declared) in table.fields() {
            let written = serde_json::Value::from(name).to_string().into_bytes();
            let written = written.get(1..written.len().saturating_sub(1)).unwrap_or_default().to_vec();
            shape.by_name.insert(written, shape.fields.len());
            shape.fields.push(ShapeField::new(name.to_owned(), declared.map(FileKind::of)));
        }
        shape
    }

    /// Looks at what a record needs.
    pub(super) fn see(&mut self, record: &[u8]) -> io::Result<()> {
        let mut walk = JsonWalk::members(record).ok_or_else(no_record)?;
        while let Some((key, span)) = walk.member() {
            let place = self.place(key)?;
            self.fields.get_mut(place).into_iter().for_each(|field| field.see(&span));
        }
        if walk.is_whole() { Ok(()) } else { Err(no_record()) }
    }

    /// The field that a record calls so; a new one when there was none.
    fn place(&mut self, key: &[u8]) -> io::Result<usize> {
        if let Some(place) = self.by_name.get(key) {
            return Ok(*place);
        }
        let name: String = serde_json::from_slice(&[b"\"", key, b"\""].concat()).map_err(|_| no_record())?;
        let known = self.fields.iter().position(|field| field.name == name);
        let place = known.unwrap_or(self.fields.len());
        if known.is_none() {
            self.fields.push(ShapeField::new(name, None));
        }
        self.by_name.insert(key.to_vec(), place);
        Ok(place)
    }

    /// Lays the values of a record beside their fields; of a name that is there twice the last one counts.
    pub(super) fn spread<'a>(&self, record: &'a [u8], spans: &mut [Option<JsonSpan<'a>>]) -> io::Result<()> {
        spans.fill(None);
        let mut walk = JsonWalk::members(record).ok_or_else(no_record)?;
        while let Some((key, span)) = walk.member() {
            let place = self.by_name.get(key).ok_or_else(no_record)?;
            spans.get_mut(*place).into_iter().for_each(|slot| *slot = Some(span));
        }
        if walk.is_whole() { Ok(()) } else { Err(no_record()) }
    }

    /// Name and type of every column.
    pub(super) fn kinds(&self) -> Vec<(&str, FileKind)> {
        if self.fields.is_empty() {
            return vec![(NO_FIELDS, FileKind::Text)];
        }
        self.fields.iter().map(|field| (field.name.as_str(), field.column())).collect()
    }

    pub(super) fn columns(&self) -> Vec<StoredColumn> {
        let column = |(name, kind): (&str, FileKind)| StoredColumn { name: name.to_owned(), kind: Some(kind.words()) };
        self.kinds().into_iter().map(column).collect()
    }

    /// How columns differ from what the source says, in words for people.
    pub(super) fn differences(&self) -> Vec<String> {
        let differs = |field: &ShapeField| {
            let declared = field.declared.filter(|declared| *declared != field.column())?;
            Some(format!("{}: {} instead of {}", field.name, field.column().words(), declared.words()))
        };
        self.fields.iter().filter_map(differs).collect()
    }
}

fn no_record() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a record is no JSON object")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a field becomes that is declared so, for the values that come.
    fn kind(declared: Option<FileKind>, values: &[&str]) -> String {
        let mut field = ShapeField::new("a".to_owned(), declared);
        for value in values {
            let list = format!("[{value}]");
            field.see(&JsonWalk::items(list.as_bytes()).unwrap().item().unwrap());
        }
        field.column().words()
    }

    #[test]
    fn a_column_holds_all_values_of_its_field() {
        let zoned = Some(FileKind::Timestamp { is_zoned: true });
        for (declared, values, due) in [
            (Some(FileKind::Int4), &["1", "null"][..], "integer"),
            (Some(FileKind::Int4), &["1", "3000000000"], "bigint"),
            (Some(FileKind::Int4), &["1", "1.5"], "double precision"),
            (None, &["1", "1.5", "2"], "double precision"),
            (None, &["9007199254740993", "1.5"], "text"),
            (None, &["1", "\"x\""], "text"),
            (None, &["{\"b\": 1}", "\"x\"", "1"], "jsonb"),
            (None, &["\"x\"", "{}"], "text"),
            (None, &["true", "false"], "boolean"),
            (None, &["null"], "text"),
            (zoned, &["\"2026-01-01T00:00:00\""], "timestamp without time zone"),
            (zoned, &["\"2026-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00\""], "text"),
            (zoned, &["\"infinity\""], "text"),
            (Some(FileKind::Decimal(12, 2)), &["1.5", "\"Infinity\""], "text"),
            (Some(FileKind::Date), &[], "date"),
        ] {
            assert_eq!(kind(declared, values), due, "{declared:?} {values:?}");
        }
    }
}
