//! What a column of a Parquet file holds, and whether a value is that. A value is taken only when it comes out as it went in: what fits the type
//! in PostgreSQL fits here, except for moments without end, which Parquet does not have.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::schema::types::Type;

use super::decimal::{self, MOST_DIGITS};
use crate::engines::json::{JsonKind, JsonSpan};
use crate::engines::postgres::{ColumnType, moments, numbers};

/// Days from 1970-01-01 to the first day of the PostgreSQL calendar, and the same in microseconds.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = 946_684_800_000_000;
/// Digits of a number that whole numbers and floats share.
const SHORT: usize = 15;
/// Digits that 8 bytes hold.
const EIGHT_BYTES: u16 = 18;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Bool,
    Int4,
    Int8,
    Float4,
    Float8,
    /// With all digits and those after the point.
    Decimal(u16, u16),
    Date,
    Timestamp {
        is_zoned: bool,
    },
    /// Holds every value: what is no text as JSON writes it.
    Text,
    /// Holds every value, as JSON.
    Json,
}

/// A value that fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FileValue {
    Bool(bool),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    Decimal(i128),
    Text(Vec<u8>),
}

impl FileKind {
    /// What a declared type comes to.
    pub(super) fn of(declared: &ColumnType) -> Self {
        match declared {
            ColumnType::Bool => Self::Bool,
            ColumnType::Int2 | ColumnType::Int4 => Self::Int4,
            ColumnType::Int8 => Self::Int8,
            ColumnType::Float4 => Self::Float4,
            ColumnType::Float8 | ColumnType::Numeric(None) => Self::Float8,
            ColumnType::Numeric(Some((digits, scale))) if *digits <= MOST_DIGITS && scale <= digits => {
                Self::Decimal(*digits, *scale)
            }
            ColumnType::Date => Self::Date,
            ColumnType::Timestamp(_) => Self::Timestamp { is_zoned: false },
            ColumnType::TimestampTz(_) => Self::Timestamp { is_zoned: true },
            ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_) => Self::Json,
            _ => Self::Text,
        }
    }

    /// What a value is by itself, the narrowest first.
    pub(super) const fn natural(kind: JsonKind) -> &'static [Self] {
        match kind {
            JsonKind::Bool => &[Self::Bool],
            JsonKind::Number => &[Self::Int8, Self::Float8],
            JsonKind::Object | JsonKind::Array => &[Self::Json],
            JsonKind::Null | JsonKind::Text => &[],
        }
    }

    /// Where a first value goes that does not fit.
    pub(super) const fn alternatives(self) -> &'static [Self] {
        match self {
            Self::Date => &[Self::Timestamp { is_zoned: false }, Self::Timestamp { is_zoned: true }],
            Self::Timestamp { is_zoned: true } => &[Self::Timestamp { is_zoned: false }, Self::Date],
            Self::Timestamp { is_zoned: false } => &[Self::Timestamp { is_zoned: true }, Self::Date],
            other => other.wider(true),
        }
    }

    /// What holds all that this holds, and more; floats hold whole numbers only when those are short.
    pub(super) const fn wider(self, is_short: bool) -> &'static [Self] {
        match (self, is_short) {
            (Self::Int4, _) => &[Self::Int8, Self::Float8],
            (Self::Int8, true) | (Self::Float4, _) => &[Self::Float8],
            _ => &[],
        }
    }

    /// Its name, as PostgreSQL has it.
    pub(super) fn words(self) -> String {
        let plain = match self {
            Self::Bool => "boolean",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Decimal(digits, scale) => return format!("numeric({digits},{scale})"),
            Self::Date => "date",
            Self::Timestamp { is_zoned: true } => "timestamp with time zone",
            Self::Timestamp { is_zoned: false } => "timestamp without time zone",
            Self::Text => "text",
            Self::Json => "jsonb",
        };
        plain.to_owned()
    }

    /// Whether it holds the value.
    pub(super) fn holds(self, value: &JsonSpan<'_>) -> bool {
        matches!(self, Self::Text | Self::Json) || self.value(value).is_some()
    }

    /// The value as the file has it; `None` when it does not fit.
    pub(super) fn value(self, span: &JsonSpan<'_>) -> Option<FileValue> {
        match self {
            Self::Text => Some(FileValue::Text(text(span))),
            Self::Json => Some(FileValue::Text(document(span))),
            Self::Bool => (span.kind == JsonKind::Bool).then(|| FileValue::Bool(span.raw.first() == Some(&b't'))),
            Self::Int4 => sent(&ColumnType::Int4, span).map(|bytes| FileValue::Int4(i32::from_be_bytes(bytes))),
            Self::Int8 => sent(&ColumnType::Int8, span).map(|bytes| FileValue::Int8(i64::from_be_bytes(bytes))),
            Self::Float4 => sent(&ColumnType::Float4, span).map(|bytes| FileValue::Float4(f32::from_be_bytes(bytes))),
            Self::Float8 => sent(&ColumnType::Float8, span).map(|bytes| FileValue::Float8(f64::from_be_bytes(bytes))),
            Self::Decimal(digits, scale) => {
                let raw = (span.kind == JsonKind::Number).then_some(span.raw)?;
                decimal::unscaled(raw, digits, scale).map(FileValue::Decimal)
            }
            Self::Date => {
                let days = moments::date(plain(span)?).filter(|days| ![i32::MIN, i32::MAX].contains(days))?;
                days.checked_add(DAYS_TO_2000).map(FileValue::Int4)
            }
            Self::Timestamp { is_zoned } => {
                let micros = moments::timestamp(plain(span)?, is_zoned, None)?;
                let micros = Some(micros).filter(|micros| ![i64::MIN, i64::MAX].contains(micros))?;
                micros.checked_add(MICROS_TO_2000).map(FileValue::Int8)
            }
        }
    }

    /// The column of the file; every one may be empty.
    pub(super) fn column(self, name: &str) -> parquet::errors::Result<Arc<Type>> {
        let (physical, logical) = match self {
            Self::Bool => (PhysicalType::BOOLEAN, None),
            Self::Int4 => (PhysicalType::INT32, None),
            Self::Int8 => (PhysicalType::INT64, None),
            Self::Float4 => (PhysicalType::FLOAT, None),
            Self::Float8 => (PhysicalType::DOUBLE, None),
            Self::Decimal(digits, scale) => {
                let physical = if self.is_wide() { PhysicalType::FIXED_LEN_BYTE_ARRAY } else { PhysicalType::INT64 };
                (physical, Some(LogicalType::decimal(i32::from(scale), i32::from(digits))))
            }
            Self::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
            Self::Timestamp { is_zoned } => {
                (PhysicalType::INT64, Some(LogicalType::timestamp(is_zoned, TimeUnit::MICROS)))
            }
            Self::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Json => (PhysicalType::BYTE_ARRAY, Some(LogicalType::Json)),
        };
        let mut column = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .with_length(if self.is_wide() { 16 } else { -1 });
        if let Self::Decimal(digits, scale) = self {
            column = column.with_precision(i32::from(digits)).with_scale(i32::from(scale));
        }
        column.build().map(Arc::new)
    }

    /// Whether a number of it needs 16 bytes.
    pub(super) const fn is_wide(self) -> bool {
        matches!(self, Self::Decimal(digits, _) if digits > EIGHT_BYTES)
    }
}

