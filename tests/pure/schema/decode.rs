//! What a posted form changes, and what it must not.

use serde_json::json;
use vestibule::schema::form::{Audience, KnownValues, Strictness, Values, decode, view};

use super::form::{
    codes, filled, path, paths, plain, provided, put, raw, recipient, refusals, secrets, sentences, spec,
};

fn login() -> vestibule::schema::spec::Spec {
    spec(&json!({"type": "object", "required": ["host", "auth"], "properties": {
        "host": {"type": "string", "title": "Host"}, "port": {"type": "integer", "title": "Port", "default": 5432, "minimum": 1, "maximum": 65535},
        "tags": {"type": "array", "items": {"type": "string"}, "default": ["all"]},
        "deleted": {"type": "boolean", "default": true},
        "auth": {"type": "object", "title": "Sign-in", "oneOf": [
            {"title": "Token", "required": ["token"], "properties": {"by": {"const": "token"}, "token": {"type": "string", "title": "Token", "airbyte_secret": true}}},
            {"title": "Password", "required": ["user", "password"], "properties": {"by": {"const": "password"}, "user": {"type": "string"}, "password": {"type": "string", "airbyte_secret": true}}}]}}}))
}

#[test]
fn a_form_becomes_values() {
    let values = filled(
        &login(),
        &[
            ("/host", " db.example.com "),
            ("/port", "5 433"),
            ("/tags", "a\r\n\r\n b \r\n"),
            ("/deleted/~set", "1"),
            ("/auth", "1"),
            ("/auth/~o1/user", "ana"),
            ("/auth/~o1/password", " pass word \r\n"),
            ("/auth/~o1/password/~edges", "keep"),
        ],
    );
    assert_eq!(
        plain(&values),
        json!({"host": "db.example.com", "port": 5433, "tags": ["a", "b"], "deleted": false, "auth": {"by": "password", "user": "ana"}})
    );
    assert_eq!(secrets(&values), [("/auth/password".to_owned(), " pass word ".to_owned())]);
}

#[test]
fn blank_never_overwrites_what_a_recipient_does_not_see() {
    let spec = login();
    let mut values =
        filled(&spec, &[("/host", "db.example.com"), ("/tags", "mine"), ("/auth", "0"), ("/auth/~o0/token", "t0k3n")]);
    let before = (plain(&values), secrets(&values));
    let blank = [
        ("/host", ""),
        ("/port", ""),
        ("/tags", ""),
        ("/auth", ""),
        ("/auth/~o0/token", ""),
        ("/auth/~o0/token/~clear", "1"),
        ("/host/~clear", "1"),
    ];
    let decoded = put(&spec, &mut values, &blank, &recipient());
    assert_eq!((plain(&values), secrets(&values)), before);
    assert!(provided(&decoded).is_empty(), "{:?}", provided(&decoded));
}

#[test]
fn an_owner_empties_what_is_shown_and_clears_what_is_not() {
    let spec = login();
    let mut values = filled(&spec, &[("/host", "db.example.com"), ("/auth", "0"), ("/auth/~o0/token", "t0k3n")]);
    let decoded = put(&spec, &mut values, &[("/host", " "), ("/auth", "0"), ("/auth/~o0/token", "")], &Audience::Owner);
    assert_eq!((plain(&values), secrets(&values).len()), (json!({"auth": {"by": "token"}}), 1));
    assert!(!decoded.submission.is_empty());
    put(&spec, &mut values, &[("/auth", "0"), ("/auth/~o0/token/~clear", "1")], &Audience::Owner);
    assert!(values.secrets.is_empty());
}

