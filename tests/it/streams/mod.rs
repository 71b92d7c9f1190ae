//! Streams and the end of being a draft, by program.

mod plans;

use serde_json::json;

use crate::support::TestApp;
use crate::validations::{shop_draft, validated};

#[tokio::test]
async fn a_draft_is_finalised_only_with_everything_true() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let one = format!("/api/v1/sources/{slug}/");
    let finalise = json!({"draft": false, "output_layer": "files", "trigger": {"type": "manual"}, "add_streams": [{
        "enabled": true, "stream_name": "orders", "table_name": "facebook_ads_ads", "primary_keys": ["id", "changed"],
        "replication_key": "changed", "sync_type": "INCREMENTAL", "extract_all_fields": true, "fields": null,
    }]});
    let refused = program.patch(&one, finalise.clone()).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "not_validated");
    validated(&app, &program, &slug).await;
    program.patch(&one, json!({"config": {"count": 4}})).await.expect(200);
    let refused = program.patch(&one, finalise.clone()).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "not_validated", "other values than those that were found good");
    validated(&app, &program, &slug).await;
    let refused = program.patch(&one, json!({"draft": false})).await.expect(422);
    assert_eq!(refused.text("/errors/0/code"), "no_streams");
    let token = program.post(&format!("{one}setup-tokens/"), json!({})).await.expect(201);
    let link = token.text("/url");
    let path = format!("/scl/{}", link.rsplit('/').next().unwrap());
    assert_eq!(app.visitor().get(&path).await.status, 200);

    subscribe(&app, "connection.finalised").await;
    let done = program.patch(&one, finalise).await.expect(200);
    let told = messages(&app).await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["source"]["slug"], &told[0]["source"]["draft"]), (&json!(slug), &json!(false)), "{told:?}");
    assert_eq!((done.json["draft"].as_bool(), done.json["state"].as_str()), (Some(false), Some("finalised")));
    assert_eq!(done.json["streams"][0]["table_name"], "facebook_ads_ads");
    assert_eq!(program.post(&format!("{one}setup-tokens/"), json!({})).await.expect(409).code(), "conflict");
    let dead = app.visitor().get(&path).await;
    assert_eq!(dead.status, 410);
    assert!(dead.text().contains("finished this connection"), "{}", dead.text());
    let back = program.patch(&one, json!({"draft": true})).await.expect(422);
    assert_eq!(back.text("/errors/0/code"), "already_finalised");
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    validated(&app, &program, &slug).await;
    let one = format!("/api/v1/sources/{slug}/");
    let people = |more: serde_json::Value| {
        let mut choice = json!({"stream_name": "people"});
        choice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"draft": false, "add_streams": [choice]})
    };
    for (choice, pointer, code) in [
        (json!({"stream_name": "nobody"}), "/add_streams/0/stream_name", "unknown_stream"),
        (json!({"sync_type": "INCREMENTAL"}), "/add_streams/0/sync_type", "not_offered"),
        (json!({"primary_keys": ["nope"]}), "/add_streams/0/primary_keys", "unknown_field"),
        (json!({"table_name": "No Such"}), "/add_streams/0/table_name", "invalid"),
        (json!({"extract_all_fields": false}), "/add_streams/0/fields", "missing"),
        (json!({"extract_all_fields": false, "fields": ["nope"]}), "/add_streams/0/fields", "unknown_field"),
    ] {
        let refused = program.patch(&one, people(choice)).await.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
            (pointer, code)
        );
    }
    for (body, pointer, code) in [
        (json!({"output_layer": "lake"}), "/output_layer", "unknown_output_layer"),
        (json!({"trigger": {"type": "cron", "cron": "often"}}), "/trigger/cron", "not_cron"),
        (
            json!({"trigger": {"type": "cron", "cron": "0 0 * * *", "time_zone": "Mars"}}),
            "/trigger/time_zone",
            "not_zone",
        ),
    ] {
        let refused = program.patch(&one, body).await.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer").as_str(), refused.text("/errors/0/code").as_str()),
            (pointer, code)
        );
    }
    assert_eq!(program.get(&one).await.json["draft"], true);
}

#[tokio::test]
async fn of_two_who_finalise_one_does() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    validated(&app, &program, &slug).await;
    let path = format!("/api/v1/sources/{slug}/");
    let body = json!({"draft": false, "add_streams": [{"stream_name": "people"}]});
    let (first, second) = tokio::join!(program.patch(&path, body.clone()), program.patch(&path, body));
    // The second finds a source already: asking for what is so is no error; on PostgreSQL it may lose the race instead.
    assert!(first.status == 200 || second.status == 200);
    assert!(
        [200, 409].contains(&first.status) && [200, 409].contains(&second.status),
        "{} {}",
        first.body,
        second.body
    );
    events(&app).await;
}

async fn subscribe(app: &TestApp, event: &str) {
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let form = owner.get("/settings/webhooks/new").await.form_with("url").set("url", "https://93.184.216.34/in");
    assert_eq!(form.add("events", event).send(&owner).await.status, 303);
}

/// The payloads of all webhooks, sent or not.
async fn messages(app: &TestApp) -> Vec<serde_json::Value> {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::webhook_messages;
    let all = app.app.db.read(|conn| Ok(webhook_messages::table.select(webhook_messages::payload).load(conn)?)).await;
    let texts: Vec<String> = all.unwrap();
    texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

async fn events(app: &TestApp) {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::activity;
    let finalised = app.app.db.read(|conn| {
        Ok(activity::table.filter(activity::event.eq("connection.finalised")).count().get_result::<i64>(conn)?)
    });
    assert_eq!(finalised.await.unwrap(), 1);
}
