//! Every oddity that real specs contain, each as a fixture of our own, and schemas that mean harm.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use vestibule::schema::form::Values;
use vestibule::schema::form::check_spec;
use vestibule::schema::spec::{Spec, SpecError};

use super::form::spec;

/// Compiles, fills in every branch, and compares what was found with what the fixture says.
fn try_fixtures(text: &str) {
    let fixtures: Map<String, Value> = serde_json::from_str(text).unwrap();
    assert!(!fixtures.is_empty());
    for (name, fixture) in &fixtures {
        let expected: Vec<&str> =
            fixture["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let found = check_spec(&spec(&fixture["schema"])).findings;
        assert_eq!(found.len(), expected.len(), "{name}: {found:#?}");
        for (finding, expected) in found.iter().zip(&expected) {
            assert!(finding.contains(expected), "{name}: {finding:?} does not say {expected:?}");
        }
    }
}

#[test]
fn structures_of_real_specs_are_carried() {
    try_fixtures(include_str!("fixtures/structure.json"));
}

#[test]
fn values_and_hints_of_real_specs_are_carried() {
    try_fixtures(include_str!("fixtures/values.json"));
}

#[test]
fn the_nastiest_specs_are_carried() {
    try_fixtures(include_str!("fixtures/nasty.json"));
}

#[test]
fn every_branch_is_tried() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/structure.json")).unwrap();
    let variants = |name: &str| check_spec(&spec(&fixtures[name]["schema"])).variants;
    assert_eq!(variants("choice_at_root"), 5, "the plain one, two branches, and two in the second");
    assert_eq!(variants("rows_in_rows"), 3);
    assert_eq!(variants("no_properties"), 1);
}

#[test]
fn what_is_no_object_is_refused() {
    for schema in [
        json!(null),
        json!([]),
        json!("text"),
        json!(true),
        json!({"type": "string"}),
        json!({"type": "array", "items": {}}),
    ] {
        assert_eq!(Spec::compile(&schema).err(), Some(SpecError::NotAnObject), "{schema}");
    }
}

/// Long enough for a slow machine, short enough to notice that something grows out of hand.
fn quickly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < Duration::from_secs(30), "{what} took {:?}", start.elapsed());
    result
}

#[test]
fn depth_and_size_have_an_end() {
    let mut deep = json!({"type": "string"});
    for _ in 0..60 {
        deep = json!({"type": "object", "required": ["a"], "properties": {"a": deep}});
    }
    assert_eq!(quickly("depth", || Spec::compile(&deep)).err(), Some(SpecError::TooDeep));
    let mut rows = json!({"type": "string"});
    for _ in 0..40 {
        rows = json!({"type": "array", "items": rows});
    }
    assert_eq!(quickly("lists", || Spec::compile(&json!({"properties": {"a": rows}}))).err(), Some(SpecError::TooDeep));
    let wide: Map<String, Value> = (0..6_000).map(|index| (format!("p{index}"), json!({"type": "string"}))).collect();
    assert_eq!(
        quickly("width", || Spec::compile(&json!({"type": "object", "properties": wide}))).err(),
        Some(SpecError::TooLarge)
    );
    let huge = json!({"properties": {"a": {"enum": vec!["x"; 200_000]}}});
    assert_eq!(quickly("options", || Spec::compile(&huge)).err(), Some(SpecError::TooLarge));
}

#[test]
fn references_cannot_multiply() {
    let mut definitions = Map::new();
    definitions.insert("d0".to_owned(), json!({"type": "string"}));
    for level in 1..20 {
        let below = json!({"$ref": format!("#/definitions/d{}", level - 1)});
        definitions.insert(
            format!("d{level}"),
            json!({"type": "object", "properties": {"a": below, "b": below, "c": below, "d": below}}),
        );
    }
    let bomb =
        json!({"type": "object", "definitions": definitions, "properties": {"x": {"$ref": "#/definitions/d19"}}});
    assert_eq!(quickly("a reference bomb", || Spec::compile(&bomb)).err(), Some(SpecError::TooLarge));
    let snake = json!({"type": "object", "definitions": {"n": {"type": "object", "properties": {"next": {"$ref": "#/definitions/n"}}}}, "properties": {"x": {"$ref": "#/definitions/n"}}});
    assert_eq!(quickly("a reference to itself", || Spec::compile(&snake)).err(), Some(SpecError::TooDeep));
    let whole = json!({"type": "object", "properties": {"x": {"$ref": "#"}}});
    assert_eq!(quickly("a reference to the whole", || Spec::compile(&whole)).err(), Some(SpecError::TooDeep));
}

#[test]
fn a_choice_inside_itself_ends() {
    let way = json!({"oneOf": [{"$ref": "#/definitions/way"}, {"$ref": "#/definitions/way"}]});
    let schema =
        json!({"type": "object", "definitions": {"way": way}, "properties": {"w": {"$ref": "#/definitions/way"}}});
    assert!(quickly("a choice inside itself", || Spec::compile(&schema)).is_err());
}

#[test]
fn patterns_cannot_stall_anything() {
    let patterns = [
        "(a+)+$",
        "(a|aa)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(?=(a+)+b)a*c",
        "(.*)*\\1x",
        "a{1000}{1000}{1000}",
        "((a{0,500}){0,500}){0,500}",
        "(?:(a?)\\1){1000}b",
    ];
    for pattern in patterns {
        quickly(pattern, || {
            let compiled = spec(
                &json!({"type": "object", "required": ["x"], "properties": {"x": {"type": "string", "pattern": pattern}}}),
            );
            let text = "a".repeat(60_000);
            super::form::refusals(&compiled, &[("/x", &text)]);
            let plain = json!({"x": text}).as_object().cloned().unwrap();
            vestibule::schema::form::complete(&compiled, &Values { plain, ..Values::default() })
        });
    }
    let many: Map<String, Value> = (0..2_000)
        .map(|index| (format!("p{index}"), json!({"type": "string", "pattern": format!("^x{{{index}}}y$")})))
        .collect();
    let compiled = quickly("many patterns", || spec(&json!({"type": "object", "properties": many})));
    assert!(compiled.notes().iter().any(|note| note.reason.contains("too many")));
    assert!(compiled.notes().len() <= 200);
}

#[test]
fn notes_say_where() {
    let compiled = spec(
        &json!({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string", "pattern": "["}}}}, "if": {}, "patternProperties": {"^x": {}}}),
    );
    let notes: Vec<String> = compiled.notes().iter().map(|note| note.path.to_string()).collect();
    assert_eq!(notes, ["", "", "/a/b"]);
}
