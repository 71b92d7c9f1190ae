//! A block that is wrong says what and where.

use serde_json::{Value, json};
use vestibule::connectors::{Connector, ConnectorFile};

/// A connector with a small block that is in order, changed.
fn problem(change: impl FnOnce(&mut Value)) -> String {
    let mut file = json!({
        "slug": "corner", "name": "Corner", "kind": "source",
        "spec": {
            "type": "object",
            "properties": {
                "account": { "type": "string" },
                "credentials": { "type": "object", "oneOf": [
                    { "title": "Token", "properties": { "kind": { "const": "token" }, "key": { "type": "string", "airbyte_secret": true } } },
                    { "title": "OAuth", "properties": { "kind": { "const": "oauth" }, "access_token": { "type": "string", "airbyte_secret": true } } }
                ] }
            }
        },
        "oauth": {
            "provider": "corner", "name": "Corner",
            "inputs": [{ "name": "shop", "label": "Shop", "kind": { "label": { "suffix": ".corner.example" } }, "path": "account" }],
            "authorize": { "url": "https://{shop}.corner.example/authorize" },
            "scopes": [{ "name": "read", "words": "See your things" }],
            "token": { "url": "https://{shop}.corner.example/token" },
            "refresh": { "how": "none" },
            "landing": { "when": { "path": "credentials.kind", "value": "oauth" }, "outputs": { "access_token": "credentials.access_token" } },
            "accounts": {
                "noun": "shops", "one": "shop", "request": { "url": "https://api.corner.example/shops" }, "items": ["shops"],
                "id": "{id}", "label": "{name}", "target": { "path": "account", "encoding": "single", "selection": "one" }
            }
        }
    });
    change(&mut file);
    match ConnectorFile::from_json(&file).and_then(|file| Connector::new(file, true)) {
        Ok(_) => String::new(),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn a_block_in_order_is_taken() {
    assert_eq!(problem(|_| {}), "");
}

#[test]
fn each_mistake_is_named_with_its_place() {
    type Case = (&'static str, Value, &'static str);
    let cases: [Case; 29] = [
        ("/oauth/provider", json!("Corner Shop"), "oauth.provider must be lower-case"),
        ("/oauth/name", json!(" "), "oauth.name is empty"),
        (
            "/oauth/authorize/url",
            json!("http://corner.example/a"),
            "oauth.authorize.url cannot be used: URL must begin with https://",
        ),
        ("/oauth/authorize/url", json!("https://{client_id}.example/a"), "{client_id} in its host"),
        ("/oauth/authorize/url", json!("https://corner.example/{"), "brace without its partner"),
        ("/oauth/authorize/url", json!("https://user@corner.example/"), "must not contain a user name"),
        ("/oauth/authorize/url", json!("https://corner.example@{shop}.evil.example/"), "must not contain a user name"),
        ("/oauth/token/url", json!("{token.url}"), "needs hosts"),
        ("/oauth/token/url", json!("https://corner.example/{secret}"), "{secret}, which is nothing this block knows"),
        ("/oauth/token/params", json!({ "a": "{nobody}" }), "oauth.token has {nobody}"),
        ("/oauth/token/headers", json!({ "Host": "x" }), "oauth.token.headers has Host"),
        ("/oauth/token/client_auth", json!("jwt"), "oauth.token.client_auth: unknown variant `jwt`"),
        ("/oauth/token/whatever", json!(1), "unknown field `whatever`"),
        ("/oauth/refresh", json!({ "how": "exchange" }), "token.exchange is missing"),
        ("/oauth/landing/when/value", json!("OAuth"), "no branch of the spec has that"),
        (
            "/oauth/landing/outputs/access_token",
            json!("credentials.key"),
            "names credentials.key, which the spec does not have there",
        ),
        ("/oauth/landing/outputs/password", json!("credentials.key"), "unknown variant `password`"),
        ("/oauth/landing/outputs/access_token", json!("a..b"), "a path is names with dots between them"),
        (
            "/oauth/constants",
            json!({ "client_id": { "path": "credentials.client_id" } }),
            "oauth.constants.client_id names",
        ),
        ("/oauth/inputs/0/path", json!("shop"), "oauth.inputs (shop) names shop"),
        ("/oauth/inputs/0/name", json!("client_id"), "must have a name of its own"),
        ("/oauth/inputs/0/kind", json!({ "choice": [] }), "offers nothing"),
        (
            "/oauth/inputs/0/kind",
            json!({ "choice": [{ "value": "a/b", "label": "x" }] }),
            "more than letters, digits, dashes and dots",
        ),
        ("/oauth/inputs/0/kind", json!({ "label": { "suffix": "corner.example" } }), "does not begin with a dot"),
        ("/oauth/scopes/0/words", json!(""), "must each have a name and words"),
        ("/oauth/accounts/items", json!([]), "oauth.accounts.items is empty"),
        ("/oauth/accounts/target/selection", json!("any"), "empty_means"),
        ("/oauth/accounts/request/url", json!("https://{item.id}.corner.example/"), "{item.id} in its host"),
        ("/oauth/granted", json!({ "identity": "scopes" }), "there is none"),
    ];
    for (place, value, expected) in cases {
        let (parent, key) = place.rsplit_once('/').unwrap();
        let said = problem(|file| match file.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
            object => object[key] = value.clone(),
        });
        assert!(said.contains(expected), "{place} = {value}: {said:?} does not say {expected:?}");
    }
}

#[test]
fn an_address_out_of_an_answer_stays_with_the_provider() {
    let request = |hosts: Value| json!({ "request": { "url": "{token.home}/me", "hosts": hosts }, "id": "{id}", "label": "{name}" });
    let with = |hosts: Value| {
        problem(|file| {
            file["oauth"]["identity"] = request(hosts);
            file["oauth"]["token"]["keep"] = json!(["home"]);
        })
    };
    assert_eq!(with(json!([".corner.example"])), "");
    for hosts in [json!([]), json!([".example"]), json!(["corner.example"])] {
        assert!(with(hosts.clone()).contains("needs hosts"), "{hosts}");
    }
}
