//! A sign-in that another form handed over a moment before: said in the form, with everything that was typed.

use super::{Site, accounts_of};
use crate::setup_links::link_path;
use crate::support::provider::Plays;

const USED: &str = "This sign-in was used already. Sign in again.";

#[tokio::test(flavor = "multi_thread")]
async fn a_used_sign_in_is_named_and_the_link_stays_open() {
    let site = Site::new(Plays::Facebook).await;
    let (connection, link) = site.share().await;
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    let account = accounts_of(&page)[0].clone();
    let form = page.form_to(&link).set("/start_date", "2026-01-01T00:00:00").add("_account", &account);
    site.app.sign_ins_are_taken_first("setup_links").await;
    let refused = form.press("intent", "complete", &visitor).await;
    assert!(refused.status == 422 && refused.text().contains(USED), "{}", refused.text());
    assert!(!refused.text().contains("changed while you were sending"), "{}", refused.text());
    assert!(refused.form_to(&link).value("/start_date").is_some_and(|typed| typed.starts_with("2026-01-01")));
    assert!(!site.owner.get(&connection).await.text().contains("2026-01-01"), "nothing of it is stored");
    site.app.sign_ins_wait_again("setup_links").await;
    let page = site.sign_in(&visitor, &link).await;
    let sent = page.form_to(&link).add("_account", &account).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_with_a_used_sign_in_is_named_too() {
    let site = Site::new(Plays::GoogleAds).await;
    let (connection, link) = site.share().await;
    site.connect(&site.app.visitor(), &link, 1).await;
    let page = site.owner.get(&connection).await;
    let link = link_path(&page.form_to(&format!("{connection}/reconnect-link")).send(&site.owner).await);
    let visitor = site.app.visitor();
    let page = site.sign_in(&visitor, &link).await;
    site.app.sign_ins_are_taken_first("setup_links").await;
    let refused = page.form_to(&link).press("intent", "complete", &visitor).await;
    assert!(refused.status == 422 && refused.text().contains(USED), "{}", refused.text());
    site.app.sign_ins_wait_again("setup_links").await;
    let sent = refused.form_to(&link).press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
}
