//! Several workers, and answers that never came: nothing is made or started twice, and a run ends once.

use std::sync::Arc;

use serde_json::json;
use vestibule::features::work::runs;

use super::{MINUTE, site};

#[tokio::test]
async fn two_workers_bring_a_run_to_one_end() {
    let site = site().await;
    let (_, other) = site.app.second_server();
    let slug = site.shop(json!({})).await;
    let run = site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).text("/id");
    let both = async || {
        let (one, two) = tokio::join!(runs::run_due(&site.app.app), runs::run_due(&other));
        (one.unwrap(), two.unwrap())
    };
    both().await;
    assert_eq!(site.jobs(), 1);
    site.airbyte.only("sources");
    site.airbyte.only("connections");
    site.airbyte.job(17, "succeeded", 8);
    site.app.advance(MINUTE);
    both().await;
    both().await;
    assert_eq!(site.run(&run).await["status"], "success");
    assert_eq!(site.told("run.succeeded").await, 1);
    site.airbyte.is_content();
}

#[tokio::test]
async fn two_who_make_the_same_source_make_one() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202);
    // The job of finalising and the run itself, at the same moment.
    let later = async { vestibule::server::dispatcher::run_due(&site.app.app).await.unwrap() };
    let run = async { runs::run_due(&site.app.app).await.unwrap() };
    tokio::join!(later, run);
    site.later(MINUTE).await;
    site.airbyte.only("sources");
    site.airbyte.only("connections");
    assert_eq!(site.jobs(), 1);
    site.airbyte.is_content();
}

#[tokio::test]
async fn answers_that_were_lost_make_nothing_twice() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).text("/id");
    for call in ["POST /sources", "POST /connections", "POST /jobs"] {
        site.airbyte.state().lose.insert(call.to_owned());
    }
    for _ in 0..4 {
        site.later(MINUTE).await;
    }
    assert!(site.airbyte.state().lose.is_empty(), "each was lost once");
    site.airbyte.only("sources");
    site.airbyte.only("connections");
    assert_eq!(site.jobs(), 1);
    let seen = site.run(&run).await;
    assert_eq!((&seen["status"], &seen["engine_job"]), (&json!("in_progress"), &json!(17)));
    site.airbyte.is_content();
}

/// A worker that died while it made a source holds its row for a while; then the next one goes on.
#[tokio::test]
async fn who_died_at_it_is_followed() {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::airbyte_objects;
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let now = site.app.app.clock.now();
    let held = airbyte_objects::held_since.eq(now);
    site.app
        .app
        .db
        .write(move |conn| Ok(diesel::update(airbyte_objects::table).set(held).execute(conn)?))
        .await
        .unwrap();
    let run = site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202).text("/id");
    site.app.work().await;
    assert!(site.airbyte.all("sources").is_empty());
    assert_eq!(site.run(&run).await["status"], "in_progress");
    // It is watched in small steps: a machine that slept has not watched.
    for _ in 0..150 {
        site.later(time::Duration::seconds(5)).await;
    }
    site.airbyte.only("sources");
    assert_eq!(site.jobs(), 1);
}

/// A question whose worker died is asked by another one.
#[tokio::test]
async fn a_run_whose_worker_died_is_taken_up() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.app.advance(MINUTE);
    // Taken, and never looked at.
    let claimed = {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::runs::dsl as r;
        let until = site.app.app.clock.now() + MINUTE;
        let id = run.clone();
        site.app.app.db.write(move |conn| {
            let one = r::runs.filter(r::id.eq(id));
            Ok(diesel::update(one).set((r::beat.eq(r::beat + 1_i64), r::poll_at.eq(until))).execute(conn)?)
        })
    };
    assert_eq!(claimed.await.unwrap(), 1);
    site.airbyte.job(17, "succeeded", 8);
    site.app.work().await;
    assert_eq!(site.run(&run).await["status"], "in_progress");
    let (_, other) = site.app.second_server();
    site.app.advance(MINUTE);
    runs::run_due(&Arc::clone(&other)).await.unwrap();
    assert_eq!(site.run(&run).await["status"], "success");
}
