//! Signing in with a provider at an invite link: every account that is chosen becomes a connection.

use tempfile::TempDir;
use vestibule::platform::config::InstanceApp;

use super::{connections, invite};
use crate::support::provider::{CLIENT_ID, Endpoint, Plays, Provider, client_secret};
use crate::support::{CANARY, Page, TestApp, Visitor};

/// An installation whose operator has set the app of Facebook, and an invite link for it.
struct Site {
    app: TestApp,
    owner: Visitor,
    provider: Provider,
    page: String,
    link: String,
    _dir: TempDir,
}

impl Site {
    async fn new(fields: &[(&str, &str)]) -> Self {
        let provider = Provider::start(Plays::Facebook);
        let dir = tempfile::tempdir().unwrap();
        let id = provider.connector()["oauth"]["provider"].as_str().unwrap().to_owned();
        let app = TestApp::start_with(|config| {
            provider.set_up(dir.path(), config);
            let (client_secret, constants) = (client_secret().into(), Default::default());
            config.oauth.apps.insert(id, InstanceApp { client_id: CLIENT_ID.to_owned(), client_secret, constants });
        });
        let owner = app.owner().await;
        let (page, link) = invite(&owner, "source/facebook-ads", fields).await;
        Self { app, owner, provider, page, link, _dir: dir }
    }

    /// Somebody goes to the provider, says yes there and comes back to the link's page.
    async fn sign_in(&self, visitor: &Visitor) -> Page {
        let form = visitor.get(&self.link).await;
        assert!(form.text().contains("Enter the details by hand instead"), "{}", form.text());
        let leaving = form.form_with("_csrf").press("intent", "sign-in", visitor).await;
        let departure = leaving.links().into_iter().find(|link| link.starts_with("https://")).expect("a way there");
        let back = visitor.get(&self.provider.consent(&departure)).await;
        assert_eq!((back.status, back.location().as_deref()), (303, Some(self.link.as_str())), "{}", back.text());
        visitor.follow(&back).await
    }

    /// Sends the form with so many of the accounts.
    async fn send(&self, visitor: &Visitor, page: &Page, count: usize) -> Page {
        let chosen = accounts(page).into_iter().take(count);
        let form = chosen.fold(page.form_with("_csrf"), |form, id| form.add("_account", &id));
        form.press("intent", "complete", visitor).await
    }
}

fn accounts(page: &Page) -> Vec<String> {
    let html = page.html();
    let boxes = scraper::Selector::parse("input[name=_account]").unwrap();
    html.select(&boxes).filter_map(|field| field.attr("value").map(str::to_owned)).collect()
}

#[tokio::test]
async fn each_chosen_account_becomes_a_connection_on_one_grant() {
    let site = Site::new(&[]).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor).await;
    assert_eq!(accounts(&page).len(), 5, "{}", page.text());
    let sent = site.send(&visitor, &page, 3).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let receipt = visitor.follow(&sent).await;
    assert!(receipt.text().contains("3 connections"), "{}", receipt.text());
    assert!(receipt.links().contains(&site.link), "another account can be connected");
    let made = connections(&site.owner).await;
    assert_eq!(made.len(), 3);
    let mut names = std::collections::BTreeSet::new();
    for connection in &made {
        let page = site.owner.get(connection).await;
        assert!(
            page.text().contains("through an invite link") || page.text().contains("Came through"),
            "{}",
            page.text()
        );
        assert!(!page.body.contains(CANARY));
        names.insert(page.title());
    }
    assert_eq!(names.len(), 3, "each is called after its account: {names:?}");
    assert!(site.owner.get(&site.page).await.text().contains("3, from 1 submission"));
    assert_eq!(site.provider.calls(Endpoint::Exchange), 1);
    let again = site.send(&visitor, &page, 3).await;
    assert_eq!(again.location(), sent.location(), "the same form shows the same receipt");
    assert_eq!(connections(&site.owner).await.len(), 3);
}

