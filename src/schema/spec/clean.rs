//! The schema as a validator can read it: only the rules of draft 7 that say something about values, and those well
//! formed. Annotations go, because some specs write them in ways no validator accepts.

use serde_json::{Map, Value};

use super::pattern::Patterns;

/// Steps of backtracking one match may take.
const MAX_STEPS: usize = 50_000;

/// The most patterns that the validator gets; each is compiled once more.
const MAX_KEPT_PATTERNS: usize = 2_000;

#[derive(Default)]
struct Cleaner {
    patterns: Patterns,
    kept: usize,
}

/// Keeps the rules and drops the rest.
pub(super) fn clean(schema: &Value) -> Value {
    let mut cleaner = Cleaner::default();
    let mut cleaned = cleaner.rules(schema);
    // Local references keep pointing to where they did.
    for place in ["definitions", "$defs"] {
        if let (Value::Object(to), Some(from)) = (&mut cleaned, schema.get(place).and_then(Value::as_object)) {
            to.insert(place.to_owned(), cleaner.all(from));
        }
    }
    cleaned
}

/// Builds the validator: draft 7, no formats, nothing fetched from anywhere.
pub(super) fn validator(cleaned: &Value) -> Result<jsonschema::Validator, String> {
    let patterns = jsonschema::PatternOptions::fancy_regex().backtrack_limit(MAX_STEPS).size_limit(1 << 20);
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(false)
        .with_pattern_options(patterns)
        .build(cleaned)
        .map_err(|error| error.masked().to_string())
}

impl Cleaner {
    fn rules(&mut self, schema: &Value) -> Value {
        let Value::Object(schema) = schema else {
            return Value::Bool(schema.as_bool().unwrap_or(true));
        };
        let mut kept = Map::new();
        for (key, value) in schema {
            if let Some(value) = self.rule(key, value) {
                kept.insert(key.clone(), value);
            }
        }
        exclusive_flags(schema, &mut kept);
        Value::Object(kept)
    }

    /// One keyword, if it is a rule and well formed.
    fn rule(&mut self, key: &str, value: &Value) -> Option<Value> {
        match (key, value) {
            ("type", _) => kinds(value),
            ("properties", Value::Object(fields)) => Some(self.all(fields)),
            (
                "items" | "additionalProperties" | "not" | "if" | "then" | "else" | "contains" | "propertyNames",
                Value::Object(_) | Value::Bool(_),
            ) => Some(self.rules(value)),
            ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                let parts: Vec<Value> = parts
                    .iter()
                    .filter(|part| part.is_object() || part.is_boolean())
                    .map(|part| self.rules(part))
                    .collect();
                (!parts.is_empty()).then_some(Value::Array(parts))
            }
            ("required", Value::Array(names)) => Some(unique(names.iter().filter(|name| name.is_string()))),
            ("enum", Value::Array(members)) if !members.is_empty() => Some(unique(members.iter())),
            ("const", _) => Some(value.clone()),
            ("pattern", Value::String(source)) => self.pattern(source).then(|| value.clone()),
            ("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum", Value::Number(_)) => Some(value.clone()),
            ("multipleOf", Value::Number(step)) => step.as_f64().filter(|step| *step > 0.0).map(|_| value.clone()),
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties",
                Value::Number(count),
            ) => count.as_u64().map(Value::from),
            ("uniqueItems", Value::Bool(_)) => Some(value.clone()),
            ("$ref", Value::String(target)) => target.starts_with("#/").then(|| value.clone()),
            _ => None,
        }
    }

    fn all(&mut self, fields: &Map<String, Value>) -> Value {
        Value::Object(fields.iter().map(|(key, schema)| (key.clone(), self.rules(schema))).collect())
    }

    /// Whether a pattern can be compiled within the limits. Hard ones are judged by the form alone, which bounds
    /// their time.
    fn pattern(&mut self, source: &str) -> bool {
        self.kept += 1;
        self.kept <= MAX_KEPT_PATTERNS && self.patterns.get(source).is_ok_and(|pattern| pattern.is_linear())
    }
}

fn unique<'a>(values: impl Iterator<Item = &'a Value>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    Value::Array(kept)
}

/// The JSON types named; words that are none are left out.
fn kinds(value: &Value) -> Option<Value> {
    const KNOWN: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];
    let known = |kind: &Value| kind.as_str().is_some_and(|kind| KNOWN.contains(&kind));
    match value {
        Value::Array(kinds) => {
            let kinds = unique(kinds.iter().filter(|kind| known(kind)));
            (kinds != Value::Array(Vec::new())).then_some(kinds)
        }
        one => known(one).then(|| one.clone()),
    }
}

/// Draft 4 wrote `exclusiveMinimum: true` beside `minimum`.
fn exclusive_flags(schema: &Map<String, Value>, kept: &mut Map<String, Value>) {
    for (flag, plain) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if schema.get(flag) == Some(&Value::Bool(true))
            && let Some(bound) = kept.remove(plain)
        {
            kept.insert(flag.to_owned(), bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_validator_reads_is_left_out() {
        let odd = json!({
            "type": "object", "title": "T", "required": ["a", "a", 3], "examples": "no list", "$schema": "http://nowhere.invalid/x",
            "properties": {
                "a": {"type": "OneOf", "enum": ["x", "x", "y"], "airbyte_secret": true},
                "b": {"type": "integer", "minimum": 1, "exclusiveMinimum": true, "pattern": "("},
                "c": {"$ref": "https://elsewhere.example/schema"},
            },
        });
        let cleaned = clean(&odd);
        let expected = json!({
            "type": "object", "required": ["a"],
            "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "integer", "exclusiveMinimum": 1}, "c": {}},
        });
        assert_eq!(cleaned, expected);
        let validator = validator(&cleaned).unwrap();
        assert!(validator.is_valid(&json!({"a": "x", "b": 2})) && !validator.is_valid(&json!({"a": "x", "b": 1})));
    }
}
