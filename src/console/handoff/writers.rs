//! The writers of JSON and YAML. Neither leaves a `$` in a text: where somebody expands a file all the same, as `envsubst` does, what a
//! stranger typed into a link must not fetch a secret of that machine. Written as an escape it means the same to whoever reads the file.

use super::tree::HandOffTree;

/// A text in quotes, as JSON and YAML both read it.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut quoted = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // YAML takes none of these as they are, and some of them end a line in it.
            '$' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted
}

fn reference(name: &str) -> String {
    format!("\"${{{name}}}\"")
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// JSON for people.
pub(super) fn json_text(tree: &HandOffTree) -> String {
    json(tree, 0) + "\n"
}

fn json(tree: &HandOffTree, depth: usize) -> String {
    let around = |items: Vec<String>, open: char, close: char| {
        let lines: Vec<String> = items.into_iter().map(|item| format!("{}{item}", indent(depth + 1))).collect();
        if lines.is_empty() {
            format!("{open}{close}")
        } else {
            format!("{open}\n{}\n{}{close}", lines.join(",\n"), indent(depth))
        }
    };
    match tree {
        HandOffTree::Bare(value) => value.to_string(),
        HandOffTree::Text(text) => quoted(text),
        HandOffTree::Reference(name) => reference(name),
        HandOffTree::List(items) => around(items.iter().map(|item| json(item, depth + 1)).collect(), '[', ']'),
        HandOffTree::Object(members) => {
            let member = |(key, value): &(String, HandOffTree)| format!("{}: {}", quoted(key), json(value, depth + 1));
            around(members.iter().map(member).collect(), '{', '}')
        }
    }
}

/// Who reads a YAML file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YamlReader {
    /// Takes every text as it is.
    Plain,
    /// Puts variables of the environment into every text after it has read the file.
    Meltano,
}

/// YAML for people. Every text is in double quotes, so that none is taken for a number, a date or an answer.
pub(super) fn yaml_text(tree: &HandOffTree, reader: YamlReader) -> String {
    match scalar(tree, reader) {
        Some(text) => text + "\n",
        None => block(tree, 0, reader),
    }
}

/// What fits on the line of its key.
fn scalar(tree: &HandOffTree, reader: YamlReader) -> Option<String> {
    match tree {
        HandOffTree::Bare(value) => Some(value.to_string()),
        HandOffTree::Text(text) => Some(match reader {
            YamlReader::Plain => quoted(text),
            YamlReader::Meltano => quoted(&meltano_text(text)),
        }),
        HandOffTree::Reference(name) => Some(reference(name)),
        HandOffTree::List(items) => items.is_empty().then(|| "[]".to_owned()),
        HandOffTree::Object(members) => members.is_empty().then(|| "{}".to_owned()),
    }
}

fn block(tree: &HandOffTree, depth: usize, reader: YamlReader) -> String {
    let mut text = String::new();
    match tree {
        HandOffTree::List(items) => {
            for item in items {
                let inner = scalar(item, reader).map_or_else(|| block(item, depth + 1, reader), |line| line + "\n");
                text += &format!("{}- {}", indent(depth), inner.trim_start_matches(' '));
            }
        }
        HandOffTree::Object(members) => {
            for (key, value) in members {
                text += &format!("{}{}:", indent(depth), yaml_key(key));
                match scalar(value, reader) {
                    Some(line) => text += &format!(" {line}\n"),
                    None => text += &format!("\n{}", block(value, depth + 1, reader)),
                }
            }
        }
        HandOffTree::Bare(_) | HandOffTree::Text(_) | HandOffTree::Reference(_) => {}
    }
    text
}

/// Small letters that are no answer in any version of YAML.
fn yaml_key(key: &str) -> String {
    const ANSWERS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let letters = |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter == '-';
    let is_plain = key.starts_with(|letter: char| letter.is_ascii_lowercase()) && key.chars().all(letters);
    if is_plain && !ANSWERS.contains(&key) { key.to_owned() } else { quoted(key) }
}

/// A text that Meltano leaves as it is: it expands `$NAME` and `${NAME}` in every value, and a backslash in front keeps it from that.
fn meltano_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if letter == '$' && text.get(at + 1..).is_some_and(begins_with_a_name) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Whether Meltano takes what follows a `$` for a name.
fn begins_with_a_name(rest: &str) -> bool {
    let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
    let is_word = |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    rest.starts_with(|letter: char| letter.is_ascii_uppercase()) || inside.is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[$\\\\{}A-Z\"'\n\t\u{1}%é#: -]{0,12}",
            Just("2024-01-01".to_owned()),
            Just("yes".to_owned()),
            Just("- x: y".to_owned()),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    /// As Meltano does it: the pattern, and what is put in.
    fn meltano_expands(text: &str) -> String {
        let pattern = fancy_regex::Regex::new(r"(\\)?\$(?:\{(\w+)\}|([A-Z][A-Z0-9_]*))").unwrap();
        let put = |found: &fancy_regex::Captures<'_, str>| {
            let whole = found.get(0).map_or("", |whole| whole.as_str());
            found.get(1).map_or("EXPANDED".to_owned(), |_| whole.trim_start_matches('\\').to_owned())
        };
        pattern.replace_all(text, put).into_owned()
    }

    fn expanded(value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(meltano_expands(text)),
            Value::Array(items) => items.iter().map(expanded).collect(),
            Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), expanded(value))).collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was_and_expands_to_nothing(value in any_value()) {
            let tree = HandOffTree::plain(&value);
            let (json, yaml, meltano) =
                (json_text(&tree), yaml_text(&tree, YamlReader::Plain), yaml_text(&tree, YamlReader::Meltano));
            for text in [&json, &yaml, &meltano] {
                prop_assert!(!text.contains('$'), "{text}");
            }
            prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value.clone());
            prop_assert_eq!(serde_yaml_ng::from_str::<Value>(&yaml).unwrap(), value.clone());
            prop_assert_eq!(expanded(&serde_yaml_ng::from_str::<Value>(&meltano).unwrap()), value);
        }
    }

    #[test]
    fn only_references_have_a_dollar() {
        let tree = HandOffTree::object([
            ("${KEY}", HandOffTree::Text("${SHOP_TOKEN} $HOME \\${X} $5".to_owned())),
            ("token", HandOffTree::Reference("SHOP_TOKEN".to_owned())),
        ]);
        let read: Value = serde_json::from_str(&json_text(&tree)).unwrap();
        assert_eq!(read, json!({"${KEY}": "${SHOP_TOKEN} $HOME \\${X} $5", "token": "${SHOP_TOKEN}"}));
        let meltano = yaml_text(&tree, YamlReader::Meltano);
        assert_eq!(meltano.matches('$').count(), 1, "{meltano}");
        let read: Value = serde_yaml_ng::from_str(&meltano).unwrap();
        assert_eq!(read["${KEY}"], "\\${SHOP_TOKEN} \\$HOME \\\\${X} $5");
        assert_eq!(expanded(&read), json!({"${KEY}": "${SHOP_TOKEN} $HOME \\${X} $5", "token": "EXPANDED"}));
    }
}
