//! One leaf: from the text in its field to a value, and back.

use serde_json::{Number as JsonNumber, Value};

use crate::base::forms::number::{inexact_number, is_exact, whole};
use crate::base::forms::{MAX_FIELD_BYTES, ValueProblem, has_control};
use crate::schema::pasted::{self, Pasted};
use crate::schema::spec::{JsonShape, LineItem, Node, NodeKind, NumberShape, TextShape};

/// The value a posted text stands for; None when the field was left blank. Judges the type only.
pub(super) fn parse(node: &Node, posted: &str) -> Result<Option<Value>, ValueProblem> {
    if posted.len() > MAX_FIELD_BYTES {
        return Err(ValueProblem::TooLarge);
    }
    if has_control(posted, true) {
        return Err(ValueProblem::ControlCharacter);
    }
    let posted = unix_lines(posted);
    match &node.kind {
        NodeKind::Text(text) if node.secret => secret_text(text, &posted),
        NodeKind::Text(text) => plain_text(text, &posted),
        _ if posted.trim().is_empty() => Ok(None),
        NodeKind::Number(number) => numeric(*number, &posted).map(Some),
        NodeKind::Choice(choice) => option(&choice.options, &posted).map(Some),
        NodeKind::Lines(lines) => each_line(&lines.item, lines.unique, &posted).map(Some),
        NodeKind::Json(shape) => json(*shape, &posted).map(Some),
        NodeKind::Bool(_) => yes_no(&posted).map(Some),
        NodeKind::Checks(_) | NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) | NodeKind::Rows(_) => {
            Err(ValueProblem::NotOffered)
        }
    }
}

/// A password of one line.
pub(super) const fn is_one_password(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Text(TextShape { pasted: Pasted::Password, multiline: false, .. }))
}

/// Browsers send every line end as CR LF.
pub(super) fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn plain_text(text: &TextShape, posted: &str) -> Result<Option<Value>, ValueProblem> {
    let Some(mended) = mended(text, posted)? else { return Ok(None) };
    Ok(Some(Value::String(text.date.map_or_else(|| mended.clone(), |date| date.stored(&mended)))))
}

/// What was meant by what stands in the field; None when that is nothing.
fn mended(text: &TextShape, posted: &str) -> Result<Option<String>, ValueProblem> {
    if posted.trim().is_empty() {
        return Ok(None);
    }
    let mended = pasted::mend(text.pasted, posted).map_err(ValueProblem::Pasted)?;
    Ok(Some(mended.into_owned()).filter(|mended| !mended.is_empty()))
}

/// The text that a program sent for a field. A program means its spaces; a key or a host is looked at like one from a form.
pub(super) fn given_text(text: &TextShape, given: &str) -> Result<String, ValueProblem> {
    if text.pasted == Pasted::Text {
        return Ok(given.to_owned());
    }
    pasted::mend(text.pasted, given).map(std::borrow::Cow::into_owned).map_err(ValueProblem::Pasted)
}

/// Inner and outer spaces may belong to a secret. One line end behind a single line never does; that behind a key
/// file does.
fn secret_text(text: &TextShape, posted: &str) -> Result<Option<Value>, ValueProblem> {
    if text.pasted != Pasted::Password {
        return Ok(mended(text, posted)?.map(Value::from));
    }
    if text.multiline {
        return Ok((!posted.trim().is_empty()).then(|| Value::from(posted)));
    }
    let line = posted.strip_suffix('\n').unwrap_or(posted);
    Ok((!line.is_empty()).then(|| Value::from(line)))
}

