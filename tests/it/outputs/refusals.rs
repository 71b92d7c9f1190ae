//! What is no output of a source, and what somebody loses who goes on with an old page.

use serde_json::json;
use vestibule::features::accounts::api_keys::Scope;

use super::destinations::{one, site};
use crate::api::{Answer, Program};
use crate::support::TestApp;

fn refused(answer: &Answer) -> (String, String) {
    (answer.text("/errors/0/pointer"), answer.text("/errors/0/code"))
}

fn at_output(code: &str) -> (String, String) {
    ("/output_layer".to_owned(), code.to_owned())
}

#[tokio::test]
async fn what_cannot_be_written_to_is_refused_by_name() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let stranger = program.with_scopes(&app, "Other", Scope::ALL).await;
    let slug = program.draft("sources", "postgres").await;
    let source = format!("/api/v1/sources/{slug}/");
    let set_to = async |slug: &str| {
        let answer = program.patch(&source, json!({"output_layer": format!("destination:{slug}")})).await.expect(422);
        (refused(&answer), answer.text("/errors/0/detail"))
    };
    assert_eq!(set_to("nobody").await.0, at_output("unknown_destination"));
    assert_eq!(set_to("").await.0, at_output("unknown_destination"));
    assert_eq!(set_to(&slug).await.0, at_output("unknown_destination"), "a source is none");
    let theirs = stranger.draft("destinations", "postgres").await;
    assert_eq!(set_to(&theirs).await.0, at_output("unknown_destination"), "nor is one of another workspace");
    let draft = program.draft("destinations", "postgres").await;
    assert_eq!(set_to(&draft).await.0, at_output("destination_not_finalised"));
    // What is only kept for an engine of one's own is finalised without being asked, and not written to.
    let config = json!({"host": "db.example", "username": "u", "password": "p", "database": "d"});
    let bucket = program
        .post("/api/v1/destinations/", json!({"connector_slug": "clickhouse", "config": config}))
        .await
        .expect(201);
    let kept = bucket.text("/slug");
    program.patch(&one(&kept), json!({"draft": false})).await.expect(200);
    let (at, words) = set_to(&kept).await;
    assert_eq!(at, at_output("destination_not_writable"));
    assert!(words.contains("Nothing installed here can write records to ClickHouse"), "{words}");
    program.delete(&one(&draft)).await.expect(204);
    assert_eq!(set_to(&draft).await.0, at_output("unknown_destination"));
    let list = program.get("/api/v1/output-layers/").await.expect(200);
    assert_eq!(list.json["count"], 2, "{}", list.body);
    assert_eq!(program.get(&format!("/api/v1/output-layers/destination:{kept}/")).await.status, 404);
}

#[tokio::test]
async fn a_destination_in_use_stays_and_says_who_uses_it() {
    let Some(site) = site().await else { return };
    let slug = site.destination(site.config()).await;
    let output = format!("destination:{slug}");
    let source = site.shop(&output).await;
    let listed = site.program.get(&format!("/api/v1/output-layers/{output}/")).await.expect(200);
    assert_eq!((listed.text("/kind"), listed.text("/destination/slug")), ("destination".to_owned(), slug.clone()));
    for refused in [
        site.program.patch(&format!("/api/v1/output-layers/{output}/"), json!({"name": "Mine"})).await,
        site.program.delete(&format!("/api/v1/output-layers/{output}/")).await,
    ] {
        assert!(refused.expect(409).text("/detail").contains("/api/v1/destinations/"));
    }
    let kept = site.program.delete(&one(&slug)).await.expect(409);
    assert!(kept.text("/detail").contains("Corner Shop"), "{}", kept.body);
    let gap = site.program.patch(&one(&slug), json!({"config": {"username": null}})).await.expect(409);
    assert!(gap.text("/detail").contains("Corner Shop"), "{}", gap.body);

    // Whoever opened the page before a source was set to it presses its button.
    let deletion = format!("/connections/{slug}/deletion");
    site.program.patch(&format!("/api/v1/sources/{source}/"), json!({"output_layer": "files"})).await.expect(200);
    let free = site.owner.get(&deletion).await.form_to(&deletion);
    site.program.patch(&format!("/api/v1/sources/{source}/"), json!({"output_layer": output})).await.expect(200);
    let page = site.owner.follow(&free.send(&site.owner).await).await;
    assert!(page.text().contains("Not deleted") && page.text().contains("Corner Shop"), "{}", page.text());
    assert!(!page.actions().contains(&deletion), "it is not offered");
    assert_eq!(site.extract(&source).await["status"], "success");
    site.cluster.end().await;
}

