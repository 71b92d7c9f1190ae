//! Control characters: no field takes them, whichever door a text comes in by. Programs that read a file, a terminal or a mail do things
//! at them that nobody sees in the text.

use serde_json::Value;

use super::FieldPath;

/// Whether a text holds a control character. Tabs and line ends belong to a text of several lines.
#[must_use]
pub fn has_control(text: &str, several_lines: bool) -> bool {
    text.chars().any(|letter| letter.is_control() && !(several_lines && matches!(letter, '\t' | '\n' | '\r')))
}

/// A text without what no field takes, to be shown again where it was typed.
#[must_use]
pub fn without_control(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r')).collect()
}

/// The first place in a value whose text, or whose members' names, hold one.
#[must_use]
pub fn control_in(value: &Value) -> Option<FieldPath> {
    fn find(value: &Value, at: &FieldPath) -> Option<FieldPath> {
        match value {
            Value::String(text) => has_control(text, true).then(|| at.clone()),
            Value::Array(items) => items.iter().enumerate().find_map(|(place, item)| find(item, &at.index(place))),
            Value::Object(members) => members.iter().find_map(|(key, inner)| {
                if has_control(key, true) { Some(at.clone()) } else { find(inner, &at.child(key)) }
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
    find(value, &FieldPath::root())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_none_of_a_text() {
        for letter in ["\0", "\u{1}", "\u{8}", "\u{b}", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}"] {
            assert!(has_control(letter, true) && has_control(letter, false), "{letter:?}");
            assert_eq!(without_control(&format!("a{letter}b")), "ab");
        }
        for letter in ["\t", "\n", "\r"] {
            assert!(!has_control(letter, true) && has_control(letter, false), "{letter:?}");
        }
        assert!(!has_control("é € 😀 \u{a0}", false));
        assert_eq!(control_in(&json!({"a": ["x", {"b": "\u{1}"}]})).unwrap().dot(), "a.1.b");
        assert_eq!(control_in(&json!({"a": {"\u{1}": 1}})).unwrap().dot(), "a");
        assert!(control_in(&json!({"a": "x\ny"})).is_none());
    }
}