#[tokio::test]
async fn the_accounts_of_one_submission_count_as_one_use_and_as_many_connections() {
    for (fields, taken) in [([("one_use", "yes")], true), ([("cap", "3")], true), ([("cap", "2")], false)] {
        let site = Site::new(&fields).await;
        let visitor = site.app.visitor();
        let page = site.sign_in(&visitor).await;
        let sent = site.send(&visitor, &page, 3).await;
        assert_eq!(sent.status == 303, taken, "{fields:?}: {}", sent.text());
        assert_eq!(connections(&site.owner).await.len(), if taken { 3 } else { 0 }, "{fields:?}");
        if taken {
            assert_eq!(visitor.get(&site.link).await.status, 410, "{fields:?}");
        } else {
            assert!(sent.status == 422 && sent.text().contains("Choose fewer"), "{}", sent.text());
            assert_eq!(sent.count("input[name=_account][checked]"), 3, "the ticks are still there");
            let page = visitor.get(&site.link).await;
            assert_eq!(site.send(&visitor, &page, 2).await.status, 303, "the sign-in is still there");
        }
    }
}

#[tokio::test]
async fn a_sign_in_that_another_form_handed_over_is_named() {
    let site = Site::new(&[]).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor).await;
    site.app.sign_ins_are_taken_first("invite_links").await;
    let refused = site.send(&visitor, &page, 2).await;
    let text = refused.text();
    assert!(refused.status == 422 && text.contains("This sign-in was used already. Sign in again."), "{text}");
    assert!(connections(&site.owner).await.is_empty(), "nothing of it is stored");
    assert!(!site.owner.get(&site.page).await.text().contains("from 1 submission"), "the link is not spent");
    site.app.sign_ins_wait_again("invite_links").await;
    // Nothing was written, so the sign-in still waits.
    let page = visitor.get(&site.link).await;
    assert_eq!(site.send(&visitor, &page, 2).await.status, 303);
}

#[tokio::test]
async fn who_says_no_at_the_provider_finds_what_they_typed() {
    let site = Site::new(&[]).await;
    let visitor = site.app.visitor();
    let form = visitor.get(&site.link).await.form_with("_csrf").set("identity", "Loja Sul");
    let leaving = form.press("intent", "sign-in", &visitor).await;
    let departure = leaving.links().into_iter().find(|link| link.starts_with("https://")).expect("a way there");
    let back = visitor.get(&site.provider.deny(&departure)).await;
    let page = visitor.follow(&back).await;
    assert_eq!(page.form_with("identity").value("identity"), Some("Loja Sul"), "{}", page.text());
    assert!(page.has("details[open] input[name=identity]"), "and it is in sight");
}

#[tokio::test]
async fn a_link_deleted_while_somebody_is_at_the_provider_saves_nothing() {
    let site = Site::new(&[]).await;
    let visitor = site.app.visitor();
    let leaving = visitor.get(&site.link).await.form_with("_csrf").press("intent", "sign-in", &visitor).await;
    let departure = leaving.links().into_iter().find(|link| link.starts_with("https://")).expect("a way there");
    let panel = site.owner.get(&site.page).await;
    assert_eq!(panel.form_to(&format!("{}/deletion", site.page)).send(&site.owner).await.status, 303);
    let back = visitor.get(&site.provider.consent(&departure)).await;
    assert_ne!(back.status, 200, "{}", back.text());
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0, "the code is shown to nobody");
    assert_eq!(visitor.get(&site.link).await.status, 410);
    assert!(connections(&site.owner).await.is_empty());
}

#[tokio::test]
async fn rejecting_the_last_connection_gives_the_grant_back() {
    let site = Site::new(&[("approval", "yes")]).await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor).await;
    assert_eq!(site.send(&visitor, &page, 2).await.status, 303);
    for left in [1, 0] {
        let inbox = site.owner.get("/invite-links/inbox").await;
        let rejection = inbox.actions().into_iter().find(|action| action.ends_with("/rejection")).unwrap();
        assert_eq!(inbox.form_to(&rejection).send(&site.owner).await.status, 303);
        site.app.run_jobs().await;
        assert_eq!(site.provider.calls(Endpoint::Revoke), usize::from(left == 0), "{left} left");
    }
    assert!(connections(&site.owner).await.is_empty());
}
