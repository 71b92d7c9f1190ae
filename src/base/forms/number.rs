//! Numbers as they are typed and sent: kept exactly, or refused. A number that is neither a whole one of 64 bits nor a decimal one that a
//! double holds would be rounded, and an account number whose last digits changed names another account.

use serde_json::{Number, Value};

use super::FieldPath;

/// A decimal number without what does not count: sign, digits that are not zero at their ends, power of ten.
type Decimal = (bool, String, i64);

fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let power: i64 = power.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let all = digits.trim_start_matches('0');
    let kept = all.trim_end_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    Some((sign, kept.to_owned(), power.checked_add(i64::try_from(all.len() - kept.len()).ok()?)?))
}

/// Whether the number that was read is the one that was written, and stays so on its way through text.
pub(crate) fn is_exact(written: &str, read: &Number) -> bool {
    if !read.is_f64() {
        return true;
    }
    let text = read.to_string();
    decimal(written).is_some_and(|written| decimal(&text) == Some(written))
        && serde_json::from_str::<Number>(&text).is_ok_and(|again| again == *read)
}

/// A whole number as one, however it was written: JSON Schema takes `1.0` and `1e3` as integers. `None` when it is none, or too large.
pub(crate) fn whole(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return Some(number.clone());
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
    format!("{float:.0}").parse::<i64>().ok().map(Number::from)
}

/// Where in a JSON text stands the first number that cannot be kept exactly. The text is JSON already.
pub(crate) fn inexact_number(json: &str) -> Option<FieldPath> {
    let mut levels: Vec<JsonLevel> = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => rest.find(|letter: char| !is_of_number(letter)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let token = rest.get(..length).unwrap_or(rest);
        match first {
            '{' => levels.push(JsonLevel::Object { key: String::new(), is_next: true }),
            '[' => levels.push(JsonLevel::List(0)),
            '}' | ']' => {
                levels.pop();
            }
            ',' => match levels.last_mut() {
                Some(JsonLevel::Object { is_next, .. }) => *is_next = true,
                Some(JsonLevel::List(index)) => *index += 1,
                None => {}
            },
            '"' => {
                if let Some(JsonLevel::Object { key, is_next: is_next @ true }) = levels.last_mut() {
                    *key = serde_json::from_str(token).unwrap_or_default();
                    *is_next = false;
                }
            }
            '-' | '0'..='9' => {
                let read = serde_json::from_str::<Value>(token).ok()?;
                if !matches!(&read, Value::Number(number) if is_exact(token, number)) {
                    return Some(levels.iter().fold(FieldPath::root(), |path, level| level.inside(&path)));
                }
            }
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}

/// What one is inside of, in a JSON text.
enum JsonLevel {
    Object {
        key: String,
        /// The next text is a name, not a value.
        is_next: bool,
    },
    List(usize),
}

impl JsonLevel {
    fn inside(&self, path: &FieldPath) -> FieldPath {
        match self {
            Self::Object { key, .. } => path.child(key),
            Self::List(index) => path.index(*index),
        }
    }
}

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+' | 'e' | 'E')
}

/// How many bytes the text at the beginning has, with its quotes.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(json: &str) -> Option<String> {
        let read: Result<Value, _> = serde_json::from_str(json);
        assert!(read.is_ok(), "{json}");
        inexact_number(json).map(|path| path.to_string())
    }

    #[test]
    fn a_number_that_would_be_rounded_is_named_by_its_place() {
        for exact in [
            "1",
            "-1",
            "0",
            "-0.0",
            "1.0",
            "1e3",
            "0.1",
            "2.50",
            "18446744073709551615",
            "-9223372036854775808",
            "12345678901234567",
            "1E+2",
            "0.30000000000000004",
            "123456.789e-3",
            r#"{"a": "1.00000000000000000001"}"#,
            r#"{"\"12345678901234567890123": [1, {"b": true}]}"#,
            r#""12345678901234567890123""#,
        ] {
            assert_eq!(place(exact), None, "{exact}");
        }
        for (json, path) in [
            ("12345678901234567890123", ""),
            ("0.12345678901234567890", ""),
            (r#"{"config": {"id": 18446744073709551616}}"#, "/config/id"),
            (r#"[1, [2, -36893488147419103233.5], 3]"#, "/1/1"),
            (r#"{"a/b": 1, "x": [{}, {"y~": 9007199254740993.0}]}"#, "/x/1/y~0"),
        ] {
            assert_eq!(place(json).as_deref(), Some(path), "{json}");
        }
    }

    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        let of = |json: &str| whole(&serde_json::from_str(json).unwrap()).map(|number| number.to_string());
        for (written, number) in [
            ("1.0", Some("1")),
            ("1e3", Some("1000")),
            ("-2.00", Some("-2")),
            ("7", Some("7")),
            ("1.5", None),
            ("1e300", None),
        ] {
            assert_eq!(of(written).as_deref(), number, "{written}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_was_written(whole in "-?(0|[1-9][0-9]{0,24})", fraction in "(\\.[0-9]{1,20})?", power in "(e-?[0-9]{1,2})?") {
            let written = format!("{whole}{fraction}{power}");
            let read: Number = serde_json::from_str(&written).unwrap();
            if inexact_number(&written).is_none() {
                let again: Number = serde_json::from_str(&read.to_string()).unwrap();
                prop_assert_eq!(decimal(&again.to_string()), decimal(&written));
            }
        }

        #[test]
        fn fifteen_digits_are_always_taken(digits in "[1-9][0-9]{0,14}", point in 0..15_usize) {
            let point = point.min(digits.len() - 1);
            let (whole, fraction) = digits.split_at(digits.len() - point);
            let written = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
            prop_assert_eq!(inexact_number(&written), None, "{}", written);
        }
    }
}
