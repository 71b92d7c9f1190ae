//! What a program does with layers.

use serde_json::{Value, json};

use super::{add, layer};
use crate::api::Program;
use crate::support::{CANARY, TestApp};

const ALL: &str = "/api/v1/output-layers/";

#[tokio::test]
async fn a_layer_is_added_changed_and_deleted_and_its_password_is_never_given_back() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let headers = [("idempotency-key", "layer-1")];
    let made = program.send("POST", ALL, Some(layer("Our Warehouse").to_string()), &headers).await.expect(201);
    let again = program.send("POST", ALL, Some(layer("Our Warehouse").to_string()), &headers).await.expect(201);
    assert_eq!((made.text("/slug"), &made.json), ("our-warehouse".to_owned(), &again.json));
    let postgres = &made.json["postgres"];
    assert_eq!((postgres["port"].as_i64(), postgres["tls_mode"].as_str()), (Some(5432), Some("require")));
    assert_eq!((postgres["has_password"].as_bool(), made.json["kind"].as_str()), (Some(true), Some("postgres")));
    let one = format!("{ALL}our-warehouse/");
    let read = program.get(&one).await.expect(200);
    let tag = read.header("etag").unwrap().to_owned();
    let change = json!({"name": "Lake", "postgres": {"schema": "lake", "port": 5432}}).to_string();
    let changed = program.send("PATCH", &one, Some(change.clone()), &[("if-match", &tag)]).await.expect(200);
    assert_eq!((changed.text("/name"), changed.text("/postgres/schema")), ("Lake".to_owned(), "lake".to_owned()));
    let stale = program.send("PATCH", &one, Some(change), &[("if-match", &tag)]).await.expect(412);
    let list = program.get(ALL).await.expect(200);
    assert_eq!((list.json["count"].as_i64(), list.text("/results/0/slug")), (Some(3), "files".to_owned()));
    assert_eq!(list.text("/results/1/slug"), "files:parquet");
    assert_eq!(
        (list.text("/results/1/format"), list.text("/results/2/slug")),
        ("parquet".to_owned(), "our-warehouse".to_owned())
    );
    let files = program.get(&format!("{ALL}files:parquet/")).await.expect(200);
    assert_eq!((files.text("/kind"), files.json["is_default"].as_bool()), ("files".to_owned(), Some(false)));
    assert_eq!(program.delete(&format!("{ALL}files:parquet/")).await.status, 409);
    let tried = program.post(&format!("{one}check/"), json!({})).await.expect(200);
    assert_eq!((tried.json["works"].as_bool(), tried.text("/error/code")), (Some(false), "address_refused".to_owned()));
    assert_eq!((tried.text("/error/turn"), tried.text("/error/kind")), ("owner".to_owned(), "config_error".to_owned()));
    assert!(tried.text("/message").contains("not public") && !tried.body.contains("VESTIBULE_"), "{}", tried.body);
    for answer in [&made, &again, &read, &changed, &stale, &list, &tried] {
        assert!(!answer.body.contains(CANARY), "{}", answer.body);
    }
    let late = program.send("DELETE", &one, None, &[("if-match", &tag)]).await.expect(412);
    assert_eq!(late.header("etag"), changed.header("etag"), "what is there now");
    program.delete(&one).await.expect(204);
    assert_eq!(program.get(&one).await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_taken_is_pointed_at() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let one = add(&program, layer("Warehouse")).await;
    let pointer = async |method: &str, path: &str, body: Value| {
        let refused = program.send(method, path, Some(body.to_string()), &[]).await.expect(422);
        assert!(!refused.body.contains(CANARY), "{}", refused.body);
        refused.text("/errors/0/pointer")
    };
    let with = |name: &str, value: Value| {
        let mut body = layer("A");
        body["postgres"][name] = value;
        body
    };
    for (member, value) in [
        ("host", json!("https://db.example")),
        ("host", json!("")),
        ("port", json!(0)),
        ("port", json!("many")),
        ("schema", json!("pg_toast")),
        ("schema", json!("x".repeat(64))),
        ("user", json!(" ")),
        ("tls_mode", json!("maybe")),
        ("ca_certificate", json!(5)),
        ("colour", json!("red")),
        ("password", json!("two\nlines")),
    ] {
        assert_eq!(pointer("POST", ALL, with(member, value.clone())).await, format!("/postgres/{member}"), "{value}");
    }
    assert_eq!(pointer("POST", ALL, with("tls_mode", json!("verify-full"))).await, "/postgres/ca_certificate");
    assert_eq!(pointer("POST", ALL, json!({"name": "A", "kind": "files"})).await, "/kind");
    // A password is not sent to another server than the one it was given for.
    assert_eq!(pointer("PATCH", &one, json!({"postgres": {"host": "db.other.example"}})).await, "/postgres/password");
    assert_eq!(pointer("PATCH", &one, json!({"postgres": {"port": 6543, "password": ""}})).await, "/postgres/password");
    let moved = json!({"postgres": {"host": "db.other.example", "password": "another one"}});
    assert_eq!(program.patch(&one, moved).await.expect(200).text("/postgres/host"), "db.other.example");
    let fixed = format!("{ALL}files/");
    assert_eq!(program.patch(&fixed, json!({"name": "Mine"})).await.expect(409).code(), "conflict");
    assert_eq!(program.delete(&fixed).await.expect(409).code(), "conflict");
}

