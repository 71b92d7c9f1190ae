//! `/metrics`: for the operator only, and without a word of what is secret.

use std::collections::BTreeSet;

use crate::setup_links::app_with_link;
use crate::support::TestApp;

fn value(text: &str, line: &str) -> Option<f64> {
    text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn the_figures_name_routes_and_kinds_and_no_path() {
    let (app, _owner, connection, link) = app_with_link().await;
    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host").set("/host", "db.example").add("intent", "partial");
    assert_eq!(form.send(&visitor).await.status, 303);
    let before = visitor.get("/metrics").await;
    assert_eq!(before.status, 200);
    let text = &before.body;
    assert_eq!(value(text, "vestibule_jobs_waiting{kind=\"submission_mail\"}"), Some(1.0), "{text}");
    assert_eq!(value(text, "vestibule_http_requests_total{route=\"/scl/{token}\",status=\"2xx\"}"), Some(1.0));
    assert_eq!(value(text, "vestibule_jobs_oldest_due_seconds{lane=\"notice_mail\"}"), Some(0.0));
    assert!(value(text, "vestibule_database_connections_open").unwrap() >= 1.0);
    let slug = connection.rsplit('/').next().unwrap();
    for secret in [link.trim_start_matches("/scl/"), slug, "acme", "db.example"] {
        assert!(!text.contains(secret), "{secret}");
    }
    app.advance(time::Duration::minutes(5));
    let text = visitor.get("/metrics").await.body;
    assert_eq!(value(&text, "vestibule_jobs_oldest_due_seconds{lane=\"notice_mail\"}"), Some(300.0));
    app.run_jobs().await;
    let text = visitor.get("/metrics").await.body;
    assert_eq!(value(&text, "vestibule_mail_tries_total{result=\"taken\"}"), Some(1.0));
    assert_eq!(value(&text, "vestibule_jobs_waiting{kind=\"submission_mail\"}"), None);
}

#[tokio::test]
async fn the_text_is_what_prometheus_reads() {
    let app = TestApp::start();
    let text = app.visitor().get("/metrics").await.body;
    let mut named = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["#", kind @ ("HELP" | "TYPE"), name, ..] = words.as_slice() {
            assert!(*kind != "HELP" || named.insert((*name).to_owned()), "{name} comes once");
            assert!(*kind != "TYPE" || ["gauge", "counter"].contains(words.last().unwrap()), "{line}");
            continue;
        }
        let (series, number) = line.rsplit_once(' ').unwrap();
        assert!(named.contains(series.split('{').next().unwrap()), "{line}");
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
    assert!(named.len() >= 10 && text.ends_with('\n'));
}

#[tokio::test]
async fn they_are_for_this_machine_or_for_whoever_shows_the_token() {
    let get = reqwest::Method::GET;
    let app = TestApp::start();
    let visitor = app.visitor();
    assert_eq!(visitor.get("/metrics").await.status, 200);
    for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        let passed_on = visitor.request(get.clone(), "/metrics", &[(header, "203.0.113.9")]).await;
        assert_eq!((passed_on.status, passed_on.body.contains("vestibule_jobs")), (403, false), "{header}");
    }
    let app = TestApp::start_with(|config| config.metrics.token = Some("a-token-that-is-long".into()));
    let visitor = app.visitor();
    for (shown, status) in [
        ("", 401),
        ("Bearer a-token-that-is-lonG", 401),
        ("Bearer ", 401),
        ("a-token-that-is-long", 401),
        ("Bearer a-token-that-is-long", 200),
    ] {
        let answer = visitor.request(get.clone(), "/metrics", &[("authorization", shown)]).await;
        assert_eq!(answer.status, status, "{shown}");
    }
    let passed_on = [("authorization", "Bearer a-token-that-is-long"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(visitor.request(get, "/metrics", &passed_on).await.status, 200);
}