#[test]
fn a_concealed_value_is_kept_by_blank_and_replaced_by_text() {
    let spec = login();
    let mut values = filled(&spec, &[("/host", "db.example.com")]);
    let known = KnownValues { concealed: paths(&["/host"]), ..KnownValues::of(&values) };
    let blank = decode(&spec, &raw(&[("/host", "")]), &known, Strictness::Draft, &Audience::Owner);
    assert!(blank.submission.is_empty());
    let mut tagged = filled(&spec, &[("/tags", "mine")]);
    let hidden = KnownValues { concealed: paths(&["/tags"]), ..KnownValues::of(&tagged) };
    decode(&spec, &raw(&[("/tags", "")]), &hidden, Strictness::Draft, &recipient())
        .submission
        .merge_into(&spec, &mut tagged);
    assert_eq!(plain(&tagged), json!({"tags": ["mine"]}));
    let new = decode(&spec, &raw(&[("/host", "new.example.com")]), &known, Strictness::Draft, &recipient());
    new.submission.merge_into(&spec, &mut values);
    assert_eq!(plain(&values), json!({"host": "new.example.com"}));
}

#[test]
fn another_branch_drops_the_first_ones_values() {
    let spec = login();
    let mut values = filled(&spec, &[("/auth", "1"), ("/auth/~o1/user", "ana"), ("/auth/~o1/password", "one")]);
    let both = [("/auth", "0"), ("/auth/~o0/token", "two"), ("/auth/~o1/user", "eve"), ("/auth/~o1/password", "three")];
    let decoded = put(&spec, &mut values, &both, &recipient());
    assert_eq!(plain(&values), json!({"auth": {"by": "token"}}));
    assert_eq!(secrets(&values), [("/auth/token".to_owned(), "two".to_owned())]);
    assert_eq!(provided(&decoded), ["/auth", "/auth/token"]);
    assert_eq!(decoded.typed_secrets.keys().collect::<Vec<_>>(), ["/auth/~o0/token"]);
}

#[test]
fn a_branch_without_a_chooser_is_the_one_that_was_filled() {
    let values = filled(&login(), &[("/auth/~o0/token", ""), ("/auth/~o1/user", "ana")]);
    assert_eq!(plain(&values), json!({"auth": {"by": "password", "user": "ana"}}));
    assert_eq!(plain(&filled(&login(), &[("/auth/~o0/token", "x"), ("/auth/~o1/user", "ana")])), json!({}));
}

#[test]
fn defaults_left_standing_are_kept_but_not_provided() {
    let spec = login();
    let decoded = decode(
        &spec,
        &raw(&[("/port", "5432"), ("/tags", "all"), ("/deleted/~set", "1"), ("/deleted", "true")]),
        &KnownValues::default(),
        Strictness::Draft,
        &recipient(),
    );
    assert!(decoded.submission.is_empty());
    let mut values = Values::default();
    decoded.submission.merge_into(&spec, &mut values);
    assert_eq!(plain(&values), json!({"port": 5432, "tags": ["all"], "deleted": true}));
    assert_eq!(plain(&filled(&spec, &[("/tags", "")])), json!({"tags": []}), "an emptied default stays empty");
}

#[test]
fn names_the_spec_does_not_have_change_nothing() {
    let spec = spec(
        &json!({"type": "object", "properties": {"a": {"type": "string"}, "h": {"type": "string", "airbyte_hidden": true, "default": "x"}, "c": {"const": 1}, "j": {"type": "object"}}}),
    );
    let nasty = [
        ("/a/b", "x"),
        ("/h", "evil"),
        ("/c", "2"),
        ("/__proto__", "x"),
        ("/a/~o1/b", "x"),
        ("a", "x"),
        ("/z", "x"),
        ("_csrf", "x"),
        ("/j", "{\"a\": 1}"),
    ];
    let mut values = Values::default();
    let decoded = put(&spec, &mut values, &nasty, &recipient());
    assert!(decoded.submission.is_empty());
    assert_eq!(plain(&values), json!({}));
    assert_eq!(plain(&filled(&spec, &nasty)), json!({"j": {"a": 1}}), "free JSON is the owner's");
}

