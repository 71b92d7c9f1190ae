//! What goes on while connectors misbehave: everything else, as fast as ever.

use std::time::{Duration, Instant};

use serde_json::json;
use vestibule::features::work::validations;

use crate::api::Program;
use crate::setup_links::share;
use crate::support::connectors::app_with;
use crate::support::engine::script_file;
use crate::support::{CANARY, TestApp};

/// Long for an answer, short for a connector that is stopped.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connectors that stay, flood, swell, fork and leak; those that stay are first, so that they have the places.
const MODES: [&str; 5] = ["stubborn", "forks", "flood", "memory", "leaks"];

/// A product with a connector for every way to misbehave, and room for all of them at once.
fn app() -> TestApp {
    app_with(
        |dir| {
            for mode in MODES {
                let mut file = script_file(mode);
                file["slug"] = json!(mode);
                std::fs::write(dir.join(format!("{mode}.json")), file.to_string()).unwrap();
            }
        },
        |config| config.connectors.concurrency = MODES.len(),
    )
}

/// Starts a validation of each; gives their ids.
async fn start_all(program: &Program) -> Vec<String> {
    let mut started = Vec::new();
    for mode in MODES {
        let new = json!({"connector_slug": mode, "config": {"token": format!("{CANARY}-{mode}")}});
        let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
        let path = format!("/api/v1/sources/{slug}/revalidate/");
        started.push(program.post(&path, json!({})).await.expect(202).text("/id"));
    }
    started
}

/// What people and programs do meanwhile; gives the longest wait.
async fn others(app: &TestApp, program: &Program) -> Duration {
    let mut longest = Duration::ZERO;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    for _ in 0..3 {
        let began = Instant::now();
        let (_, link) = share(&owner, "source", "postgres", &[]).await;
        let recipient = app.visitor();
        let form = recipient.get(&link).await.form_with("/host").set("/host", "db.shop.example");
        assert_eq!(form.press("intent", "partial", &recipient).await.status, 303);
        program.get("/api/v1/sources/").await.expect(200);
        assert_eq!(owner.get("/connections").await.status, 200);
        longest = longest.max(began.elapsed());
    }
    longest
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_waits_for_connectors_that_misbehave() {
    let app = app();
    let program = Program::start(&app).await;
    let started = start_all(&program).await;
    let work = tokio::spawn({
        let inner = std::sync::Arc::clone(&app.app);
        async move { validations::run_due(&inner).await }
    });
    let see = async |id: &str| program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200);
    for id in &started {
        while see(id).await.json["started_at"].is_null() {
            tokio::task::yield_now().await;
        }
    }
    let longest = others(&app, &program).await;
    assert!(longest < PATIENCE, "{longest:?}");
    let staying = see(&started[0]).await;
    assert_eq!(staying.json["status"], "in_progress", "all this was while it stayed: {}", staying.body);

    for id in &started {
        program.post(&format!("/api/v1/connector-validations/{id}/cancel/"), json!({})).await.expect(202);
    }
    work.await.unwrap().unwrap();
    for (id, mode) in started.iter().zip(MODES) {
        let done = see(id).await;
        let status = done.text("/status");
        assert!(["failed", "cancelled"].contains(&status.as_str()), "{mode}: {}", done.body);
        assert!(!done.text("/message").is_empty() && !done.body.contains(CANARY), "{mode}: {}", done.body);
    }
    assert_eq!(std::fs::read_dir(app.app.engines.runs_dir()).map_or(0, Iterator::count), 0, "nothing is left behind");
}
