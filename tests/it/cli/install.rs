//! An installed connector in the product that runs: taken in without a restart, drafts stay, removal asks who uses it.

use serde_json::json;
use vestibule::features::catalogue::look;
use vestibule::platform::db::DatabaseUrl;

use crate::api::Program;
use crate::support::TestApp;
use crate::support::installation::Installation;
use crate::support::wheels::WheelFolder;

/// The commands of the operator, on the data and the database of a product that runs.
fn operator_of(app: &TestApp) -> Installation {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_DATA_DIR", app.data_dir().to_str().unwrap());
    let database = match &app.app.config.storage.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{path}"),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    here.set("VESTIBULE_DATABASE_URL", &database);
    here
}

/// Two looks, with the time between them that a file needs to be whole.
async fn look_twice(app: &TestApp) {
    for _ in 0..2 {
        app.advance(time::Duration::seconds(2));
        look(&app.app).await.unwrap();
    }
}

#[tokio::test]
async fn an_installed_connector_is_used_without_a_restart_and_is_not_removed_while_connections_use_it() {
    let app = TestApp::start();
    let mut here = operator_of(&app);
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    wheels.put("airbyte-source-faker", "7.2.5", "");
    let program = Program::start(&app).await;
    program.get("/api/v1/source-connectors/faker/").await.expect(404);
    wheels.install(&here, "faker", &[]).good();
    look_twice(&app).await;
    let told = program.get("/api/v1/source-connectors/faker/").await.expect(200);
    assert_eq!(
        (&told.json["capability"]["check"], &told.json["capability"]["read"]),
        (&json!(true), &json!(true)),
        "{}",
        told.body
    );

    let new = json!({"connector_slug": "faker", "config": {"token": "wrong"}});
    let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
    let one = format!("/api/v1/sources/{slug}/");
    let verdict = async |expected: &str| {
        let begun = program.post(&format!("{one}revalidate/"), json!({})).await.expect(202);
        app.work().await;
        let done = program.get(&format!("/api/v1/connector-validations/{}/", begun.text("/id"))).await.expect(200);
        assert_eq!(done.text("/status"), expected, "{}", done.body);
        done.body
    };
    assert!(verdict("failed").await.contains("This token is not known."));
    program.patch(&one, json!({"config": {"token": "right"}})).await.expect(200);
    verdict("success").await;

    wheels.put("airbyte-source-faker", "7.3.0", "");
    wheels.upgrade(&here, "faker").good();
    look_twice(&app).await;
    assert_eq!(program.get(&one).await.expect(200).json["config_completed"], true);
    verdict("success").await;

    here.run(&["connectors", "remove", "faker"])
        .refused(2, "1 connection uses source-faker; --force removes it all the same");
    here.run(&["connectors", "remove", "faker", "--force"]).good();
    look_twice(&app).await;
    program.get("/api/v1/source-connectors/faker/").await.expect(404);
    assert_eq!(program.get(&one).await.expect(200).text("/slug"), slug, "what was filled in is kept");
}

#[tokio::test]
async fn a_draft_of_a_built_in_connector_is_handed_to_the_program_in_its_own_shape() {
    let app = TestApp::start();
    let mut here = operator_of(&app);
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    wheels.put("airbyte-source-facebook-marketing", "6.1.9", "");
    let program = Program::start(&app).await;
    let config = json!({"account_ids": ["123"], "access_token": "right", "report_definition": {"level": "ad"}});
    let new = json!({"connector_slug": "facebook-ads", "config": config});
    let slug = program.post("/api/v1/sources/", new).await.expect(201).text("/slug");
    let one = format!("/api/v1/sources/{slug}/");
    let before = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert_eq!(before.json["capability"]["read"], false);
    let ran = wheels.install(&here, "facebook-ads", &[]).good();
    assert!(
        ran.out.contains("kept of the one that is built in: questions") && !ran.out.contains("asked from now on"),
        "{ran:?}"
    );
    look_twice(&app).await;
    let after = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert_eq!(
        (&after.json["spec"], &after.json["guide"]),
        (&before.json["spec"], &before.json["guide"]),
        "nothing is asked twice"
    );
    assert_eq!(after.json["capability"]["read"], true);
    assert_eq!(program.get(&one).await.expect(200).json["config_completed"], true);
    let begun = program.post(&format!("{one}revalidate/"), json!({})).await.expect(202);
    app.work().await;
    let done = program.get(&format!("/api/v1/connector-validations/{}/", begun.text("/id"))).await.expect(200);
    assert_eq!(done.text("/status"), "success", "{}", done.body);
    // What the program made of its configuration came back to where the answers are.
    let log = program.get(&format!("/api/v1/connector-validations/{}/logs/", begun.text("/id"))).await.expect(200);
    assert!(log.body.contains("The connector changed its configuration."), "{}", log.body);
    let shown = program.get(&one).await.expect(200);
    assert_eq!(shown.json["config"].get("credentials"), None, "{}", shown.body);
    assert_eq!(shown.json["config"]["report_definition"], json!({"level": "ad"}));

    let removed = here.run(&["connectors", "remove", "facebook-ads", "--force"]).good();
    assert!(removed.out.contains("source facebook-ads is the built-in one again"), "{removed:?}");
    look_twice(&app).await;
    let again = program.get("/api/v1/source-connectors/facebook-ads/").await.expect(200);
    assert_eq!((&again.json["capability"]["check"], &again.json["capability"]["read"]), (&json!(true), &json!(false)));
}
