//! What holds for any spec and any form: nothing panics, values come back, finished configurations validate, secrets
//! stay out of sight.

use proptest::prelude::*;
use scraper::{Html, Selector};
use serde_json::{Map, Value, json};
use vestibule::base::forms::{FieldPath, FormState, RawForm};
use vestibule::schema::form::{
    Audience, KnownValues, Strictness, Values, complete, decode, encode, import_config, missing_required, view,
};
use vestibule::schema::spec::Spec;

use super::form::{recipient, secrets};

const MARKER: &str = "zq9-kept-secret";

fn leaf() -> impl Strategy<Value = Value> {
    let flags = (any::<bool>(), any::<bool>(), 0_u8..12, any::<bool>());
    flags.prop_flat_map(|(secret, hidden, kind, has_default)| {
        let base = match kind {
            0 => json!({"type": "string"}),
            1 => json!({"type": ["string", "null"], "pattern": "^[a-z0-9 .:-]+$"}),
            2 => json!({"type": "string", "multiline": true}),
            3 => json!({"type": "integer", "minimum": 0, "maximum": 10_000}),
            4 => json!({"type": "number"}),
            5 => json!({"type": "boolean"}),
            6 => json!({"enum": ["a", "", 7, true, "a"]}),
            7 => json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            8 => json!({"type": "array", "items": {"enum": ["x", "y", "z"]}}),
            9 => json!({"type": "array", "items": {"type": "integer"}}),
            10 => json!({"type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}),
            _ => json!({"type": "object"}),
        };
        let default = match kind {
            3 => json!(5),
            4 => json!(2.5),
            5 => json!(true),
            6 => json!("a"),
            7 => json!(["one", "two"]),
            8 => json!(["x"]),
            _ => json!("d"),
        };
        let mut schema = base;
        if secret && hidden {
            schema["airbyte_secret"] = json!(true);
        } else if hidden && has_default {
            schema["airbyte_hidden"] = json!(true);
        }
        if has_default {
            schema["default"] = default;
        }
        Just(schema)
    })
}

fn object(fields: Vec<(Value, bool)>, constant: Option<usize>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (index, (schema, needed)) in fields.into_iter().enumerate() {
        let key = ["name", "a/b", "c~d", "host", "key"][index % 5].to_owned() + &"x".repeat(index / 5);
        if needed {
            required.push(key.clone());
        }
        properties.insert(key, schema);
    }
    if let Some(constant) = constant {
        properties.insert("kind".to_owned(), json!({"type": "string", "const": format!("k{constant}")}));
    }
    json!({"type": "object", "required": required, "properties": properties})
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        let fields = || proptest::collection::vec((inner.clone(), any::<bool>()), 0..4);
        prop_oneof![
            3 => fields().prop_map(|fields| object(fields, None)),
            2 => fields().prop_map(|fields| json!({"type": "array", "items": object(fields, None)})),
            3 => (proptest::collection::vec(fields(), 2..4), any::<bool>()).prop_map(|(branches, told)| {
                let branches: Vec<Value> = branches.into_iter().enumerate().map(|(index, fields)| object(fields, told.then_some(index))).collect();
                json!({"type": "object", "oneOf": branches})
            }),
        ]
    })
}

fn schemas() -> impl Strategy<Value = Value> {
    proptest::collection::vec((tree(), any::<bool>()), 1..5).prop_map(|fields| object(fields, None))
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(vec!["0", "1", "2", "", "true", "12", "2026-03-14T09:30", "a", "abc", "{}", "[]", "x\r\ny", "3\n4"]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => proptest::sample::select(vec!["\0", "\u{202e}<b>", "99", "-1", "1e400", "{\"a\": [", "\u{feff}", "'\"><svg onload=x>"]).prop_map(str::to_owned),
    ]
}

/// The names on the page, and whether what is typed there is a secret. Names of a few rows that are not there are
/// made up.
fn names(spec: &Spec) -> Vec<(String, bool)> {
    let page = view(spec, &KnownValues::default(), &FormState::empty(), &Audience::Owner);
    let html = Html::parse_fragment(page.html());
    let controls = Selector::parse("[name]").unwrap();
    html.select(&controls)
        .map(|control| {
            let secret = control.attr("data-secret").is_some()
                || control.attr("class").is_some_and(|class| class.contains("masked"));
            (control.attr("name").unwrap().to_owned(), secret)
        })
        .collect()
}

