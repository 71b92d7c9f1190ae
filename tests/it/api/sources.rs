//! Sources and destinations: made, read, changed, deleted.

use serde_json::{Value, json};

use super::Program;
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn a_draft_is_made_filled_in_and_read() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let config = json!({"host": "db.shop.example", "password": CANARY});
    let made = program
        .post(
            "/api/v1/sources/",
            json!({"draft": true, "connector_slug": "postgres", "description": "Shop database", "config": config}),
        )
        .await
        .expect(201);
    let slug = made.text("/slug");
    assert!(slug.starts_with("postgres-"), "{slug}");
    assert_eq!(made.header("location"), Some(format!("{}/api/v1/sources/{slug}/", app.base).as_str()));
    assert_eq!(made.json["draft"], true);
    assert_eq!(made.json["state"], "incomplete");
    assert_eq!(made.json["has_callback_webhook"], false);
    assert_eq!(made.json["config"]["host"], "db.shop.example");
    assert!(made.text("/config/password").starts_with("~secret:"), "a reference stands for the secret: {}", made.body);
    assert_eq!(made.json["provided_fields"], json!(["host", "password"]));
    let missing: Vec<String> = serde_json::from_value(made.json["missing_required_fields"].clone()).unwrap();
    assert!(missing.contains(&"database".to_owned()) && !missing.contains(&"password".to_owned()), "{missing:?}");

    let path = format!("/api/v1/sources/{slug}/");
    assert_eq!(program.get(&path).await.expect(200).json, made.json);
    assert_eq!(
        program.get(path.trim_end_matches('/')).await.expect(200).json,
        made.json,
        "without the slash the answer is the same"
    );
    assert_eq!(program.get(&format!("/api/v1/destinations/{slug}/")).await.status, 404, "a source is no destination");

    let rest: serde_json::Map<String, Value> = missing.iter().map(|field| (field.clone(), json!("value"))).collect();
    let rest = rest
        .into_iter()
        .map(|(field, value)| if field == "port" { (field, json!(5432)) } else { (field, value) })
        .collect::<serde_json::Map<_, _>>();
    let changed = program.patch(&path, json!({"config": rest, "description": "Shop"})).await.expect(200);
    assert_eq!(
        (&changed.json["description"], &changed.json["config_completed"], &changed.json["state"]),
        (&json!("Shop"), &json!(true), &json!("complete"))
    );
    assert_eq!(changed.json["config"]["host"], "db.shop.example", "what is left out stays");
    for answer in [&made, &changed] {
        assert!(!answer.body.contains(CANARY));
    }
    let credentials = program.get(&format!("{path}credentials/")).await.expect(200);
    assert_eq!(
        (&credentials.json["config"]["password"], &credentials.json["config"]["host"]),
        (&json!(CANARY), &json!("db.shop.example"))
    );
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/connections/{slug}")).await;
    assert!(page.text().contains("Program read the credentials through the API"), "{}", page.text());
    let cleared = program.patch(&path, json!({"config": {"host": null}})).await.expect(200);
    assert!(cleared.json["missing_required_fields"].as_array().unwrap().contains(&json!("host")));
    assert_eq!(program.get(&format!("{path}credentials/")).await.expect(409).code(), "conflict");
}

#[tokio::test]
async fn a_deleted_draft_is_gone() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("destinations", "postgres").await;
    let path = format!("/api/v1/destinations/{slug}/");
    program.delete(&path).await.expect(204);
    program.get(&path).await.expect(404);
    program.delete(&path).await.expect(404);
    assert_eq!(program.get("/api/v1/destinations/").await.json["count"], 0);
}

