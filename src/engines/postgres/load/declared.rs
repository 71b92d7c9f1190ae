//! Which type a source says a field has: the exact name a database gives it, or JSON Schema with what the Airbyte protocol adds to it
//! (<https://docs.airbyte.com/platform/understanding-airbyte/supported-data-types>).

use serde_json::Value;

use super::types::ColumnType;
use crate::engines::{Column, Stream};

/// The declared type of a field; `None` when nothing is said that settles it.
pub(super) fn declared(stream: &Stream, column: &Column) -> Option<ColumnType> {
    let property = stream.json_schema.get("properties").and_then(|properties| properties.get(&column.name));
    if let Some(property) = property {
        return of_schema(property);
    }
    let kind = column.kind.as_str();
    // Only a database has schemas and describes no records; elsewhere `integer` is a whole number of any length.
    if stream.namespace.is_some() && stream.json_schema.is_null() {
        return of_database(kind);
    }
    let (name, format) = kind.split_once(" (").unwrap_or((kind, ""));
    of_words(&[name], format.trim_end_matches(')'), "").or_else(|| of_database(kind))
}

fn of_schema(property: &Value) -> Option<ColumnType> {
    let text = |name: &str| property.get(name).and_then(Value::as_str).unwrap_or_default();
    let types: Vec<&str> = match property.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => {
            let several =
                ["oneOf", "anyOf"].into_iter().find_map(|name| property.get(name)).and_then(Value::as_array)?;
            let is_something = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("null");
            let mut kinds = several.iter().filter(is_something).map(of_schema);
            let first = kinds.next()?;
            return first.filter(|first| kinds.all(|kind| kind.as_ref() == Some(first)));
        }
    };
    let types: Vec<&str> = types.into_iter().filter(|kind| *kind != "null").collect();
    of_words(&types, text("format"), text("airbyte_type"))
}

fn of_words(types: &[&str], format: &str, airbyte_type: &str) -> Option<ColumnType> {
    use ColumnType::{Bool, Date, Int8, Jsonb, Numeric, Text, Time, TimeTz, Timestamp, TimestampTz, Uuid};
    Some(match types {
        ["boolean"] => Bool,
        ["integer"] if airbyte_type == "big_integer" => Numeric(None),
        ["integer"] => Int8,
        ["number"] if airbyte_type == "integer" => Int8,
        ["number"] | ["integer", "number"] | ["number", "integer"] => Numeric(None),
        ["object"] | ["array"] => Jsonb,
        ["string"] => match (format, airbyte_type) {
            ("date-time" | "", "timestamp_without_timezone") => Timestamp(None),
            ("date-time", _) | (_, "timestamp_with_timezone") => TimestampTz(None),
            ("time" | "", "time_without_timezone") => Time(None),
            ("time", _) | (_, "time_with_timezone") => TimeTz(None),
            ("date", _) => Date,
            ("uuid", _) => Uuid,
            _ => Text,
        },
        _ => return None,
    })
}

/// What `format_type` says about a column of a PostgreSQL that is read.
fn of_database(kind: &str) -> Option<ColumnType> {
    if let Some(item) = kind.strip_suffix("[]") {
        let item = of_database(item).filter(|item| item.oid().is_some());
        return Some(item.map_or(ColumnType::Jsonb, |item| ColumnType::Array(Box::new(item))));
    }
    // Their lengths are rules of the source, not of its values.
    let is_text = ["character varying", "character", "name", "\"char\""].contains(&kind)
        || kind.starts_with("character varying(")
        || kind.starts_with("character(");
    if is_text {
        return Some(ColumnType::Text);
    }
    if kind.starts_with("interval") {
        return Some(ColumnType::Interval);
    }
    ColumnType::known(kind)
}

/// Where values go that do not fit, one after the other, before their own nature is asked.
pub(super) fn alternatives(kind: &ColumnType) -> Vec<ColumnType> {
    use ColumnType::{Array, Date, Float4, Float8, Int2, Int4, Int8, Numeric, Time, TimeTz, Timestamp, TimestampTz};
    match kind {
        Int2 => vec![Int4, Int8, Numeric(None)],
        Int4 => vec![Int8, Numeric(None)],
        Float4 => vec![Float8, Numeric(None)],
        Int8 | Float8 | Numeric(Some(_)) => vec![Numeric(None)],
        Date => vec![Timestamp(None), TimestampTz(None)],
        Time(Some(_)) => vec![Time(None)],
        TimeTz(settled) => settled.map(|_| TimeTz(None)).into_iter().chain([Time(None)]).collect(),
        Timestamp(settled) => settled.map(|_| Timestamp(None)).into_iter().chain([TimestampTz(None), Date]).collect(),
        TimestampTz(settled) => settled.map(|_| TimestampTz(None)).into_iter().chain([Timestamp(None), Date]).collect(),
        Array(item) => alternatives(item).into_iter().map(|item| Array(Box::new(item))).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(kind: &str, stream: &Stream) -> Option<String> {
        let column = Column { name: "a".to_owned(), kind: kind.to_owned(), nullable: true };
        declared(stream, &column).map(|kind| kind.sql())
    }

    #[test]
    fn the_source_says_what_a_field_is() {
        for (property, due) in [
            (json!({"type": ["null", "integer"]}), Some("bigint")),
            (json!({"type": "number", "airbyte_type": "integer"}), Some("bigint")),
            (json!({"type": "integer", "airbyte_type": "big_integer"}), Some("numeric")),
            (json!({"type": ["number", "null"]}), Some("numeric")),
            (json!({"type": "string", "format": "date-time"}), Some("timestamp with time zone")),
            (
                json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}),
                Some("timestamp without time zone"),
            ),
            (
                json!({"type": "string", "format": "time", "airbyte_type": "time_without_timezone"}),
                Some("time without time zone"),
            ),
            (json!({"type": "string", "format": "date"}), Some("date")),
            (json!({"type": "string", "format": "email"}), Some("text")),
            (json!({"type": ["string", "integer"]}), None),
            (json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}), Some("bigint")),
            (json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}), None),
            (json!({"type": "array", "items": {"type": "integer"}}), Some("jsonb")),
            (json!({}), None),
        ] {
            let stream = Stream { json_schema: json!({"properties": {"a": property}}), ..Stream::default() };
            assert_eq!(named("any", &stream).as_deref(), due, "{}", stream.json_schema);
        }
    }

    #[test]
    fn a_database_says_it_exactly() {
        let stream = Stream { namespace: Some("public".to_owned()), ..Stream::default() };
        for (kind, due) in [
            ("integer", Some("integer")),
            ("numeric(12,2)", Some("numeric(12,2)")),
            ("timestamp(3) with time zone", Some("timestamp(3) with time zone")),
            ("character varying(20)", Some("text")),
            ("character(2)[]", Some("text[]")),
            ("double precision[]", Some("double precision[]")),
            ("jsonb[]", Some("jsonb")),
            ("interval(3)", Some("interval")),
            ("inet", None),
        ] {
            assert_eq!(named(kind, &stream).as_deref(), due, "{kind}");
        }
        assert_eq!(named("integer", &Stream::default()).as_deref(), Some("bigint"));
        assert_eq!(named("string (date-time)", &Stream::default()).as_deref(), Some("timestamp with time zone"));
        assert_eq!(named("numeric(10,2)", &Stream::default()).as_deref(), Some("numeric(10,2)"));
    }
}
