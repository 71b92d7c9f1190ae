//! Connectors that renew tokens themselves, at a provider that ends the old ones: nobody has to sign in again for it.

use secrecy::ExposeSecret as _;
use serde_json::json;
use vestibule::base::forms::FieldPath;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::connections::Connection;
use vestibule::features::oauth;
use vestibule::features::work::{connector_config, take_over};
use vestibule::schema::form::import_config;

use super::Site;
use crate::api::{Program, workspace_id};
use crate::support::CANARY;
use crate::support::provider::{Endpoint, Plays};
use crate::validations::validated;

/// A signed-in draft whose connector renews by itself.
pub async fn connected() -> (Site, Program, String) {
    let site = Site::with_program(Plays::GoogleAds, "tests/it/oauth/links/renews.py", |_| {}).await;
    site.provider.rotates();
    let (connection, link) = site.share().await;
    site.connect(&site.app.visitor(), &link, 1).await;
    let program = Program::nobody(&site.app).await.with_scopes(&site.app, "Acme Analytics", Scope::ALL).await;
    (site, program, connection.trim_start_matches("/connections/").to_owned())
}

async fn connection(site: &Site, slug: &str) -> Connection {
    let (workspace, slug) = (workspace_id(&site.app, "Acme Analytics").await, slug.to_owned());
    site.app
        .app
        .db
        .read(move |conn| Ok(vestibule::features::connections::find(conn, &workspace, &slug)?))
        .await
        .unwrap()
        .unwrap()
}

fn token_path() -> FieldPath {
    FieldPath::root().child("credentials").child("refresh_token")
}

async fn refresh_token(program: &Program, slug: &str) -> String {
    let answer = program.get(&format!("/api/v1/sources/{slug}/credentials/")).await.expect(200);
    answer.text("/config/credentials/refresh_token")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_spent_by_a_check_is_replaced_for_everybody() {
    let (site, program, slug) = connected().await;
    let before = refresh_token(&program, &slug).await;
    let done = validated(&site.app, &program, &slug).await;
    assert_eq!(done["status"], "success", "{done}");
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1, "by the connector");
    let after = refresh_token(&program, &slug).await;
    assert!(before != after && after.starts_with(CANARY), "the newer one is the one that is handed out");
    let kept = connection(&site, &slug).await;
    let own = kept.open_values(&site.app.app.keys).unwrap();
    assert!(oauth::is_mark(own.secrets[&token_path()].expose_secret()), "tokens are in the grant and nowhere else");
    assert_eq!(kept.config["start_date"], "2026-01-02", "what is no token is the connection's");
    assert!(!kept.config.contains_key("__injected"));

    site.app.advance(time::Duration::hours(2));
    let renewed = refresh_token(&program, &slug).await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 2, "by the product, with the connector's token");
    assert!(renewed != after);
    let timeline = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(timeline.contains("updated its configuration") && !timeline.contains("Needs reconnecting"), "{timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_spent_by_an_extraction_is_replaced_too() {
    let (site, program, slug) = connected().await;
    validated(&site.app, &program, &slug).await;
    let finish = json!({"draft": false, "add_streams": [{"stream_name": "campaigns"}]});
    program.patch(&format!("/api/v1/sources/{slug}/"), finish).await.expect(200);
    for round in 0..2 {
        site.app.advance(time::Duration::seconds(1));
        let done = crate::runs::extract(&site.app, &program, &slug, json!({})).await;
        assert_eq!((&done["status"], &done["records"]), (&json!("success"), &json!(1)), "{round}: {done}");
    }
    assert_eq!(site.provider.calls(Endpoint::Refresh), 3);
    site.app.advance(time::Duration::hours(2));
    refresh_token(&program, &slug).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_renews_at_the_same_moment_loses_to_what_has_worked() {
    let (site, program, slug) = connected().await;
    let hold = site.app.app.db.write(|conn| {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::oauth_grants::dsl;
        Ok(diesel::update(dsl::oauth_grants).set(dsl::lease.eq("another process")).execute(conn)?)
    });
    assert_eq!(hold.await.unwrap(), 1);
    assert_eq!(validated(&site.app, &program, &slug).await["status"], "success");
    assert_eq!(site.rows("oauth_grants", "COALESCE(lease, '')").await, [""], "whoever held the right has lost it");
    site.app.advance(time::Duration::hours(2));
    refresh_token(&program, &slug).await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_sign_in_stays_and_a_typed_value_is_the_connections_own() {
    let (site, program, slug) = connected().await;
    let app = &site.app.app;
    let before = connection(&site, &slug).await;
    let connector = app.connectors.find(before.kind, &before.connector_slug).unwrap();
    let own = before.open_values(&app.keys).unwrap();
    let lent = connector_config::current(app, &before, &connector, own).await.unwrap().token_lease;
    assert!(lent.is_some());
    site.app.advance(time::Duration::seconds(1));
    let sign_in = site.owner.get(&format!("/connections/{slug}")).await;
    let link = crate::setup_links::link_path(
        &sign_in.form_to(&format!("/connections/{slug}/reconnect-link")).send(&site.owner).await,
    );
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    assert_eq!(page.form_to(&link).press("intent", "complete", &visitor).await.status, 303);
    let newest = refresh_token(&program, &slug).await;

    let said =
        import_config(&connector.spec, &json!({"credentials": {"refresh_token": "of the older sign-in"}})).unwrap();
    let (workspace, id) = (&before.workspace_id, &before.id);
    take_over::take_over(app, workspace, id, lent.as_ref(), &said, before.version).await.unwrap();
    assert_eq!(refresh_token(&program, &slug).await, newest);

    let typed = json!({"config": {"credentials": {"refresh_token": "typed by hand"}}});
    program.patch(&format!("/api/v1/sources/{slug}/"), typed).await.expect(200);
    let given = connection(&site, &slug).await.version;
    take_over::take_over(app, workspace, id, lent.as_ref(), &said, given).await.unwrap();
    assert_eq!(refresh_token(&program, &slug).await, "of the older sign-in");
}
