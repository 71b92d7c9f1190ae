//! API keys: made once, shown once, revoked for good.

use diesel::prelude::*;
use time::Duration;
use vestibule::base::crypto::PlainToken;
use vestibule::platform::activity::Event;
use vestibule::platform::db::schema::api_keys;

use super::{assert_refused, events};
use crate::support::{Form, Page, TestApp, Visitor};

async fn create(owner: &Visitor, name: &str, scopes: &[&str], expires: &str) -> Page {
    let form = owner.get("/settings/api-keys").await.form_with("expires").set("name", name).set("expires", expires);
    scopes.iter().fold(form, |form, scope| form.add("scope", scope)).send(owner).await
}

type Row = (String, String, String, Option<String>, Vec<u8>);

async fn rows(app: &TestApp) -> Vec<Row> {
    let rows = app.app.db.read(|conn| {
        let columns = (api_keys::name, api_keys::prefix, api_keys::scopes, api_keys::created_by, api_keys::key_hash);
        Ok(api_keys::table.order(api_keys::created_at).select(columns).load(conn)?)
    });
    rows.await.unwrap()
}

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_its_hash() {
    let app = TestApp::start();
    let owner = app.owner().await;
    assert!(owner.get("/settings/api-keys").await.text().contains("No API keys yet"));
    let made = create(&owner, "Reporting job", &["sources:read", "links:write"], "2026-03-20").await;
    assert_eq!((made.status, made.header("cache-control")), (200, Some("no-store")));
    let key = made.value_of("made-key").expect("the key, this once");
    assert!(key.starts_with("vst_") && key.len() == 47, "{key}");
    let list = owner.get("/settings/api-keys").await;
    assert!(!list.body.contains(&key));
    for words in [
        "Reporting job",
        &key[..8],
        "Read sources, Make and revoke setup links",
        "Last used Never",
        "Works",
        "Friday 20 March 2026",
    ] {
        assert!(list.text().contains(words), "{words}: {}", list.text());
    }
    let stored = rows(&app).await;
    let (name, prefix, scopes, _, hash) = &stored[0];
    assert_eq!(
        (name.as_str(), prefix.as_str(), scopes.as_str()),
        ("Reporting job", &key[..8], "sources:read links:write")
    );
    assert_eq!(hash.as_slice(), PlainToken::presented(&key).hash().as_bytes());
    assert!(events(&app).await.contains(&(Event::ApiKeyCreated, "Ana Lima".to_owned(), "Reporting job".to_owned())));

    app.advance(Duration::days(7));
    assert!(owner.get("/settings/api-keys").await.text().contains("Works"), "the last day counts whole");
    app.advance(Duration::hours(8));
    assert!(owner.get("/settings/api-keys").await.text().contains("Expired"));
}

#[tokio::test]
async fn the_same_form_twice_is_one_key() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let form =
        owner.get("/settings/api-keys").await.form_with("expires").set("name", "Job").add("scope", "sources:read");
    assert!(form.send(&owner).await.value_of("made-key").is_some());
    let again = form.send(&owner).await;
    assert_eq!(again.status, 200);
    assert!(
        again.value_of("made-key").is_none() && again.text().contains("made before and shown once"),
        "{}",
        again.text()
    );
    assert_eq!(rows(&app).await.len(), 1);
}

#[tokio::test]
async fn what_is_missing_is_asked_for() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let refused = create(&owner, "", &[], "2026-03-12").await;
    assert_refused(&refused, "name", "Enter name");
    assert_refused(&refused, "scope-sources-read", "Choose what the key may do");
    assert_refused(&refused, "expires", "Expires on must be a day that is not over");
    assert_refused(
        &create(&owner, "Job", &["sources:read"], "soon").await,
        "expires",
        "Expires on must be a real date, like 2026-03-14",
    );
    let kept = create(&owner, "", &["links:read", "everything"], "2026-04-01").await;
    assert!(
        kept.has("input[value='links:read'][checked]") && kept.value_of("expires").as_deref() == Some("2026-04-01")
    );
    assert_eq!(rows(&app).await, []);
}

#[tokio::test]
async fn a_revoked_key_stays_in_the_list_without_a_way_back() {
    let app = TestApp::start();
    let owner = app.owner().await;
    create(&owner, "Job", &["sources:read"], "").await;
    let page = owner.get("/settings/api-keys").await;
    let action = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    let form = page.form_to(&action);
    let done = form.send(&owner).await;
    let page = owner.follow(&done).await;
    assert!(
        page.text().contains("API key revoked. It does not work any more.") && page.text().contains("Revoked"),
        "{}",
        page.text()
    );
    assert!(!page.actions().contains(&action));
    assert_eq!(form.send(&owner).await.status, 303, "revoking twice is no error");
    let log: Vec<Event> = events(&app).await.into_iter().map(|(event, ..)| event).collect();
    assert_eq!(log, [Event::ApiKeyCreated, Event::ApiKeyRevoked, Event::WorkspaceCreated], "and is written down once");
}

#[tokio::test]
async fn keys_of_another_workspace_do_not_exist() {
    let app = TestApp::start();
    let owner = app.owner().await;
    create(&owner, "Job", &["sources:read"], "").await;
    let action = owner
        .get("/settings/api-keys")
        .await
        .actions()
        .into_iter()
        .find(|action| action.ends_with("/revocation"))
        .unwrap();
    let stranger = app.owner_of("Other", "Olga", "olga@other.example").await;
    assert!(stranger.get("/settings/api-keys").await.text().contains("No API keys yet"));
    let token = stranger.get("/settings/api-keys").await.form_to("/sign-out");
    assert_eq!(Form { action, ..token }.send(&stranger).await.status, 404);
    assert!(owner.get("/settings/api-keys").await.text().contains("Works"));
}
