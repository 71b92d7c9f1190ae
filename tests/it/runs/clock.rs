//! Sources that are read by the clock.

use std::sync::Arc;

use diesel::RunQueryDsl as _;
use serde_json::{Value, json};
use vestibule::connectors::Connectors;

use super::source;
use crate::api::Program;
use crate::support::TestApp;

#[tokio::test]
async fn the_clock_starts_runs_once_each_time() {
    let trigger = json!({"trigger": {"type": "cron", "cron": "0 * * * *", "time_zone": "UTC"}});
    let (app, program, slug) = source(json!({}), trigger).await;
    let count = async || program.get("/api/v1/runs/").await.expect(200).json["count"].as_i64().unwrap();
    let one = format!("/api/v1/sources/{slug}/");
    assert_eq!(program.get(&one).await.json["trigger"]["next_at"], "2026-03-13T17:00:00Z");
    app.work().await;
    assert_eq!(count().await, 0);
    app.advance(time::Duration::minutes(61));
    app.work().await;
    app.work().await;
    assert_eq!(count().await, 1);
    assert_eq!(program.get("/api/v1/runs/").await.json["results"][0]["trigger"], "cron");
    // Times that were missed are not made up for.
    app.advance(time::Duration::hours(5));
    app.work().await;
    assert_eq!(count().await, 2);
    program.patch(&one, json!({"trigger": {"type": "manual"}})).await.expect(200);
    app.advance(time::Duration::hours(5));
    app.work().await;
    assert_eq!(count().await, 2);
}

const HOURLY: &str = "0 * * * *";

async fn hourly() -> (TestApp, Program, String) {
    source(json!({}), json!({"trigger": {"type": "cron", "cron": HOURLY, "time_zone": "UTC"}})).await
}

async fn trigger(program: &Program, slug: &str) -> Value {
    program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200).json["trigger"].clone()
}

async fn count(program: &Program) -> i64 {
    program.get("/api/v1/runs/").await.expect(200).json["count"].as_i64().unwrap()
}

/// The same product with other connectors, as after a restart.
fn with_connectors(app: &TestApp, connectors: Connectors) -> Arc<vestibule::platform::app::App> {
    let mut other = vestibule::platform::app::App::build_with(
        app.app.config.clone(),
        app.app.clock.clone(),
        vestibule::base::rng::Rng::System,
        vestibule::base::crypto::password::Cost::Cheap,
    )
    .unwrap();
    Arc::get_mut(&mut other).unwrap().connectors = connectors;
    other
}

async fn sql(app: &TestApp, sql: &str) {
    let sql = sql.to_owned();
    app.app.db.write(move |conn| Ok(diesel::sql_query(sql).execute(conn)?)).await.unwrap();
}

#[tokio::test]
async fn a_schedule_whose_connector_is_away_goes_on_says_why_and_comes_back_by_itself() {
    let (app, program, slug) = hourly().await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = async || owner.get(&format!("/connections/{slug}")).await.text();
    let without = with_connectors(&app, Connectors::load(None).unwrap());
    for hour in 18..20 {
        app.advance(time::Duration::hours(1));
        vestibule::features::work::runs::run_due(&without).await.unwrap();
        let now = trigger(&program, &slug).await;
        assert_eq!(now["next_at"], format!("2026-03-13T{hour}:00:00Z"), "{now}");
        assert!(now["blocked_reason"].as_str().unwrap().contains("not installed any more"), "{now}");
        assert_eq!(now["blocked_since"], "2026-03-13T17:00:01Z", "since the first time: {now}");
    }
    assert_eq!(count(&program).await, 0);
    let text = page().await;
    assert!(
        text.contains("Since Friday 13 March 2026, 17:00 UTC the schedule could not start an extraction"),
        "{text}"
    );
    assert!(text.contains("Fri 13 Mar 2026, 19:00"), "the next time is the one that is stored: {text}");
    assert_eq!(text.matches("The schedule could not start an extraction").count(), 1, "once a spell: {text}");

    app.advance(time::Duration::hours(1));
    app.work().await;
    assert_eq!(count(&program).await, 1);
    assert!(trigger(&program, &slug).await["blocked_reason"].is_null());
    let text = page().await;
    assert!(text.contains("The schedule starts extractions again") && !text.contains("Not started"), "{text}");
}