/// A form for the spec: some of its fields with some texts, and names that are none.
fn body(names: &[(String, bool)], choices: &[(prop::sample::Index, String, bool)]) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("/nobody/~o1/x".to_owned(), "1".to_owned()),
        ("/~o".to_owned(), "0".to_owned()),
        ("/a~1b/~set".to_owned(), "1".to_owned()),
    ];
    for (index, text, control) in choices.iter().filter(|_| !names.is_empty()) {
        let (name, secret) = index.get(names);
        let text = if *secret { format!("{MARKER} {}", text.len()) } else { text.clone() };
        pairs.push(if *control && !secret { (format!("{name}/~set"), text) } else { (name.clone(), text) });
    }
    pairs
}

fn forms() -> impl Strategy<Value = (Value, Vec<(prop::sample::Index, String, bool)>)> {
    (
        schemas(),
        proptest::collection::vec((any::<prop::sample::Index>(), texts(), proptest::bool::weighted(0.1)), 0..40),
    )
}

/// A draft from a form, without the fields that had something wrong.
fn draft(spec: &Spec, pairs: &[(String, String)]) -> Values {
    let mut pairs = pairs.to_vec();
    for _ in 0..40 {
        let decoded = decode(
            spec,
            &RawForm::from_pairs(pairs.clone()),
            &KnownValues::default(),
            Strictness::Draft,
            &Audience::Owner,
        );
        if decoded.errors.is_empty() {
            let mut values = Values::default();
            decoded.submission.merge_into(spec, &mut values);
            return values;
        }
        pairs.retain(|(name, _)| !decoded.errors.iter().any(|error| error.name == *name));
    }
    panic!("errors that belong to no field that was posted");
}

fn assert_same(left: &Values, right: &Values) {
    assert_eq!(Value::Object(left.plain.clone()), Value::Object(right.plain.clone()));
    assert_eq!(secrets(left), secrets(right));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_form_panics_and_no_secret_is_shown((schema, choices) in forms()) {
        let spec = Spec::compile(&schema).unwrap();
        let pairs = body(&names(&spec), &choices);
        let raw = RawForm::from_pairs(pairs.clone());
        for who in [Audience::Owner, recipient()] {
            for layer in [Strictness::Draft, Strictness::Final] {
                let decoded = decode(&spec, &raw, &KnownValues::default(), layer, &who);
                let mut values = Values::default();
                decoded.submission.merge_into(&spec, &mut values);
                let known = KnownValues::of(&values);
                let done = complete(&spec, &values);
                let again = decode(&spec, &raw, &known, layer, &who);
                let debug = format!("{raw:?} {decoded:?} {values:?} {known:?} {done:?} {again:?} {:?}", missing_required(&spec, &known));
                prop_assert!(!debug.contains(MARKER));
                let held = again.typed_secrets.keys().cloned().collect();
                for state in [FormState::empty(), decoded.state, again.state.with_held(held, "soon".to_owned())] {
                    let page = view(&spec, &known, &state, &who);
                    prop_assert!(!page.html().contains(MARKER));
                }
            }
        }
    }

    #[test]
    fn values_come_back_from_their_form((schema, choices) in forms()) {
        let spec = Spec::compile(&schema).unwrap();
        let values = draft(&spec, &body(&names(&spec), &choices));
        let raw = RawForm::from_pairs(encode(&spec, &values));
        let again = decode(&spec, &raw, &KnownValues::of(&values), Strictness::Draft, &Audience::Owner);
        prop_assert!(again.errors.is_empty(), "{:?}", again.errors);
        let mut merged = values.clone();
        again.submission.merge_into(&spec, &mut merged);
        assert_same(&merged, &values);
        let fresh = decode(&spec, &raw, &KnownValues::default(), Strictness::Draft, &Audience::Owner);
        let mut made = Values::default();
        fresh.submission.merge_into(&spec, &mut made);
        assert_same(&made, &values);
    }

    #[test]
    fn a_page_posted_as_it_stands_changes_nothing((schema, choices) in forms()) {
        let spec = Spec::compile(&schema).unwrap();
        let values = draft(&spec, &body(&names(&spec), &choices));
        let known = KnownValues::of(&values);
        let page = view(&spec, &known, &FormState::empty(), &Audience::Owner);
        let decoded = decode(&spec, &RawForm::from_pairs(as_posted(page.html())), &known, Strictness::Draft, &Audience::Owner);
        prop_assert!(decoded.errors.is_empty(), "{:?}", decoded.errors);
        prop_assert!(decoded.submission.is_empty(), "{:?}", decoded.submission);
        // The same for an outsider from whom everything is kept back.
        let concealed = values.plain.keys().map(|key| FieldPath::root().child(key)).collect();
        let kept_back = KnownValues { concealed, ..known.clone() };
        let page = view(&spec, &kept_back, &FormState::empty(), &recipient());
        let theirs = decode(&spec, &RawForm::from_pairs(as_posted(page.html())), &kept_back, Strictness::Draft, &recipient());
        prop_assert!(theirs.errors.is_empty() && theirs.submission.is_empty(), "{:?} {:?}", theirs.errors, theirs.submission);
        prop_assert_eq!(complete(&spec, &values).missing, { let mut same = values.clone(); decoded.submission.merge_into(&spec, &mut same); complete(&spec, &same).missing });
    }

    #[test]
    fn a_finished_configuration_validates_and_can_be_imported((schema, choices) in forms()) {
        let spec = Spec::compile(&schema).unwrap();
        let values = draft(&spec, &body(&names(&spec), &choices));
        let done = complete(&spec, &values);
        if let Some(config) = done.config {
            let raw = jsonschema::draft7::new(&schema).unwrap();
            prop_assert_eq!(raw.is_valid(config.expose()), done.disagreement.is_none());
            // Where nothing tells the branches of a choice apart, a value may fit two, which `oneOf` forbids and no
            // form can avoid.
            if tells_branches_apart(&schema) {
                prop_assert_eq!(done.disagreement, None);
                let submission = import_config(&spec, config.expose());
                prop_assert!(submission.is_ok(), "{:?}", submission.err());
            }
        } else {
            prop_assert!(!done.missing.is_empty() || !done.problems.is_empty());
        }
    }

    #[test]
    fn any_json_at_all_compiles_or_is_refused(text in "\\PC{0,60}", schema in any_json()) {
        if let Ok(spec) = Spec::compile(&schema) {
            let page = view(&spec, &KnownValues::default(), &FormState::empty(), &recipient());
            let decoded = decode(&spec, &RawForm::from_pairs(as_posted(page.html())), &KnownValues::default(), Strictness::Final, &recipient());
            let mut values = Values::default();
            decoded.submission.merge_into(&spec, &mut values);
            let _ = complete(&spec, &values);
            let _ = import_config(&spec, &schema);
        }
        let _ = RawForm::parse(text.as_bytes());
    }
}

