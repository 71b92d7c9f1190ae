//! Keys: who gets in.

use serde_json::json;
use time::Duration;
use vestibule::features::accounts::api_keys::{self, Scope};
use vestibule::platform::activity::Actor;

use super::Program;
use super::program::{key, workspace_id};
use crate::support::TestApp;

#[tokio::test]
async fn a_key_opens_its_workspace_and_nothing_else_does() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    assert_eq!(program.get("/api/v1/sources/").await.expect(200).json["count"], 0);
    let nobody = Program::nobody(&app).await;
    let refused = nobody.get("/api/v1/sources/").await.expect(401);
    assert_eq!(refused.code(), "api_key_missing");
    assert!(refused.header("www-authenticate").unwrap().contains("x-api-key"), "RFC 9110 wants a challenge");
    for wrong in ["vst_nonsense", "", " ", &"x".repeat(5_000)] {
        let refused = nobody.with_key(wrong).get("/api/v1/sources/").await;
        assert_eq!((refused.status, refused.code()), (401, "api_key_invalid"), "{wrong}");
    }
    assert_eq!(
        app.owner_of("Other", "Olga", "olga@other.example").await.get("/api/v1/sources/").await.status,
        401,
        "a session is no key"
    );
}

#[tokio::test]
async fn a_revoked_or_expired_key_is_dead_at_once() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let (id, text) = key(&app, "Acme Analytics", Scope::ALL).await;
    let holder = program.with_key(&text);
    holder.get("/api/v1/sources/").await.expect(200);
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let (id_here, workspace_here) = (id.clone(), workspace.clone());
    app.app.write(move |tx| api_keys::revoke(tx, &workspace_here, &id_here, Actor::System)).await.unwrap();
    assert_eq!(holder.get("/api/v1/sources/").await.expect(401).code(), "api_key_invalid");

    let (id, text) = key(&app, "Acme Analytics", Scope::ALL).await;
    let (expires, id_here) = (app.app.clock.now() + Duration::hours(1), id);
    app.app
        .db
        .write(move |conn| {
            use diesel::prelude::*;
            use vestibule::platform::db::schema::api_keys::dsl;
            Ok(diesel::update(dsl::api_keys.find(&id_here)).set(dsl::expires_at.eq(expires)).execute(conn)?)
        })
        .await
        .unwrap();
    let holder = program.with_key(&text);
    holder.get("/api/v1/sources/").await.expect(200);
    app.advance(Duration::hours(1));
    assert_eq!(holder.get("/api/v1/sources/").await.expect(401).code(), "api_key_invalid");
}

async fn last_used(app: &TestApp) -> Option<vestibule::base::clock::UtcTime> {
    let workspace = workspace_id(app, "Acme Analytics").await;
    app.app
        .db
        .read(move |conn| api_keys::list(conn, &workspace))
        .await
        .unwrap()
        .into_iter()
        .next()
        .unwrap()
        .last_used_at
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    assert_eq!(last_used(&app).await, None);
    let first = app.app.clock.now();
    program.get("/api/v1/sources/").await;
    assert_eq!(last_used(&app).await, Some(first));
    app.advance(Duration::seconds(59));
    program.get("/api/v1/sources/").await;
    assert_eq!(last_used(&app).await, Some(first), "within a minute nothing is written");
    app.advance(Duration::seconds(1));
    program.get("/api/v1/sources/").await;
    assert_eq!(last_used(&app).await, Some(first + Duration::minutes(1)));
}

#[tokio::test]
async fn a_key_for_links_collects_credentials_and_never_reads_one() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let links = program.with_scopes(&app, "Acme Analytics", &[Scope::LinksRead, Scope::LinksWrite]).await;
    links.post(&format!("/api/v1/sources/{slug}/setup-tokens/"), json!({})).await.expect(201);
    for path in [
        format!("/api/v1/sources/{slug}/"),
        format!("/api/v1/sources/{slug}/credentials/"),
        "/api/v1/sources/".to_owned(),
    ] {
        assert_eq!(links.get(&path).await.expect(403).code(), "scope_missing", "{path}");
    }
}

#[tokio::test]
async fn limits_are_said_and_kept() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let first = program.get("/api/v1/sources/").await.expect(200);
    let number = |answer: &super::Answer, name: &str| answer.header(name).unwrap().parse::<u32>().unwrap();
    assert_eq!(number(&first, "ratelimit-limit"), 600);
    let second = program.get("/api/v1/sources/").await;
    assert!(number(&second, "ratelimit-remaining") < 600 && number(&second, "ratelimit-reset") >= 1);
    let path = format!("/api/v1/sources/{slug}/credentials/");
    let mut refused = None;
    for _ in 0..40 {
        let answer = program.get(&path).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(
            (answer.status, answer.header("ratelimit-limit")),
            (409, Some("30")),
            "an incomplete draft has no credentials yet"
        );
    }
    let refused = refused.expect("the limit for credentials is thirty");
    assert_eq!((refused.code(), number(&refused, "ratelimit-remaining")), ("too_many_requests", 0));
    assert!(number(&refused, "retry-after") >= 1);
    program.get("/api/v1/sources/").await.expect(200);
}