#[tokio::test]
async fn a_schedule_that_was_lost_or_belongs_to_another_clock_is_worked_out_again() {
    let (app, program, slug) = hourly().await;
    // As an older version left it.
    sql(&app, "UPDATE plans SET next_at = NULL, reckoned_at = NULL").await;
    app.work().await;
    assert_eq!(trigger(&program, &slug).await["next_at"], "2026-03-13T17:00:00Z");
    app.advance(time::Duration::days(-1));
    app.work().await;
    assert_eq!(trigger(&program, &slug).await["next_at"], "2026-03-12T17:00:00Z");
    assert_eq!(count(&program).await, 0);
    app.advance(time::Duration::hours(1));
    app.work().await;
    app.work().await;
    assert_eq!(count(&program).await, 1);
    // A clock that is put right by a few seconds starts nothing twice.
    app.advance(time::Duration::seconds(-10));
    app.work().await;
    app.advance(time::Duration::seconds(10));
    app.work().await;
    assert_eq!(count(&program).await, 1);
}

#[tokio::test]
async fn one_that_cannot_be_read_is_said_and_holds_up_no_other() {
    let (app, program, slug) = hourly().await;
    sql(&app, "UPDATE plans SET streams = 'no list'").await;
    app.advance(time::Duration::hours(1));
    app.work().await;
    sql(&app, "UPDATE plans SET streams = '[]'").await;
    let now = trigger(&program, &slug).await;
    assert!(now["blocked_reason"].as_str().unwrap().contains("cannot be read"), "{now}");
    assert_eq!(now["next_at"], "2026-03-13T18:00:01Z", "it is looked at again in an hour: {now}");
    app.advance(time::Duration::hours(1));
    app.work().await;
    let now = trigger(&program, &slug).await;
    assert!(now["blocked_reason"].as_str().unwrap().contains("No stream is chosen"), "{now}");
    assert_eq!(now["next_at"], "2026-03-13T19:00:00Z", "{now}");
}

#[tokio::test]
async fn a_source_or_a_run_that_cannot_be_read_holds_up_no_other_schedule() {
    let (app, program, slug) = hourly().await;
    let other = program.draft("sources", "shop").await;
    program.patch(&format!("/api/v1/sources/{other}/"), json!({"config": {"token": "right"}})).await.expect(200);
    let on_the_hour = json!({"trigger": {"type": "cron", "cron": HOURLY, "time_zone": "UTC"}});
    super::finalise(&app, &program, &other, on_the_hour).await;
    // A run that waits and that nobody can read.
    program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202);
    let readable = "UPDATE runs SET streams = '[]'";
    sql(&app, "UPDATE runs SET streams = 'no list'").await;
    app.advance(time::Duration::hours(1));
    let _ = vestibule::features::work::runs::run_due(&app.app).await;
    sql(&app, readable).await;
    let now = trigger(&program, &slug).await;
    assert!(now["blocked_reason"].as_str().unwrap().contains("cannot be read"), "{now}");
    assert_eq!(now["next_at"], "2026-03-13T18:00:00Z", "{now}");
    assert_eq!(trigger(&program, &other).await["next_at"], "2026-03-13T18:00:00Z");
    app.work().await;

    // A source that nobody can read.
    let ran = count(&program).await;
    let spoilt = format!("UPDATE connections SET origins = 'no object' WHERE slug = '{slug}'");
    sql(&app, &spoilt).await;
    app.advance(time::Duration::hours(1));
    app.work().await;
    sql(&app, "UPDATE connections SET origins = '{}' WHERE origins = 'no object'").await;
    let now = trigger(&program, &slug).await;
    assert!(now["blocked_reason"].as_str().unwrap().contains("cannot be read"), "{now}");
    assert_eq!(now["next_at"], "2026-03-13T19:00:00Z", "{now}");
    assert_eq!(count(&program).await, ran + 1, "the other one was read");
}

#[tokio::test]
async fn what_is_no_source_yet_is_given_no_time() {
    let (app, program, slug) = hourly().await;
    sql(&app, "UPDATE connections SET finalised_at = NULL").await;
    sql(&app, "UPDATE plans SET next_at = NULL, reckoned_at = NULL").await;
    app.work().await;
    assert!(trigger(&program, &slug).await["next_at"].is_null());
}
