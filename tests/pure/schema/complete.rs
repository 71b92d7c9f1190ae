//! From a draft to the configuration a connector gets.

use serde_json::{Value, json};
use vestibule::schema::form::{KnownValues, Values, complete, missing_required};
use vestibule::schema::spec::Spec;

use super::form::{filled, paths, spec};

fn fixture(file: &str, name: &str) -> Spec {
    let text =
        if file == "values" { include_str!("fixtures/values.json") } else { include_str!("fixtures/structure.json") };
    let fixtures: Value = serde_json::from_str(text).unwrap();
    spec(&fixtures[name]["schema"])
}

fn config(spec: &Spec, pairs: &[(&str, &str)]) -> Value {
    let completion = complete(spec, &filled(spec, pairs));
    assert_eq!(completion.disagreement, None);
    completion.config.unwrap_or_else(|| panic!("{:?} {:?}", completion.missing, completion.problems)).into_exposed()
}

fn missing(spec: &Spec, known: &KnownValues) -> Vec<String> {
    missing_required(spec, known).iter().map(|field| field.path.dot()).collect()
}

#[test]
fn defaults_constants_and_hidden_values_are_written() {
    assert_eq!(
        config(&fixture("values", "hidden"), &[("/host", "h")]),
        json!({"host": "h", "schema": "{}", "source_name": "ours"})
    );
    assert_eq!(
        config(&fixture("values", "constants"), &[("/plan", "0")]),
        json!({"auth_type": "Client", "plan": {"plan": "free", "limit": 50}, "version": 2, "on": true})
    );
    assert_eq!(
        config(&fixture("structure", "required_with_default"), &[]),
        json!({"port": 5432, "region": "eu", "secure": true})
    );
    assert_eq!(config(&fixture("values", "default_on_a_secret"), &[]), json!({"password": "x", "tenant": "common"}));
}

#[test]
fn defaults_of_the_wrong_kind_are_mended_or_dropped() {
    let done = config(&fixture("values", "defaults_of_the_wrong_kind"), &[]);
    assert_eq!(done, json!({"count": 100, "flag": true, "empty": ""}));
    let unruly = spec(
        &json!({"type": "object", "required": ["port"], "properties": {"port": {"type": "integer", "maximum": 9, "default": 99}, "start": {"type": "string", "pattern": "^[0-9]+$", "default": "soon"}, "ids": {"type": "array", "minItems": 1, "default": []}}}),
    );
    assert_eq!(missing(&unruly, &KnownValues::default()), ["port"], "a default outside the range is none");
    assert_eq!(config(&unruly, &[("/port", "1")]), json!({"port": 1}));
}

#[test]
fn a_choices_default_selects_its_branch() {
    assert_eq!(
        config(&fixture("structure", "default_word_on_choice"), &[]),
        json!({"delivery": {"kind": "copy", "keep": true}})
    );
    assert_eq!(
        config(&fixture("structure", "default_object_on_choice"), &[]),
        json!({"heading": {"kind": "given", "row": 3}})
    );
    assert_eq!(config(&fixture("structure", "default_empty_on_choice"), &[]), json!({}));
    assert_eq!(config(&fixture("structure", "default_schema_on_choice"), &[]), json!({}));
    assert_eq!(config(&fixture("structure", "choice_of_one"), &[]), json!({"processing": {"mode": "local"}}));
}

#[test]
fn an_optional_group_is_all_or_nothing() {
    let spec = fixture("structure", "nested_object");
    assert_eq!(config(&spec, &[("/proxy/port", "8080")]), json!({}), "its default alone does not make a proxy");
    assert_eq!(config(&spec, &[("/proxy/host", "p")]), json!({"proxy": {"host": "p", "port": 8080}}));
    let half = complete(&spec, &filled(&spec, &[("/proxy/port", "3128")]));
    assert_eq!(half.missing.iter().map(|field| field.path.dot()).collect::<Vec<_>>(), ["proxy.host"]);
    assert!(half.config.is_none());
}

#[test]
fn an_optional_choice_left_at_its_default_asks_for_nothing() {
    let spec = spec(
        &json!({"type": "object", "properties": {"auth": {"type": "object", "default": {"by": "key"}, "oneOf": [
        {"title": "Key", "required": ["key"], "properties": {"by": {"const": "key"}, "key": {"type": "string"}}}, {"title": "None", "properties": {"by": {"const": "none"}}}]}}}),
    );
    assert_eq!(config(&spec, &[("/auth", "0"), ("/auth/~o0/key", "")]), json!({}));
    assert_eq!(config(&spec, &[("/auth", "1")]), json!({"auth": {"by": "none"}}));
    assert_eq!(config(&spec, &[("/auth", "0"), ("/auth/~o0/key", "k")]), json!({"auth": {"by": "key", "key": "k"}}));
}

