//! Members with pages that are older than the draft.

use serde_json::json;
use vestibule::features::accounts::Role;

use super::{Scene, save, submit};

#[tokio::test]
async fn a_page_that_was_open_keeps_what_a_recipient_sent_meanwhile() {
    let scene = Scene::new().await;
    let link = scene.link().await;
    let stale = scene.form().await;
    let visitor = scene.app.visitor();
    let form = visitor.get(&link).await;
    let answers = [("/note", "theirs"), ("/way", "1"), ("/way/~o1/user", "u"), ("/way/~o1/pass", "p")];
    assert_eq!(submit(&form, &answers, &visitor).await.status, 303);
    let saved = save(&stale, &[("/memo", "mine")], &scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let whole = scene.whole().await;
    let due = json!({"memo": "mine", "note": "theirs", "fast": true, "way": {"by": "login", "user": "u", "pass": "p"}});
    assert_eq!(whole, due);
    assert!(!scene.timeline().await.contains("took stored secrets away"));
}

#[tokio::test]
async fn what_two_people_changed_is_said_at_the_field_and_sent_again_it_counts() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old", "memo": "m"})).await;
    let (first, second) = (scene.form().await, scene.form().await);
    assert_eq!(save(&first, &[("/note", "one")], &scene.owner).await.status, 303);
    let refused = save(&second, &[("/note", "two"), ("/key", "k")], &scene.owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.text().contains("Note: Ana Lima changed this to one while this page was open"),
        "{}",
        refused.text()
    );
    assert_eq!(refused.form_with("/memo").value("/note"), Some("two"), "what was typed stays");
    assert_eq!(scene.whole().await, json!({"note": "one", "memo": "m", "fast": true}), "nothing of it was taken");
    let saved = save(&refused, &[("/key", "k")], &scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(scene.whole().await, json!({"note": "two", "memo": "m", "fast": true, "key": "k"}));
}

#[tokio::test]
async fn what_others_changed_and_nobody_touched_here_is_seen_on_the_page_that_comes_back() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old", "memo": "m"})).await;
    let (first, second) = (scene.form().await, scene.form().await);
    assert_eq!(save(&first, &[("/note", "one"), ("/memo", "new")], &scene.owner).await.status, 303);
    let refused = save(&second, &[("/note", "two")], &scene.owner).await;
    assert_eq!(refused.form_with("/memo").value("/memo"), Some("new"));
    assert_eq!(save(&refused, &[], &scene.owner).await.status, 303);
    assert_eq!(scene.whole().await, json!({"note": "two", "memo": "new", "fast": true}));
}

#[tokio::test]
async fn a_page_that_comes_back_for_another_reason_hides_no_conflict() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old", "memo": "m"})).await;
    let (first, second) = (scene.form().await, scene.form().await);
    assert_eq!(save(&first, &[("/note", "one"), ("/memo", "new")], &scene.owner).await.status, 303);
    let back = save(&second, &[("/note", "two"), ("description", &"x".repeat(200))], &scene.owner).await;
    assert_eq!(back.status, 422, "{}", back.text());
    assert!(!back.text().contains("while this page was open"), "{}", back.text());
    let refused = save(&back, &[("description", "Ledger")], &scene.owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("Note: Ana Lima changed this to one"), "{}", refused.text());
    assert_eq!(scene.whole().await, json!({"note": "one", "memo": "new", "fast": true}));
    assert_eq!(save(&refused, &[], &scene.owner).await.status, 303);
    assert_eq!(scene.whole().await, json!({"note": "two", "memo": "new", "fast": true}));
}

