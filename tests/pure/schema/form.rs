//! A form to play with: one schema, what is known, and a visitor who types.

use std::collections::BTreeSet;

use serde_json::Value;
use vestibule::base::forms::{FieldPath, FormState, RawForm};
use vestibule::schema::form::{Audience, Decoded, KnownValues, Strictness, Values, decode, shown_path, view};
use vestibule::schema::spec::Spec;

pub fn spec(schema: &Value) -> Spec {
    Spec::compile(schema).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

pub fn raw(pairs: &[(&str, &str)]) -> RawForm {
    RawForm::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

pub fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

pub fn paths(texts: &[&str]) -> BTreeSet<FieldPath> {
    texts.iter().map(|text| path(text)).collect()
}

pub fn recipient() -> Audience {
    Audience::Recipient { workspace: "Acme Analytics".to_owned(), asks: None }
}

/// The owner's draft after this form, which must be without faults.
pub fn filled(spec: &Spec, pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    put(spec, &mut values, pairs, &Audience::Owner);
    values
}

/// Puts one faultless form on a draft.
pub fn put(spec: &Spec, values: &mut Values, pairs: &[(&str, &str)], who: &Audience) -> Decoded {
    let decoded = decode(spec, &raw(pairs), &KnownValues::of(values), Strictness::Draft, who);
    assert_eq!(sentences(&decoded), Vec::<String>::new());
    decoded.submission.merge_into(spec, values);
    decoded
}

pub fn sentences(decoded: &Decoded) -> Vec<String> {
    decoded.errors.iter().map(|error| error.sentence()).collect()
}

/// Where something is wrong, and the word for programs.
pub fn codes(decoded: &Decoded) -> Vec<(String, &'static str)> {
    decoded.errors.iter().map(|error| (error.path.to_string(), error.code.code())).collect()
}

pub fn provided(decoded: &Decoded) -> Vec<String> {
    decoded.submission.provided().iter().map(|field| field.path.to_string()).collect()
}

/// Errors of the final layer, for the owner, on an empty draft.
pub fn refusals(spec: &Spec, pairs: &[(&str, &str)]) -> Vec<String> {
    sentences(&decode(spec, &raw(pairs), &KnownValues::default(), Strictness::Final, &Audience::Owner))
}

/// The plain values, rows without their ids.
pub fn plain(values: &Values) -> Value {
    without_ids(&Value::Object(values.plain.clone()))
}

pub fn without_ids(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, _)| *key != "~id");
            Value::Object(kept.map(|(key, inner)| (key.clone(), without_ids(inner))).collect())
        }
        Value::Array(list) => list.iter().map(without_ids).collect(),
        other => other.clone(),
    }
}

/// The secrets by the place where they stand now.
pub fn secrets(values: &Values) -> Vec<(String, String)> {
    use secrecy::ExposeSecret;
    let place = |path: &FieldPath| shown_path(&values.plain, path).to_string();
    let mut all: Vec<(String, String)> =
        values.secrets.iter().map(|(path, secret)| (place(path), secret.expose_secret().to_owned())).collect();
    all.sort();
    all
}

pub fn page(spec: &Spec, known: &KnownValues) -> String {
    view(spec, known, &FormState::empty(), &Audience::Owner).html().to_owned()
}
