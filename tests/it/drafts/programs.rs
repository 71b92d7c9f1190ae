//! Programs that read, change and write.

use serde_json::json;

use super::{Scene, save};

#[tokio::test]
async fn what_was_read_can_be_sent_back_and_loses_nothing() {
    let scene = Scene::new().await;
    let row = |name: &str| json!({"name": name, "token": format!("tok{name}")});
    let config =
        json!({"memo": "m", "key": "k", "way": {"by": "token", "token": "t"}, "rows": [row("A"), row("B"), row("C")]});
    scene.set(config).await;
    let whole = scene.whole().await;
    let read = scene.read().await;
    assert!(!read.to_string().contains("tokA"));
    let back = scene.program.patch(&scene.path(), json!({"config": read["config"]})).await.expect(200);
    assert_eq!(back.json["config"], read["config"], "nothing was set anew");
    assert_eq!(scene.whole().await, whole);

    // Another order, one row less, one more, and a new token for one of them.
    let mut rows = read["config"]["rows"].as_array().unwrap().clone();
    rows[2]["token"] = json!("newC");
    let wanted = json!([rows[2], {"name": "D", "token": "tokD"}, rows[0]]);
    scene.program.patch(&scene.path(), json!({"config": {"rows": wanted}})).await.expect(200);
    assert_eq!(scene.whole().await["rows"], json!([{"name": "C", "token": "newC"}, row("D"), row("A")]));
    assert!(scene.timeline().await.contains("took stored secrets away: Row 2: Row token"));

    // A row that does not name its token keeps it.
    scene.set(json!({"rows": [{"name": "A"}, {"name": "C"}]})).await;
    assert_eq!(scene.whole().await["rows"], json!([row("A"), {"name": "C", "token": "newC"}]));
}

#[tokio::test]
async fn a_reference_stands_for_its_own_secret_alone() {
    let scene = Scene::new().await;
    scene.set(json!({"key": "k", "rows": [{"name": "A", "token": "a"}, {"name": "B", "token": "b"}]})).await;
    let read = scene.read().await["config"].clone();
    for (config, pointer) in [
        (json!({"key": read["rows"][0]["token"]}), "/config/key"),
        (json!({"key": "~secret:nobody"}), "/config/key"),
        (json!({"rows": [read["rows"][0], read["rows"][0]]}), "/config/rows/1/token"),
        (json!({"rows": [{"name": "N", "token": read["key"]}]}), "/config/rows/0/token"),
        (json!({"way": {"by": "token", "token": read["key"]}}), "/config/way/token"),
    ] {
        let refused = scene.program.patch(&scene.path(), json!({"config": config})).await.expect(422);
        assert_eq!(
            (refused.text("/errors/0/pointer"), refused.text("/errors/0/code")),
            (pointer.to_owned(), "unknown_reference".to_owned()),
            "{config}"
        );
    }
    let before = read["key"].clone();
    scene.set(json!({"key": "another"})).await;
    scene.program.patch(&scene.path(), json!({"config": {"key": before}})).await.expect(422);
    assert_eq!(scene.whole().await["key"], "another", "it is another secret by now");
}

#[tokio::test]
async fn a_change_made_for_an_older_revision_is_merged_or_refused_field_by_field() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old", "memo": "m", "key": "k"})).await;
    let read = scene.read().await;
    let base = read["revision"].clone();
    assert_eq!(save(&scene.form().await, &[("/note", "by hand"), ("/key", "k2")], &scene.owner).await.status, 303);
    let change = |config| json!({"config": config, "base_revision": base});
    let refused = scene
        .program
        .patch(&scene.path(), change(json!({"note": "by program", "memo": "new", "key": "k3"})))
        .await
        .expect(409);
    let pointers: Vec<String> = refused.json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/config/note", "/config/key"]);
    assert_eq!(refused.text("/errors/0/code"), "changed_meanwhile");
    assert_eq!(scene.whole().await["memo"], "m", "nothing of it was taken");
    // What was read and is sent back as it was is no change.
    let back = json!({"note": "old", "memo": "new", "key": read["config"]["key"]});
    scene.program.patch(&scene.path(), change(back)).await.expect(200);
    let whole = scene.whole().await;
    assert_eq!((&whole["note"], &whole["memo"], &whole["key"]), (&json!("by hand"), &json!("new"), &json!("k2")));
    let unknown =
        scene.program.patch(&scene.path(), json!({"config": {"memo": "x"}, "base_revision": 99})).await.expect(422);
    assert_eq!(unknown.text("/errors/0/pointer"), "/base_revision");
}

#[tokio::test]
async fn what_was_read_and_is_sent_back_is_no_conflict_whatever_others_did() {
    let scene = Scene::new().await;
    let row = |name: &str| json!({"name": name, "token": format!("tok{name}")});
    let way = json!({"by": "token", "token": "t", "area": "north"});
    scene.set(json!({"way": way, "rows": [row("A"), row("B")]})).await;
    let read = scene.read().await;
    let others = [("/way", "1"), ("/way/~o1/user", "u"), ("/rows/0/~rm", "1"), ("/rows/1/name", "Bee")];
    assert_eq!(save(&scene.form().await, &others, &scene.owner).await.status, 303);
    let back = json!({"config": read["config"], "base_revision": read["revision"]});
    scene.program.patch(&scene.path(), back).await.expect(200);
    let whole = scene.whole().await;
    assert_eq!(whole["way"], json!({"by": "login", "user": "u"}));
    assert_eq!(whole["rows"], json!([{"name": "Bee", "token": "tokB"}]));
}
