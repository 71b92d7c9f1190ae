//! Whether a value of a record fits a type, and the bytes it is sent as then. Whatever is taken here the server takes too, and gives back as
//! the same value; everything else finds another column (`staged.rs`).

use super::moments;
use super::numbers;
use super::texts;
use super::types::ColumnType;
use crate::engines::json::{JsonKind, JsonSpan, JsonWalk};

/// As many dimensions an array of PostgreSQL has.
const MOST_DIMENSIONS: usize = 6;

/// What was found out while values were fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fitting {
    /// A `numeric` of this server can be infinite.
    pub(super) has_infinite: bool,
    /// A text column that takes numbers and truth values as they are written.
    pub(super) takes_all: bool,
    /// Characters that PostgreSQL does not hold.
    pub(super) lost: usize,
    /// An infinite number was among them.
    pub(super) was_infinite: bool,
}

impl Fitting {
    /// Adds the value as it is sent, and says whether it fits; when it does not, something may have been added.
    pub(super) fn push(&mut self, kind: &ColumnType, value: &JsonSpan<'_>, out: &mut Vec<u8>) -> bool {
        match kind {
            ColumnType::Json => self.document(value, out),
            ColumnType::Jsonb => {
                out.push(1);
                self.document(value, out)
            }
            ColumnType::Array(item) => self.array(item, value, out).is_some(),
            _ => match value.kind {
                JsonKind::Text => self.text(kind, value, out),
                JsonKind::Number if *kind == ColumnType::Text => self.written(value, out),
                JsonKind::Number => numbers::number(kind, value.raw, out),
                JsonKind::Bool if *kind == ColumnType::Text => self.written(value, out),
                JsonKind::Bool if *kind == ColumnType::Bool => {
                    out.push(u8::from(value.raw.first() == Some(&b't')));
                    true
                }
                _ => false,
            },
        }
    }

    fn written(self, value: &JsonSpan<'_>, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(value.raw);
        self.takes_all
    }

    fn document(&mut self, value: &JsonSpan<'_>, out: &mut Vec<u8>) -> bool {
        let is_text = value.kind == JsonKind::Text;
        out.extend(is_text.then_some(b'"'));
        let lost = if is_text && value.is_plain {
            out.extend_from_slice(value.raw);
            Some(0)
        } else if is_text {
            // The quotes around it do not matter for what is inside.
            texts::inside(value.raw, out)
        } else {
            texts::document(value.raw, out)
        };
        out.extend(is_text.then_some(b'"'));
        self.lost += lost.unwrap_or(0);
        lost.is_some()
    }

    fn text(&mut self, kind: &ColumnType, value: &JsonSpan<'_>, out: &mut Vec<u8>) -> bool {
        if *kind == ColumnType::Text {
            if value.is_plain {
                out.extend_from_slice(value.raw);
                return true;
            }
            let lost = texts::unescape(value.raw, out);
            self.lost += lost.unwrap_or(0);
            return lost.is_some();
        }
        let mut plain = Vec::new();
        let raw = if value.is_plain {
            value.raw
        } else {
            if texts::unescape(value.raw, &mut plain) != Some(0) {
                return false;
            }
            &plain
        };
        let is_special = numbers::special(kind, raw, self.has_infinite, out);
        self.was_infinite |= is_special && raw != b"NaN";
        is_special || of_text(kind, raw, out).is_some()
    }

    /// Dimensions, whether any item is missing, the items' type; for each dimension its length and first number; the items.
    fn array(&mut self, item: &ColumnType, value: &JsonSpan<'_>, out: &mut Vec<u8>) -> Option<()> {
        let oid = item.oid().filter(|_| value.kind == JsonKind::Array)?;
        let lengths = lengths(value.raw)?;
        let head = out.len();
        let dimensions = i32::try_from(lengths.len()).ok()?;
        out.extend_from_slice(&dimensions.to_be_bytes());
        out.extend_from_slice(&0_i32.to_be_bytes());
        out.extend_from_slice(&oid.to_be_bytes());
        for length in &lengths {
            out.extend_from_slice(&i32::try_from(*length).ok()?.to_be_bytes());
            out.extend_from_slice(&1_i32.to_be_bytes());
        }
        let mut has_null = false;
        self.items(item, value.raw, &lengths, &mut has_null, out)?;
        out.get_mut(head + 4..head + 8)?.copy_from_slice(&i32::from(has_null).to_be_bytes());
        Some(())
    }

    /// The items of a list; `lengths` are those of it and of the lists in it.
    fn items(
        &mut self,
        item: &ColumnType,
        raw: &[u8],
        lengths: &[usize],
        has_null: &mut bool,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let Some((length, inner)) = lengths.split_first() else { return Some(()) };
        let mut walk = JsonWalk::items(raw)?;
        let mut count = 0;
        while let Some(value) = walk.item() {
            count += 1;
            if !inner.is_empty() {
                (value.kind == JsonKind::Array).then_some(())?;
                self.items(item, value.raw, inner, has_null, out)?;
            } else if value.kind == JsonKind::Null {
                *has_null = true;
                out.extend_from_slice(&(-1_i32).to_be_bytes());
            } else {
                with_length(out, |out| self.push(item, &value, out)).then_some(())?;
            }
        }
        (walk.is_whole() && count == *length).then_some(())
    }
}

