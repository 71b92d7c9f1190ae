//! From the setting to rows, and what becomes of what was made there.

use serde_json::json;

use super::airbyte::{DEFINITION, GIVEN, WORKSPACE};
use super::{ENGINE, MINUTE, site};
use crate::support::CANARY;

#[tokio::test]
async fn a_source_is_made_there_and_its_run_is_a_job_there() {
    let site = site().await;
    let check = site.program.post(&format!("{ENGINE}check/"), json!({})).await.expect(200);
    assert_eq!(check.json["works"], true, "{}", check.body);
    assert!(check.text("/message").contains("Data team") && check.text("/message").contains("Lake"), "{}", check.body);

    let slug = site.shop(json!({})).await;
    assert!(site.airbyte.all("sources").is_empty(), "nothing is asked inside of a transaction");
    site.app.run_jobs().await;
    let source = site.airbyte.only("sources");
    assert_eq!(source["name"], format!("Corner Shop (Vestibule {slug})"));
    assert_eq!((&source["definitionId"], &source["workspaceId"]), (&json!(DEFINITION), &json!(WORKSPACE)));
    assert_eq!(source["configuration"], json!({"token": format!("right-{CANARY}"), "count": 7}));
    let link = site.airbyte.only("connections");
    assert_eq!((&link["destinationId"], &link["schedule"]), (&json!(GIVEN), &json!({"scheduleType": "manual"})));
    let streams = &link["configurations"]["streams"];
    assert_eq!(streams[0]["syncMode"], "incremental_deduped_history");
    assert_eq!((&streams[0]["cursorField"], &streams[0]["primaryKey"]), (&json!(["id"]), &json!([["id"]])));
    assert_eq!(streams[1], json!({"name": "people", "syncMode": "full_refresh_overwrite"}));
    assert_eq!(site.told("airbyte.made").await, 1);

    let run = site.trigger(&slug).await;
    let seen = site.run(&run).await;
    assert_eq!((&seen["status"], &seen["engine_job"]), (&json!("in_progress"), &json!(17)));
    assert_eq!(seen["output_layer"], format!("airbyte:{GIVEN}"));
    site.airbyte.job(17, "running", 40);
    site.later(MINUTE).await;
    assert_eq!(site.run(&run).await["records"], 40);
    site.airbyte.job(17, "succeeded", 90);
    site.later(MINUTE).await;
    let done = site.run(&run).await;
    assert_eq!((&done["status"], &done["records"], &done["bytes"]), (&json!("success"), &json!(90), &json!(900)));
    assert!(done["place"].as_str().unwrap().ends_with(&format!("destination {GIVEN}")), "{done}");
    assert_eq!(site.told("run.succeeded").await, 1);
    let log = site.log(&run).await;
    assert!(log.contains("job 17") && !log.contains(CANARY), "{log}");
    assert!(!done.to_string().contains(CANARY));

    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/runs/{run}")).await;
    assert!(page.text().contains("Airbyte does it as its job 17") && page.text().contains(GIVEN), "{}", page.text());
    let page = owner.get(&format!("/connections/{slug}")).await;
    assert!(page.text().contains("Your Airbyte"), "{}", page.text());

    // Nothing was made twice, and what does not change is not sent again.
    site.trigger(&slug).await;
    site.airbyte.only("sources");
    site.airbyte.only("connections");
    assert_eq!(site.airbyte.heard().iter().filter(|call| call.starts_with("PUT")).count(), 0);
    site.airbyte.is_content();
}

#[tokio::test]
async fn a_schedule_is_kept_by_our_clock() {
    let site = site().await;
    let trigger = json!({"trigger": {"type": "cron", "cron": "0 * * * *", "time_zone": "UTC"}});
    site.shop(trigger).await;
    site.app.run_jobs().await;
    site.later(time::Duration::minutes(61)).await;
    assert_eq!(site.jobs(), 1);
    assert_eq!(site.airbyte.only("connections")["schedule"], json!({"scheduleType": "manual"}));
    // An hour later it goes on still, and no second one is started.
    site.later(time::Duration::minutes(60)).await;
    assert_eq!(site.jobs(), 1);
    site.airbyte.is_content();
}

#[tokio::test]
async fn what_changed_here_is_changed_there_before_the_next_job() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    site.app.run_jobs().await;
    let before =
        (site.airbyte.only("sources")["sourceId"].clone(), site.airbyte.only("connections")["connectionId"].clone());
    let one = format!("/api/v1/sources/{slug}/");
    site.program.patch(&one, json!({"config": {"token": format!("right-other-{CANARY}")}})).await.expect(200);
    site.program.patch(&one, json!({"add_streams": [{"stream_name": "people", "enabled": false}]})).await.expect(200);
    site.trigger(&slug).await;
    let source = site.airbyte.only("sources");
    assert_eq!(source["configuration"]["token"], format!("right-other-{CANARY}"));
    let link = site.airbyte.only("connections");
    assert_eq!(link["configurations"]["streams"].as_array().unwrap().len(), 1, "{link}");
    assert_eq!((source["sourceId"].clone(), link["connectionId"].clone()), before);
    site.airbyte.is_content();
}

#[tokio::test]
async fn what_somebody_deleted_there_is_made_anew_and_said() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    site.app.run_jobs().await;
    site.airbyte.delete_all("connections");
    let run = site.trigger(&slug).await;
    site.airbyte.only("connections");
    let log = site.log_so_far(&run).await;
    assert!(log.contains("Somebody had deleted the connection in Airbyte"), "{log}");
    site.airbyte.job(17, "succeeded", 1);
    site.later(MINUTE).await;
    site.airbyte.delete_all("sources");
    site.airbyte.delete_all("connections");
    let run = site.trigger(&slug).await;
    assert_eq!(site.airbyte.only("connections")["sourceId"], site.airbyte.only("sources")["sourceId"]);
    assert!(site.log_so_far(&run).await.contains("Somebody had deleted the source"));
    assert_eq!(site.told("airbyte.made_anew").await, 2);
    site.airbyte.is_content();
}

#[tokio::test]
async fn what_is_deleted_here_is_deleted_there() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.program.delete(&format!("/api/v1/sources/{slug}/")).await.expect(204);
    site.app.run_jobs().await;
    assert!(site.airbyte.all("sources").is_empty() && site.airbyte.all("connections").is_empty());
    assert_eq!(site.airbyte.all("destinations").len(), 1, "what others made stays");
    assert_eq!(site.told("airbyte.deleted").await, 1);
    site.later(MINUTE).await;
    assert_eq!(site.airbyte.state().jobs[&17]["status"], "cancelled");
    assert_eq!(site.run(&run).await["status"], "cancelled");
    site.airbyte.is_content();
}

#[tokio::test]
async fn without_an_airbyte_to_ask_it_is_said_what_to_delete_by_hand() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    site.app.run_jobs().await;
    site.airbyte.state().is_down = true;
    site.program.delete(&format!("/api/v1/sources/{slug}/")).await.expect(204);
    for _ in 0..9 {
        site.app.run_jobs().await;
        site.app.advance(time::Duration::hours(9));
    }
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get("/settings/failures").await;
    assert!(page.text().contains("delete it there by hand"), "{}", page.text());
}
