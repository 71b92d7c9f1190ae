//! What cannot run on Airbyte goes on running here, and says why.

use serde_json::json;

use super::airbyte::GIVEN;
use super::{ENGINE, site, site_with};
use crate::runs::extract;

#[tokio::test]
async fn files_stay_here_where_no_destination_of_airbyte_is_named() {
    let site = site().await;
    site.program.patch(ENGINE, json!({"airbyte": {"destination_id": null}})).await.expect(200);
    let slug = site.shop(json!({})).await;
    site.app.run_jobs().await;
    let done = extract(&site.app, &site.program, &slug, json!({})).await;
    assert_eq!((&done["status"], &done["engine"]), (&json!("success"), &json!("local")));
    assert!(done["place"].as_str().unwrap().starts_with("extractions/"), "{done}");
    assert!(site.airbyte.all("sources").is_empty());
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    for page in ["", "/finish"] {
        let page = owner.get(&format!("/connections/{slug}{page}")).await;
        assert!(
            page.text().contains("Its records go to files of this server, and Airbyte cannot write there"),
            "{}",
            page.text()
        );
    }
    // With one they go there, and the page says so.
    site.program.patch(ENGINE, json!({"airbyte": {"destination_id": GIVEN}})).await.expect(200);
    let page = owner.get(&format!("/connections/{slug}/finish")).await;
    assert!(page.text().contains(&format!("puts the records into its destination {GIVEN}")), "{}", page.text());
    site.app.advance(super::MINUTE);
    site.trigger(&slug).await;
    site.airbyte.is_content();
}

#[tokio::test]
async fn what_nobody_publishes_stays_here() {
    let site = site_with(&crate::support::shop::connector_file()).await;
    let slug = site.shop(json!({})).await;
    let done = extract(&site.app, &site.program, &slug, json!({})).await;
    assert_eq!((&done["status"], &done["engine"]), (&json!("success"), &json!("local")));
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/connections/{slug}")).await;
    assert!(page.text().contains("nobody publishes it for Airbyte"), "{}", page.text());
}

#[tokio::test]
async fn back_here_the_next_run_runs_here_and_what_goes_on_there_is_followed() {
    let site = site().await;
    let slug = site.shop(json!({})).await;
    let run = site.trigger(&slug).await;
    site.program.patch(ENGINE, json!({"engine": "local"})).await.expect(200);
    site.airbyte.job(17, "succeeded", 6);
    site.later(super::MINUTE).await;
    assert_eq!(site.run(&run).await["status"], "success");
    site.app.advance(super::MINUTE);
    let done = extract(&site.app, &site.program, &slug, json!({})).await;
    assert_eq!((&done["status"], &done["engine"]), (&json!("success"), &json!("local")));
}
