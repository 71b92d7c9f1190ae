//! The details panel: rename, another end, another cap, and the same address again.

use super::{app_with_link, filled, invite, link_path};
use crate::support::{Page, TestApp, Visitor};

async fn change(owner: &Visitor, page: &str, fields: &[(&str, &str)]) -> Page {
    let form = owner.get(page).await.form_to(page);
    fields.iter().fold(form, |form, (name, value)| form.set(name, value)).send(owner).await
}

#[tokio::test]
async fn a_renamed_link_keeps_its_address_and_can_be_copied_again() {
    let (app, owner, page, link) = app_with_link().await;
    let saved = change(&owner, &page, &[("name", "Autumn clients"), ("greeting", "Welcome back,")]).await;
    let panel = owner.follow(&saved).await;
    assert!(panel.text().contains("Autumn clients") && panel.text().contains("Its address stays the same"));
    assert_eq!(link_path(&panel), link);
    assert_eq!(link_path(&owner.get(&page).await), link, "and again");
    assert!(app.visitor().get(&link).await.text().contains("Welcome back,"));
    assert!(panel.has(".qr") && panel.text().contains("Subject: Acme Analytics asks for access"));
    let nothing = change(&owner, &page, &[]).await;
    assert!(owner.follow(&nothing).await.text().contains("Nothing was changed"));
    let wrong = change(&owner, &page, &[("name", "")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("Enter a name"), "{}", wrong.text());
}

#[tokio::test]
async fn an_end_moved_into_the_past_closes_the_link_everywhere_and_one_moved_ahead_opens_it() {
    let (app, owner, page, link) = app_with_link().await;
    let (second, _second) = app.second_server();
    let visitor = app.visitor();
    let form = filled(&visitor, &link, "typed.example").await;
    let saved = change(&owner, &page, &[("expires", "2026-03-13T13:00"), ("zone", "America/Sao_Paulo")]).await;
    assert!(owner.follow(&saved).await.text().contains("Expired"), "13:00 in São Paulo is this very moment");
    for base in [&app.base, &second] {
        assert_eq!(visitor.at(base).get(&link).await.status, 410);
        assert_eq!(form.send(&visitor.at(base)).await.status, 410);
    }
    let saved = change(&owner, &page, &[("expires", "2026-03-13T13:01"), ("zone", "America/Sao_Paulo")]).await;
    let panel = owner.follow(&saved).await;
    assert!(panel.text().contains("Friday 13 March 2026, 13:01 America/Sao Paulo"), "{}", panel.text());
    assert_eq!(panel.value_of("expires").unwrap(), "2026-03-13T13:01", "the hour that was typed");
    assert_eq!(form.send(&visitor.at(&second)).await.status, 303, "what was typed meanwhile can still be sent");
    let next = owner.get("/invite-links/new").await;
    assert_eq!(next.form_with("zone").value("zone"), Some("America/Sao_Paulo"), "the zone is remembered");
}

#[tokio::test]
async fn a_full_link_opens_again_when_more_are_allowed() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (page, link) = invite(&owner, "source/postgres", &[("cap", "1")]).await;
    let visitor = app.visitor();
    assert_eq!(filled(&visitor, &link, "a.example").await.send(&visitor).await.status, 303);
    let full = visitor.get(&link).await;
    assert!(full.status == 410 && full.text().contains("takes no more connections"), "{}", full.text());
    assert!(owner.get(&page).await.text().contains("Full"));
    assert_eq!(change(&owner, &page, &[("cap", "2")]).await.status, 303);
    assert_eq!(filled(&visitor, &link, "b.example").await.send(&visitor).await.status, 303);
    assert_eq!(visitor.get(&link).await.status, 410);
}

#[tokio::test]
async fn a_viewer_sees_the_link_but_not_its_address() {
    let (app, owner, page, link) = app_with_link().await;
    let viewer = app.member(&owner, vestibule::features::accounts::Role::Viewer, "vi@acme.example").await;
    let panel = viewer.get(&page).await;
    assert_eq!(panel.status, 200);
    assert!(!panel.body.contains(link.trim_start_matches("/invite/")) && !panel.has("#expires"), "{}", panel.text());
    assert_eq!(viewer.get("/invite-links/new").await.status, 403);
}

#[tokio::test]
async fn a_link_without_an_end_is_marked_and_a_long_unused_one_is_offered_to_be_deleted() {
    let (app, owner, page, _) = app_with_link().await;
    assert!(owner.get(&page).await.text().contains("stays open until you delete it. Anyone who has it"));
    assert!(owner.get("/invite-links").await.text().contains("No end"));
    assert!(!owner.get("/invite-links").await.text().contains("Long unused"));
    app.advance(time::Duration::days(90));
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    assert!(owner.get("/invite-links").await.text().contains("Long unused"));
    let panel = owner.get(&page).await;
    assert!(panel.text().contains("Nobody has used this link for a long time"), "{}", panel.text());
}