fn numeric(number: NumberShape, posted: &str) -> Result<Value, ValueProblem> {
    let digits: String = posted.chars().filter(|letter| !letter.is_whitespace() && *letter != '_').collect();
    if digits.contains(',') {
        return Err(ValueProblem::Comma);
    }
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let read = digits.parse::<i64>().map(JsonNumber::from).or_else(|_| digits.parse::<u64>().map(JsonNumber::from));
    if let Ok(read) = read {
        return Ok(Value::Number(read));
    }
    let unread = if number.whole { ValueProblem::NotWhole } else { ValueProblem::NotNumber };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'e' | b'E' | b'+'));
    let float = digits.parse::<f64>().ok().filter(|_| plain).and_then(JsonNumber::from_f64);
    let Some(float) = float else { return Err(unread) };
    if number.whole && whole(&float).is_none() && digits.contains(['.', 'e', 'E']) {
        return Err(ValueProblem::NotWhole);
    }
    if !is_exact(digits, &float) {
        return Err(ValueProblem::NotExact);
    }
    let kept = if number.whole { whole(&float).ok_or(ValueProblem::NotExact)? } else { float };
    Ok(Value::Number(kept))
}

fn option(options: &[crate::schema::spec::Opt], posted: &str) -> Result<Value, ValueProblem> {
    let index: usize = posted.trim().parse().map_err(|_| ValueProblem::NotOffered)?;
    options.get(index).map(|option| option.value.clone()).ok_or(ValueProblem::NotOffered)
}

pub(super) fn options_at<'a>(
    options: &[crate::schema::spec::Opt],
    posted: impl Iterator<Item = &'a str>,
) -> Result<Value, ValueProblem> {
    let mut chosen: Vec<usize> = Vec::new();
    for index in posted.filter(|index| !index.is_empty()) {
        let index: usize = index.parse().map_err(|_| ValueProblem::NotOffered)?;
        if index >= options.len() {
            return Err(ValueProblem::NotOffered);
        }
        chosen.push(index);
    }
    let members = options.iter().enumerate().filter(|(index, _)| chosen.contains(index));
    Ok(Value::Array(members.map(|(_, option)| option.value.clone()).collect()))
}

fn yes_no(posted: &str) -> Result<Value, ValueProblem> {
    posted.trim().parse::<bool>().map(Value::Bool).map_err(|_| ValueProblem::NotOffered)
}

fn each_line(item: &LineItem, unique: bool, posted: &str) -> Result<Value, ValueProblem> {
    let mut values: Vec<Value> = Vec::new();
    let lines =
        posted.lines().enumerate().map(|(index, line)| (index, line.trim())).filter(|(_, line)| !line.is_empty());
    for (index, line) in lines {
        let value = match item {
            LineItem::Text(text) => Value::String(text.date.map_or_else(|| line.to_owned(), |date| date.stored(line))),
            LineItem::Number(number) => {
                numeric(*number, line).map_err(|problem| ValueProblem::Line(index + 1, Box::new(problem)))?
            }
        };
        if !unique || !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(Value::Array(values))
}

fn json(shape: JsonShape, posted: &str) -> Result<Value, ValueProblem> {
    let value: Value = serde_json::from_str(posted)
        .map_err(|error| ValueProblem::NotJson { line: error.line(), column: error.column() })?;
    if inexact_number(posted).is_some() {
        return Err(ValueProblem::NotExact);
    }
    match shape {
        JsonShape::Object if !value.is_object() => Err(ValueProblem::NotObject),
        JsonShape::List if !value.is_array() => Err(ValueProblem::NotList),
        _ => Ok(value),
    }
}

/// The text that stands in the field for a value, and that [`parse`] reads back. For options it is their number in
/// the list.
pub(super) fn text(node: &Node, value: &Value) -> String {
    match (&node.kind, value) {
        (NodeKind::Text(text), Value::String(stored)) => {
            text.date.and_then(|date| date.control_value(stored)).unwrap_or(stored).to_owned()
        }
        (NodeKind::Choice(choice), value) => choice
            .options
            .iter()
            .position(|option| option.value == *value)
            .map_or_else(String::new, |index| index.to_string()),
        (NodeKind::Lines(_), Value::Array(lines)) => lines.iter().map(bare).collect::<Vec<_>>().join("\n"),
        (NodeKind::Json(_), value) => serde_json::to_string_pretty(value).unwrap_or_default(),
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
        NodeKind::Text(_) => Some(Value::from(kept)),
        NodeKind::Choice(choice) => {
            choice.options.iter().map(|option| &option.value).find(|value| bare(value) == kept).cloned()
        }
        _ => serde_json::from_str(kept).ok(),
    }
}
