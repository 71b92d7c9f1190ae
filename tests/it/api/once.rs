//! Requests that are sent twice.

use time::Duration;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::idempotency::{self, Request, Start};

use super::program::{key, workspace_id};
use super::{Answer, Program};
use crate::support::TestApp;

async fn post(program: &Program, path: &str, body: &str, key: &str) -> Answer {
    program.send("POST", path, Some(body.to_owned()), &[("idempotency-key", key)]).await
}

const DRAFT: &str = r#"{"connector_slug": "postgres"}"#;

#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let first = post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = post(&program, "/api/v1/sources", DRAFT, "order-1").await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    for name in ["etag", "location"] {
        assert_eq!(again.header(name), first.header(name));
    }
    assert_eq!(program.get("/api/v1/sources/").await.json["count"], 1);
    let tokens = format!("/api/v1/sources/{}/setup-tokens/", first.text("/slug"));
    let made = post(&program, &tokens, "{}", "token-1").await.expect(201);
    assert_eq!(post(&program, &tokens, "{}", "token-1").await.body, made.body, "the token too");
    assert_eq!(program.get(&tokens).await.json["count"], 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_and_one_program() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
    for (path, body) in [("/api/v1/sources/", r#"{"connector_slug":  "postgres"}"#), ("/api/v1/destinations/", DRAFT)] {
        assert_eq!(post(&program, path, body, "order-1").await.expect(422).code(), "idempotency_key_reused");
    }
    let other = program.with_scopes(&app, "Acme Analytics", Scope::ALL).await;
    post(&other, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
    assert_eq!(program.get("/api/v1/sources/").await.json["count"], 2);
    for key in ["with space", &"x".repeat(256), "ümlaut"] {
        let refused = post(&program, "/api/v1/sources/", DRAFT, key).await.expect(422);
        assert_eq!(refused.text("/errors/0/parameter"), "Idempotency-Key");
    }
}

#[tokio::test]
async fn a_refused_request_may_be_mended() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    post(&program, "/api/v1/sources/", r#"{"connector_slug": "nonesuch"}"#, "order-1").await.expect(422);
    post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let first = post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
    app.advance(Duration::hours(24) - Duration::seconds(1));
    app.run_jobs().await;
    assert_eq!(post(&program, "/api/v1/sources/", DRAFT, "order-1").await.text("/slug"), first.text("/slug"));
    app.advance(Duration::seconds(1));
    assert_ne!(
        post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201).text("/slug"),
        first.text("/slug")
    );
}

#[tokio::test]
async fn a_running_request_keeps_its_key_until_its_lease_is_over() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let (id, text) = key(&app, "Acme Analytics", Scope::ALL).await;
    let program = program.with_key(&text);
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let inner = std::sync::Arc::clone(&app.app);
    let claim = move || {
        let (inner, request) = (
            std::sync::Arc::clone(&inner),
            Request::new(&workspace, &id, "order-1", ("POST", "/api/v1/sources/", DRAFT.as_bytes())),
        );
        async move { inner.write(move |tx| idempotency::start(tx, &request)).await.unwrap() }
    };
    assert!(matches!(claim().await, Start::Fresh(_)), "somebody begins and dies");
    assert_eq!(
        post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(409).code(),
        "idempotency_in_progress"
    );
    app.advance(Duration::seconds(60));
    post(&program, "/api/v1/sources/", DRAFT, "order-1").await.expect(201);
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    for round in 0..5 {
        let key = format!("round-{round}");
        let sends = (0..20).map(|_| {
            let (program, key) = (program.clone(), key.clone());
            tokio::spawn(async move { post(&program, "/api/v1/sources/", DRAFT, &key).await })
        });
        let mut slugs = std::collections::BTreeSet::new();
        for send in sends.collect::<Vec<_>>() {
            let answer = send.await.unwrap();
            match answer.status {
                201 => {
                    slugs.insert(answer.text("/slug"));
                }
                _ => assert_eq!((answer.status, answer.code()), (409, "idempotency_in_progress"), "{}", answer.body),
            }
        }
        assert_eq!(slugs.len(), 1);
        assert_eq!(program.get("/api/v1/sources/").await.json["count"], round + 1);
    }
}

#[tokio::test]
async fn kept_answers_are_sealed() {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::idempotency_keys::dsl;
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let made = post(&program, &format!("/api/v1/sources/{slug}/setup-tokens/"), "{}", "token-1").await.expect(201);
    let stored: Vec<Option<Vec<u8>>> =
        app.app.db.read(|conn| Ok(dsl::idempotency_keys.select(dsl::sealed_answer).load(conn)?)).await.unwrap();
    let token = made.text("/token");
    let sealed = stored[0].as_ref().unwrap();
    assert!(!sealed.windows(token.len()).any(|window| window == token.as_bytes()));
}
