//! One leaf: from the text in its field to a value, and back.

use serde_json::{Number as JsonNumber, Value};

use crate::base::forms::{MAX_FIELD_BYTES, Problem};
use crate::schema::spec::{JsonShape, Kind, LineItem, Node, Number, Text};

/// The value a posted text stands for; None when the field was left blank. Judges the type only.
pub(super) fn parse(node: &Node, posted: &str) -> Result<Option<Value>, Problem> {
    if posted.len() > MAX_FIELD_BYTES {
        return Err(Problem::TooLarge);
    }
    if posted.contains('\0') {
        return Err(Problem::ControlCharacter);
    }
    let posted = unix_lines(posted);
    match &node.kind {
        Kind::Text(text) if node.secret => Ok(secret_text(text, &posted)),
        Kind::Text(text) => Ok(plain_text(text, &posted)),
        _ if posted.trim().is_empty() => Ok(None),
        Kind::Number(number) => numeric(*number, &posted).map(Some),
        Kind::Choice(choice) => option(&choice.options, &posted).map(Some),
        Kind::Lines(lines) => each_line(&lines.item, lines.unique, &posted).map(Some),
        Kind::Json(shape) => json(*shape, &posted).map(Some),
        Kind::Bool(_) => yes_no(&posted).map(Some),
        Kind::Checks(_) | Kind::Const(_) | Kind::OneOf(_) | Kind::Group(_) | Kind::Rows(_) => Err(Problem::NotOffered),
    }
}

/// Browsers send every line end as CR LF.
pub(super) fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn plain_text(text: &Text, posted: &str) -> Option<Value> {
    let trimmed = posted.trim();
    if trimmed.is_empty() {
        return None;
    }
    Some(Value::String(text.date.map_or_else(|| trimmed.to_owned(), |date| date.stored(trimmed))))
}

/// Inner and outer spaces may belong to a secret. One line end behind a single line never does; that behind a key
/// file does.
fn secret_text(text: &Text, posted: &str) -> Option<Value> {
    if text.multiline {
        return (!posted.trim().is_empty()).then(|| Value::from(posted));
    }
    let line = posted.strip_suffix('\n').unwrap_or(posted);
    (!line.is_empty()).then(|| Value::from(line))
}

fn numeric(number: Number, posted: &str) -> Result<Value, Problem> {
    let digits: String = posted.chars().filter(|letter| !letter.is_whitespace() && *letter != '_').collect();
    if digits.contains(',') {
        return Err(Problem::Comma);
    }
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let whole = digits.parse::<i64>().map(Value::from).or_else(|_| digits.parse::<u64>().map(Value::from));
    match whole {
        Ok(whole) => Ok(whole),
        Err(_) if number.whole => Err(Problem::NotWhole),
        Err(_) => {
            let plain =
                digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'e' | b'E' | b'+'));
            let float = digits.parse::<f64>().ok().filter(|_| plain).and_then(JsonNumber::from_f64);
            float.map(Value::Number).ok_or(Problem::NotNumber)
        }
    }
}

fn option(options: &[crate::schema::spec::Opt], posted: &str) -> Result<Value, Problem> {
    let index: usize = posted.trim().parse().map_err(|_| Problem::NotOffered)?;
    options.get(index).map(|option| option.value.clone()).ok_or(Problem::NotOffered)
}

pub(super) fn options_at<'a>(
    options: &[crate::schema::spec::Opt],
    posted: impl Iterator<Item = &'a str>,
) -> Result<Value, Problem> {
    let mut chosen: Vec<usize> = Vec::new();
    for index in posted.filter(|index| !index.is_empty()) {
        let index: usize = index.parse().map_err(|_| Problem::NotOffered)?;
        if index >= options.len() {
            return Err(Problem::NotOffered);
        }
        chosen.push(index);
    }
    let members = options.iter().enumerate().filter(|(index, _)| chosen.contains(index));
    Ok(Value::Array(members.map(|(_, option)| option.value.clone()).collect()))
}

fn yes_no(posted: &str) -> Result<Value, Problem> {
    posted.trim().parse::<bool>().map(Value::Bool).map_err(|_| Problem::NotOffered)
}

fn each_line(item: &LineItem, unique: bool, posted: &str) -> Result<Value, Problem> {
    let mut values: Vec<Value> = Vec::new();
    let lines =
        posted.lines().enumerate().map(|(index, line)| (index, line.trim())).filter(|(_, line)| !line.is_empty());
    for (index, line) in lines {
        let value = match item {
            LineItem::Text(text) => Value::String(text.date.map_or_else(|| line.to_owned(), |date| date.stored(line))),
            LineItem::Number(number) => {
                numeric(*number, line).map_err(|problem| Problem::Line(index + 1, Box::new(problem)))?
            }
        };
        if !unique || !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Value::Array(values))
}

fn json(shape: JsonShape, posted: &str) -> Result<Value, Problem> {
    let value: Value = serde_json::from_str(posted)
        .map_err(|error| Problem::NotJson { line: error.line(), column: error.column() })?;
    match shape {
        JsonShape::Object if !value.is_object() => Err(Problem::NotObject),
        JsonShape::List if !value.is_array() => Err(Problem::NotList),
        _ => Ok(value),
    }
}

/// The text that stands in the field for a value, and that [`parse`] reads back. For options it is their number in
/// the list.
pub(super) fn text(node: &Node, value: &Value) -> String {
    match (&node.kind, value) {
        (Kind::Text(text), Value::String(stored)) => {
            text.date.and_then(|date| date.control_value(stored)).unwrap_or(stored).to_owned()
        }
        (Kind::Choice(choice), value) => choice
            .options
            .iter()
            .position(|option| option.value == *value)
            .map_or_else(String::new, |index| index.to_string()),
        (Kind::Lines(_), Value::Array(lines)) => lines.iter().map(bare).collect::<Vec<_>>().join("\n"),
        (Kind::Json(_), value) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (_, value) => bare(value),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// How a secret's value is kept: a text as it is, anything else as JSON.
pub(super) fn secret_to_keep(value: &Value) -> String {
    bare(value)
}

/// The value a kept secret stands for; None when it no longer fits its field's type.
pub(super) fn kept_secret(node: &Node, kept: &str) -> Option<Value> {
    match &node.kind {
        Kind::Text(_) => Some(Value::from(kept)),
        Kind::Choice(choice) => {
            choice.options.iter().map(|option| &option.value).find(|value| bare(value) == kept).cloned()
        }
        _ => serde_json::from_str(kept).ok(),
    }
}