#[test]
fn what_is_there_is_judged_in_a_draft_and_what_is_missing_at_the_end() {
    let spec = login();
    let draft = |pairs: &[(&str, &str)]| {
        sentences(&decode(&spec, &raw(pairs), &KnownValues::default(), Strictness::Draft, &Audience::Owner))
    };
    assert_eq!(draft(&[("/port", "99999")]), ["Port must be between 1 and 65535"]);
    assert_eq!(draft(&[("/port", "abc")]), ["Port must be a whole number, like 5432"]);
    assert_eq!(draft(&[("/port", "5,432")]), ["Port must be a number without a comma, like 1000 or 2.5"]);
    assert_eq!(draft(&[("/host", "a\0b")]), ["Host must not hold control characters"]);
    assert_eq!(draft(&[("/host", "a\u{1b}b")]), ["Host must not hold control characters"]);
    assert_eq!(draft(&[("/host", &"x".repeat(1024 * 1024))]), Vec::<String>::new());
    assert_eq!(draft(&[("/host", &"x".repeat(1024 * 1024 + 1))]), ["Host must be smaller than 1 MB"]);
    for whole in ["5432.0", "5.432e3", "+5432"] {
        assert_eq!(draft(&[("/port", whole)]), Vec::<String>::new(), "{whole}");
        assert_eq!(plain(&filled(&spec, &[("/port", whole)]))["port"], json!(5432), "{whole}");
    }
    for (typed, problem) in [
        ("5432.5", "Port must be a whole number, like 5432"),
        ("123456789012345678901", "Port has more digits than can be kept exactly"),
        ("1e300", "Port must be a whole number, like 5432"),
    ] {
        assert_eq!(draft(&[("/port", typed)]), [problem], "{typed}");
    }
    assert_eq!(draft(&[("/auth", "7")]), ["Sign-in must be one of the answers on this page"]);
    assert_eq!(
        refusals(&spec, &[("/port", "99999")]),
        ["Port must be between 1 and 65535", "Enter host", "Choose sign-in"]
    );
    assert_eq!(
        refusals(&spec, &[("/port", "x"), ("/host", "h"), ("/auth", "0")]),
        ["Port must be a whole number, like 5432", "Enter token"]
    );
}

#[test]
fn what_is_known_counts_at_the_end() {
    let spec = login();
    let known = KnownValues {
        plain: json!({"host": "h", "auth": {"by": "token"}}).as_object().cloned().unwrap(),
        secret_paths: paths(&["/auth/token"]),
        ..KnownValues::default()
    };
    assert_eq!(
        sentences(&decode(&spec, &raw(&[("/host", "")]), &known, Strictness::Final, &recipient())),
        Vec::<String>::new()
    );
    let gone = decode(
        &spec,
        &raw(&[("/host", ""), ("/auth/~o0/token/~clear", "1")]),
        &known,
        Strictness::Final,
        &Audience::Owner,
    );
    assert_eq!(sentences(&gone), ["Enter host", "Enter token"]);
    let left =
        decode(&spec, &raw(&[("/auth", "1"), ("/auth/~o1/user", "ana")]), &known, Strictness::Draft, &recipient());
    assert_eq!(
        left.submission.left_empty(&spec, &known).iter().map(|field| field.path.dot()).collect::<Vec<_>>(),
        ["auth.password"]
    );
}

#[test]
fn key_files_keep_their_lines() {
    let spec = spec(
        &json!({"type": "object", "properties": {"pem": {"type": "string", "airbyte_secret": true, "multiline": true}, "sql": {"type": "string", "multiline": true}}}),
    );
    let values =
        filled(&spec, &[("/pem", "-----BEGIN-----\r\nabc\r\n-----END-----\r\n"), ("/sql", " select 1\r\nfrom t ")]);
    assert_eq!(secrets(&values)[0].1, "-----BEGIN-----\nabc\n-----END-----\n");
    assert_eq!(plain(&values), json!({"sql": "select 1\nfrom t"}));
}

