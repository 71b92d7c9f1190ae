//! How the questions of a connector file become the configuration of a program that asks in another shape, as data. Drafts stay as they
//! are, nothing is asked twice, and the program gets what it wants.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The highest place of a list that a block can name.
const MOST_PLACES: usize = 99;

/// Where the answers of this file go in the configuration of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingBlock {
    /// The program whose configuration has the other shape, by its maker's name: `source-facebook-marketing`.
    pub program: String,
    /// Values that lie elsewhere there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<MappedValue>,
    /// Values the program wants besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constants: Vec<MappedConstant>,
}

/// A value that lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedValue {
    /// Where this file has it (a JSON Pointer).
    pub from: String,
    /// Where the program wants it. A number names a place of a list.
    pub to: String,
}

/// A value that is always the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedConstant {
    /// Where the program wants it.
    pub to: String,
    /// The value.
    pub value: Value,
    /// Only where this file has a value here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

impl MappingBlock {
    /// The configuration as the program wants it.
    #[must_use]
    pub fn apply(&self, config: &Value) -> Value {
        let mut mapped = config.clone();
        for one in &self.moves {
            take(&mut mapped, &one.from);
        }
        for one in &self.moves {
            if let Some(value) = config.pointer(&one.from) {
                put(&mut mapped, &one.to, value.clone());
            }
        }
        for constant in &self.constants {
            let is_wanted = constant.when.as_ref().is_none_or(|when| config.pointer(when).is_some_and(says_something));
            if is_wanted {
                put(&mut mapped, &constant.to, constant.value.clone());
            }
        }
        mapped
    }

    /// What the program made of its configuration, where this file has it.
    #[must_use]
    pub fn back(&self, returned: &Value) -> Value {
        let mut ours = returned.clone();
        for one in &self.moves {
            if let Some(value) = returned.pointer(&one.to) {
                put(&mut ours, &one.from, value.clone());
            }
        }
        ours
    }

    /// What is wrong with the block; empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        let places = self.moves.iter().flat_map(|one| [&one.from, &one.to]);
        let constants = self.constants.iter().flat_map(|one| one.when.iter().chain([&one.to]));
        let wrong = places.chain(constants).filter(|place| place.len() < 2 || !place.starts_with('/'));
        wrong.map(|place| format!("mapping: {place:?} is no place in a configuration")).collect()
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(object) => object.values().any(says_something),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Takes a value out, and the objects around it that are empty then.
fn take(config: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let Some(Value::Object(object)) = config.pointer_mut(parent) else { return };
    object.shift_remove(&unescaped(key));
    if object.is_empty() && !parent.is_empty() {
        take(config, parent);
    }
}

/// Puts a value there, with what has to be around it.
fn put(config: &mut Value, pointer: &str, value: Value) {
    let keys: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    put_at(config, &keys, value);
}

fn put_at(at: &mut Value, keys: &[String], value: Value) {
    let Some((key, rest)) = keys.split_first() else {
        *at = value;
        return;
    };
    if let Ok(place) = key.parse::<usize>() {
        let mut items = if let Value::Array(items) = at.take() { items } else { Vec::new() };
        // A block has small numbers; nobody makes a list of millions by it.
        let place = place.min(MOST_PLACES);
        if items.len() <= place {
            items.resize(place + 1, Value::Null);
        }
        if let Some(item) = items.get_mut(place) {
            put_at(item, rest, value);
        }
        *at = Value::Array(items);
    } else {
        let mut object = if let Value::Object(object) = at.take() { object } else { Map::new() };
        put_at(object.entry(key.clone()).or_insert(Value::Null), rest, value);
        *at = Value::Object(object);
    }
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn block() -> MappingBlock {
        serde_json::from_value(json!({
            "program": "source-shop",
            "moves": [
                {"from": "/token", "to": "/credentials/token"},
                {"from": "/report/level", "to": "/reports/0/level"},
                {"from": "/report/fields", "to": "/reports/0/fields"},
            ],
            "constants": [
                {"to": "/credentials/type", "value": "Service"},
                {"to": "/reports/0/name", "value": "report", "when": "/report"},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn values_go_where_the_program_wants_them_and_come_back() {
        let ours = json!({"ids": [1], "token": "t", "report": {"level": "ad", "fields": ["a"]}});
        let theirs = json!({
            "ids": [1], "credentials": {"token": "t", "type": "Service"}, "reports": [{"level": "ad", "fields": ["a"], "name": "report"}],
        });
        assert_eq!(block().apply(&ours), theirs);
        let back = block().back(&theirs);
        for (key, value) in ours.as_object().unwrap() {
            assert_eq!(back.get(key), Some(value), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_made_up() {
        for ours in [
            json!({"token": "t"}),
            json!({"token": "t", "report": {}}),
            json!({"token": "t", "report": {"fields": []}}),
        ] {
            let theirs = block().apply(&ours);
            assert_eq!(theirs.pointer("/reports/0/name"), None, "{theirs}");
        }
        assert_eq!(block().apply(&json!({})), json!({"credentials": {"type": "Service"}}));
    }

    #[test]
    fn a_place_that_is_none_is_told() {
        let mut block = block();
        assert_eq!(block.problems(), Vec::<String>::new());
        block.moves[0].to = "credentials".to_owned();
        assert_eq!(block.problems().len(), 1);
    }
}
