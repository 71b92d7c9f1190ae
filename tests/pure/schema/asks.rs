//! A link that asks for some fields: nothing else is a question, nothing else is read, nothing else is missed.

use proptest::prelude::*;
use serde_json::json;
use vestibule::base::forms::FormState;
use vestibule::schema::form::{
    Asks, Audience, KnownValues, Strictness, Values, decode, import_config, missing_asked, standing, view,
};
use vestibule::schema::spec::Spec;

use super::form::{path, plain, raw, secrets, sentences, spec};

fn connector() -> Spec {
    let secret = |title: &str| json!({"type": "string", "title": title, "airbyte_secret": true});
    let text = |title: &str| json!({"type": "string", "title": title});
    spec(&json!({"type": "object", "required": ["host", "database", "password"], "properties": {
        "host": text("Host"), "database": text("Database"), "password": secret("Password"),
        "ssl": {"type": "boolean", "title": "SSL"},
        "auth": {"type": "object", "title": "Auth", "oneOf": [
            {"title": "None", "properties": {"by": {"const": "none"}}},
            {"title": "Token", "required": ["token"],
             "properties": {"by": {"const": "token"}, "user": text("User"), "token": secret("Token")}}]},
        "services": {"type": "array", "title": "Services", "items": {"type": "object", "title": "Service",
            "required": ["url"], "properties": {"url": text("URL"), "key": secret("Key")}}}}}))
}

fn stored(spec: &Spec) -> Values {
    let config = json!({"host": "h", "auth": {"by": "token", "user": "u", "token": "t"},
        "services": [{"url": "https://a", "key": "ka"}, {"url": "https://b", "key": "kb"}]});
    let mut values = Values::default();
    import_config(spec, &config).unwrap().merge_into(spec, &mut values);
    values
}

fn asked(spec: &Spec, values: &Values, pointers: &[&str]) -> Audience {
    let pointers: Vec<_> = pointers.iter().map(|pointer| path(pointer)).collect();
    let asks = Asks::named(spec, &KnownValues::of(values), &pointers).unwrap();
    Audience::Recipient { workspace: "Acme".to_owned(), asks }
}

fn names(html: &str) -> Vec<&str> {
    html.split(" name=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn only_what_is_asked_is_a_question() {
    let spec = connector();
    let values = stored(&spec);
    for (pointers, fields) in [
        (&["/password"][..], &["/password"][..]),
        (&["/auth/token"], &["/auth/~o1/token"]),
        (&["/services/1/key"], &["/services/~n", "/services/1/~id", "/services/1/key"]),
        (&["/auth"], &["/auth", "/auth", "/auth", "/auth/~o1/token", "/auth/~o1/user"]),
    ] {
        let who = asked(&spec, &values, pointers);
        let form = view(&spec, &KnownValues::of(&values), &FormState::empty(), &who);
        assert_eq!(names(form.html()), fields, "{pointers:?}: {}", form.html());
    }
    let known = KnownValues::of(&values);
    for pointer in ["/nothing", "/services/2/key", "/auth/password"] {
        assert!(Asks::named(&spec, &known, &[path("/password"), path(pointer)]).is_err_and(|none| none.index == 1));
    }
}

#[test]
fn what_is_not_asked_is_not_missed_and_what_is_asked_is() {
    let spec = connector();
    let values = stored(&spec);
    let known = KnownValues::of(&values);
    let who = asked(&spec, &values, &["/password"]);
    let missing: Vec<String> = missing_asked(&spec, &known, &who).into_iter().map(|field| field.title).collect();
    assert_eq!(missing, ["Password"], "a database is missing too, and not theirs to give");
    let empty = decode(&spec, &raw(&[]), &known, Strictness::Final, &who);
    assert_eq!(sentences(&empty), ["Enter password"]);
    let sent = decode(&spec, &raw(&[("/password", "p")]), &known, Strictness::Final, &who);
    assert_eq!(sentences(&sent), Vec::<String>::new());
    assert!(sent.submission.left_empty(&spec, &known).is_empty());
}

#[test]
fn what_stands_is_told_and_of_other_recipients_addresses_only() {
    let spec = connector();
    let values = stored(&spec);
    let mut known = KnownValues::of(&values);
    known.concealed = [path("/host"), path("/auth/user")].into();
    let Audience::Recipient { asks: Some(asks), .. } = asked(&spec, &values, &["/password"]) else { unreachable!() };
    let told: Vec<(String, Option<String>)> = standing(&spec, &known, &asks)
        .into_iter()
        .map(|standing| (standing.answer.path.to_string(), standing.shown))
        .collect();
    let some = |path: &str, shown: &str| (path.to_owned(), Some(shown.to_owned()));
    let none = |path: &str| (path.to_owned(), None);
    let expected = [
        some("/host", "h"),
        some("/auth", "Token"),
        none("/auth/token"),
        none("/auth/user"),
        some("/services/0/url", "https://a"),
        none("/services/0/key"),
        some("/services/1/url", "https://b"),
        none("/services/1/key"),
    ];
    assert_eq!(told, expected);
}

fn any_form() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names = [
        "/host",
        "/database",
        "/password",
        "/ssl",
        "/ssl/~set",
        "/auth",
        "/auth/~o0/by",
        "/auth/~o1/user",
        "/auth/~o1/token",
        "/auth/~o1/token/~clear",
        "/services/~n",
        "/services/0/~id",
        "/services/0/~rm",
        "/services/0/url",
        "/services/0/key",
        "/services/1/~id",
        "/services/1/url",
        "/services/1/key",
        "/services/2/url",
        "/services/2/key",
        "/host/~clear",
        "/~o",
        "/auth/token",
        "/services",
    ];
    let texts =
        prop_oneof![Just(String::new()), "[0-9]", Just("true".to_owned()), "[a-z]{1,4}", Just("r0-1".to_owned())];
    proptest::collection::vec((proptest::sample::select(names.to_vec()), texts), 0..12)
}

proptest! {
    #[test]
    fn a_submission_touches_nothing_else(
        form in any_form(),
        asks in proptest::sample::subsequence(vec!["/password", "/auth/token", "/services/1/key", "/database"], 1..=3),
        is_final in any::<bool>(),
    ) {
        let spec = connector();
        let before = stored(&spec);
        // A field is named while the form has it; an unanswered one is there, too.
        let who = asked(&spec, &before, &asks);
        let pairs: Vec<(&str, &str)> = form.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let strictness = if is_final { Strictness::Final } else { Strictness::Draft };
        let decoded = decode(&spec, &raw(&pairs), &KnownValues::of(&before), strictness, &who);
        let mut after = stored(&spec);
        decoded.submission.merge_into(&spec, &mut after);
        let is_asked = |path: &str| asks.contains(&path);
        for field in decoded.submission.provided() {
            let list = is_asked("/services/1/key") && field.path.as_str() == "/services";
            prop_assert!(is_asked(field.path.as_str()) || list, "provided {field:?}");
        }
        for name in decoded.state.typed_fields().keys().filter(|name| !name.starts_with("/services")) {
            prop_assert!(["/password", "/auth/~o1/token", "/auth/~o1/token/~clear", "/database"].contains(&name.as_str()), "shown again {name}");
        }
        let without = |mut values: serde_json::Value| {
            if is_asked("/database") && let Some(object) = values.as_object_mut() {
                object.remove("database");
            }
            values
        };
        prop_assert_eq!(without(plain(&after)), without(plain(&before)));
        let others = |values: &Values| {
            let mut all = secrets(values);
            all.retain(|(path, _)| !is_asked(path));
            all
        };
        prop_assert_eq!(others(&after), others(&before));
    }
}
