//! Whether one value of the right type keeps the rules of its field.

use serde_json::Value;

use super::date::{is_day, is_moment};
use super::model::{ChecksShape, LineItem, LinesShape, Node, NodeKind, NumberShape, TextFormat, TextShape};
use crate::base::forms::number::whole;
use crate::base::forms::{MAX_FIELD_BYTES, ValueProblem, control_in, has_control};
use crate::schema::pasted::Pasted;

/// What is wrong with the value, if anything.
pub(crate) fn judge(node: &Node, value: &Value) -> Option<ValueProblem> {
    match &node.kind {
        NodeKind::Text(text) => match value.as_str() {
            Some(given) => judge_text(text, takes_lines(node, text), given),
            None => Some(ValueProblem::WrongKind("text")),
        },
        NodeKind::Number(number) => judge_number(*number, value),
        NodeKind::Bool(_) => (!value.is_boolean()).then_some(ValueProblem::WrongKind("true or false")),
        NodeKind::Choice(choice) => {
            (!choice.options.iter().any(|option| option.value == *value)).then_some(ValueProblem::NotOffered)
        }
        NodeKind::Checks(checks) => judge_checks(checks, value),
        NodeKind::Lines(lines) => judge_lines(lines, value),
        NodeKind::Json(_) => control_in(value).map(|_| ValueProblem::ControlCharacter),
        NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) | NodeKind::Rows(_) => None,
    }
}

/// Whether a line end may stand in a text: where its field has several lines, in keys and certificates, and in whatever is secret.
fn takes_lines(node: &Node, text: &TextShape) -> bool {
    text.multiline || node.secret || matches!(text.pasted, Pasted::JsonKey | Pasted::PrivateKey | Pasted::Certificate)
}

fn judge_text(text: &TextShape, several_lines: bool, given: &str) -> Option<ValueProblem> {
    if given.len() > MAX_FIELD_BYTES {
        return Some(ValueProblem::TooLarge);
    }
    if has_control(given, several_lines) {
        return Some(ValueProblem::ControlCharacter);
    }
    if !text.offered.is_empty() && !text.offered.iter().any(|offered| offered == given) {
        return Some(ValueProblem::NotOffered);
    }
    let length = given.chars().count();
    if let Some(min) = text.min.filter(|min| length < *min) {
        return Some(ValueProblem::TooShort(min));
    }
    if let Some(max) = text.max.filter(|max| length > *max) {
        return Some(ValueProblem::TooLong(max));
    }
    match &text.pattern {
        Some(pattern) if !pattern.fits(given) => {
            Some(ValueProblem::Pattern { example: text.example.clone(), form: text.form.clone() })
        }
        Some(_) => judge_calendar(given),
        None => judge_format(text, given),
    }
}

/// A pattern says how a date is spelled; whether there is such a day, it cannot say.
fn judge_calendar(given: &str) -> Option<ValueProblem> {
    let day = given.get(..10).filter(|day| {
        day.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
    })?;
    let alone = given.len() == 10 || given.as_bytes().get(10) == Some(&b'T');
    (alone && !is_day(day)).then_some(ValueProblem::NotDate)
}

fn judge_format(text: &TextShape, given: &str) -> Option<ValueProblem> {
    match text.format {
        TextFormat::Date => (!is_day(given)).then_some(ValueProblem::NotDate),
        // Examples of another spelling count more than the format's name.
        TextFormat::DateTime if text.date.is_some() => {
            (!is_moment(given) && !is_day(given)).then_some(ValueProblem::NotDateTime)
        }
        TextFormat::Url => (!url::Url::parse(given).is_ok_and(|url| url.has_host())).then_some(ValueProblem::NotUrl),
        TextFormat::Email => (!is_email(given)).then_some(ValueProblem::NotEmail),
        TextFormat::DateTime | TextFormat::Free => None,
    }
}

fn is_email(given: &str) -> bool {
    let mut halves = given.splitn(2, '@');
    let (name, host) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    !name.is_empty() && !host.is_empty() && !host.contains('@') && !given.contains(char::is_whitespace)
}

fn judge_number(number: NumberShape, value: &Value) -> Option<ValueProblem> {
    let Some(given) = value.as_f64() else {
        return Some(if number.whole { ValueProblem::NotWhole } else { ValueProblem::NotNumber });
    };
    if number.whole && value.as_number().and_then(whole).is_none() {
        return Some(ValueProblem::NotWhole);
    }
    if !number.bounds.hold(given) {
        return Some(ValueProblem::Range(number.bounds));
    }
    let off = |step: &f64| ((given / step) - (given / step).round()).abs() > 1e-9;
    number.step.filter(off).map(ValueProblem::Step)
}

fn judge_checks(checks: &ChecksShape, value: &Value) -> Option<ValueProblem> {
    let Some(members) = value.as_array() else {
        return Some(ValueProblem::WrongKind("a list"));
    };
    if members.iter().any(|member| !checks.options.iter().any(|option| option.value == *member)) {
        return Some(ValueProblem::NotOffered);
    }
    judge_count(members.len(), checks.min, checks.max)
}

fn judge_lines(lines: &LinesShape, value: &Value) -> Option<ValueProblem> {
    let Some(members) = value.as_array() else {
        return Some(ValueProblem::WrongKind("a list"));
    };
    for (index, member) in members.iter().enumerate() {
        let problem = match &lines.item {
            LineItem::Text(text) => {
                member.as_str().map_or(Some(ValueProblem::WrongKind("text")), |given| judge_text(text, false, given))
            }
            LineItem::Number(number) => judge_number(*number, member),
        };
        if let Some(problem) = problem {
            return Some(ValueProblem::Line(index + 1, Box::new(problem)));
        }
    }
    judge_count(members.len(), lines.min, lines.max)
}

pub(crate) fn judge_count(count: usize, min: usize, max: Option<usize>) -> Option<ValueProblem> {
    if count < min {
        return Some(ValueProblem::TooFew(min));
    }
    max.filter(|max| count > *max).map(ValueProblem::TooMany)
}