/// Adds what `push` adds, with its length before it; what did not fit is taken away again.
pub(super) fn with_length(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
    let head = out.len();
    out.extend_from_slice(&[0; 4]);
    let fits = push(out);
    let length = i32::try_from(out.len() - head - 4);
    match (fits, length, out.get_mut(head..head + 4)) {
        (true, Ok(length), Some(place)) => place.copy_from_slice(&length.to_be_bytes()),
        _ => {
            out.truncate(head);
            return false;
        }
    }
    true
}

/// The lengths of a list and of the first lists in it; none for an empty one.
fn lengths(raw: &[u8]) -> Option<Vec<usize>> {
    let (mut lengths, mut raw) = (Vec::new(), raw);
    loop {
        let mut walk = JsonWalk::items(raw)?;
        let first = walk.item();
        let Some(first) = first else { return lengths.is_empty().then_some(lengths) };
        let mut count = 1;
        while walk.item().is_some() {
            count += 1;
        }
        lengths.push(count);
        if first.kind != JsonKind::Array {
            return Some(lengths);
        }
        (lengths.len() < MOST_DIMENSIONS).then_some(())?;
        raw = first.raw;
    }
}

fn of_text(kind: &ColumnType, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match kind {
        ColumnType::Date => out.extend_from_slice(&moments::date(text)?.to_be_bytes()),
        ColumnType::Time(digits) => out.extend_from_slice(&moments::time(text, *digits)?.to_be_bytes()),
        ColumnType::TimeTz(digits) => {
            let (micros, west) = moments::time_with_zone(text, *digits)?;
            out.extend_from_slice(&micros.to_be_bytes());
            out.extend_from_slice(&west.to_be_bytes());
        }
        ColumnType::Timestamp(digits) => {
            out.extend_from_slice(&moments::timestamp(text, false, *digits)?.to_be_bytes())
        }
        ColumnType::TimestampTz(digits) => {
            out.extend_from_slice(&moments::timestamp(text, true, *digits)?.to_be_bytes())
        }
        ColumnType::Interval => {
            let (micros, days, months) = moments::interval(text)?;
            out.extend_from_slice(&micros.to_be_bytes());
            out.extend_from_slice(&days.to_be_bytes());
            out.extend_from_slice(&months.to_be_bytes());
        }
        ColumnType::Uuid => uuid(text, out)?,
        ColumnType::Bytea => hex(text.strip_prefix(b"\\x")?, out)?,
        _ => return None,
    }
    Some(())
}

fn uuid(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    (text.len() == 36).then_some(())?;
    let mut parts = text.split(|byte| *byte == b'-');
    for length in [8, 4, 4, 4, 12] {
        hex(parts.next().filter(|part| part.len() == length)?, out)?;
    }
    parts.next().is_none().then_some(())
}

fn hex(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_chunks::<2>();
    rest.is_empty().then_some(())?;
    for [high, low] in pairs {
        out.push(u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: &ColumnType, json: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut fitting = Fitting { has_infinite: true, ..Fitting::default() };
        let list = format!("[{json}]");
        let value = JsonWalk::items(list.as_bytes()).unwrap().item().unwrap();
        fitting.push(kind, &value, &mut out).then_some(out)
    }

    #[test]
    fn what_does_not_fit_is_told() {
        use ColumnType::{
            Array, Bool, Bytea, Date, Float8, Int4, Int8, Interval, Jsonb, Numeric, Text, TimestampTz, Uuid,
        };
        let list = |item: ColumnType| Array(Box::new(item));
        for (kind, good, bad) in [
            (Bool, "true", "\"true\""),
            (Int4, "1", "\"1\""),
            (Int8, "12", "true"),
            (Float8, "\"-Infinity\"", "\"infinite\""),
            (Numeric(None), "\"Infinity\"", "\"12\""),
            (Numeric(Some((12, 2))), "\"NaN\"", "\"Infinity\""),
            (Date, "\"2026-01-01\"", "\"2026-02-30\""),
            (TimestampTz(None), "\"10000-01-01T00:00:00Z\"", "\"2026-01-01T00:00:00\""),
            (Uuid, "\"6F9619FF-8B86-D011-B42D-00CF4FC964FF\"", "\"6F9619FF8B86D011B42D00CF4FC964FF\""),
            (Bytea, "\"\\\\xDEad\"", "\"\\\\xdea\""),
            (Interval, "\"P1D\"", "\"1 day\""),
            (Text, "\"a\"", "{}"),
            (Jsonb, "[1]", "[1e999999]"),
            (list(Int4), "[[1,null],[3,4]]", "[[1],[2,3]]"),
            (list(Text), "[]", "[[],[]]"),
            (list(Int4), "[1]", "[[1],2]"),
            (list(Int4), "[1]", "[1,\"x\"]"),
        ] {
            assert!(sent(&kind, good).is_some(), "{kind:?} {good}");
            assert!(sent(&kind, bad).is_none(), "{kind:?} {bad}");
        }
    }

    #[test]
    fn lists_are_arrays_of_the_server() {
        let found = sent(&ColumnType::Array(Box::new(ColumnType::Int2)), "[1,null]").unwrap();
        let due: Vec<u8> =
            [1_i32, 1, 21, 2, 1, 2].iter().flat_map(|part| part.to_be_bytes()).chain([0, 1]).chain([255; 4]).collect();
        assert_eq!(found, due);
    }
}
