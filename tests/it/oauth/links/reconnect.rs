//! A link to sign in again: the same connection, the same account.

use super::{Site, accounts_of};
use crate::api::Program;
use crate::setup_links::link_path;
use crate::support::provider::{Endpoint, Plays};
use vestibule::features::accounts::api_keys::Scope;

async fn broken() -> (Site, Program, String) {
    let site = Site::new(Plays::GoogleAds).await;
    let (connection, link) = site.share().await;
    site.connect(&site.app.visitor(), &link, 1).await;
    let program = Program::nobody(&site.app).await.with_scopes(&site.app, "Acme Analytics", Scope::ALL).await;
    site.provider.takes_all_back();
    site.app.advance(time::Duration::hours(2));
    program.get(&format!("/api/v1{}/credentials/", connection.replace("connections", "sources"))).await.expect(409);
    (site, program, connection)
}

async fn reconnect_link(site: &Site, connection: &str, any: bool) -> String {
    let page = site.owner.get(connection).await;
    let form = page.form_to(&format!("{connection}/reconnect-link"));
    let form = if any { form.add("any_account", "1") } else { form };
    link_path(&form.send(&site.owner).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_brings_it_back_to_life() {
    let (site, program, connection) = broken().await;
    let credentials = format!("/api/v1{}/credentials/", connection.replace("connections", "sources"));
    let list = site.owner.get("/connections").await.text();
    assert!(list.contains("Needs reconnecting") && list.contains("You: ask somebody to sign in again"), "{list}");
    let link = reconnect_link(&site, &connection, false).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    assert!(page.text().contains("asks you to sign in again") && accounts_of(&page).is_empty(), "{}", page.text());
    let sent = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let receipt = visitor.follow(&sent).await.text();
    assert!(receipt.contains("In your account settings at Google") && !receipt.contains("password or"), "{receipt}");
    program.get(&credentials).await.expect(200);
    let shown = site.owner.get(&connection).await.text();
    assert!(shown.contains("signed in again") && !shown.contains("Needs reconnecting"), "{shown}");
    assert_eq!(visitor.get(&link).await.status, 410);
    assert_eq!(site.provider.calls(Endpoint::Exchange), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_finished_comes_back_to_life_as_it_was() {
    let (site, program, slug) = super::renewed::connected().await;
    crate::validations::validated(&site.app, &program, &slug).await;
    let finish = serde_json::json!({"draft": false, "add_streams": [{"stream_name": "campaigns"}]});
    let source = format!("/api/v1/sources/{slug}/");
    program.patch(&source, finish).await.expect(200);
    site.provider.takes_all_back();
    site.app.advance(time::Duration::hours(2));
    program.get(&format!("{source}credentials/")).await.expect(409);
    let link = reconnect_link(&site, &format!("/connections/{slug}"), false).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    let sent = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    program.get(&format!("{source}credentials/")).await.expect(200);
    let now = program.get(&source).await.expect(200).json;
    assert_eq!((&now["draft"], now["streams"].as_array().map(Vec::len)), (&serde_json::json!(false), Some(1)), "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_needs_the_owners_leave() {
    let (site, program, connection) = broken().await;
    let credentials = format!("/api/v1{}/credentials/", connection.replace("connections", "sources"));
    site.provider.signs_in("mallory");
    let link = reconnect_link(&site, &connection, false).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    let refused = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert!(refused.status == 422 && refused.text().contains("Another Google account signed in"), "{}", refused.text());
    program.get(&credentials).await.expect(409);
    let link = reconnect_link(&site, &connection, true).await;
    let page = site.sign_in(&visitor, &link).await;
    let sent = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    program.get(&credentials).await.expect(200);
    assert!(site.owner.get(&connection).await.text().contains("mallory"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_signing_in() {
    let (site, _, connection) = broken().await;
    let link = reconnect_link(&site, &connection, false).await;
    let visitor = site.app.visitor();
    let page = visitor.get(&link).await;
    assert!(!page.text().contains("by hand"), "{}", page.text());
    let refused = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert!(refused.status == 422 && refused.text().contains("Sign in at Google first"), "{}", refused.text());
}
