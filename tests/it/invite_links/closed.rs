//! Dead links explain themselves; unknown ones say nothing.

use super::{app_with_link, connections, filled, invite};
use crate::support::TestApp;

#[tokio::test]
async fn a_one_use_link_is_dead_once_the_first_connection_exists() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (page, link) = invite(&owner, "source/postgres", &[("one_use", "yes")]).await;
    let (first, second) = (app.visitor(), app.visitor());
    let late = filled(&second, &link, "late.example").await;
    let sent = filled(&first, &link, "first.example").await.send(&first).await;
    let receipt = first.follow(&sent).await;
    assert!(receipt.text().contains("no longer works") && !receipt.links().contains(&link), "{}", receipt.text());
    let refused = late.send(&second).await;
    assert_eq!(refused.status, 410);
    let dead = second.get(&link).await;
    assert!(dead.status == 410 && dead.text().contains("already been used") && !dead.has("form"), "{}", dead.text());
    assert_eq!(connections(&owner).await.len(), 1);
    assert!(owner.get(&page).await.text().contains("Used"));
}

#[tokio::test]
async fn a_deleted_link_says_so_even_to_somebody_who_is_typing() {
    let (app, owner, page, link) = app_with_link().await;
    let visitor = app.visitor();
    let form = filled(&visitor, &link, "late.example").await;
    let panel = owner.get(&page).await;
    let gone = panel.form_to(&format!("{page}/deletion")).send(&owner).await;
    assert!(owner.follow(&gone).await.text().contains("Invite link deleted"));
    let late = form.send(&visitor).await;
    assert!(late.status == 410 && late.text().contains("withdrawn") && late.text().contains("Ana Lima"));
    assert_eq!(visitor.get(&link).await.status, 410);
    assert!(connections(&owner).await.is_empty());
    let after = owner.get(&page).await;
    assert!(after.text().contains("Deleted") && !after.has("#invite-link"), "{}", after.text());
    let list = owner.get("/invite-links").await;
    assert!(!list.text().contains("Clients") && list.links().contains(&"/invite-links?state=deleted".to_owned()));
    assert!(owner.get("/invite-links?state=deleted").await.text().contains("Clients"));
}

#[tokio::test]
async fn an_end_comes_to_the_second_on_every_server() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (second, _second) = app.second_server();
    let (_, link) = invite(&owner, "source/postgres", &[("expires", "2026-03-13T18:00")]).await;
    let visitor = app.visitor();
    app.advance(time::Duration::hours(2) - time::Duration::seconds(1));
    let form = filled(&visitor, &link, "late.example").await;
    app.advance(time::Duration::seconds(1));
    for base in [&app.base, &second] {
        let dead = visitor.at(base).get(&link).await;
        assert!(dead.status == 410 && dead.text().contains("Friday 13 March 2026, 18:00 UTC"), "{}", dead.text());
        assert_eq!(form.send(&visitor.at(base)).await.status, 410);
    }
    // Somebody puts the clock back: what was seen to have ended has ended.
    app.advance(-time::Duration::hours(1));
    for base in [&app.base, &second] {
        assert_eq!(visitor.at(base).get(&link).await.status, 410);
        assert_eq!(form.send(&visitor.at(base)).await.status, 410);
    }
    assert!(owner.get("/invite-links?state=expired").await.text().contains("Clients"));
    assert!(!owner.get("/invite-links?state=active").await.text().contains("Clients"));
}

/// A link that is full is "Used" in the list as long as its time is not over, and "Expired" after that, as its page says.
#[tokio::test]
async fn a_full_link_stands_under_one_state_only() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (page, link) = invite(&owner, "source/postgres", &[("expires", "2026-03-13T18:00"), ("cap", "1")]).await;
    let visitor = app.visitor();
    assert_eq!(filled(&visitor, &link, "first.example").await.send(&visitor).await.status, 303);
    for (hours, word, state) in [(0, "Full", "used"), (3, "Expired", "expired")] {
        app.advance(time::Duration::hours(hours));
        assert!(owner.get(&page).await.text().contains(word));
        for other in ["active", "used", "expired"] {
            let listed = owner.get(&format!("/invite-links?state={other}")).await.text().contains("Clients");
            assert_eq!(listed, other == state, "after {hours} hours, {other}");
        }
    }
}

#[tokio::test]
async fn an_unknown_token_is_the_one_uniform_page() {
    let (app, _owner, _page, link) = app_with_link().await;
    let visitor = app.visitor();
    let nowhere = visitor.get("/no/such/page").await;
    for path in ["/invite/x", "/invite/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/invite-receipts/x"] {
        let page = visitor.get(path).await;
        assert_eq!((page.status, &page.body), (404, &nowhere.body), "{path}");
    }
    let as_setup_link = link.replace("/invite/", "/scl/");
    assert_eq!(visitor.get(&as_setup_link).await.status, 404, "the two kinds of links are not mistaken for each other");
    assert_eq!(visitor.post("/invite/x", &[("intent".to_owned(), "partial".to_owned())]).await.status, 404);
}

#[tokio::test]
async fn another_workspace_never_sees_a_link() {
    let (app, _owner, page, _link) = app_with_link().await;
    let stranger = app.owner_of("Other", "Olga", "olga@other.example").await;
    assert_eq!(stranger.get(&page).await.status, 404);
    assert!(!stranger.get("/invite-links").await.text().contains("Clients"));
}

#[tokio::test]
async fn a_link_that_a_backup_brought_back_says_why_it_is_closed() {
    let (app, owner, page, link) = app_with_link().await;
    let closed = app.app.write(vestibule::features::invite_links::close_restored).await;
    assert_eq!(closed.unwrap(), 1);
    let dead = app.visitor().get(&link).await;
    assert!(dead.status == 410 && dead.text().contains("This link is closed"), "{}", dead.text());
    assert!(owner.get(&page).await.text().contains("Closed"));
}
