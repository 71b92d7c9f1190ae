//! The main job, end to end.

use super::{app_with_link, connections, filled, invite, invite_page};
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn a_link_made_for_many_brings_their_connections() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let fields = [
        ("name", "Spring clients"),
        ("greeting", "Hello Loja Sul team,"),
        ("note", "A user that can only read, please."),
        ("expires", "2026-03-20T18:00"),
        ("zone", "America/Sao_Paulo"),
    ];
    let (page, link) = invite(&owner, "source/postgres", &fields).await;
    for (who, host) in [("Loja Sul", "db.sul.example"), ("Loja Norte", "db.norte.example")] {
        let visitor = app.visitor();
        let form = visitor.get(&link).await;
        let text = form.text();
        for words in [
            "Acme Analytics asks for access",
            "Hello Loja Sul team,",
            "can only read",
            "Friday 20 March 2026, 18:00 America/Sao Paulo",
            "You can use this link again",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("Spring clients"), "the link's name is for members");
        let form = form.form_with("/host").set("identity", who).set("/host", host).set("/database", "shop");
        let sent = form.set("/username", "reader").set("/password", CANARY).press("intent", "complete", &visitor).await;
        let receipt = visitor.follow(&sent).await;
        let text = receipt.text();
        assert!(text.contains("Sent to Acme Analytics") && text.contains(who) && text.contains("VB-"), "{text}");
        assert!(!receipt.body.contains(host) && !receipt.body.contains(CANARY));
        app.advance(time::Duration::seconds(1));
        assert!(receipt.links().contains(&link), "another account can be connected: {:?}", receipt.links());
    }
    let made = connections(&owner).await;
    assert_eq!(made.len(), 2);
    let connection = owner.get(&made[1]).await;
    let text = connection.text();
    for words in ["Loja Sul – Postgres", "db.sul.example", "Loja Sul, through an invite link", "Spring clients"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!connection.body.contains(CANARY));
    let panel = owner.get(&page).await;
    assert!(panel.text().contains("Loja Norte – Postgres") && panel.text().contains("2, from 2 submissions"));
    let list = owner.get("/connections").await.text();
    assert!(list.contains("Spring clients"), "the list says where it came from: {list}");
}

#[tokio::test]
async fn a_missing_app_is_said_before_the_link_is_shared() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (with, _) = invite(&owner, "source/facebook-ads", &[]).await;
    let panel = owner.get(&with).await;
    assert!(panel.text().contains("There is no OAuth app for Facebook yet"), "{}", panel.text());
    assert!(panel.links().contains(&"/settings/oauth-apps/facebook".to_owned()));
    let (without, _) = invite(&owner, "source/postgres", &[]).await;
    assert!(!owner.get(&without).await.text().contains("OAuth app"));
}

#[tokio::test]
async fn destinations_come_the_same_way() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (_, link) = invite(&owner, "destination/postgres", &[]).await;
    let visitor = app.visitor();
    assert!(visitor.get(&link).await.text().contains("write data to it"));
    assert_eq!(filled(&visitor, &link, "db.example").await.send(&visitor).await.status, 303);
    assert!(owner.get("/connections").await.text().contains("destination"));
}

#[tokio::test]
async fn a_sent_form_that_comes_again_shows_the_same_receipt_and_makes_nothing() {
    let (app, owner, _, link) = app_with_link().await;
    let visitor = app.visitor();
    let form = filled(&visitor, &link, "one.example").await;
    let first = form.send(&visitor).await;
    app.advance(time::Duration::minutes(1));
    let again = form.send(&visitor).await;
    assert_eq!((first.status, again.status, first.location()), (303, 303, again.location()));
    let other = form.clone().set("/host", "two.example").send(&visitor).await;
    assert_eq!(other.status, 410);
    for words in ["This form was sent before", "open the link again and fill in a new form", "two.example"] {
        assert!(other.text().contains(words), "{words}: {}", other.text());
    }
    assert_eq!(connections(&owner).await.len(), 1);
    let fresh = filled(&visitor, &link, "two.example").await.send(&visitor).await;
    assert_ne!(fresh.location(), first.location());
    assert_eq!(connections(&owner).await.len(), 2, "a new form is a new connection");
}

#[tokio::test]
async fn a_creation_that_is_sent_twice_makes_one_link() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let form = owner.get("/invite-links/new").await.form_with("connector");
    let form = form.set("connector", "source/stripe").set("name", "Once");
    let (first, second) = (form.send(&owner).await, form.send(&owner).await);
    assert_eq!(first.location(), second.location());
}

#[tokio::test]
async fn slips_are_named_and_what_was_typed_stays() {
    let (app, owner, _, link) = app_with_link().await;
    let slips =
        [("name", ""), ("expires", "2026-03-13T15:00"), ("cap", "many"), ("zone", "Mars/Base"), ("note", "kept")];
    let refused = invite_page(&owner, "source/nonesuch", &slips).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    for words in ["Enter a name", "Choose a time zone", "Limit of connections must be", "Choose what the link connects"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(refused.body.contains("kept"));
    let past = invite_page(&owner, "source/postgres", &[("expires", "2026-03-13T15:00")]).await;
    assert!(past.status == 422 && past.text().contains("still to come"), "{}", past.text());

    let visitor = app.visitor();
    let form = visitor.get(&link).await.form_with("/host");
    let empty = form.clone().press("intent", "partial", &visitor).await;
    assert!(empty.status == 422 && empty.text().contains("Nothing is filled in yet"), "{}", empty.text());
    let slip =
        form.set("identity", &"x".repeat(81)).set("/port", "many").set("/password", CANARY).set("/host", "h.example");
    let refused = slip.press("intent", "partial", &visitor).await;
    assert!(refused.status == 422 && !refused.body.contains(CANARY), "{}", refused.text());
    assert!(refused.text().contains("Your name or company must be 80"), "{}", refused.text());
    let mended =
        refused.form_with("/host").set("/port", "5432").set("identity", "Loja").press("intent", "partial", &visitor);
    assert_eq!(mended.await.status, 303);
    let connection = owner.get(&connections(&owner).await[0]).await.text();
    assert!(connection.contains("Provided, cannot be shown"), "the held password was used: {connection}");
}
