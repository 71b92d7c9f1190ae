//! What fails, and in which words.

use serde_json::json;

use super::{MINUTE, site};
use crate::support::CANARY;

#[tokio::test]
async fn a_job_that_fails_is_a_run_that_failed() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.airbyte.job(17, "incomplete", 3);
    site.later(MINUTE).await;
    assert!(site.log_so_far(&run).await.contains("failed once, and Airbyte tries again"));
    site.airbyte.job(17, "failed", 5);
    site.later(MINUTE).await;
    let done = site.run(&run).await;
    assert_eq!((&done["status"], &done["records"]), (&json!("failed"), &json!(5)));
    assert_eq!(done["error"]["code"], "engine_failed");
    assert!(done["message"].as_str().unwrap().contains("job 17 failed"), "{done}");
    assert_eq!(site.told("run.failed").await, 1);
    site.airbyte.is_content();
}

#[tokio::test]
async fn what_airbyte_refuses_is_said_without_a_secret() {
    let site = site().await;
    let said = format!("The token right-{CANARY} is of no shop.");
    site.airbyte.state().next.insert("POST /sources".to_owned(), (422, json!({"detail": said})));
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    let done = site.run(&run).await;
    assert_eq!(done["status"], "failed");
    let message = done["message"].as_str().unwrap();
    assert!(message.contains("Airbyte refuses this: The token") && message.contains("is of no shop"), "{message}");
    assert!(!done.to_string().contains(CANARY), "{done}");
    // The words of each refusal, and nothing is started.
    for (call, status, words) in [
        ("GET /jobs", 403, "does not allow this"),
        ("POST /jobs", 409, "A sync is already running"),
        ("POST /jobs", 400, "does not say why"),
    ] {
        let body = if status == 409 { json!({"detail": "A sync is already running."}) } else { json!({}) };
        site.airbyte.state().next.insert(call.to_owned(), (status, body));
        let run = site.trigger(&slug).await;
        let done = site.run(&run).await;
        assert_eq!(done["status"], "failed", "{call}: {done}");
        assert!(done["message"].as_str().unwrap().contains(words), "{call}: {done}");
    }
    assert_eq!(site.jobs(), 0);
    site.airbyte.is_content();
}

#[tokio::test]
async fn a_run_is_cancelled_there_before_it_is_over_here() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    let stop = format!("/api/v1/runs/{run}/cancel/");
    site.program.post(&stop, json!({})).await.expect(202);
    assert_eq!(site.run(&run).await["status"], "in_progress", "nobody has told Airbyte yet");
    site.later(MINUTE).await;
    assert_eq!(site.airbyte.state().jobs[&17]["status"], "cancelled");
    assert_eq!(site.run(&run).await["status"], "cancelled");
    // Somebody stops the next one over there.
    let run = site.trigger(&slug).await;
    site.airbyte.job(18, "cancelled", 2);
    site.later(MINUTE).await;
    let done = site.run(&run).await;
    assert_eq!((&done["status"], &done["message"]), (&json!("cancelled"), &json!("Somebody stopped it in Airbyte.")));
    // One that nobody has taken yet ends at once.
    let started = site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({})).await.expect(202);
    let id = started.text("/id");
    site.program.post(&format!("/api/v1/runs/{id}/cancel/"), json!({})).await.expect(202);
    site.later(MINUTE).await;
    assert_eq!(site.run(&id).await["status"], "cancelled");
    assert_eq!(site.jobs(), 2);
    site.airbyte.is_content();
}

#[tokio::test]
async fn a_token_that_is_refused_meanwhile_ends_nothing() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.airbyte.state().refuses = true;
    site.later(MINUTE).await;
    let seen = site.run(&run).await;
    assert_eq!(seen["status"], "in_progress");
    assert!(seen["engine_trouble"]["message"].as_str().unwrap().contains("does not take the token"), "{seen}");
    site.airbyte.state().refuses = false;
    site.airbyte.job(17, "succeeded", 4);
    site.later(MINUTE).await;
    let done = site.run(&run).await;
    assert_eq!((&done["status"], &done["engine_trouble"]), (&json!("success"), &json!(null)));
    // One that is refused before nothing was started fails.
    site.airbyte.state().refuses = true;
    let run = site.trigger(&slug).await;
    let done = site.run(&run).await;
    assert_eq!((&done["status"], &done["error"]["code"]), (&json!("failed"), &json!("sign_in_failed")));
    assert_eq!(site.jobs(), 1);
}

#[tokio::test]
async fn a_run_whose_airbyte_is_down_is_not_dead() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.airbyte.state().is_down = true;
    site.later(MINUTE).await;
    let since = site.run(&run).await["engine_trouble"]["since"].clone();
    site.later(time::Duration::hours(3)).await;
    let seen = site.run(&run).await;
    assert_eq!((&seen["status"], &seen["engine_trouble"]["since"]), (&json!("in_progress"), &since));
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/runs/{run}")).await;
    assert!(page.text().contains("Nobody can tell since"), "{}", page.text());
    site.airbyte.state().is_down = false;
    site.airbyte.job(17, "succeeded", 4);
    site.later(MINUTE).await;
    assert_eq!(site.run(&run).await["status"], "success");

    // Somewhen patience ends, and it is said what is not known.
    let run = site.trigger(&slug).await;
    site.airbyte.state().is_down = true;
    site.later(MINUTE).await;
    site.later(time::Duration::hours(25)).await;
    let done = site.run(&run).await;
    assert_eq!(done["status"], "failed");
    assert!(done["message"].as_str().unwrap().contains("How its job 18 ends is not known"), "{done}");
    // Before a job was started it ends sooner.
    let run = site.trigger(&slug).await;
    assert_eq!(site.run(&run).await["status"], "in_progress");
    site.later(MINUTE * 16).await;
    let done = site.run(&run).await;
    assert!(done["status"] == "failed" && done["message"].as_str().unwrap().contains("not begun"), "{done}");
}

#[tokio::test]
async fn a_job_of_an_airbyte_that_was_removed_ends_as_unknown() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.program.delete(super::ENGINE).await.expect(204);
    site.later(MINUTE).await;
    let done = site.run(&run).await;
    assert_eq!(done["status"], "failed");
    assert!(done["message"].as_str().unwrap().contains("is not set here any more"), "{done}");
}

#[tokio::test]
async fn to_read_from_the_beginning_is_for_airbyte_to_do() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let asked = site.program.post(&format!("/api/v1/sources/{slug}/trigger/"), json!({"from_start": true})).await;
    assert_eq!(asked.status, 409);
    assert!(asked.text("/detail").contains("refresh the connection in Airbyte"), "{}", asked.body);
}
