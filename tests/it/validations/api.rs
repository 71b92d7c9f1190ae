//! Validating by program.

use serde_json::json;

use super::{shop_draft, validated};
use crate::support::CANARY;

#[tokio::test]
async fn good_credentials_bring_the_streams() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let done = validated(&app, &program, &slug).await;
    assert_eq!((done["status"].as_str(), done["stream_count"].as_i64()), (Some("success"), Some(2)), "{done}");
    let orders = &done["streams"][0];
    assert_eq!(orders["stream_name"], "orders");
    assert_eq!(orders["sync_types"], json!(["FULL_TABLE", "INCREMENTAL"]));
    assert_eq!(orders["primary_keys"], json!(["id"]));
    assert_eq!(orders["replication_key_is_open"], true);
    assert_eq!(done["streams"][1]["sync_types"], json!(["FULL_TABLE"]));
}

#[tokio::test]
async fn bad_credentials_fail_in_words_and_nothing_shows_them() {
    let (app, program, slug) = shop_draft("wrong", json!({})).await;
    let done = validated(&app, &program, &slug).await;
    assert_eq!((done["status"].as_str(), done["error"]["kind"].as_str()), (Some("failed"), Some("config_error")));
    assert!(done["message"].as_str().unwrap().contains("does not know the token"), "{done}");
    assert!(!done.to_string().contains(CANARY), "{done}");
    let logs = program.get(&format!("/api/v1/connector-validations/{}/logs/", done["id"].as_str().unwrap())).await;
    let logs = logs.expect(200);
    assert!(logs.body.contains("using") && logs.body.contains("error") && !logs.body.contains(CANARY), "{}", logs.body);
}

#[tokio::test]
async fn programs_read_whose_turn_it_is() {
    for (token, mode, turn, kind, code) in [
        ("wrong", "", "giver", "config_error", "refused"),
        ("right", "down", "provider", "transient_error", "unwell"),
        ("right", "falls", "operator", "system_error", "crashed"),
        ("right", "ill", "operator", "system_error", "crashed"),
    ] {
        let (app, program, slug) = shop_draft(token, json!({"mode": mode})).await;
        let done = validated(&app, &program, &slug).await;
        let error = &done["error"];
        let read = ["turn", "kind", "code"].map(|name| error[name].as_str().unwrap());
        assert_eq!(read, [turn, kind, code], "{done}");
        assert!(!error["advice"].as_str().unwrap().is_empty(), "{error}");
        let text = error.to_string();
        assert!(!text.contains("VESTIBULE_") && !text.contains("Traceback") && !text.contains(CANARY), "{error}");
        let logs = program.get(&format!("/api/v1/connector-validations/{}/logs/", done["id"].as_str().unwrap())).await;
        assert_eq!(logs.body.contains("KeyError"), mode == "falls", "the log has all of it: {}", logs.body);
        assert!(!logs.body.contains(CANARY), "{}", logs.body);
    }
}

