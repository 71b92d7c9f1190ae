//! The table of revisions: what a form that nobody knows any more may do, and what is forgotten.

use diesel::prelude::*;
use serde_json::json;
use vestibule::features::connections::{forget_old_revisions, old_revisions};
use vestibule::platform::db::schema::connection_revisions as table;

use super::{Scene, save};
use crate::api::workspace_id;

async fn numbers(scene: &Scene) -> Vec<i64> {
    let read = |conn: &mut vestibule::platform::db::Conn| {
        Ok(table::table.order(table::number).select(table::number).load::<i64>(conn)?)
    };
    scene.app.app.db.read(read).await.unwrap()
}

#[tokio::test]
async fn a_form_of_a_revision_that_nobody_knows_adds_and_replaces_nothing() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old"})).await;
    for mark in ["", "1", "1.AAAA", "999999.x"] {
        let page = scene.form().await;
        let form = page.form_with("/memo").set("_revision", mark);
        let refused = form.clone().set("/note", "new").press("intent", "save", &scene.owner).await;
        assert_eq!(refused.status, 422, "{mark}: {}", refused.text());
        assert!(refused.text().contains("Note: "), "{}", refused.text());
        let added = form.set("/memo", &format!("memo{mark}")).press("intent", "save", &scene.owner).await;
        let due = if mark.is_empty() { 303 } else { 422 };
        assert_eq!(added.status, due, "the first one finds the place empty: {}", added.text());
    }
    assert_eq!(scene.whole().await, json!({"note": "old", "memo": "memo", "fast": true}));
}

#[tokio::test]
async fn a_form_of_a_revision_that_nobody_knows_empties_nothing_and_says_so() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "old", "memo": "kept"})).await;
    let form = scene.form().await.form_with("/memo").set("_revision", "1.AAAA").set("/note", "");
    let refused = form.press("intent", "save", &scene.owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("Note: "), "{}", refused.text());
    assert_eq!(scene.whole().await, json!({"note": "old", "memo": "kept", "fast": true}));
}

#[tokio::test]
async fn old_revisions_are_forgotten_except_those_a_form_may_show() {
    let scene = Scene::new().await;
    let workspace = workspace_id(&scene.app, "Acme Analytics").await;
    for note in ["a", "b", "c"] {
        scene.set(json!({"note": note})).await;
        scene.app.advance(time::Duration::days(2));
    }
    assert_eq!(numbers(&scene).await, [0, 1, 2, 3]);
    let stale = scene.form().await;
    // Five days ago revision 0 was followed by revision 1, and revision 1 not yet by revision 2.
    let before = scene.app.app.clock.now() - time::Duration::days(5);
    let old = scene.app.app.db.read(move |conn| Ok(old_revisions(conn, &workspace, before, 100)?)).await.unwrap();
    let forgot = scene.app.app.write(move |tx| Ok(forget_old_revisions(tx.conn, &old)?)).await.unwrap();
    assert_eq!((forgot, numbers(&scene).await), (1, vec![1, 2, 3]));
    assert_eq!(save(&stale, &[("/note", "d")], &scene.owner).await.status, 303);
}

#[tokio::test]
async fn erasing_a_connection_erases_its_revisions() {
    let scene = Scene::new().await;
    scene.set(json!({"note": "a"})).await;
    assert_eq!(scene.program.delete(&scene.path()).await.status, 204);
    assert_eq!(numbers(&scene).await, Vec::<i64>::new());
}