#[tokio::test]
async fn what_cannot_be_taken_is_named_by_its_place() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for (body, pointer, code) in [
        (json!({}), "/connector_slug", "missing"),
        (json!({"connector_slug": "nonesuch"}), "/connector_slug", "unknown_connector"),
        (json!({"connector_slug": "postgres", "draft": false}), "/draft", "only_drafts"),
        (json!({"connector_slug": "postgres", "draft": "yes"}), "/draft", "wrong_type"),
        (json!({"connector_slug": "postgres", "colour": "red"}), "/colour", "unknown_field"),
        (json!({"connector_slug": "postgres", "description": "x".repeat(121)}), "/description", "invalid"),
        (json!({"connector_slug": "postgres", "description": null}), "/description", "wrong_type"),
        (json!({"connector_slug": "postgres", "config": {"hots": CANARY}}), "/config/hots", "unknown_field"),
        (json!({"connector_slug": "postgres", "config": {"port": CANARY}}), "/config/port", "not_an_integer"),
        (json!({"connector_slug": "postgres", "config": [CANARY]}), "/config", "wrong_type"),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "http://x.example/"}}),
            "/callback_webhook/url",
            "",
        ),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "https://127.0.0.1/"}}),
            "/callback_webhook/url",
            "",
        ),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "https://x.example/", "header_name": "X-A"}}),
            "/callback_webhook/header_value",
            "",
        ),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "https://x.example/", "header_name": "X-A", "header_value": format!("{CANARY}\r\nX: y")}}),
            "/callback_webhook/header_value",
            "",
        ),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "https://x.example/", "header_name": "Host", "header_value": CANARY}}),
            "/callback_webhook/header_name",
            "",
        ),
        (
            json!({"connector_slug": "postgres", "callback_webhook": {"url": "https://x.example/", "method": CANARY}}),
            "/callback_webhook/method",
            "unknown_field",
        ),
    ] {
        let refused = program.post("/api/v1/sources/", body.clone()).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid"), "{body}: {}", refused.body);
        assert_eq!(refused.text("/errors/0/pointer"), pointer, "{body}");
        assert!(code.is_empty() || refused.text("/errors/0/code") == code, "{body}: {}", refused.body);
        assert!(!refused.body.contains(CANARY), "what was sent is never repeated: {}", refused.body);
    }
    assert_eq!(program.get("/api/v1/sources/").await.json["count"], 0, "nothing was made");
    let several = program
        .post(
            "/api/v1/sources/",
            json!({"connector_slug": "postgres", "description": "x".repeat(121), "config": {"port": "a", "hots": 1}}),
        )
        .await;
    assert_eq!(several.json["errors"].as_array().unwrap().len(), 3, "{}", several.body);
}

#[tokio::test]
async fn a_callback_webhook_is_written_and_never_read() {
    let app = TestApp::start_with(|config| config.webhooks.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let program = Program::start(&app).await;
    let callback =
        json!({"url": "https://127.0.0.1:9443/hooks", "header_name": "X-Webhook-Secret", "header_value": CANARY});
    let made = program
        .post("/api/v1/sources/", json!({"connector_slug": "postgres", "callback_webhook": callback}))
        .await
        .expect(201);
    assert_eq!(made.json["has_callback_webhook"], true);
    assert!(!made.body.contains(CANARY) && !made.body.contains("127.0.0.1:9443"), "{}", made.body);
    let path = format!("/api/v1/sources/{}/", made.text("/slug"));
    assert_eq!(
        program.patch(&path, json!({"description": "Renamed"})).await.expect(200).json["has_callback_webhook"],
        true,
        "left out is left alone"
    );
    assert_eq!(program.get("/api/v1/sources/").await.json["results"][0]["has_callback_webhook"], true);
    assert_eq!(
        program.patch(&path, json!({"callback_webhook": null})).await.expect(200).json["has_callback_webhook"],
        false
    );
}

#[tokio::test]
async fn a_change_is_refused_when_somebody_was_faster() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{slug}/");
    let seen = program.get(&path).await.header("etag").unwrap().to_owned();
    let change = |tag: String, text: &str| {
        let (program, path, body) = (program.clone(), path.clone(), json!({"description": text}).to_string());
        async move { program.send("PATCH", &path, Some(body), &[("if-match", &tag)]).await }
    };
    let first = change(seen.clone(), "First").await.expect(200);
    assert_ne!(first.header("etag"), Some(seen.as_str()));
    assert_eq!(change(seen.clone(), "Second").await.expect(412).code(), "precondition_failed");
    assert_eq!(program.get(&path).await.json["description"], "First");
    let now = first.header("etag").unwrap().to_owned();
    let stale = program.send("DELETE", &path, None, &[("if-match", &seen)]).await.expect(412);
    assert_eq!((stale.code(), stale.header("etag")), ("precondition_failed", Some(now.as_str())));
    program.get(&path).await.expect(200);
    change(format!("\"other\", {now}"), "Third").await.expect(200);
    change("*".to_owned(), "Fourth").await.expect(200);
    program.patch(&path, json!({"description": "Fifth"})).await.expect(200);
}

