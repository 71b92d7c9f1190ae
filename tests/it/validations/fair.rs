//! Workspaces share the places: what one queues holds up no other.

use std::sync::Arc;

use serde_json::json;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::work::validations;

use crate::api::Program;
use crate::support::TestApp;
use crate::support::connectors::app_with;
use crate::support::engine::script_file;

/// A connector that stays until it is stopped.
fn app() -> TestApp {
    app_with(
        |dir| {
            let mut file = script_file("hang");
            file["slug"] = json!("hang");
            std::fs::write(dir.join("hang.json"), file.to_string()).unwrap();
        },
        |_| {},
    )
}

/// Starts a validation of a new draft; what is answered.
async fn start(program: &Program) -> crate::api::Answer {
    let new = json!({"connector_slug": "hang", "config": {"token": "t"}});
    let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
    program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await
}

async fn has_begun(program: &Program, id: &str) -> bool {
    let found = program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200);
    !found.json["started_at"].is_null()
}

async fn cancel(program: &Program, id: &str) {
    program.post(&format!("/api/v1/connector-validations/{id}/cancel/"), json!({})).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_the_workspaces_own_and_the_first_of_another_begins_at_once() {
    let app = app();
    let many = Program::start(&app).await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let few = many.with_scopes(&app, "Other", Scope::ALL).await;
    let mut queued = Vec::new();
    for _ in 0..20 {
        // What waits longest is told by the moment it was asked for.
        app.advance(time::Duration::seconds(1));
        queued.push(start(&many).await.expect(202).text("/id"));
    }
    let full = start(&many).await.expect(429);
    assert!(full.text("/detail").contains("20 validations of this workspace wait already"), "{}", full.body);
    assert_eq!(full.header("retry-after"), Some("30"));

    // Two places, as an installation has unless it says otherwise; two servers look for work.
    let (_, second) = app.second_server();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut workers = vec![tokio::spawn(validations::run_until(Arc::clone(&app.app), stopped.clone()))];
    if !Arc::ptr_eq(&app.app, &second) {
        workers.push(tokio::spawn(validations::run_until(second, stopped)));
    }
    while !has_begun(&many, &queued[0]).await {
        tokio::task::yield_now().await;
    }
    let first = start(&few).await.expect(202).text("/id");
    while !has_begun(&few, &first).await {
        tokio::task::yield_now().await;
    }
    // Nothing of the other has ended for it.
    for id in &queued {
        let found = many.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200);
        assert_eq!(found.json["status"], "in_progress", "waits or goes on: {}", found.body);
    }
    for id in &queued {
        cancel(&many, id).await;
    }
    cancel(&few, &first).await;
    stop.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
}
