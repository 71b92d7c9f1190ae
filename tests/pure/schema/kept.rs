//! Stored secrets stay with the addresses they were given for.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use vestibule::schema::addresses::addresses;
use vestibule::schema::form::{
    KnownValues, Strictness, Values, decode, import_config, kept_elsewhere, shown_path, sketch,
};
use vestibule::schema::spec::Spec;

use super::form::{raw, recipient, sentences, spec};

fn connector() -> Spec {
    let secret = |title: &str| json!({"type": "string", "title": title, "airbyte_secret": true});
    spec(&json!({"type": "object", "required": ["host", "password"], "properties": {
        "host": {"type": "string", "title": "Host"}, "port": {"type": "integer", "title": "Port", "default": 5432},
        "user": {"type": "string", "title": "User"}, "password": secret("Password"), "server_uri": secret("Server URI"),
        "hidden": {"type": "string", "airbyte_secret": true, "airbyte_hidden": true},
        "tunnel": {"type": "object", "title": "Tunnel", "oneOf": [
            {"title": "None", "properties": {"by": {"const": "none"}}},
            {"title": "SSH", "properties": {"by": {"const": "ssh"}, "tunnel_host": {"type": "string", "title": "Tunnel host"}, "key": secret("Key")}}]},
        "services": {"type": "array", "title": "Services", "items": {"type": "object", "title": "Service",
            "properties": {"url": {"type": "string", "title": "URL"}, "token": secret("Token")}}}}}))
}

fn stored(config: &Value) -> Values {
    let mut values = Values::default();
    import_config(&connector(), config).unwrap().merge_into(&connector(), &mut values);
    values
}

#[test]
fn what_is_stored_goes_nowhere_else() {
    let ssh = |host: &str| json!({"by": "ssh", "tunnel_host": host});
    let both = json!({"host": "a", "password": "p", "tunnel": {"by": "ssh", "tunnel_host": "t", "key": "k"}});
    for (before, change, due) in [
        (json!({}), json!({"host": "a", "password": "p"}), &[][..]),
        (json!({"host": "a"}), json!({"host": "b", "password": "p"}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"user": "u", "host": "a"}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"host": "b"}), &["/password"]),
        (json!({"host": "a", "password": "p"}), json!({"host": "b", "password": "q"}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"host": "b", "password": null}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"host": null}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"port": 5432}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"port": 5433}), &["/password"]),
        (json!({"password": "p"}), json!({"host": "b"}), &["/password"]),
        (json!({"host": "a", "password": "p", "hidden": "h"}), json!({"host": "b", "password": "q"}), &["/hidden"]),
        (json!({"host": "a", "password": "p"}), json!({"server_uri": "s"}), &["/password"]),
        (both.clone(), json!({"tunnel": ssh("t")}), &[]),
        (both.clone(), json!({"tunnel": ssh("x")}), &["/password", "/tunnel/key"]),
        (both.clone(), json!({"tunnel": {"by": "none"}}), &[]),
        (json!({"host": "a", "password": "p"}), json!({"tunnel": ssh("x")}), &["/password"]),
        (
            json!({"services": [{"url": "https://a", "token": "x"}], "password": "p"}),
            json!({"services": [{"url": "https://a"}, {"url": "https://b"}]}),
            // The first service is the one that was there, and still has its token.
            &["/password", "/services/0/token"],
        ),
    ] {
        let spec = connector();
        let change_of = import_config(&spec, &change).unwrap();
        let known = KnownValues::of(&stored(&before));
        let kept = kept_elsewhere(&spec, &known, &[(&spec, &change_of)]);
        let kept: Vec<String> = kept.iter().map(|path| shown_path(&known.plain, path).to_string()).collect();
        assert_eq!(kept, due, "{before} and then {change}");
    }
}

#[test]
fn the_form_asks_for_what_stands_in_it_and_in_no_other_branch() {
    let spec = connector();
    let services = json!([{"url": "https://a", "token": "x"}]);
    let known = KnownValues::of(&stored(&json!({"host": "a", "password": "p", "hidden": "h", "services": services,
        "tunnel": {"by": "ssh", "tunnel_host": "t", "key": "k"}})));
    let asked = |pairs: &[(&str, &str)], before: Option<Value>| {
        let before = before.map(|config| import_config(&spec, &config).unwrap());
        let steps: Vec<_> = before.iter().map(|submission| (&spec, submission)).collect();
        let mut decoded = decode(&spec, &raw(pairs), &known, Strictness::Draft, &recipient());
        decoded.ask_again(&spec, &known, &steps, &spec, &known, &recipient());
        assert_eq!(decoded.state.errors(), decoded.errors);
        sentences(&decoded)
    };
    let again = |what: &str| format!("Enter {what} again, because the address has changed");
    let row = "Service 1: enter token again, because the address has changed".to_owned();
    let all = vec![again("password"), again("key"), row.clone()];
    assert_eq!(asked(&[("/host", "b")], None), all);
    assert_eq!(asked(&[("/host", "b"), ("/password", "q"), ("/tunnel", "0")], None), [row]);
    assert_eq!(asked(&[("/user", "u")], None), Vec::<String>::new());
    // A sign-in that hands over the password, and names another host.
    let signed_in = json!({"host": "b", "password": "of the sign-in"});
    assert_eq!(asked(&[("/user", "u")], Some(signed_in)), [again("key"), all[2].clone()]);
}

fn change() -> impl Strategy<Value = Value> {
    let one = |values: Vec<Option<Value>>| proptest::sample::select(values);
    let ssh = |host: &str| Some(json!({"by": "ssh", "tunnel_host": host}));
    let fields = (
        one(vec![None, None, Some(Value::Null), Some(json!("a")), Some(json!("b"))]),
        one(vec![None, None, Some(Value::Null), Some(json!(1)), Some(json!(5432))]),
        one(vec![None, Some(json!("p")), Some(Value::Null)]),
        one(vec![
            None,
            None,
            Some(json!({"by": "none"})),
            ssh("t"),
            ssh("x"),
            Some(json!({"by": "ssh", "tunnel_host": "t", "key": "k"})),
        ]),
    );
    fields.prop_map(|(host, port, password, tunnel)| {
        let named = [("host", host), ("port", port), ("password", password), ("tunnel", tunnel)];
        named
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    })
}

proptest! {
    /// Whatever is changed in whatever order: a secret that is stored was given when every address of now was there.
    #[test]
    fn no_way_leads_a_secret_elsewhere(changes in proptest::collection::vec(change(), 1..10)) {
        let spec = connector();
        let leads = |values: &Values| -> BTreeSet<(String, String)> {
            let all = addresses(&sketch(&spec, &KnownValues::of(values)));
            all.into_iter().map(|address| (address.path.to_string(), address.leads_to)).collect()
        };
        let (mut values, mut given) = (Values::default(), BTreeMap::new());
        for change in changes {
            let submission = import_config(&spec, &change).unwrap();
            let kept = kept_elsewhere(&spec, &KnownValues::of(&values), &[(&spec, &submission)]);
            submission.merge_into(&spec, &mut values);
            values.secrets.retain(|path, _| !kept.contains(path));
            let now = leads(&values);
            for field in submission.provided().into_iter().filter(|field| field.secret) {
                given.insert(field.path, now.clone());
            }
            for path in values.secrets.keys() {
                prop_assert!(now.is_subset(&given[path]), "{path} after {change}");
            }
        }
    }
}
