//! Whether one value of the right type keeps the rules of its field.

use serde_json::Value;

use super::date::{is_day, is_moment};
use super::model::{Checks, Format, Kind, LineItem, Lines, Node, Number, Text};
use crate::base::forms::{MAX_FIELD_BYTES, Problem};

/// What is wrong with the value, if anything.
pub(crate) fn judge(node: &Node, value: &Value) -> Option<Problem> {
    match &node.kind {
        Kind::Text(text) => match value.as_str() {
            Some(given) => judge_text(text, given),
            None => Some(Problem::WrongKind("text")),
        },
        Kind::Number(number) => judge_number(*number, value),
        Kind::Bool(_) => (!value.is_boolean()).then_some(Problem::WrongKind("true or false")),
        Kind::Choice(choice) => {
            (!choice.options.iter().any(|option| option.value == *value)).then_some(Problem::NotOffered)
        }
        Kind::Checks(checks) => judge_checks(checks, value),
        Kind::Lines(lines) => judge_lines(lines, value),
        Kind::Json(_) | Kind::Const(_) | Kind::OneOf(_) | Kind::Group(_) | Kind::Rows(_) => None,
    }
}

fn judge_text(text: &Text, given: &str) -> Option<Problem> {
    if given.len() > MAX_FIELD_BYTES {
        return Some(Problem::TooLarge);
    }
    if given.contains('\0') {
        return Some(Problem::ControlCharacter);
    }
    if !text.offered.is_empty() && !text.offered.iter().any(|offered| offered == given) {
        return Some(Problem::NotOffered);
    }
    let length = given.chars().count();
    if let Some(min) = text.min.filter(|min| length < *min) {
        return Some(Problem::TooShort(min));
    }
    if let Some(max) = text.max.filter(|max| length > *max) {
        return Some(Problem::TooLong(max));
    }
    match &text.pattern {
        Some(pattern) if !pattern.fits(given) => {
            Some(Problem::Pattern { example: text.example.clone(), form: text.form.clone() })
        }
        Some(_) => judge_calendar(given),
        None => judge_format(text, given),
    }
}

/// A pattern says how a date is spelled; whether there is such a day, it cannot say.
fn judge_calendar(given: &str) -> Option<Problem> {
    let day = given.get(..10).filter(|day| {
        day.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
    })?;
    let alone = given.len() == 10 || given.as_bytes().get(10) == Some(&b'T');
    (alone && !is_day(day)).then_some(Problem::NotDate)
}

fn judge_format(text: &Text, given: &str) -> Option<Problem> {
    match text.format {
        Format::Date => (!is_day(given)).then_some(Problem::NotDate),
        // Examples of another spelling count more than the format's name.
        Format::DateTime if text.date.is_some() => {
            (!is_moment(given) && !is_day(given)).then_some(Problem::NotDateTime)
        }
        Format::Url => (!url::Url::parse(given).is_ok_and(|url| url.has_host())).then_some(Problem::NotUrl),
        Format::Email => (!is_email(given)).then_some(Problem::NotEmail),
        Format::DateTime | Format::Free => None,
    }
}

fn is_email(given: &str) -> bool {
    let mut halves = given.splitn(2, '@');
    let (name, host) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    !name.is_empty() && !host.is_empty() && !host.contains('@') && !given.contains(char::is_whitespace)
}

fn judge_number(number: Number, value: &Value) -> Option<Problem> {
    let Some(given) = value.as_f64() else {
        return Some(if number.whole { Problem::NotWhole } else { Problem::NotNumber });
    };
    if number.whole && !value.is_i64() && !value.is_u64() {
        return Some(Problem::NotWhole);
    }
    if !number.bounds.hold(given) {
        return Some(Problem::Range(number.bounds));
    }
    let off = |step: &f64| ((given / step) - (given / step).round()).abs() > 1e-9;
    number.step.filter(off).map(Problem::Step)
}

fn judge_checks(checks: &Checks, value: &Value) -> Option<Problem> {
    let Some(members) = value.as_array() else {
        return Some(Problem::WrongKind("a list"));
    };
    if members.iter().any(|member| !checks.options.iter().any(|option| option.value == *member)) {
        return Some(Problem::NotOffered);
    }
    judge_count(members.len(), checks.min, checks.max)
}

fn judge_lines(lines: &Lines, value: &Value) -> Option<Problem> {
    let Some(members) = value.as_array() else {
        return Some(Problem::WrongKind("a list"));
    };
    for (index, member) in members.iter().enumerate() {
        let problem = match &lines.item {
            LineItem::Text(text) => {
                member.as_str().map_or(Some(Problem::WrongKind("text")), |given| judge_text(text, given))
            }
            LineItem::Number(number) => judge_number(*number, member),
        };
        if let Some(problem) = problem {
            return Some(Problem::Line(index + 1, Box::new(problem)));
        }
    }
    judge_count(members.len(), lines.min, lines.max)
}

pub(crate) fn judge_count(count: usize, min: usize, max: Option<usize>) -> Option<Problem> {
    if count < min {
        return Some(Problem::TooFew(min));
    }
    max.filter(|max| count > *max).map(Problem::TooMany)
}
