//! Validations that are stopped, abandoned, overtaken; what a connector changes itself.

use serde_json::json;
use vestibule::features::work::validations::{self, Validation};
use vestibule::platform::jobs::WorkState;

use super::{shop_draft, validated};
use crate::api::program::workspace_id;

#[tokio::test]
async fn one_that_waits_is_cancelled_at_once_and_a_new_one_cancels_the_old() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let start = format!("/api/v1/sources/{slug}/revalidate/");
    let first = program.post(&start, json!({})).await.expect(202).text("/id");
    let second = program.post(&start, json!({})).await.expect(202).text("/id");
    let state =
        async |id: &str| program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).text("/status");
    assert_eq!((state(&first).await.as_str(), state(&second).await.as_str()), ("cancelled", "in_progress"));
    program.post(&format!("/api/v1/connector-validations/{second}/cancel/"), json!({})).await.expect(202);
    assert_eq!(state(&second).await, "cancelled");
    app.work().await;
    assert_eq!(state(&second).await, "cancelled");
}

#[tokio::test]
async fn one_that_runs_is_stopped_and_its_program_with_it() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "slow"})).await;
    let started = program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await.expect(202);
    let one = format!("/api/v1/connector-validations/{}/", started.text("/id"));
    let work = app.work();
    let stop = async {
        while program.get(&one).await.json["started_at"].is_null() {
            tokio::task::yield_now().await;
        }
        program.post(&format!("{one}cancel/"), json!({})).await.expect(202);
    };
    tokio::join!(work, stop);
    let done = program.get(&one).await.expect(200);
    assert_eq!(done.json["status"], "cancelled", "{}", done.body);
}

#[tokio::test]
async fn one_whose_server_was_killed_is_over_within_a_minute() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "slow"})).await;
    let started = program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await.expect(202);
    let one = format!("/api/v1/connector-validations/{}/", started.text("/id"));
    let server = {
        let inner = std::sync::Arc::clone(&app.app);
        tokio::spawn(async move { validations::run_due(&inner).await })
    };
    while program.get(&one).await.json["started_at"].is_null() {
        tokio::task::yield_now().await;
    }
    server.abort();
    let _ = server.await;
    app.minute().await;
    let told = program.get(&one).await.expect(200);
    assert_eq!(
        (told.json["status"].as_str(), told.json["error"]["code"].as_str()),
        (Some("failed"), Some("interrupted"))
    );
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let id = vestibule::base::ids::ValidationId::from_text(&started.text("/id"));
    let row = app.app.db.read(move |conn| Ok(Validation::find(conn, &workspace, &id)?.unwrap())).await.unwrap();
    assert_eq!((row.state, row.reason.as_deref()), (WorkState::Failed, Some("interrupted")));
}

#[tokio::test]
async fn what_the_connector_renews_is_kept_and_still_counts_as_checked() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "renews"})).await;
    let done = validated(&app, &program, &slug).await;
    assert_eq!(done["status"], "success", "{done}");
    let secret = program.get(&format!("/api/v1/sources/{slug}/credentials/")).await.expect(200);
    assert_eq!(secret.text("/config/token"), "right-renewed");
    let finalised = program
        .patch(&format!("/api/v1/sources/{slug}/"), json!({"draft": false, "add_streams": [{"stream_name": "people"}]}))
        .await;
    assert_eq!(finalised.expect(200).json["draft"], false);
}

#[tokio::test]
async fn of_what_a_connector_renews_twice_the_last_is_kept() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "renews,renews_twice"})).await;
    validated(&app, &program, &slug).await;
    let credentials = format!("/api/v1/sources/{slug}/credentials/");
    assert_eq!(program.get(&credentials).await.expect(200).text("/config/token"), "right-renewed-again");
}

#[tokio::test]
async fn the_workspace_is_told() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get("/settings/webhooks/new").await;
    assert!(page.body.contains("validation.finished"), "it can be subscribed to");
    validated(&app, &program, &slug).await;
    let timeline = owner.get(&format!("/connections/{slug}")).await.text();
    assert!(timeline.contains("Validated. The details work: 2 streams found."), "{timeline}");
}
