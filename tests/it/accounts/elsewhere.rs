//! What somebody opens may be in another workspace of theirs than the open one: they are asked, and land there. And what the way into
//! workspaces says of itself: how often somebody is invited, and what a backup that was put back closed.

use diesel::connection::SimpleConnection as _;
use time::Duration;
use vestibule::console::settle_restored;
use vestibule::features::accounts::Role;
use vestibule::platform::db::DatabaseUrl;

use super::join_path;
use crate::api::workspace_id;
use crate::setup_links::share;
use crate::support::{Page, TestApp, Visitor};

const OLGA: &str = "olga@other.example";

async fn invite(owner: &Visitor, email: &str) -> Page {
    owner.get("/settings/members").await.form_to("/settings/members/invitations").set("email", email).send(owner).await
}

/// Olga of one workspace, who is a member of another one, too, and has the first one open.
async fn olga_in_both(app: &TestApp, owner: &Visitor) -> Visitor {
    let olga = app.owner_of("Other", "Olga", OLGA).await;
    let join = join_path(&invite(owner, OLGA).await.body);
    assert_eq!(olga.get(&join).await.form_to(&join).press("intent", "join", &olga).await.status, 303);
    open(&olga, "Other").await;
    olga
}

/// Opens a workspace by its name.
async fn open(visitor: &Visitor, name: &str) {
    let page = visitor.get("/workspaces").await;
    let at = page.texts("main form button").iter().position(|text| text.contains(name)).expect("a button for it");
    let html = page.html();
    let member = html.select(&scraper::Selector::parse("main form input[name=member]").unwrap()).nth(at);
    let member = member.unwrap().attr("value").unwrap().to_owned();
    let token = page.form_with("member").set("member", &member);
    assert_eq!(token.send(visitor).await.status, 303);
}

#[tokio::test]
async fn what_is_in_another_workspace_of_theirs_is_one_button_away() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let (invite_link, _) = crate::invite_links::invite(&owner, "source/postgres", &[]).await;
    let olga = olga_in_both(&app, &owner).await;
    assert!(olga.get("/settings/workspace").await.body.contains("Other"));
    let inbox = format!("/invite-links/inbox?of={}", workspace_id(&app, "Acme Analytics").await);
    for path in [connection.clone(), format!("{connection}/configuration"), invite_link, inbox.clone()] {
        let led = olga.get(&path).await;
        assert_eq!(led.status, 303, "{path}: {}", led.text());
        let asked = olga.follow(&led).await;
        assert!(asked.text().contains("What you opened is in Acme Analytics"), "{path}: {}", asked.text());
        let opened = asked.form_with("next").send(&olga).await;
        assert_eq!(opened.location().as_deref(), Some(path.as_str()));
        assert_eq!(olga.get(&path).await.status, 200, "{path}");
        open(&olga, "Other").await;
    }
    assert_eq!(olga.get("/connections/never-made").await.status, 404);
    assert_eq!(olga.get("/invite-links/inbox").await.status, 200, "a page of every workspace is that of the open one");
    assert_eq!(owner.get(&inbox).await.status, 200);
    let stranger = app.owner_of("Third", "Tom", "tom@third.example").await;
    assert_eq!(stranger.get(&connection).await.status, 404, "what is nobody's business was never there");
    assert_eq!(stranger.get(&inbox).await.status, 200);
}

#[tokio::test]
async fn an_address_is_invited_once_an_hour() {
    let app = TestApp::start();
    let owner = app.owner().await;
    assert_eq!(invite(&owner, "bo@acme.example").await.status, 200);
    let again = invite(&owner, "bo@acme.example").await;
    assert!(again.status == 422 && again.text().contains("less than an hour ago"), "{}", again.text());
    assert_eq!(again.form_with("email").value("email"), Some("bo@acme.example"));
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().iter().filter(|mail| mail.to == "bo@acme.example").count(), 1);
    app.advance(Duration::HOUR);
    assert_eq!(invite(&owner, "bo@acme.example").await.status, 200);
    // Who came and was removed may come back at once.
    let bo = app.member(&owner, Role::Member, "cy@acme.example").await;
    assert_eq!(bo.get("/connections").await.status, 200);
    let removal = format!("/settings/members/{}/removal", super::id_of_member(&app, "cy@acme.example").await);
    assert_eq!(owner.get(&removal).await.form_to(&removal).send(&owner).await.status, 303);
    assert_eq!(invite(&owner, "cy@acme.example").await.status, 200);
}

#[tokio::test]
async fn a_workspace_invites_so_many_a_day() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let hash = |number: usize| match app.place {
        DatabaseUrl::Sqlite(_) => format!("x'{number:08x}'"),
        DatabaseUrl::Postgres(_) => format!("'\\x{number:08x}'::bytea"),
    };
    let row = |number: usize| {
        let at = "'2026-03-13 15:30:00'";
        format!(
            "('m{number}', '{workspace}', 'join', 'm{number}@acme.example', 'viewer', {}, {at}, {at})",
            hash(number)
        )
    };
    let rows: Vec<String> = (0..199).map(row).collect();
    let sql = "INSERT INTO account_links (id, workspace_id, purpose, email, role, token_hash, created_at, expires_at) VALUES ";
    app.place.open().unwrap().batch_execute(&format!("{sql}{}", rows.join(", "))).unwrap();
    assert_eq!(invite(&owner, "the-last@acme.example").await.status, 200);
    let refused = invite(&owner, "one-more@acme.example").await;
    assert!(refused.status == 422 && refused.text().contains("200 invitations within a day"), "{}", refused.text());
    let other = app.owner_of("Other", "Olga", OLGA).await;
    assert_eq!(invite(&other, "one-more@acme.example").await.status, 200, "each workspace by itself");
    app.advance(Duration::DAY);
    assert_eq!(invite(&owner, "one-more@acme.example").await.status, 200);
}

#[tokio::test]
async fn what_a_restored_backup_closed_says_so() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (panel, link) = crate::invite_links::invite(&owner, "source/postgres", &[]).await;
    let join = join_path(&invite(&owner, "bo@acme.example").await.body);
    app.app.write(settle_restored).await.unwrap();
    let guest = app.visitor();
    for path in [&link, &join] {
        let closed = guest.get(path).await;
        assert_eq!(closed.status, 410, "{path}");
        let text = closed.text();
        assert!(
            text.contains("restored from an older copy") && text.contains("making one takes seconds"),
            "{path}: {text}"
        );
        assert!(!text.contains("deleted") && !text.contains("withdrew"), "{path}: {text}");
    }
    owner.sign_in("ana@acme.example").await;
    let shown = owner.get(&panel).await.text();
    assert!(shown.contains("closed because a backup was put back") && !shown.contains("was deleted"), "{shown}");
    assert_eq!(invite(&owner, "bo@acme.example").await.status, 200, "and the invitation is made anew at once");
}
