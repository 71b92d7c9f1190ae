//! One schema object out of the many ways to write it: local references followed, `allOf` and choices of one merged,
//! null put aside.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// How often wrappers are unwrapped at one place; stops references that lead back to themselves.
const MAX_UNWRAPS: usize = 16;

/// A schema that is an object.
pub(super) type Schema = Map<String, Value>;

pub(super) type Object<'a> = Cow<'a, Schema>;

/// What is left when a schema is no object at all, or what could not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    NoObject,
    /// A reference that leads nowhere, outside, or round in circles.
    Reference,
    /// References and wrappers multiply beyond measure.
    Spent,
}

/// The schema with its wrappers merged in. `document` is where references point into.
pub(super) fn flatten<'a>(document: &Value, schema: &'a Value) -> Result<Object<'a>, Gap> {
    let mut flat: Object<'a> = Cow::Borrowed(schema.as_object().ok_or(Gap::NoObject)?);
    for _ in 0..MAX_UNWRAPS {
        let Some(inner) = take_wrapper(document, &flat)? else {
            return Ok(flat);
        };
        let outer = inner.outer;
        flat = Cow::Owned(inner.parts.into_iter().fold(outer, |outer, part| merge(outer, &part)));
    }
    Err(Gap::Reference)
}

struct Wrapped {
    outer: Schema,
    parts: Vec<Schema>,
}

fn take_wrapper(document: &Value, flat: &Schema) -> Result<Option<Wrapped>, Gap> {
    let without = |key: &str| {
        flat.iter().filter(|(name, _)| *name != key).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    if let Some(target) = flat.get("$ref").and_then(Value::as_str) {
        let found = resolve(document, target).and_then(Value::as_object).ok_or(Gap::Reference)?;
        return Ok(Some(Wrapped { outer: without("$ref"), parts: vec![found.clone()] }));
    }
    if let Some(parts) = flat.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().filter_map(Value::as_object).cloned().collect();
        return Ok(Some(Wrapped { outer: without("allOf"), parts }));
    }
    for key in ["oneOf", "anyOf"] {
        let Some(all) = flat.get(key).and_then(Value::as_array) else { continue };
        let real: Vec<&Value> = all.iter().filter(|variant| !is_null(variant)).collect();
        match real.as_slice() {
            [] => return Ok(Some(Wrapped { outer: without(key), parts: Vec::new() })),
            [Value::Object(only)] => return Ok(Some(Wrapped { outer: without(key), parts: vec![only.clone()] })),
            _ => {}
        }
    }
    Ok(None)
}

/// The part of the document a local reference names (RFC 6901 in a URI fragment; percent signs are not used by
/// connectors).
fn resolve<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    document.pointer(target.strip_prefix('#')?)
}

/// A schema that allows null alone.
pub(super) fn is_null(schema: &Value) -> bool {
    let only_null =
        |value: &Value| value.as_array().is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_null));
    schema.get("type").is_some_and(|kind| {
        kind == "null"
            || kind.as_array().is_some_and(|kinds| kinds.len() == 1 && kinds.iter().all(|kind| kind == "null"))
    }) || schema.get("const").is_some_and(Value::is_null)
        || schema.get("enum").is_some_and(only_null)
}

/// Both at once. What the outer says of itself (title, default, …) wins; properties and required names add up.
pub(super) fn merge(mut outer: Schema, part: &Schema) -> Schema {
    for (key, value) in part {
        match (key.as_str(), outer.get_mut(key)) {
            ("properties", Some(Value::Object(mine))) => {
                if let Some(more) = value.as_object() {
                    for (name, schema) in more {
                        mine.entry(name.clone()).or_insert_with(|| schema.clone());
                    }
                }
            }
            ("required", Some(Value::Array(mine))) => mine.extend(value.as_array().into_iter().flatten().cloned()),
            (_, Some(_)) => {}
            (_, None) => {
                outer.insert(key.clone(), value.clone());
            }
        }
    }
    outer
}

/// How many JSON values an object holds, itself included; stops counting at `most`.
pub(super) fn weight(object: &Schema, most: usize) -> usize {
    let mut count = 1;
    let mut todo: Vec<&Value> = object.values().collect();
    while let Some(value) = todo.pop() {
        count += 1;
        if count >= most {
            return most;
        }
        match value {
            Value::Array(items) => todo.extend(items),
            Value::Object(fields) => todo.extend(fields.values()),
            _ => {}
        }
    }
    count
}

/// The kinds a schema names, null aside. Words that are no JSON type are left out.
pub(super) fn kinds(schema: &Schema) -> Vec<&str> {
    const KNOWN: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];
    let named: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    named.into_iter().filter(|kind| KNOWN.contains(kind)).collect()
}

/// The alternatives of the schema that are not null: `oneOf`, else `anyOf`.
pub(super) fn variants(schema: &Schema) -> Vec<&Value> {
    let list = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key).and_then(Value::as_array));
    list.into_iter().flatten().filter(|variant| !is_null(variant)).collect()
}

/// The one value a schema allows: its `const`, or the only member of its `enum`.
pub(super) fn constant(schema: &Schema) -> Option<&Value> {
    if let Some(value) = schema.get("const") {
        return Some(value);
    }
    let mut members = schema.get("enum")?.as_array()?.iter().filter(|member| !member.is_null());
    let first = members.next()?;
    members.all(|member| member == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrappers_come_off() {
        let document = json!({"definitions": {"level": {"type": "string", "title": "Level", "enum": ["a", "b"]}}});
        let schema =
            json!({"title": "My level", "anyOf": [{"allOf": [{"$ref": "#/definitions/level"}]}, {"type": "null"}]});
        let flat = flatten(&document, &schema).unwrap().into_owned();
        assert_eq!(Value::Object(flat), json!({"title": "My level", "type": "string", "enum": ["a", "b"]}));
    }

    #[test]
    fn a_reference_in_a_circle_ends() {
        let document = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        let schema = json!({"$ref": "#/a"});
        assert_eq!(flatten(&document, &schema), Err(Gap::Reference));
        assert_eq!(flatten(&document, &json!({"$ref": "https://example.com/x"})).err(), Some(Gap::Reference));
    }

    #[test]
    fn an_enum_of_one_is_a_constant() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        assert_eq!(constant(&object(json!({"enum": ["x", "x", null]}))), Some(&json!("x")));
        assert_eq!(constant(&object(json!({"enum": ["x", "y"]}))), None);
        assert_eq!(kinds(&object(json!({"type": ["null", "string", "OneOf"]}))), ["string"]);
    }
}
