//! Sources that are read by the clock.

use serde_json::json;

use super::source;

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
