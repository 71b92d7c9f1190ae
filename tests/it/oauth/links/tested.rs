//! "Test before sending" for who signed in with the provider: their own tokens are tried, and are as good afterwards.

use vestibule::features::accounts::api_keys::Scope;

use super::{Site, accounts_of};
use crate::api::Program;
use crate::setup_links::share;
use crate::support::provider::{Endpoint, Plays};
use crate::support::{CANARY, Page, Visitor};

const SCRIPT: &str = "tests/it/oauth/links/renews.py";

/// A signed-in recipient at a link that allows tests: the connection's path, the link's, and the page.
async fn signed_in(site: &Site, visitor: &Visitor) -> (String, String, Page) {
    let (connection, link) = share(&site.owner, "source", site.provider.slug(), &[("allow_test", "yes")]).await;
    let page = site.sign_in(visitor, &link).await;
    (connection, link, page)
}

async fn test(visitor: &Visitor, page: &Page, link: &str) -> Page {
    let account = accounts_of(page).remove(0);
    page.form_to(link).add("_account", &account).press("intent", "test", visitor).await
}

#[tokio::test(flavor = "multi_thread")]
async fn their_tokens_are_tried_and_can_be_sent_afterwards() {
    let site = Site::with_program(Plays::GoogleAds, SCRIPT, |_| {}).await;
    let visitor = site.app.visitor();
    let (connection, link, page) = signed_in(&site, &visitor).await;
    assert!(page.has("button[value=test]"));
    let without = page.form_to(&link).press("intent", "test", &visitor).await;
    assert_eq!(without.status, 422, "an account is chosen first: {}", without.text());
    let going = test(&visitor, &page, &link).await;
    assert!(going.text().contains("Testing what you entered") && !going.body.contains(CANARY), "{}", going.text());
    assert_eq!(site.provider.calls(Endpoint::Refresh), 0);
    site.app.work().await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1, "the connector used what they signed in for");
    let good = going.form_to(&link).press("intent", "test-result", &visitor).await;
    assert!(good.text().contains("What you entered works"), "{}", good.text());
    assert!(!site.owner.get(&connection).await.text().contains("Signed in as"), "nothing of it is handed over yet");
    let chosen = accounts_of(&good).remove(0);
    let sent = good.form_to(&link).add("_account", &chosen).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let program = Program::nobody(&site.app).await.with_scopes(&site.app, "Acme Analytics", Scope::ALL).await;
    site.app.advance(time::Duration::hours(2));
    program.get(&format!("/api/v1{}/credentials/", connection.replace("connections", "sources"))).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_over_is_said_in_words() {
    let site = Site::with_program(Plays::GoogleAds, SCRIPT, |_| {}).await;
    let visitor = site.app.visitor();
    let (_, link, page) = signed_in(&site, &visitor).await;
    let going = test(&visitor, &page, &link).await;
    site.app.advance(time::Duration::hours(5));
    site.app.work().await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 0);
    let told = going.form_to(&link).press("intent", "test-result", &visitor).await;
    assert!(told.text().contains("The sign-in is over, or was replaced by another one"), "{}", told.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_work_once_are_not_spent_on_a_test() {
    let site =
        Site::with_program(Plays::GoogleAds, SCRIPT, |file| file["oauth"]["refresh"]["rotates"] = true.into()).await;
    site.provider.rotates();
    let add = site.owner.get(&format!("/connections/new/source/{}", site.provider.slug())).await.text();
    assert!(add.contains("Who signs in with Google can test only if"), "{add}");
    let visitor = site.app.visitor();
    let (_, link, page) = signed_in(&site, &visitor).await;
    assert!(!page.has("button[value=test]"));
    let sent = test(&visitor, &page, &link).await;
    assert_eq!(sent.status, 303, "any other button sends");
    site.app.work().await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 0);
}
