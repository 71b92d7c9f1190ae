//! A configuration sent by a program.

use serde_json::{Value, json};
use vestibule::schema::form::{Values, complete, import_config};
use vestibule::schema::spec::Spec;

use super::form::{plain, secrets, spec};

fn connector() -> Spec {
    spec(&json!({"type": "object", "required": ["host"], "properties": {
        "host": {"type": "string", "title": "Host"}, "port": {"type": "integer"}, "level": {"enum": ["a", "b"]}, "kind": {"const": "x"},
        "auth": {"type": "object", "oneOf": [{"title": "Token", "properties": {"by": {"const": "token"}, "token": {"type": "string", "airbyte_secret": true}}}, {"title": "Word", "properties": {"by": {"const": "word"}, "user": {"type": "string"}, "word": {"type": "string", "airbyte_secret": true}}}]},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "key": {"type": "string", "airbyte_secret": true}}}}}}))
}

fn import(values: &mut Values, config: &Value) -> Vec<String> {
    let spec = connector();
    let submission = import_config(&spec, config).unwrap_or_else(|errors| panic!("{errors:?}"));
    submission.merge_into(&spec, values);
    submission
        .provided()
        .iter()
        .map(|field| format!("{}{}", field.path, if field.secret { " (secret)" } else { "" }))
        .collect()
}

#[test]
fn secrets_are_told_from_the_rest_by_the_spec() {
    let mut values = Values::default();
    let given = import(
        &mut values,
        &json!({"host": "h", "kind": "x", "auth": {"by": "word", "user": "u", "word": "s3cr3t"}, "rows": [{"name": "n", "key": "k"}]}),
    );
    assert_eq!(given, ["/host", "/auth", "/auth/user", "/auth/word (secret)", "/rows (secret)"]);
    assert_eq!(plain(&values), json!({"host": "h", "auth": {"by": "word", "user": "u"}, "rows": [{"name": "n"}]}));
    assert_eq!(secrets(&values), [("/auth/word".into(), "s3cr3t".into()), ("/rows/0/key".into(), "k".into())]);
    assert!(complete(&connector(), &values).config.is_some());
}

#[test]
fn what_is_not_named_stays_and_null_takes_away() {
    let mut values = Values::default();
    import(
        &mut values,
        &json!({"host": "h", "port": 1, "auth": {"by": "word", "user": "u", "word": "s3cr3t"}, "rows": [{"key": "k"}, {"name": "b"}]}),
    );
    import(&mut values, &json!({"port": null, "auth": {"by": "word", "user": "v", "word": ""}}));
    assert_eq!(plain(&values)["auth"], json!({"by": "word", "user": "v"}));
    assert_eq!((values.plain.get("port"), values.plain["host"].as_str(), values.secrets.len()), (None, Some("h"), 2));
    import(&mut values, &json!({"rows": [{"name": "c"}], "auth": null}));
    assert_eq!(plain(&values), json!({"host": "h", "rows": [{"name": "c"}]}));
    assert!(values.secrets.is_empty(), "a list is replaced whole, so that no secret lands in another row");
}

#[test]
fn a_choice_without_its_constant_is_read_by_its_names() {
    let mut values = Values::default();
    import(&mut values, &json!({"auth": {"user": "u"}}));
    assert_eq!(plain(&values), json!({"auth": {"by": "word", "user": "u"}}));
}

#[test]
fn every_fault_is_told_by_its_pointer_and_without_the_value() {
    let config = json!({"host": 5, "port": "s3cr3t", "level": "c", "kind": "y", "extra": 1, "auth": {"by": "nobody"}, "rows": [{"name": [], "colour": "s3cr3t"}]});
    let errors = import_config(&connector(), &config).unwrap_err();
    let mut said: Vec<String> = errors.iter().map(|error| format!("{} {}", error.path, error.code.code())).collect();
    said.sort();
    assert_eq!(
        said,
        [
            "/auth not_an_option",
            "/extra unknown_field",
            "/host wrong_type",
            "/kind fixed_value",
            "/level not_an_option",
            "/port not_an_integer",
            "/rows/0/colour unknown_field",
            "/rows/0/name wrong_type"
        ]
    );
    assert!(!format!("{errors:?}").contains("s3cr3t"));
    assert!(import_config(&connector(), &json!([])).is_err() && import_config(&connector(), &json!(null)).is_err());
}