/// Whether a float holds this whole number.
pub(super) fn is_short(span: &JsonSpan<'_>) -> bool {
    span.raw.iter().filter(|byte| byte.is_ascii_digit()).count() <= SHORT
}

/// A number as PostgreSQL is sent it, or a word that stands for what is no JSON number.
fn sent<const N: usize>(kind: &ColumnType, span: &JsonSpan<'_>) -> Option<[u8; N]> {
    let mut out = Vec::with_capacity(N);
    let fits = match span.kind {
        JsonKind::Number => numbers::number(kind, span.raw, &mut out),
        JsonKind::Text => numbers::special(kind, span.raw, false, &mut out),
        _ => false,
    };
    if fits { out.try_into().ok() } else { None }
}

/// A text without escapes.
fn plain<'a>(span: &JsonSpan<'a>) -> Option<&'a [u8]> {
    (span.kind == JsonKind::Text && span.is_plain).then_some(span.raw)
}

/// A text, or anything else as JSON writes it; a text with half of a surrogate pair, which no UTF-8 has, keeps its escapes.
fn text(span: &JsonSpan<'_>) -> Vec<u8> {
    if span.kind != JsonKind::Text || span.is_plain {
        return span.raw.to_vec();
    }
    serde_json::from_slice::<String>(&document(span)).map_or_else(|_| span.raw.to_vec(), String::into_bytes)
}

/// The value as JSON.
fn document(span: &JsonSpan<'_>) -> Vec<u8> {
    if span.kind == JsonKind::Text { [b"\"", span.raw, b"\""].concat() } else { span.raw.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::json::JsonWalk;

    fn value(kind: FileKind, json: &str) -> Option<FileValue> {
        let list = format!("[{json}]");
        kind.value(&JsonWalk::items(list.as_bytes()).unwrap().item().unwrap())
    }

    #[test]
    fn a_value_comes_out_as_it_went_in_or_does_not_fit() {
        let zoned = FileKind::Timestamp { is_zoned: true };
        for (kind, json, due) in [
            (FileKind::Bool, "true", Some(FileValue::Bool(true))),
            (FileKind::Int4, "2147483648", None),
            (FileKind::Int8, "2147483648", Some(FileValue::Int8(2_147_483_648))),
            (FileKind::Float8, "0.1", Some(FileValue::Float8(0.1))),
            (FileKind::Float8, "0.12345678901234567890", None),
            (FileKind::Float8, "\"Infinity\"", Some(FileValue::Float8(f64::INFINITY))),
            (FileKind::Decimal(12, 2), "1.5", Some(FileValue::Decimal(150))),
            (FileKind::Decimal(12, 2), "\"NaN\"", None),
            (FileKind::Date, "\"1970-01-02\"", Some(FileValue::Int4(1))),
            (FileKind::Date, "\"infinity\"", None),
            (zoned, "\"1970-01-01T01:00:00+01:00\"", Some(FileValue::Int8(0))),
            (zoned, "\"1970-01-01T01:00:00\"", None),
            (zoned, "\"infinity\"", None),
            (FileKind::Text, "{\"a\": 1}", Some(FileValue::Text(b"{\"a\": 1}".to_vec()))),
            (FileKind::Text, r#""\u0000é\n""#, Some(FileValue::Text("\0é\n".into()))),
            (FileKind::Text, r#""\ud800""#, Some(FileValue::Text(r"\ud800".into()))),
            (FileKind::Json, "\"a\"", Some(FileValue::Text(b"\"a\"".to_vec()))),
        ] {
            assert_eq!(value(kind, json), due, "{kind:?} {json}");
        }
    }
}
