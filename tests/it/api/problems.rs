//! Everything that goes wrong has one shape.

use serde_json::json;

use super::Program;
use crate::support::{CANARY, TestApp};

/// Method, address, body, headers; status and code.
type Case = (&'static str, &'static str, Option<String>, &'static [(&'static str, &'static str)], u16, &'static str);

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
    const TEXT: &[(&str, &str)] = &[("content-type", "text/plain")];
    let cases: Vec<Case> = vec![
        ("GET", "/api/v1/nothing/", None, &[], 404, "not_found"),
        ("GET", "/api/", None, &[], 404, "not_found"),
        ("GET", "/api/v1/sources/nonesuch/", None, &[], 404, "not_found"),
        ("GET", "/api/v1/sources/%00/", None, &[], 404, "not_found"),
        ("GET", "/api/v1/sources/nonesuch/setup-tokens/?cursor=%00", None, &[], 400, "unreadable"),
        ("GET", "/api/v1/sources/?search=%00", None, &[], 400, "unreadable"),
        ("GET", "/api/v1/sources/?connector=%00", None, &[], 400, "unreadable"),
        ("GET", "/api/v1/sources/a%1bb/", None, &[], 404, "not_found"),
        ("GET", "/api/v1/sources/?search=%1b", None, &[], 400, "unreadable"),
        ("PUT", "/api/v1/sources/", None, &[], 405, "method_not_allowed"),
        ("POST", "/api/v1/sources/", Some(format!("{{\"a\": {CANARY}")), JSON, 400, "invalid_json"),
        ("POST", "/api/v1/sources/", Some("[".repeat(10_000)), JSON, 400, "invalid_json"),
        ("POST", "/api/v1/sources/", Some(format!("\"{CANARY}\"")), JSON, 422, "invalid"),
        ("POST", "/api/v1/sources/", Some(format!("connector_slug={CANARY}")), TEXT, 415, "unsupported_media_type"),
        ("POST", "/api/v1/sources/", Some("x".repeat(4 * 1024 * 1024 + 1)), JSON, 413, "too_large"),
    ];
    for (method, path, body, headers, status, code) in cases {
        let refused = program.send(method, path, body, headers).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{method} {path}: {}", refused.body);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"), "{method} {path}");
        assert_eq!(refused.header("x-request-id"), Some(refused.text("/request_id").as_str()), "{method} {path}");
        assert_eq!(refused.json["status"], status);
        assert!(!refused.body.contains(CANARY), "{}", refused.body);
        let page = refused.text("/type");
        let (address, anchor) = page.split_once('#').unwrap();
        assert!(app.visitor().get(address).await.has(&format!("#{anchor}")), "{page} explains it");
    }
}

#[tokio::test]
async fn no_member_of_a_body_takes_control_characters() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let url = format!("/api/v1/sources/{slug}/");
    for letter in ["\0", "\u{1}", "\u{8}", "\u{1b}", "\u{7f}", "\u{9b}"] {
        for (body, place) in [
            (json!({"description": format!("a{letter}")}), "/description"),
            (json!({"config": {"database": format!("a{letter}")}}), "/config/database"),
            (json!({"config": {"password": format!("a{letter}")}}), "/config/password"),
            (json!({"config": {"schemas": ["a", format!("a{letter}")]}}), "/config/schemas/1"),
        ] {
            let refused = program.patch(&url, body).await.expect(422);
            assert_eq!(
                (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
                (place, "control_character")
            );
        }
    }
    let two_lines = program.patch(&url, json!({"config": {"database": "a\nb"}})).await.expect(422);
    assert_eq!(two_lines.text("/errors/0/code"), "control_character", "{}", two_lines.body);
    program.patch(&url, json!({"config": {"password": "a\nb"}})).await.expect(200);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let head = program.send("HEAD", &format!("/api/v1/sources/{slug}/"), None, &[]).await.expect(200);
    assert!(head.body.is_empty() && head.header("etag").is_some());
    let refused = program.send("HEAD", &format!("/api/v1/sources/{slug}/credentials/"), None, &[]).await;
    assert_eq!(refused.status, 405, "credentials are only read on purpose");
}

#[tokio::test]
async fn answers_are_kept_by_nobody() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let answer = program.post("/api/v1/sources/", json!({"connector_slug": "postgres"})).await.expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
}
