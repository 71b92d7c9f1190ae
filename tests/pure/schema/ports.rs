//! A host and its port that were pasted into one field.

use serde_json::{Value, json};
use vestibule::schema::form::{Audience, KnownValues, Strictness, Values, decode, import_given, view};
use vestibule::schema::spec::Spec;

use super::form::{codes, filled, plain, raw, recipient, spec};

fn database() -> Spec {
    let port = json!({"type": "integer", "title": "Port", "default": 5432, "minimum": 1, "maximum": 65535});
    let host = json!({"type": "string", "title": "Host"});
    spec(&json!({"type": "object", "properties": {
        "host": host, "port": port,
        "replicas": {"type": "array", "items": {"type": "object", "properties": {"hostname": host, "port": {"type": "string"}}}},
        "tunnel": {"type": "object", "oneOf": [
            {"title": "None", "properties": {"by": {"const": "none"}}},
            {"title": "SSH", "properties": {"by": {"const": "ssh"}, "tunnel_host": host, "tunnel_port": {"type": "integer", "default": 22}}}]}}}))
}

fn sent(pairs: &[(&str, &str)], who: &Audience) -> Result<Value, Vec<(String, &'static str)>> {
    let spec = database();
    let decoded = decode(&spec, &raw(pairs), &KnownValues::default(), Strictness::Draft, who);
    if !decoded.errors.is_empty() {
        return Err(codes(&decoded));
    }
    let mut values = Values::default();
    decoded.submission.merge_into(&spec, &mut values);
    Ok(plain(&values))
}

#[test]
fn an_untouched_port_takes_what_was_pasted_behind_the_host() {
    for who in [Audience::Owner, recipient()] {
        for (host, bare, port) in [
            ("db.example.com:6432", "db.example.com", 6432),
            (" postgres://db.example.com:6432/ ", "db.example.com", 6432),
            ("[2001:db8::1]:6432", "2001:db8::1", 6432),
            ("192.0.2.7:6432", "192.0.2.7", 6432),
        ] {
            let whole = Ok(json!({"host": bare, "port": port}));
            assert_eq!(sent(&[("/host", host), ("/port", "5432")], &who), whole, "the default stands there");
            assert_eq!(sent(&[("/host", host), ("/port", "")], &who), whole, "nothing stands there");
            assert_eq!(sent(&[("/host", host), ("/port", "6432")], &who), whole, "the same stands there");
            let other = sent(&[("/host", host), ("/port", "7777")], &who);
            assert_eq!(other, Err(vec![("/host".to_owned(), "host_with_port")]), "another was typed");
        }
        let odd = sent(&[("/host", "db.example.com:99999"), ("/port", "5432")], &who);
        assert_eq!(odd, Err(vec![("/host".to_owned(), "host_with_port")]), "no port");
        let plain_host = sent(&[("/host", "db.example.com"), ("/port", "5432")], &who);
        assert_eq!(plain_host, Ok(json!({"host": "db.example.com", "port": 5432})));
    }
}

#[test]
fn in_rows_and_in_branches_alike() {
    let both = sent(
        &[
            ("/replicas/0/hostname", "one.example.com:1111"),
            ("/replicas/0/port", ""),
            ("/replicas/1/hostname", "two.example.com:2222"),
            ("/replicas/1/port", ""),
            ("/tunnel", "1"),
            ("/tunnel/~o1/tunnel_host", "ssh.example.com:2022"),
            ("/tunnel/~o1/tunnel_port", "22"),
        ],
        &recipient(),
    )
    .unwrap();
    assert_eq!(
        both.pointer("/tunnel"),
        Some(&json!({"by": "ssh", "tunnel_host": "ssh.example.com", "tunnel_port": 2022}))
    );
    for (row, host, port) in [(0, "one.example.com", "1111"), (1, "two.example.com", "2222")] {
        let here = |key: &str| both.pointer(&format!("/replicas/{row}/{key}")).cloned();
        assert_eq!((here("hostname"), here("port")), (Some(json!(host)), Some(json!(port))));
    }
}

#[test]
fn the_next_page_shows_them_in_their_two_fields() {
    let spec = database();
    let pairs = [("/host", "db.example.com:6432"), ("/port", "5432"), ("/tunnel", "9")];
    let refused = decode(&spec, &raw(&pairs), &KnownValues::default(), Strictness::Draft, &recipient());
    let page = view(&spec, &KnownValues::default(), &refused.state, &recipient());
    for field in [r#"name="/host" value="db.example.com""#, r#"name="/port" value="6432""#] {
        assert!(page.html().contains(field), "{field}: {}", page.html());
    }
}

#[test]
fn a_port_that_is_known_counts_as_untouched_while_it_stands_there() {
    let spec = database();
    let values = filled(&spec, &[("/host", "db.example.com"), ("/port", "5433")]);
    let known = KnownValues::of(&values);
    let put = |pairs: &[(&str, &str)]| {
        let mut draft = values.clone();
        let decoded = decode(&spec, &raw(pairs), &known, Strictness::Draft, &Audience::Owner);
        decoded.submission.merge_into(&spec, &mut draft);
        (plain(&draft), codes(&decoded))
    };
    let (moved, faults) = put(&[("/host", "new.example.com:6432"), ("/port", "5433")]);
    assert_eq!((moved, faults.len()), (json!({"host": "new.example.com", "port": 6432}), 0));
    let (kept, faults) = put(&[("/host", "new.example.com:6432"), ("/port", "5432")]);
    assert_eq!((kept["port"].clone(), faults.len()), (json!(5432), 1), "the port was typed, so it is not taken away");
}

#[test]
fn a_program_that_names_no_port_means_the_one_behind_the_host() {
    let spec = database();
    let given = |config: Value| {
        let mut values = Values::default();
        import_given(&spec, &config).map(|submission| submission.merge_into(&spec, &mut values)).map_err(|errors| {
            errors.iter().map(|error| (error.path.to_string(), error.code.code())).collect::<Vec<_>>()
        })?;
        Ok(plain(&values))
    };
    let whole = Ok(json!({"host": "db.example.com", "port": 6432}));
    assert_eq!(given(json!({"host": "db.example.com:6432"})), whole);
    assert_eq!(given(json!({"host": "db.example.com:6432", "port": 6432})), whole);
    assert_eq!(
        given(json!({"host": "db.example.com:6432", "port": 5432})),
        Err(vec![("/host".to_owned(), "host_with_port")])
    );
    assert_eq!(given(json!({"host": "db.example.com:0"})), Err(vec![("/host".to_owned(), "host_with_port")]));
}
