//! What people do with layers.

use crate::setup_links::share;
use crate::support::{CANARY, Page, TestApp, Visitor};
use vestibule::features::accounts::Role;

const ALL: &str = "/settings/output-layers";

async fn add(owner: &Visitor, name: &str, host: &str) -> Page {
    let form = owner.get(&format!("{ALL}/new")).await.form_with("host");
    let form = form.set("name", name).set("host", host).set("database", "warehouse").set("schema", "raw");
    form.set("user", "loader").set("password", &format!("{CANARY}-layer")).send(owner).await
}

#[tokio::test]
async fn an_admin_adds_tests_changes_and_deletes_a_layer() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let refused = add(&owner, "", "postgres://db.example").await;
    assert_eq!(refused.status, 422);
    assert!(refused.has(".error-summary a[href='#host']") && refused.has(".error-summary a[href='#name']"));
    assert!(!refused.body.contains(CANARY), "a password is not sent back");
    let made = add(&owner, "Warehouse", "127.0.0.1").await;
    assert_eq!(made.location().as_deref(), Some("/settings/output-layers/warehouse"));
    let page = owner.follow(&made).await;
    assert!(page.text().contains("Test the connection now") && !page.body.contains(CANARY), "{}", page.text());
    let tried = page.form_to(&format!("{ALL}/warehouse/check")).send(&owner).await;
    assert!(tried.text().contains("VESTIBULE_CONNECTOR_ALLOW_CIDRS"), "{}", tried.text());
    let moved = page.form_with("host").set("host", "db.other.example").send(&owner).await;
    assert_eq!(moved.status, 422);
    assert!(moved.text().contains("Enter the password again"), "{}", moved.text());
    let saved = page.form_with("host").set("name", "Lake").send(&owner).await;
    assert_eq!(saved.status, 303);
    let list = owner.get(ALL).await;
    assert!(list.text().contains("Lake") && list.text().contains("postgres://127.0.0.1:5432/warehouse/raw"));
    let viewer = app.member(&owner, Role::Viewer, "vi@acme.example").await;
    let seen = viewer.get(ALL).await;
    assert!(seen.text().contains("Lake") && !seen.has("a[href='/settings/output-layers/warehouse']"));
    let deleted = owner.get(&format!("{ALL}/warehouse")).await.form_to(&format!("{ALL}/warehouse/deletion"));
    assert_eq!(deleted.send(&owner).await.location().as_deref(), Some(ALL));
    assert!(!owner.get(ALL).await.text().contains("Lake"));
}

#[tokio::test]
async fn a_source_chooses_its_layer_and_then_it_cannot_be_deleted() {
    let app = TestApp::start();
    let owner = app.owner().await;
    add(&owner, "Warehouse", "127.0.0.1").await;
    let page = owner.get(&format!("{ALL}/warehouse")).await;
    let deletion = page.form_to(&format!("{ALL}/warehouse/deletion"));
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let finish = owner.get(&format!("{connection}/finish")).await;
    assert_eq!(finish.form_with("layer").value("layer"), Some("files"));
    let unknown = finish.form_with("layer").set("layer", "lake").press("intent", "save", &owner).await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.text().contains("There is no output layer lake"), "{}", unknown.text());
    let saved = finish.form_with("layer").set("layer", "warehouse").press("intent", "save", &owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(owner.get(&format!("{connection}/finish")).await.form_with("layer").value("layer"), Some("warehouse"));
    let refused = owner.follow(&deletion.send(&owner).await).await;
    assert!(refused.text().contains("Not deleted") && refused.has("#users"), "{}", refused.text());
    assert!(!refused.actions().iter().any(|action| action.ends_with("/deletion")), "it is not offered");
}
