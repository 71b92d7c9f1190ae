//! Rows of an array: added, emptied, removed, moved, and added to by two people at once.

use serde_json::json;
use vestibule::base::forms::FormState;
use vestibule::schema::form::{Audience, KnownValues, Strictness, Values, decode, missing_required, view};
use vestibule::schema::spec::Spec;

use super::form::{filled, paths, plain, provided, put, raw, recipient, refusals, secrets, sentences, spec};

fn headers() -> Spec {
    spec(
        &json!({"type": "object", "properties": {"headers": {"type": "array", "title": "Headers", "items": {"type": "object", "required": ["name", "value"], "properties": {
        "name": {"type": "string", "title": "Name"}, "value": {"type": "string", "title": "Value", "airbyte_secret": true}, "on": {"type": "boolean", "default": true}, "kind": {"enum": ["a", "b"], "default": "a"}}}}}}),
    )
}

fn two() -> Values {
    filled(
        &headers(),
        &[
            ("/headers/~n", "0"),
            ("/headers/0/name", "A"),
            ("/headers/0/value", "one"),
            ("/headers/1/name", ""),
            ("/headers/1/value", ""),
            ("/headers/2/name", "B"),
            ("/headers/2/value", "two"),
            ("/headers/2/on/~set", "1"),
        ],
    )
}

fn secret(path: &str, value: &str) -> (String, String) {
    (path.to_owned(), value.to_owned())
}

#[test]
fn blank_rows_are_no_rows() {
    let values = two();
    assert_eq!(plain(&values), json!({"headers": [{"name": "A"}, {"name": "B", "on": false}]}));
    assert_eq!(secrets(&values), [secret("/headers/0/value", "one"), secret("/headers/1/value", "two")]);
    let untouched = [
        ("/headers/~n", "0"),
        ("/headers/0/name", ""),
        ("/headers/0/on/~set", "1"),
        ("/headers/0/on", "true"),
        ("/headers/0/kind", "0"),
    ];
    assert_eq!(
        plain(&filled(&headers(), &untouched)),
        json!({}),
        "boxes and choices at their default do not make a row"
    );
}

#[test]
fn a_removed_row_takes_its_secrets_and_the_rest_move_up() {
    let (spec, mut values) = (headers(), two());
    put(
        &spec,
        &mut values,
        &[
            ("/headers/~n", "2"),
            ("/headers/0/~rm", "1"),
            ("/headers/0/name", "A"),
            ("/headers/1/name", "B"),
            ("/headers/1/value", ""),
        ],
        &Audience::Owner,
    );
    assert_eq!(plain(&values), json!({"headers": [{"name": "B", "on": false}]}));
    assert_eq!(secrets(&values), [secret("/headers/0/value", "two")]);
}

#[test]
fn a_row_is_the_one_it_says_it_is_also_on_a_page_that_nobody_knows_any_more() {
    let spec = headers();
    let plain_now =
        json!({"headers": [{"~id": "b", "name": "B"}, {"~id": "a", "name": "A"}]}).as_object().unwrap().clone();
    let mut values = Values { plain: plain_now, ..Values::default() };
    put(
        &spec,
        &mut values,
        &[
            ("/headers/~n", "2"),
            ("/headers/0/~id", "a"),
            ("/headers/0/name", "A2"),
            ("/headers/1/~id", "b"),
            ("/headers/1/name", "B"),
        ],
        &Audience::Owner,
    );
    assert_eq!(plain(&values), json!({"headers": [{"name": "B"}, {"name": "A2"}]}));
}

#[test]
fn a_row_with_a_secret_is_not_removed_by_emptying_its_text() {
    let (spec, mut values) = (headers(), two());
    put(
        &spec,
        &mut values,
        &[("/headers/~n", "2"), ("/headers/0/name", ""), ("/headers/0/value", "")],
        &Audience::Owner,
    );
    assert_eq!(plain(&values), json!({"headers": [{}, {"name": "B", "on": false}]}));
    put(
        &spec,
        &mut values,
        &[("/headers/~n", "2"), ("/headers/0/name", ""), ("/headers/0/value", ""), ("/headers/0/value/~clear", "1")],
        &Audience::Owner,
    );
    assert_eq!(plain(&values), json!({"headers": [{"name": "B", "on": false}]}), "emptied of all, it is gone");
    assert_eq!(secrets(&values), [secret("/headers/0/value", "two")]);
}