#[tokio::test]
async fn two_tabs_with_three_rows_cost_no_token() {
    let scene = Scene::new().await;
    let row = |name: &str| json!({"name": name, "token": format!("tok{name}")});
    scene.set(json!({"rows": [row("A"), row("B"), row("C")]})).await;
    let (first, second) = (scene.form().await, scene.form().await);
    assert_eq!(save(&first, &[("/rows/0/~rm", "1")], &scene.owner).await.status, 303);
    let saved =
        save(&second, &[("/rows/1/name", "Bee"), ("/rows/3/name", "D"), ("/rows/3/token", "tokD")], &scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let rows = json!([{"name": "Bee", "token": "tokB"}, row("C"), row("D")]);
    assert_eq!(scene.whole().await["rows"], rows);
    let timeline = scene.timeline().await;
    assert!(timeline.contains("What Ana Lima changed took stored secrets away: Row 1: Row token"), "{timeline}");
}

#[tokio::test]
async fn who_leaves_a_branch_that_somebody_else_fills_in_is_told() {
    let scene = Scene::new().await;
    scene.set(json!({"way": {"by": "token", "token": "t"}})).await;
    let link = scene.link().await;
    let stale = scene.form().await;
    let visitor = scene.app.visitor();
    let form = visitor.get(&link).await;
    assert_eq!(submit(&form, &[("/way/~o0/area", "north")], &visitor).await.status, 303);
    let refused = save(&stale, &[("/way", "1"), ("/way/~o1/user", "me")], &scene.owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("Way: "), "{}", refused.text());
    assert_eq!(scene.whole().await["way"], json!({"by": "token", "token": "t", "area": "north"}));
    let saved = save(&refused, &[], &scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(scene.whole().await["way"], json!({"by": "login", "user": "me"}));
    let timeline = scene.timeline().await;
    assert!(
        timeline.contains("took stored secrets away: Way: Token")
            || timeline.contains("took stored secrets away: Token"),
        "{timeline}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_stale_pages_at_once_every_field_arrives_or_is_refused() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old"})).await;
    let mut forms = Vec::new();
    for _ in 0..9 {
        forms.push(scene.form().await);
    }
    let (form, owner) = (forms.pop().unwrap(), scene.owner.clone());
    let other = tokio::spawn(async move { save(&form, &[("/memo", "kept"), ("/key", "k")], &owner).await.status });
    let send = |(number, form): (usize, crate::support::Page)| {
        let (owner, value) = (scene.owner.clone(), format!("note {number}"));
        tokio::spawn(async move { save(&form, &[("/note", &value)], &owner).await.status })
    };
    let sends: Vec<_> = forms.into_iter().enumerate().map(send).collect();
    let mut statuses = Vec::new();
    for send in sends {
        statuses.push(send.await.unwrap());
    }
    assert_eq!(other.await.unwrap(), 303);
    statuses.sort_unstable();
    assert_eq!(statuses, [&[303][..], &[422; 7]].concat(), "one of those who changed the same field");
    let whole = scene.whole().await;
    assert_eq!((&whole["memo"], &whole["key"]), (&json!("kept"), &json!("k")));
}

/// Whoever gives a secret once more is told nothing by it that they do not know; whoever tries one out is.
#[tokio::test]
async fn the_same_secret_once_more_is_no_conflict_for_who_gave_it_a_moment_ago() {
    let scene = Scene::new().await;
    let other = scene.app.member(&scene.owner, Role::Admin, "cy@acme.example").await;
    let theirs = other.get(&format!("{}/configuration", scene.connection())).await;
    let tabs = [scene.form().await, scene.form().await, scene.form().await];
    let key = [("/key", "key-of-ana")];
    assert_eq!(save(&tabs[0], &key, &scene.owner).await.status, 303);
    assert_eq!(save(&tabs[1], &key, &scene.owner).await.status, 303, "the very same");
    let tried = save(&theirs, &key, &other).await;
    assert_eq!(tried.status, 422, "{}", tried.text());
    assert!(tried.text().contains("Key: "), "{}", tried.text());
    // A change ten minutes later says nothing of who sent this form before.
    scene.app.advance(time::Duration::seconds(601));
    scene.set(json!({"memo": "later"})).await;
    let late = save(&tabs[2], &key, &scene.owner).await;
    assert_eq!(late.status, 422, "{}", late.text());
    assert_eq!(scene.whole().await, json!({"key": "key-of-ana", "memo": "later", "fast": true}));
}