/// What is sent is kept as it is, or refused where it stands.
#[tokio::test]
async fn numbers_are_kept_exactly_and_long_texts_are_taken() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{slug}/");
    for (sent, kept) in [("5433.0", "5433"), ("5.434e3", "5434"), ("5435", "5435")] {
        let body = format!(r#"{{"config": {{"port": {sent}}}}}"#);
        program.send("PATCH", &path, Some(body), &[("content-type", "application/json")]).await.expect(200);
        let shown = program.get(&path).await.expect(200);
        assert_eq!(shown.json["config"]["port"].to_string(), kept, "{sent}");
    }
    for (body, pointer, code) in [
        (r#"{"config": {"port": 123456789012345678901}}"#, "/config/port", "number_not_exact"),
        (r#"{"config": {"nested": [0, {"x": 0.12345678901234567890}]}}"#, "/config/nested/1/x", "number_not_exact"),
        (r#"{"config": {"port": 5433.5}}"#, "/config/port", "not_an_integer"),
    ] {
        let refused =
            program.send("PATCH", &path, Some(body.to_owned()), &[("content-type", "application/json")]).await;
        let refused = refused.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
            (pointer, code)
        );
    }
    assert_eq!(program.get(&path).await.json["config"]["port"], 5435);
    let bundle = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n".repeat(29_000);
    assert!(bundle.len() > 1_000_000);
    program
        .patch(
            &path,
            json!({"config": {"host": "db.example", "database": "shop", "username": "ro", "password": bundle}}),
        )
        .await
        .expect(200);
    let read = program.get(&format!("{path}credentials/")).await.expect(200);
    assert_eq!(read.json["config"]["password"].as_str().map(str::len), Some(bundle.len()), "as it was sent");
    let refused = program.patch(&path, json!({"config": {"password": "x".repeat(1024 * 1024 + 1)}})).await.expect(422);
    assert_eq!(
        (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
        ("/config/password", "too_long")
    );
}

#[tokio::test]
async fn a_finalised_source_takes_no_more_links() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let (path, finalised) = (format!("/api/v1/sources/{slug}/"), slug.clone());
    let now = app.app.clock.now();
    app.app
        .db
        .write(move |conn| {
            use diesel::prelude::*;
            use vestibule::platform::db::schema::connections::dsl;
            Ok(diesel::update(dsl::connections.filter(dsl::slug.eq(finalised)))
                .set(dsl::finalised_at.eq(now))
                .execute(conn)?)
        })
        .await
        .unwrap();
    let shown = program.get(&path).await.expect(200);
    assert_eq!((&shown.json["draft"], &shown.json["state"]), (&json!(false), &json!("finalised")));
    // Its owner may still reconnect it.
    program.patch(&path, json!({"config": {"host": "x"}})).await.expect(200);
    assert_eq!(program.post(&format!("{path}setup-tokens/"), json!({})).await.expect(409).code(), "conflict");
    program.patch(&path, json!({"description": "Still mine"})).await.expect(200);
    program.delete(&path).await.expect(204);
    program.get(&path).await.expect(404);
}