#[test]
fn a_recipient_removes_nothing() {
    let (spec, mut values) = (headers(), two());
    put(
        &spec,
        &mut values,
        &[("/headers/~n", "2"), ("/headers/0/~rm", "1"), ("/headers/0/name", ""), ("/headers/1/name", "")],
        &recipient(),
    );
    assert_eq!((plain(&values), values.secrets.len()), (plain(&two()), 2));
}

#[test]
fn rows_added_by_two_people_are_all_kept() {
    let (spec, mut values) = (headers(), two());
    let known = KnownValues::of(&values);
    let add = |name: &str, value: &str| {
        decode(
            &spec,
            &raw(&[
                ("/headers/~n", "2"),
                ("/headers/0/name", "A"),
                ("/headers/1/name", "B"),
                ("/headers/2/name", name),
                ("/headers/2/value", value),
            ]),
            &known,
            Strictness::Draft,
            &recipient(),
        )
    };
    let (ana, eve) = (add("C", "three"), add("D", "four"));
    assert_eq!(provided(&ana), ["/headers"]);
    ana.submission.merge_into(&spec, &mut values);
    eve.submission.merge_into(&spec, &mut values);
    let names: Vec<&str> =
        values.plain["headers"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
    assert_eq!(secrets(&values)[2..], [secret("/headers/2/value", "three"), secret("/headers/3/value", "four")]);
}

#[test]
fn a_page_that_is_older_than_the_draft_adds_behind_the_new_rows() {
    let (spec, mut values) = (headers(), two());
    let late = [
        ("/headers/~n", "1"),
        ("/headers/0/name", "A"),
        ("/headers/1/name", "C"),
        ("/headers/1/value", "three"),
        ("/headers/1/kind", "9"),
    ];
    let decoded = decode(&spec, &raw(&late), &KnownValues::of(&values), Strictness::Draft, &recipient());
    assert_eq!(decoded.errors[0].name, "/headers/2/kind", "the row is now the third");
    assert_eq!(decoded.typed_secrets.keys().collect::<Vec<_>>(), ["/headers/2/value"]);
    let html = view(&spec, &KnownValues::of(&values), &decoded.state, &recipient()).html().to_owned();
    assert!(
        html.contains(r#"name="/headers/2/name" value="C""#) && html.contains(r#"name="/headers/1/name" value="B""#)
    );
    put(&spec, &mut values, &late[..4], &recipient());
    assert_eq!(values.plain["headers"][2]["name"], "C");
    assert_eq!(secrets(&values)[2], secret("/headers/2/value", "three"));
}

#[test]
fn errors_name_the_row() {
    let mut pairs =
        vec![("/headers/~n", "0"), ("/headers/0/name", "A"), ("/headers/0/value", "x"), ("/headers/3/name", "B")];
    assert_eq!(refusals(&headers(), &pairs), ["Header 4: enter value"]);
    pairs.push(("/headers/3/kind", "x"));
    assert_eq!(
        refusals(&headers(), &pairs),
        ["Header 4: kind must be one of the answers on this page", "Header 4: enter value"]
    );
}

#[test]
fn missing_answers_in_rows_have_their_path() {
    let spec = headers();
    let known = KnownValues {
        plain: json!({"headers": [{"name": "A"}, {}]}).as_object().cloned().unwrap(),
        secret_paths: paths(&["/headers/1/value"]),
        ..KnownValues::default()
    };
    let missing: Vec<String> =
        missing_required(&spec, &known).iter().map(|field| format!("{} {}", field.path.dot(), field.title)).collect();
    assert_eq!(missing, ["headers.0.value Header 1: Value", "headers.1.name Header 2: Name"]);
}

#[test]
fn rows_in_rows_keep_their_secrets_apart() {
    let inner = json!({"type": "array", "title": "Keys", "items": {"type": "object", "properties": {"id": {"type": "string"}, "key": {"type": "string", "airbyte_secret": true}}}});
    let spec = spec(
        &json!({"type": "object", "properties": {"ends": {"type": "array", "title": "Ends", "items": {"type": "object", "properties": {"host": {"type": "string"}, "keys": inner}}}}}),
    );
    let mut values = filled(
        &spec,
        &[
            ("/ends/0/host", "a"),
            ("/ends/0/keys/0/key", "a0"),
            ("/ends/1/host", "b"),
            ("/ends/1/keys/0/id", "x"),
            ("/ends/1/keys/1/key", "b1"),
        ],
    );
    assert_eq!(
        plain(&values),
        json!({"ends": [{"host": "a", "keys": [{}]}, {"host": "b", "keys": [{"id": "x"}, {}]}]})
    );
    let remove = [
        ("/ends/~n", "2"),
        ("/ends/0/~rm", "on"),
        ("/ends/1/host", "b"),
        ("/ends/1/keys/~n", "2"),
        ("/ends/1/keys/0/~rm", "on"),
        ("/ends/1/keys/1/id", "y"),
    ];
    put(&spec, &mut values, &remove, &Audience::Owner);
    assert_eq!(plain(&values), json!({"ends": [{"host": "b", "keys": [{"id": "y"}]}]}));
    assert_eq!(secrets(&values), [secret("/ends/0/keys/0/key", "b1")]);
}

#[test]
fn the_number_of_rows_has_an_end() {
    let spec = headers();
    let names: Vec<String> = (0..400)
        .map(|index| format!("/headers/{index}/name"))
        .chain([
            "/headers/99999999999999999999/name".to_owned(),
            "/headers/-1/name".to_owned(),
            "/headers/01/name".to_owned(),
        ])
        .collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let decoded = decode(&spec, &raw(&pairs), &KnownValues::default(), Strictness::Draft, &recipient());
    let mut values = Values::default();
    decoded.submission.merge_into(&spec, &mut values);
    assert_eq!(values.plain["headers"].as_array().map(Vec::len), Some(50));
    let limited = self::spec(
        &json!({"type": "object", "properties": {"rows": {"type": "array", "maxItems": 2, "minItems": 2, "items": {"type": "object", "properties": {"a": {"type": "string"}}}}}}),
    );
    assert_eq!(
        refusals(&limited, &[("/rows/0/a", "1"), ("/rows/1/a", "2"), ("/rows/2/a", "3")]),
        ["Rows must have 2 entries or fewer"]
    );
    assert_eq!(refusals(&limited, &[("/rows/0/a", "1")]), ["Rows must have at least 2 entries"]);
    let html = view(&limited, &KnownValues::default(), &FormState::empty(), &recipient()).html().to_owned();
    assert_eq!(html.matches("<fieldset class=\"row").count(), 2, "no more rows than are allowed");
}

#[test]
fn concealed_rows_are_counted_and_not_shown() {
    let spec = headers();
    let mut values = two();
    let known = KnownValues { concealed: paths(&["/headers"]), ..KnownValues::of(&values) };
    let html = view(&spec, &known, &FormState::empty(), &recipient()).html().to_owned();
    assert!(!html.contains(r#"value="A""#) && html.contains("Already provided") && html.contains("Header 2"));
    let more = decode(
        &spec,
        &raw(&[
            ("/headers/~n", "2"),
            ("/headers/0/name", ""),
            ("/headers/0/on", ""),
            ("/headers/1/kind", ""),
            ("/headers/2/name", "C"),
            ("/headers/2/value", "v"),
        ]),
        &known,
        Strictness::Final,
        &recipient(),
    );
    assert_eq!(sentences(&more), Vec::<String>::new());
    more.submission.merge_into(&spec, &mut values);
    assert_eq!(plain(&values), json!({"headers": [{"name": "A"}, {"name": "B", "on": false}, {"name": "C"}]}));
}