#[test]
fn what_is_missing_follows_the_chosen_branch() {
    let spec = fixture("structure", "choice_by_constant");
    assert_eq!(missing(&spec, &KnownValues::default()), ["auth"]);
    let known = |branch: &str, secrets: &[&str]| KnownValues {
        plain: json!({"auth": {"auth_type": branch}}).as_object().cloned().unwrap(),
        secret_paths: paths(secrets),
        ..KnownValues::default()
    };
    assert_eq!(missing(&spec, &known("token", &[])), ["auth.token"]);
    assert_eq!(missing(&spec, &known("password", &["/auth/password"])), ["auth.user"]);
    assert_eq!(missing(&spec, &known("token", &["/auth/token"])), Vec::<String>::new());
    let root = fixture("structure", "choice_at_root");
    assert_eq!(missing(&root, &KnownValues::default()), [""]);
    assert_eq!(
        config(&root, &[("/~o", "1"), ("/~o1/inner", "1"), ("/~o1/inner/~o1/note", "n")]),
        json!({"kind": "limited", "most": 10, "inner": {"form": "two", "note": "n"}})
    );
}

#[test]
fn branches_that_nothing_tells_apart_are_remembered_and_not_sent() {
    let spec = fixture("structure", "choice_without_discriminator");
    let values = filled(&spec, &[("/login", "1"), ("/login/~o1/password", "x")]);
    assert_eq!(values.plain["login"]["~branch"], 1);
    assert_eq!(config(&spec, &[("/login", "1"), ("/login/~o1/password", "x")]), json!({"login": {"password": "x"}}));
    assert_eq!(config(&spec, &[("/login", "0"), ("/login/~o0/key", "k")]), json!({"login": {"key": "k"}}));
}

#[test]
fn secrets_of_other_kinds_become_what_they_are() {
    let spec = fixture("values", "secrets_of_other_kinds");
    let pairs = [
        ("/pin", "0042"),
        ("/flag", "1"),
        ("/level", "1"),
        ("/codes", "a\nb"),
        ("/key_file", "{\"a\": 1}"),
        ("/vault/user", "u"),
        ("/vault/word", "w"),
    ];
    let values = filled(&spec, &pairs);
    assert!(values.plain.is_empty(), "{:?}", values.plain);
    assert_eq!(
        config(&spec, &pairs),
        json!({"pin": 42, "flag": false, "level": "b", "codes": ["a", "b"], "key_file": {"a": 1}, "vault": {"user": "u", "word": "w"}})
    );
}

#[test]
fn wrong_values_are_problems_and_no_configuration() {
    let spec = fixture("values", "ranges");
    let plain = json!({"port": 0, "step": 7, "least": "short", "most": "long"}).as_object().cloned().unwrap();
    let completion = complete(&spec, &Values { plain, ..Values::default() });
    let said: Vec<String> = completion.problems.iter().map(|problem| problem.sentence()).collect();
    assert_eq!(
        said,
        [
            "Port must be between 1 and 65535",
            "Step must be a multiple of 5",
            "Least must be 12 characters or more",
            "Most must be 3 characters or fewer"
        ]
    );
    assert!(completion.config.is_none() && completion.disagreement.is_none());
}

#[test]
fn a_disagreement_says_where_and_not_what() {
    let spec = spec(
        &json!({"type": "object", "properties": {"key": {"type": "string", "airbyte_secret": true}, "b": {"type": "string"}}, "not": {"required": ["key"]}}),
    );
    let completion = complete(&spec, &filled(&spec, &[("/key", "s3cr3t")]));
    let said = completion.disagreement.unwrap();
    assert!(completion.config.is_some() && said.contains("/not") && !said.contains("s3cr3t"), "{said}");
}

#[test]
fn values_of_an_older_spec_do_not_get_in() {
    let spec = fixture("structure", "closed_object");
    let plain = json!({"a": "x", "gone": 1, "b": {"c": "y", "old": true}}).as_object().cloned().unwrap();
    let completion = complete(&spec, &Values { plain, ..Values::default() });
    assert_eq!(completion.config.map(|config| config.into_exposed()), Some(json!({"a": "x", "b": {"c": "y"}})));
    let odd = json!({"a": 5, "b": "text"}).as_object().cloned().unwrap();
    assert_eq!(complete(&spec, &Values { plain: odd, ..Values::default() }).problems.len(), 1);
}

/// A map that has to be there and may be empty needs nobody's answer: a recipient is never asked for JSON.
#[test]
fn a_required_map_is_there_empty() {
    let schema = |least: u64| {
        spec(&json!({"type": "object", "required": ["host", "additionalProperties"], "properties": {
            "host": {"type": "string"},
            "additionalProperties": {"type": "object", "minProperties": least},
        }}))
    };
    assert_eq!(
        config(&schema(0), &[("/host", "db.example")]),
        json!({"host": "db.example", "additionalProperties": {}})
    );
    assert_eq!(missing(&schema(1), &KnownValues::default()), ["host", "additionalProperties"]);
}

/// The default of a choice is one whole object: its members win over what each branch says of its own.
#[test]
fn the_default_of_a_choice_wins_over_that_of_its_branch() {
    let branch = |mode: &str, port: u16| json!({"type": "object", "properties": {"mode": {"const": mode}, "port": {"type": "integer", "default": port}}});
    let choice = spec(&json!({"type": "object", "required": ["way"], "properties": {"way": {
        "type": "object", "default": {"mode": "second", "port": 7}, "oneOf": [branch("first", 1), branch("second", 2)],
    }}}));
    assert_eq!(config(&choice, &[]), json!({"way": {"mode": "second", "port": 7}}));
    assert_eq!(config(&choice, &[("/way", "0")]), json!({"way": {"mode": "first", "port": 1}}));
}