#[tokio::test]
async fn a_layer_in_use_stays_and_one_of_another_workspace_is_none() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let stranger = program.with_scopes(&app, "Other", vestibule::features::accounts::api_keys::Scope::ALL).await;
    let one = add(&program, layer("Warehouse")).await;
    let theirs = add(&stranger, layer("Theirs")).await;
    for path in [&one, &theirs] {
        let other = if *path == one { &stranger } else { &program };
        assert_eq!(other.get(path).await.status, 404);
        assert_eq!(other.patch(path, json!({"name": "Mine"})).await.status, 404);
        assert_eq!(other.post(&format!("{path}check/"), json!({})).await.status, 404);
        assert_eq!(other.delete(path).await.status, 404);
    }
    let slug = program.draft("sources", "postgres").await;
    let source = format!("/api/v1/sources/{slug}/");
    let refused = program.patch(&source, json!({"output_layer": "theirs"})).await.expect(422);
    assert_eq!(refused.text("/errors/0/pointer"), "/output_layer");
    let named =
        program.patch(&source, json!({"description": "Corner Shop", "output_layer": "warehouse"})).await.expect(200);
    assert_eq!(named.text("/output_layer"), "warehouse", "{}", named.body);
    let refused = program.delete(&one).await.expect(409);
    assert!(refused.text("/detail").contains("Corner Shop"), "{}", refused.body);
    program.patch(&source, json!({"output_layer": "files"})).await.expect(200);
    program.delete(&one).await.expect(204);
}

#[tokio::test]
async fn a_list_goes_on_where_a_layer_was_that_is_deleted_meanwhile() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for name in ["Delta", "alpha", "Charlie", "Bravo"] {
        add(&program, layer(name)).await;
    }
    let names = |answer: &crate::api::Answer| -> Vec<String> {
        answer.json["results"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = program.get(&format!("{ALL}?limit=4")).await.expect(200);
    assert_eq!(names(&first)[2..], ["alpha", "Bravo"], "the files come first, then by name whatever the case");
    program.delete(&format!("{ALL}bravo/")).await.expect(204);
    let second = program.get(&first.text("/next")).await.expect(200);
    assert_eq!(
        (names(&second), second.json["count"].as_u64()),
        (vec!["Charlie".to_owned(), "Delta".to_owned()], Some(5))
    );
    program.delete(&format!("{ALL}charlie/")).await.expect(204);
    let back = program.get(&second.text("/previous")).await.expect(200);
    assert_eq!(names(&back)[2..], ["alpha".to_owned()], "and back");
}
