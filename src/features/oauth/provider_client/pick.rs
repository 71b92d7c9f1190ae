//! Values out of answers, by path.

use std::borrow::Cow;

use serde_json::Value;

/// The value at `a.b.0.c`; an empty path and `.` are the value itself.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|key| !key.is_empty()).try_fold(value, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// A text, number or truth value as text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        _ => None,
    }
}

/// The text at a path; an empty one counts as none.
pub(super) fn text_at<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, str>> {
    at(value, path).and_then(text).filter(|text| !text.is_empty())
}

/// Names in a list, or in a text with spaces or commas between them.
pub(super) fn names(value: &Value) -> Option<Vec<String>> {
    let split = |text: &str| text.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match value {
        Value::Array(list) => Some(list.iter().filter_map(text).map(Cow::into_owned).collect()),
        Value::String(text) => Some(split(text)),
        _ => None,
    }
}

/// A whole number, written as one or as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
        .or_else(|| value.as_str()?.parse().ok())
}
