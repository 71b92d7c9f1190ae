//! What Airbyte's published description of its public API allows, as far as it is used: paths, query parameters, members, which of them are
//! required, and their values. The facts are in `contract.json`; whatever does not fit is named.

use std::sync::LazyLock;

use serde_json::Value;

static FACTS: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("contract.json")).unwrap());

/// The path with a hole for every id in it.
pub fn pattern(path: &str) -> String {
    let is_id = |part: &str| part.chars().any(|c| c.is_ascii_digit());
    path.split('/').map(|part| if is_id(part) { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// What is wrong with a request; empty when it fits.
pub fn breaches(method: &str, path: &str, query: &[(String, String)], body: &str) -> Vec<String> {
    let pattern = pattern(path);
    let calls = FACTS["calls"].as_array().unwrap();
    let call = calls.iter().find(|call| call["method"] == method && call["path"] == pattern.as_str());
    let Some(call) = call else { return vec![format!("there is no {method} {pattern}")] };
    let names: Vec<&str> =
        call["query"].as_array().map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let unknown = query.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    let mut found: Vec<String> = unknown.map(|(name, _)| format!("{method} {pattern} takes no {name}")).collect();
    match call["body"].as_str() {
        None if body.is_empty() => {}
        None => found.push(format!("{method} {pattern} takes no body")),
        Some(shape) => match serde_json::from_str::<Value>(body) {
            Ok(value) => fits(&value, shape, "", &mut found),
            Err(_) => found.push("the body is no JSON".to_owned()),
        },
    }
    found
}

fn fits(value: &Value, kind: &str, at: &str, found: &mut Vec<String>) {
    let is_fine = match kind {
        "text" => value.is_string(),
        "id" => value.as_str().is_some_and(|id| id.len() == 36 && id.matches('-').count() == 4),
        "object" => value.is_object(),
        "list" => value.is_array(),
        "flag" => value.is_boolean(),
        _ if kind.starts_with("enum:") => kind[5..].split('|').any(|one| value == one),
        _ if kind.starts_with("list:") => {
            for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
                fits(inner, &kind[5..], &format!("{at}/{place}"), found);
            }
            value.is_array()
        }
        shape => return is_of(value, shape, at, found),
    };
    if !is_fine {
        found.push(format!("{at} is no {kind}: {value}"));
    }
}

fn is_of(value: &Value, shape: &str, at: &str, found: &mut Vec<String>) {
    let facts = &FACTS["shapes"][shape];
    let (Some(object), Some(members)) = (value.as_object(), facts["members"].as_object()) else {
        found.push(format!("{at} is no {shape}"));
        return;
    };
    for name in facts["required"].as_array().unwrap().iter().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            found.push(format!("{at} lacks {name}"));
        }
    }
    for (name, inner) in object {
        match members.get(name).and_then(Value::as_str) {
            Some(kind) => fits(inner, kind, &format!("{at}/{name}"), found),
            None => found.push(format!("{at} has a member {name} that {shape} does not have")),
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let id = "00000000-0000-4000-8000-000000000001";
    let new = |more: &str| format!(r#"{{"jobType": "sync", "connectionId": "{id}"{more}}}"#);
    assert!(breaches("POST", "/jobs", &[], &new("")).is_empty());
    for (method, path, query, body, said) in [
        ("POST", "/jobs", vec![], new(r#", "speed": 3"#), "speed"),
        ("POST", "/jobs", vec![], r#"{"jobType": "sync"}"#.to_owned(), "lacks connectionId"),
        ("POST", "/jobs", vec![], new("").replace("sync", "run"), "/jobType"),
        ("PATCH", "/jobs", vec![], String::new(), "there is no"),
        ("GET", "/jobs", vec![("color".to_owned(), "red".to_owned())], String::new(), "takes no color"),
        ("GET", "/jobs/7", vec![], "{}".to_owned(), "takes no body"),
    ] {
        let found = breaches(method, path, &query, &body).join(", ");
        assert!(found.contains(said), "{said}: {found}");
    }
}
