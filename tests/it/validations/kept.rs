//! Streams that are kept, so that a slow connector is not begun to say the same again.

use serde_json::{Value, json};

use super::{shop_draft, validated};
use crate::api::Program;
use crate::support::{CANARY, TestApp, shop};

/// How often the connector was begun for a validation.
async fn begun(program: &Program, done: &Value) -> usize {
    let log = format!("/api/v1/connector-validations/{}/logs/", done["id"].as_str().unwrap());
    program.get(&log).await.expect(200).body.matches("using").count()
}

/// Two looks, with the time between them that a file needs to be whole.
async fn look_twice(app: &TestApp) {
    for _ in 0..2 {
        app.advance(time::Duration::seconds(2));
        vestibule::features::catalogue::look(&app.app).await.unwrap();
    }
}

#[tokio::test]
async fn streams_are_asked_for_again_only_when_something_has_changed() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let one = format!("/api/v1/sources/{slug}/");
    let first = validated(&app, &program, &slug).await;
    assert_eq!(begun(&program, &first).await, 2, "a check and a search");
    let second = validated(&app, &program, &slug).await;
    assert_eq!(begun(&program, &second).await, 1, "the check alone");
    assert_eq!((&second["streams"], &second["streams_read_at"]), (&first["streams"], &first["streams_read_at"]));
    assert!(second["streams_read_at"].as_str() < second["created_at"].as_str(), "{second}");

    // What is no detail changes nothing.
    program.patch(&one, json!({"description": "Renamed"})).await.expect(200);
    assert_eq!(begun(&program, &validated(&app, &program, &slug).await).await, 1);
    // Details, secrets, and back again: each time the streams are others' or may be.
    for config in [json!({"count": 4}), json!({"token": format!("right-other-{CANARY}")}), json!({"count": 3})] {
        program.patch(&one, json!({"config": config})).await.expect(200);
        let done = validated(&app, &program, &slug).await;
        assert_eq!((begun(&program, &done).await, done["status"].as_str()), (2, Some("success")), "{config}");
        assert_eq!(begun(&program, &validated(&app, &program, &slug).await).await, 1, "{config}");
    }
    // Another version of the connector.
    let file = shop::connector_file().replace("Corner Shop", "Corner Shop, newer");
    std::fs::write(app.app.config.connectors.dir.as_ref().unwrap().join("shop.json"), file).unwrap();
    look_twice(&app).await;
    assert_eq!(begun(&program, &validated(&app, &program, &slug).await).await, 2);
    assert_eq!(begun(&program, &validated(&app, &program, &slug).await).await, 1);
    // And whoever wants to know.
    app.advance(time::Duration::seconds(1));
    let anew = json!({"read_streams_anew": true});
    let started = program.post(&format!("{one}revalidate/"), anew).await.expect(202);
    app.work().await;
    let done = program.get(&format!("/api/v1/connector-validations/{}/", started.text("/id"))).await.expect(200).json;
    assert_eq!(begun(&program, &done).await, 2);
}

#[tokio::test]
async fn what_the_connector_changes_itself_and_a_failure_keep_the_streams() {
    let (app, program, slug) = shop_draft("right", json!({"mode": "renews"})).await;
    assert_eq!(begun(&program, &validated(&app, &program, &slug).await).await, 2);
    assert_eq!(
        begun(&program, &validated(&app, &program, &slug).await).await,
        1,
        "its token is another one now, by itself"
    );
    let one = format!("/api/v1/sources/{slug}/");
    program.patch(&one, json!({"config": {"mode": "down"}})).await.expect(200);
    assert_eq!(validated(&app, &program, &slug).await["status"], "failed");
    program.patch(&one, json!({"config": {"mode": "renews"}})).await.expect(200);
    let done = validated(&app, &program, &slug).await;
    assert_eq!(
        (begun(&program, &done).await, done["status"].as_str()),
        (1, Some("success")),
        "as it was found good before"
    );
}

#[tokio::test]
async fn the_page_says_when_the_streams_were_read_and_reads_them_anew() {
    let app = shop::app();
    let owner = app.owner().await;
    let form = owner.get("/connections/new/source/shop").await.form_with("/token");
    let saved = form.set("/token", "right").press("intent", "save", &owner).await;
    let connection = saved.location().unwrap();
    let validations = format!("{connection}/validations");
    let begin = async |page: crate::support::Page| {
        app.advance(time::Duration::minutes(2));
        let started = page.form_to(&validations).send(&owner).await;
        app.work().await;
        owner.follow(&started).await
    };
    begin(owner.get(&connection).await).await;
    let streams = format!("{connection}/streams");
    let page = owner.get(&streams).await;
    assert!(page.text().contains("Read from the source") && page.text().contains("16:02"), "{}", page.text());
    let verdict = begin(owner.get(&connection).await).await;
    assert!(verdict.text().contains("neither the connector nor the details have changed since"), "{}", verdict.text());
    assert!(owner.get(&streams).await.text().contains("16:02"), "nothing was read");
    app.advance(time::Duration::minutes(2));
    let anew = owner.get(&streams).await.form_to(&validations).press("streams", "anew", &owner).await;
    app.work().await;
    assert!(!owner.follow(&anew).await.text().contains("neither the connector"));
    assert!(owner.get(&streams).await.text().contains("16:06"), "{}", owner.get(&streams).await.text());
}