#[test]
fn a_held_secret_stands_in_for_a_blank_one() {
    let spec = login();
    let first = decode(
        &spec,
        &raw(&[("/port", "x"), ("/auth", "0"), ("/auth/~o0/token", "t0k3n")]),
        &KnownValues::default(),
        Strictness::Draft,
        &recipient(),
    );
    let mut second = raw(&[("/port", "1"), ("/auth", "0"), ("/auth/~o0/token", "")]);
    second.fill_blank(&first.typed_secrets);
    let decoded = decode(&spec, &second, &KnownValues::default(), Strictness::Draft, &recipient());
    let mut values = Values::default();
    decoded.submission.merge_into(&spec, &mut values);
    assert_eq!(secrets(&values), [("/auth/token".to_owned(), "t0k3n".to_owned())]);
}

#[test]
fn a_secret_with_a_fault_is_not_held() {
    let spec = spec(
        &json!({"type": "object", "properties": {"key": {"type": "string", "airbyte_secret": true, "pattern": "^sk_"}, "other": {"type": "string", "airbyte_secret": true}}}),
    );
    let decoded = decode(
        &spec,
        &raw(&[("/key", "nope"), ("/other", "fine")]),
        &KnownValues::default(),
        Strictness::Final,
        &recipient(),
    );
    assert_eq!(decoded.errors.len(), 1);
    assert_eq!(decoded.typed_secrets.keys().collect::<Vec<_>>(), ["/other"]);
    assert!(decoded.errors[0].secret && decoded.errors[0].path == path("/key"));
}

#[test]
fn dates_from_a_browser_get_the_spelling_of_the_connector() {
    let fixtures: serde_json::Value = serde_json::from_str(include_str!("fixtures/values.json")).unwrap();
    let spec = spec(&fixtures["dates"]["schema"]);
    let values = filled(
        &spec,
        &[
            ("/start", "2026-03-14T09:30"),
            ("/millis", "2026-03-14T09:30:15"),
            ("/micros", "2026-03-14T09:30:15"),
            ("/day", "2026-03-14"),
            ("/bare", "2026-03-14T09:30"),
            ("/end", ""),
        ],
    );
    assert_eq!(
        plain(&values),
        json!({"start": "2026-03-14T09:30:00Z", "millis": "2026-03-14T09:30:15.000Z", "micros": "2026-03-14T09:30:15.000000Z", "day": "2026-03-14", "bare": "2026-03-14T09:30:00Z"})
    );
    let wrong = refusals(
        &spec,
        &[("/start", "2026-02-30T00:00:00Z"), ("/american", "2026-03-14"), ("/month", "3"), ("/day", "soon")],
    );
    assert_eq!(
        wrong,
        [
            "Start must be a real date, like 2026-03-14",
            "Day must be a real date, like 2026-03-14",
            "American must look like MM-DD-YYYY",
            "Month must look like 2024-01"
        ]
    );
}

