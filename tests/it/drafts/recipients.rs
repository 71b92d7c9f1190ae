//! Several recipients of one draft.

use serde_json::json;

use super::{Scene, save, submit};

#[tokio::test]
async fn an_untouched_box_and_an_old_note_undo_nothing() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old"})).await;
    let (first, second) = (scene.link().await, scene.link().await);
    let visitor = scene.app.visitor();
    let (one, other) = (visitor.get(&first).await, visitor.get(&second).await);
    let unticked = one.form_with("/memo").set("/note", "newer").without("/fast", "true");
    assert_eq!(unticked.press("intent", "partial", &visitor).await.status, 303);
    let sent = submit(&other, &[("/memo", "m")], &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    assert_eq!(scene.whole().await, json!({"note": "newer", "fast": false, "memo": "m"}));
}

#[tokio::test]
async fn who_comes_second_is_told_so_and_not_what_the_first_one_said() {
    let scene = Scene::new().await;
    let (first, second) = (scene.link().await, scene.link().await);
    let visitor = scene.app.visitor();
    let (one, other) = (visitor.get(&first).await, visitor.get(&second).await);
    assert_eq!(submit(&one, &[("/note", "first-answer"), ("/key", "k1")], &visitor).await.status, 303);
    let refused = submit(&other, &[("/note", "second"), ("/key", "second-key"), ("/memo", "m")], &visitor).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let text = refused.text();
    assert!(text.contains("Note: somebody else has answered this meanwhile"), "{text}");
    assert!(
        text.contains("Key: somebody else has answered this meanwhile") && text.contains("Received just now"),
        "{text}"
    );
    assert!(!refused.body.contains("first-answer") && !refused.body.contains("second-key"));
    assert_eq!(scene.whole().await, json!({"note": "first-answer", "key": "k1", "fast": true}));
    let sent = submit(&refused, &[], &visitor).await;
    assert_eq!(sent.status, 303, "the link still opens: {}", sent.text());
    assert_eq!(scene.whole().await, json!({"note": "second", "key": "second-key", "memo": "m", "fast": true}));
}

#[tokio::test]
async fn a_form_that_comes_back_for_another_reason_hides_no_conflict() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old"})).await;
    let (first, second) = (scene.link().await, scene.link().await);
    let visitor = scene.app.visitor();
    let (one, other) = (visitor.get(&first).await, visitor.get(&second).await);
    let theirs = [("/note", "first-answer"), ("/key", "k1")];
    assert_eq!(submit(&one, &theirs, &visitor).await.status, 303);
    let back = submit(&other, &[("/note", "second"), ("/key", "k2"), ("/memo", "a\0b")], &visitor).await;
    assert_eq!(back.status, 422, "{}", back.text());
    assert!(!back.text().contains("answered this meanwhile"), "{}", back.text());
    let refused = submit(&back, &[("/memo", "m")], &visitor).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    for field in ["Note", "Key"] {
        let told = format!("{field}: somebody else has answered this meanwhile");
        assert!(refused.text().contains(&told), "{}", refused.text());
    }
    assert_eq!(scene.whole().await, json!({"note": "first-answer", "key": "k1", "fast": true}));
    assert_eq!(submit(&refused, &[], &visitor).await.status, 303);
    assert_eq!(scene.whole().await, json!({"note": "second", "key": "k2", "memo": "m", "fast": true}));
}

#[tokio::test]
async fn a_new_token_goes_to_the_row_it_was_typed_for() {
    let scene = Scene::new().await;
    scene.set(json!({"rows": [{"name": "A", "token": "tokA"}, {"name": "B", "token": "tokB"}]})).await;
    let link = scene.link().await;
    let visitor = scene.app.visitor();
    let form = visitor.get(&link).await;
    assert_eq!(save(&scene.form().await, &[("/rows/0/~rm", "1")], &scene.owner).await.status, 303);
    let sent = submit(&form, &[("/rows/1/token", "new for B")], &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    assert_eq!(scene.whole().await["rows"], json!([{"name": "B", "token": "new for B"}]));
}

#[tokio::test]
async fn what_was_typed_into_a_row_that_went_comes_back_as_a_new_row() {
    let scene = Scene::new().await;
    scene.set(json!({"rows": [{"name": "A", "token": "tokA"}, {"name": "B", "token": "tokB"}]})).await;
    let link = scene.link().await;
    let visitor = scene.app.visitor();
    let form = visitor.get(&link).await;
    assert_eq!(save(&scene.form().await, &[("/rows/0/~rm", "1")], &scene.owner).await.status, 303);
    let refused = submit(&form, &[("/rows/0/token", "new for A")], &visitor).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("took away what you changed"), "{}", refused.text());
    let again = refused.form_with("/memo");
    assert_eq!((again.value("/rows/0/name"), again.value("/rows/1/name")), (Some("B"), Some("A")));
    assert_eq!(submit(&refused, &[], &visitor).await.status, 303);
    let rows = json!([{"name": "B", "token": "tokB"}, {"name": "A", "token": "new for A"}]);
    assert_eq!(scene.whole().await["rows"], rows);
}