fn tells_branches_apart(schema: &Value) -> bool {
    let told = |branch: &Value| branch.pointer("/properties/kind/const").is_some();
    let here = schema.get("oneOf").and_then(Value::as_array).is_none_or(|branches| branches.iter().all(told));
    here && match schema {
        Value::Object(fields) => fields.values().all(tells_branches_apart),
        Value::Array(items) => items.iter().all(tells_branches_apart),
        _ => true,
    }
}

/// What a browser without scripts posts for a page.
pub fn as_posted(html: &str) -> Vec<(String, String)> {
    let html = Html::parse_fragment(html);
    let controls = Selector::parse("input[name], select[name], textarea[name]").unwrap();
    let chosen = Selector::parse("option[selected]").unwrap();
    let first = Selector::parse("option").unwrap();
    let mut pairs = Vec::new();
    for control in html.select(&controls) {
        let name = control.attr("name").unwrap().to_owned();
        let value = match (control.value().name(), control.attr("type")) {
            ("select", _) => control
                .select(&chosen)
                .next()
                .or_else(|| control.select(&first).next())
                .and_then(|option| option.attr("value"))
                .map(str::to_owned),
            ("textarea", _) => Some(control.text().collect::<String>().replace('\n', "\r\n")),
            (_, Some("checkbox" | "radio")) => {
                control.attr("checked").and_then(|_| control.attr("value")).map(str::to_owned)
            }
            _ => control.attr("value").map(str::to_owned).or(Some(String::new())),
        };
        pairs.extend(value.map(|value| (name, value)));
    }
    pairs
}

/// JSON with the words of schemas in all the wrong places.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "type",
        "properties",
        "required",
        "items",
        "oneOf",
        "anyOf",
        "allOf",
        "enum",
        "const",
        "default",
        "pattern",
        "title",
        "description",
        "$ref",
        "airbyte_secret",
        "order",
        "minimum",
        "format",
        "groups",
        "a",
        "",
    ];
    let atoms = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        proptest::sample::select(vec![
            "string",
            "object",
            "array",
            "integer",
            "null",
            "#",
            "#/properties/a",
            "(",
            "^[a-z]+$",
            "date-time",
            "<b>",
            ""
        ])
        .prop_map(Value::from),
    ];
    let any = atoms.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => proptest::collection::vec((proptest::sample::select(words.to_vec()), inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    });
    (any.clone(), any.clone(), any)
        .prop_map(|(a, b, c)| json!({"type": "object", "properties": {"a": a, "b": b}, "oneOf": c}))
}