#[test]
fn lists_say_which_line_is_wrong() {
    let spec = spec(
        &json!({"type": "object", "properties": {"ids": {"type": "array", "title": "IDs", "uniqueItems": true, "items": {"type": "integer"}}, "names": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[a-z]+$"}}}}),
    );
    assert_eq!(refusals(&spec, &[("/ids", "1\n2\nx")]), ["IDs, line 3: must be a whole number, like 5432"]);
    assert_eq!(
        refusals(&spec, &[("/names", "a\nB")]),
        ["Names, line 2: does not have the form that this connector expects"]
    );
    assert_eq!(plain(&filled(&spec, &[("/ids", "3\n3\n1")])), json!({"ids": [3, 1]}));
}

#[test]
fn answers_are_posted_by_number() {
    let fixtures: serde_json::Value = serde_json::from_str(include_str!("fixtures/values.json")).unwrap();
    let spec = spec(&fixtures["options"]["schema"]);
    let values = filled(&spec, &[("/days", "2"), ("/region", "0"), ("/twice", "1"), ("/only", "evil")]);
    assert_eq!(plain(&values), json!({"days": 30, "region": "", "twice": "b"}));
    assert_eq!(refusals(&spec, &[("/days", "30")]), ["Days must be one of the answers on this page"]);
}

#[test]
fn debug_output_names_fields_only() {
    let spec = login();
    let form = raw(&[("/host", "visible.example.com"), ("/auth", "0"), ("/auth/~o0/token", "t0k3n-secret")]);
    let decoded = decode(&spec, &form, &KnownValues::default(), Strictness::Final, &recipient());
    let mut values = Values::default();
    decoded.submission.merge_into(&spec, &mut values);
    let complete = vestibule::schema::form::complete(&spec, &values);
    assert!(complete.config.is_some());
    let printed = format!("{form:?} {decoded:?} {values:?} {complete:?} {spec:?}");
    assert!(!printed.contains("t0k3n") && !printed.contains("visible.example.com"), "{printed}");
}

#[test]
fn a_password_with_a_space_at_its_edge_is_asked_about_and_held_meanwhile() {
    let spec = login();
    let form = |password: &str, said: &[(&str, &str)]| {
        let form =
            [("/host", "db.example.com"), ("/auth", "1"), ("/auth/~o1/user", "ana"), ("/auth/~o1/password", password)];
        let pairs: Vec<(&str, &str)> = form.iter().chain(said).copied().collect();
        decode(&spec, &raw(&pairs), &KnownValues::default(), Strictness::Final, &recipient())
    };
    let stored = |decoded: vestibule::schema::form::Decoded| {
        let mut values = Values::default();
        decoded.submission.merge_into(&spec, &mut values);
        secrets(&values)
    };
    for password in [" pw", "pw ", "p w\t", "\u{a0}pw", "pw\u{200b}", " "] {
        let asked = form(password, &[]);
        assert_eq!(codes(&asked), [("/auth/password".to_owned(), "space_at_edge")], "{password:?}");
        assert!(asked.typed_secrets.contains_key("/auth/~o1/password"), "it is held: {password:?}");
        let page = view(&spec, &KnownValues::default(), &asked.state, &recipient());
        assert!(page.html().contains(r#"name="/auth/~o1/password/~edges" value="keep" checked"#), "{}", page.html());
        let kept = form(password, &[("/auth/~o1/password/~edges", "keep")]);
        assert_eq!(stored(kept), [("/auth/password".to_owned(), password.to_owned())]);
    }
    let cut = form(" p w ", &[("/auth/~o1/password/~edges", "cut")]);
    assert_eq!(stored(cut), [("/auth/password".to_owned(), "p w".to_owned())]);
    let nothing_left = form("  ", &[("/auth/~o1/password/~edges", "cut")]);
    assert_eq!(codes(&nothing_left), [("/auth/password".to_owned(), "space_at_edge")]);
    for password in ["p w", "pw\r\n", "p\u{200b}w"] {
        assert!(form(password, &[]).errors.is_empty(), "{password:?}");
    }
    // Said once, it stays said while something else is wrong.
    let again = form("pw ", &[("/auth/~o1/password/~edges", "cut"), ("/port", "x")]);
    let page = view(&spec, &KnownValues::default(), &again.state, &recipient());
    assert!(page.html().contains(r#"name="/auth/~o1/password/~edges" value="cut" checked"#), "{}", page.html());
    let nothing_asked = form("pw", &[]);
    assert!(!view(&spec, &KnownValues::default(), &nothing_asked.state, &recipient()).html().contains("~edges"));
}

#[test]
fn what_was_answered_is_judged_also_while_the_rest_is_missing() {
    let spec = login();
    for who in [Audience::Owner, recipient()] {
        let known = KnownValues::default();
        let sent = |pairs: &[(&str, &str)]| codes(&decode(&spec, &raw(pairs), &known, Strictness::Draft, &who));
        assert_eq!(sent(&[("/port", "70000")]), [("/port".to_owned(), "out_of_range")]);
        assert_eq!(sent(&[("/port", "5433")]), []);
        assert_eq!(sent(&[]), []);
        // What stands there already is not the fault of whoever leaves it.
        let mut values = Values::default();
        values.plain.insert("port".to_owned(), json!(70000));
        let known = KnownValues::of(&values);
        assert!(decode(&spec, &raw(&[("/port", "70000")]), &known, Strictness::Draft, &who).errors.is_empty());
    }
}