#[tokio::test]
async fn what_an_older_version_has_ended_reads_as_before() {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::validations;
    let (app, program, slug) = shop_draft("wrong", json!({})).await;
    let id = validated(&app, &program, &slug).await["id"].as_str().unwrap().to_owned();
    for (kind, turn) in [("config_error", "giver"), ("transient_error", "provider"), ("system_error", "operator")] {
        app.app
            .db
            .write(move |conn| {
                let older =
                    (validations::turn.eq(None::<String>), validations::blame.eq(kind), validations::reason.eq("gone"));
                Ok(diesel::update(validations::table).set(older).execute(conn)?)
            })
            .await
            .unwrap();
        let seen = program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).json;
        assert_eq!(
            (seen["error"]["turn"].as_str(), seen["error"]["code"].as_str()),
            (Some(turn), Some("gone")),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn the_log_comes_as_events_for_who_asks_so() {
    let (app, program, slug) = shop_draft("right", json!({})).await;
    let id = validated(&app, &program, &slug).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/connector-validations/{id}/logs/");
    let events = program.send("GET", &path, None, &[("accept", "text/event-stream")]).await.expect(200);
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert!(events.body.starts_with("id: 1\nevent: log\ndata: {") && events.body.ends_with("event: end\ndata: {}\n\n"));
    let later = program.send("GET", &path, None, &[("accept", "text/event-stream"), ("last-event-id", "1")]).await;
    assert!(!later.body.contains("id: 1\n") && later.body.contains("id: 2\n"), "{}", later.body);
}

#[tokio::test]
async fn values_are_merged_first_by_a_key_that_may_change_them() {
    use vestibule::features::accounts::api_keys::Scope;
    let (app, program, slug) = shop_draft("wrong", json!({})).await;
    let path = format!("/api/v1/sources/{slug}/revalidate/");
    let narrow = program.with_scopes(&app, "Acme Analytics", &[Scope::ValidationsWrite]).await;
    let config = json!({"config": {"token": "right-now"}});
    assert_eq!(narrow.post(&path, config.clone()).await.expect(403).code(), "scope_missing");
    let started = program.post(&path, config).await.expect(202);
    app.work().await;
    let done = narrow.get(&format!("/api/v1/connector-validations/{}/", started.text("/id"))).await.expect(200);
    assert_eq!(done.json["status"], "success", "{}", done.body);
}

#[tokio::test]
async fn what_is_missing_is_named_before_anybody_is_asked() {
    let (_app, program, _) = shop_draft("right", json!({})).await;
    let empty = program.draft("sources", "shop").await;
    let refused = program.post(&format!("/api/v1/sources/{empty}/revalidate/"), json!({})).await.expect(422);
    assert_eq!(refused.text("/errors/0/pointer"), "/config/token");
    assert_eq!(refused.text("/errors/0/code"), "missing_required_field");
}

#[tokio::test]
async fn where_nobody_can_be_asked_there_is_no_validation() {
    let (app, program, _) = shop_draft("right", json!({})).await;
    let made = json!({"connector_slug": "clickhouse", "config": {"host": "db.example", "username": "u", "password": "p", "database": "d"}});
    let slug = program.post("/api/v1/destinations/", made).await.expect(201).text("/slug");
    let one = format!("/api/v1/destinations/{slug}/");
    let wish = json!({"config": {"database": "other"}});
    let refused = program.post(&format!("{one}revalidate/"), wish).await.expect(409);
    assert_eq!(refused.code(), "cannot_be_checked");
    assert!(refused.text("/detail").contains("connectors install destination-clickhouse"), "{}", refused.body);
    assert_eq!(vestibule::features::work::validations::run_due(&app.app).await.unwrap(), 0, "nothing waits");
    let unchanged = program.get(&one).await.expect(200);
    assert_eq!(unchanged.json["config"]["database"], "d", "nothing was merged");
    let done = program.patch(&one, json!({"draft": false})).await.expect(200);
    assert_eq!(done.json["state"], "finalised", "and finalising needs none: {}", done.body);
}

/// Who follows a log with a key that is revoked meanwhile hears no more of it.
#[tokio::test]
async fn a_log_that_is_followed_ends_with_the_key() {
    use std::time::Duration;
    use vestibule::features::accounts::api_keys::{self, Scope};
    use vestibule::platform::activity::Actor;

    let (app, program, slug) = shop_draft("right", json!({})).await;
    let other = crate::api::Program::nobody(&app).await;
    let other = other.with_scopes(&app, "Acme Analytics", &[Scope::ValidationsWrite]).await;
    // Nobody works at it, so its log has no end of its own.
    let begun = program.post(&format!("/api/v1/sources/{slug}/revalidate/"), json!({})).await;
    let path = format!("/api/v1/connector-validations/{}/logs/", begun.text("/id"));
    let (follower, followed) = (other.clone(), path.clone());
    let follows = tokio::spawn(async move { follower.get(&followed).await.status });
    let (first, followed) = (program.clone(), path.clone());
    let goes_on = tokio::spawn(async move { first.get(&followed).await.status });
    let workspace = crate::api::workspace_id(&app, "Acme Analytics").await;
    let of_follower = move |conn: &mut vestibule::platform::db::Conn| {
        let keys = api_keys::list(conn, &workspace)?.into_iter();
        let own = keys.filter(|key| key.scopes() == [Scope::ValidationsWrite]).collect::<Vec<_>>();
        Ok(own.into_iter().next().map(|key| (workspace.clone(), key)).unwrap())
    };
    let (workspace, key) = loop {
        let (workspace, key) = app.app.db.read(of_follower.clone()).await.unwrap();
        if key.last_used_at.is_some() {
            break (workspace, key);
        }
        tokio::task::yield_now().await;
    };
    let revoked = app.app.write(move |tx| api_keys::revoke(tx, &workspace, &key.id, Actor::System));
    assert_eq!(revoked.await.unwrap(), Some(true));
    let status = tokio::time::timeout(Duration::from_secs(20), follows).await.expect("it ends").unwrap();
    assert_eq!(status, 200);
    assert!(!goes_on.is_finished(), "whose key works goes on reading");
    goes_on.abort();
}