#[tokio::test]
async fn a_destination_that_went_while_a_form_was_open_is_said_in_the_form() {
    let Some(site) = site().await else { return };
    let slug = site.destination(site.config()).await;
    let source = site.shop("files").await;
    let finish = format!("/connections/{source}/finish");
    let open = site.owner.get(&finish).await.form_with("layer").set("layer", &format!("destination:{slug}"));
    site.program.delete(&one(&slug)).await.expect(204);
    let answer = open.set("trigger", "cron").set("cron", "0 6 * * *").press("intent", "save", &site.owner).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains(&format!("There is no destination {slug}")), "{}", answer.text());
    let form = answer.form_with("layer");
    assert_eq!(
        form.value("layer"),
        Some(format!("destination:{slug}").as_str()),
        "it does not look like another choice"
    );
    assert_eq!(form.value("cron"), Some("0 6 * * *"), "what was typed is still there");
    let again = form.set("layer", "files").press("intent", "save", &site.owner).await;
    assert_eq!(again.status, 303, "{}", again.text());
    site.cluster.end().await;
}

#[tokio::test]
async fn a_run_that_writes_to_a_destination_is_stopped_when_it_is_deleted() {
    let Some(site) = site().await else { return };
    let slug = site.destination(site.config()).await;
    let source = site.shop(&format!("destination:{slug}")).await;
    assert_eq!(site.extract(&source).await["status"], "success");
    site.app.advance(time::Duration::seconds(1));
    site.cluster.admin.batch_execute("BEGIN; LOCK TABLE raw.shop_orders IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let started = site.program.post(&format!("/api/v1/sources/{source}/trigger/"), json!({})).await.expect(202);
    let run = format!("/api/v1/runs/{}/", started.text("/id"));
    let others = async {
        while site.program.get(&run).await.json["records"] != 6 {
            tokio::task::yield_now().await;
        }
        site.program.patch(&format!("/api/v1/sources/{source}/"), json!({"output_layer": "files"})).await.expect(200);
        let warned = site.owner.get(&format!("/connections/{slug}/deletion")).await.text();
        assert!(warned.contains("Extractions that still write to it are stopped"), "{warned}");
        site.program.delete(&one(&slug)).await.expect(204);
    };
    tokio::join!(site.app.work(), others);
    assert_eq!(site.program.get(&run).await.json["status"], "cancelled");
    site.cluster.admin.batch_execute("COMMIT").await.unwrap();
    let rows = site.cluster.admin.query_one("SELECT count(*) FROM raw.shop_orders", &[]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 3, "records that are there stay, and nothing of the stopped run came");
    let next = site.extract(&source).await;
    assert_eq!((&next["status"], &next["output_layer"]), (&json!("success"), &json!("files")), "{next}");
    site.cluster.end().await;
}

#[tokio::test]
async fn a_schedule_says_why_nothing_can_be_written() {
    let Some(site) = site().await else { return };
    let slug = site.destination(site.config()).await;
    let source = site.shop(&format!("destination:{slug}")).await;
    let removed = json!({"config": {"password": null}});
    site.program.patch(&one(&slug), removed).await.expect(409);
    // Members are told who uses it, and may.
    let page = site.owner.get(&format!("/connections/{slug}/configuration")).await;
    assert!(page.text().contains("Corner Shop"), "{}", page.text());
    let saved = page.form_with("/username").set("/username", "").press("intent", "save", &site.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let failed = site.extract(&source).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("Something is missing in the details of the destination Postgres"), "{message}");
    let shown = site.owner.get(&format!("/connections/{source}")).await.text();
    assert!(shown.contains("Something is missing in the details of the destination"), "{shown}");
    site.cluster.end().await;
}
