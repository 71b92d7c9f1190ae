//! A manifest may say `$ref: "#/definitions/…"` instead of a part of its `spec` block.

use serde_json::{Map, Value};

const DEEPEST: usize = 64;
/// Values copied while references are followed; a document that refers to itself over and over ends here.
const MOST_VALUES: usize = 200_000;

/// The part with every reference into `whole` replaced by what it names; keys beside a reference win over those it brings. A
/// reference that names nothing, and whatever is nested too deep, stays as it is; so does a part that would grow without end.
pub(super) fn follow(part: &Value, whole: &Value) -> Value {
    let mut follower = Follower { whole, left: MOST_VALUES };
    let followed = follower.value(part, 0);
    if follower.left == 0 { part.clone() } else { followed }
}

struct Follower<'a> {
    whole: &'a Value,
    left: usize,
}

impl Follower<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Value::Null;
        }
        if depth > DEEPEST {
            return value.clone();
        }
        match value {
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item, depth + 1)).collect()),
            Value::Object(object) => self.object(object, depth),
            plain => plain.clone(),
        }
    }

    fn object(&mut self, object: &Map<String, Value>, depth: usize) -> Value {
        let target =
            object.get("$ref").and_then(Value::as_str).and_then(|target| self.whole.pointer(target.strip_prefix('#')?));
        let mut result = Map::new();
        if let Some(target) = target {
            match self.value(target, depth + 1) {
                Value::Object(brought) => result = brought,
                other if object.len() == 1 => return other,
                _ => {}
            }
        }
        for (key, value) in object {
            if target.is_none() || key != "$ref" {
                let value = self.value(value, depth + 1);
                result.insert(key.clone(), value);
            }
        }
        Value::Object(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_followed_and_loops_end() {
        let whole = json!({"definitions": {"key": {"type": "string", "title": "Key"}, "loop": {"again": {"$ref": "#/definitions/loop"}}}});
        let part = json!({"a": {"$ref": "#/definitions/key", "title": "Mine"}, "b": {"$ref": "#/nowhere"}, "c": [{"$ref": "#/definitions/key"}]});
        let followed = follow(&part, &whole);
        assert_eq!(followed.pointer("/a"), Some(&json!({"type": "string", "title": "Mine"})));
        assert_eq!(followed.pointer("/b/$ref"), Some(&json!("#/nowhere")));
        assert_eq!(followed.pointer("/c/0/title"), Some(&json!("Key")));
        assert!(follow(&json!({"$ref": "#/definitions/loop"}), &whole).is_object());
        let doubling = json!({"a": [{"$ref": "#/a"}, {"$ref": "#/a"}]});
        assert_eq!(follow(&doubling, &doubling), doubling);
    }
}
