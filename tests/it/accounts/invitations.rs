//! Inviting by mail, and the one use of the link.

use time::Duration;
use tokio::task::JoinSet;
use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;

use super::{assert_refused, events, join_path, mailed_path, sealed_tokens, session_count};
use crate::support::{PASSWORD, Page, TestApp, Visitor};

async fn invite(owner: &Visitor, email: &str, role: &str) -> Page {
    owner
        .get("/settings/members")
        .await
        .form_to("/settings/members/invitations")
        .set("email", email)
        .set("role", role)
        .send(owner)
        .await
}

fn shown_path(page: &Page) -> String {
    join_path(&page.value_of("invitation").expect("the link, this once"))
}

#[tokio::test]
async fn the_link_is_shown_once_mailed_once_and_used_once() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let made = invite(&owner, " Bo@Acme.example", "viewer").await;
    assert_eq!(made.status, 200);
    assert!(made.text().contains("No mail server is set, so send this link yourself"), "{}", made.text());
    let path = shown_path(&made);
    assert!(!owner.get("/settings/members").await.body.contains("/join/"));
    assert!(owner.get("/settings/members").await.text().contains("bo@acme.example"));

    app.run_jobs().await;
    assert_eq!(mailed_path(&app, "bo@acme.example"), path);
    let mail = &app.app.mailer.kept()[0];
    assert_eq!(mail.subject, "Ana Lima invites you to Acme Analytics");
    for text in [&mail.text, &mail.html] {
        assert!(
            text.contains(&app.app.config.server.base_url.join(&path))
                && text.contains("Friday 20 March 2026, 16:00 UTC"),
            "{text}"
        );
    }
    assert_eq!(sealed_tokens(&app).await, [None], "once mailed, the token is forgotten");
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().len(), 1);

    let bo = app.visitor();
    let page = bo.get(&path).await;
    assert!(
        page.text().contains("Ana Lima has invited you")
            && page.text().contains("bo@acme.example")
            && page.text().contains("Viewer. Looks at everything"),
        "{}",
        page.text()
    );
    let done = page.form_with("name").set("name", "Bo Chen").set("password", PASSWORD).send(&bo).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/connections")));
    assert!(bo.follow(&done).await.text().contains("Welcome. You are a member now."));
    assert!(owner.get("/settings/members").await.text().contains("Bo Chen bo@acme.example Viewer"));
    app.visitor().sign_in("bo@acme.example").await;

    let again = app.visitor().get(&path).await;
    assert_eq!(again.status, 410);
    assert!(
        again.text().contains("This invitation has already been used") && again.text().contains("Ana Lima"),
        "{}",
        again.text()
    );
    let log: Vec<Event> = events(&app).await.into_iter().map(|(event, _, _)| event).collect();
    assert_eq!(log, [Event::MemberInvited, Event::MemberJoined, Event::WorkspaceCreated]);
}

#[tokio::test]
async fn looking_changes_nothing() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = shown_path(&invite(&owner, "bo@acme.example", "member").await);
    let scanner = app.visitor().calling_itself("Slackbot-LinkExpanding 1.0");
    for _ in 0..20 {
        assert_eq!(scanner.get(&path).await.status, 200);
        assert_eq!(scanner.head(&path).await.status, 200);
    }
    let bo = app.visitor();
    let done = bo.get(&path).await.form_with("name").set("name", "Bo").set("password", PASSWORD).send(&bo).await;
    assert_eq!(done.status, 303);
}

#[tokio::test]
async fn many_at_once_make_one_member() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    let owner = app.owner().await;
    let path = shown_path(&invite(&owner, "bo@acme.example", "member").await);
    let mut ready = Vec::new();
    for number in 0..10 {
        let visitor = app.visitor();
        let form =
            visitor.get(&path).await.form_with("name").set("name", &format!("Bo {number}")).set("password", PASSWORD);
        ready.push((form, if number % 2 == 0 { visitor.at(&second) } else { visitor }));
    }
    let tries: JoinSet<u16> =
        ready.into_iter().map(|(form, visitor)| async move { form.send(&visitor).await.status }).collect();
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| *status == 410), "{statuses:?}");
    let page = owner.get("/settings/members").await;
    assert_eq!(page.text().matches("bo@acme.example").count(), 1, "{}", page.text());
    assert_eq!(session_count(&app).await, 2);
}

#[tokio::test]
async fn what_is_typed_wrongly_spends_nothing() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = shown_path(&invite(&owner, "bo@acme.example", "member").await);
    let bo = app.visitor();
    let form = bo.get(&path).await.form_with("name");
    let refused = form.clone().set("name", "Bo").set("password", "too short").send(&bo).await;
    assert_refused(&refused, "password", "Password must be at least 12 characters");
    assert_eq!(refused.value_of("name").as_deref(), Some("Bo"));
    assert!(!refused.body.contains("too short"));
    let long = form.clone().set("name", &"x".repeat(81)).set("password", &"x".repeat(1_025)).send(&bo).await;
    assert_refused(&long, "name", "Your name must be 80 characters or fewer");
    assert_refused(&long, "password", "Password must be 1024 bytes or fewer");
    assert_eq!(form.set("name", "Bo").set("password", PASSWORD).send(&bo).await.status, 303);
}

#[tokio::test]
async fn seven_days_and_then_no_more() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = shown_path(&invite(&owner, "bo@acme.example", "member").await);
    let bo = app.visitor();
    app.advance(Duration::days(6) + Duration::hours(23));
    let form = bo.get(&path).await.form_with("name").set("name", "Bo").set("password", PASSWORD);
    app.advance(Duration::hours(1));
    let late = form.send(&bo).await;
    assert_eq!(late.status, 410);
    assert!(
        late.text().contains("This invitation has expired") && late.text().contains("Ask Ana Lima for a new one"),
        "{}",
        late.text()
    );
    app.run_jobs().await;
    assert!(app.app.mailer.kept().is_empty(), "a dead link is not mailed");
    assert!(owner.get("/settings/members").await.text().contains("Expired"));
}

#[tokio::test]
async fn a_withdrawn_link_says_so() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = shown_path(&invite(&owner, "bo@acme.example", "member").await);
    let page = owner.get("/settings/members").await;
    let action = page.actions().into_iter().find(|action| action.ends_with("/withdrawal")).unwrap();
    let done = page.form_to(&action).send(&owner).await;
    assert!(owner.follow(&done).await.text().contains("Invitation withdrawn. Its link does not work any more."));
    let dead = app.visitor().get(&path).await;
    assert_eq!(dead.status, 410);
    assert!(dead.text().contains("This invitation was withdrawn"));
    assert!(events(&app).await.contains(&(
        Event::InvitationWithdrawn,
        "Ana Lima".to_owned(),
        "bo@acme.example".to_owned()
    )));
    assert!(!owner.get("/settings/members").await.text().contains("bo@acme.example"));
}

#[tokio::test]
async fn the_same_form_twice_is_one_invitation_and_a_new_one_replaces_the_old() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let form = owner
        .get("/settings/members")
        .await
        .form_to("/settings/members/invitations")
        .set("email", "bo@acme.example")
        .set("role", "member");
    let first = form.send(&owner).await;
    let reload = form.send(&owner).await;
    assert_eq!(reload.status, 200);
    assert!(reload.text().contains("Its link was shown once") && !reload.body.contains("/join/"), "{}", reload.text());
    assert_eq!(app.visitor().get(&shown_path(&first)).await.status, 200, "a reload does not end the link");

    app.advance(time::Duration::HOUR);
    let newer = invite(&owner, "bo@acme.example", "admin").await;
    assert_eq!(app.visitor().get(&shown_path(&first)).await.status, 410);
    assert_eq!(app.visitor().get(&shown_path(&newer)).await.status, 200);
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().len(), 1, "only the newest is mailed");
}

#[tokio::test]
async fn addresses_that_cannot_be_invited() {
    let app = TestApp::start();
    let owner = app.owner().await;
    app.member(&owner, Role::Member, "bo@acme.example").await;
    assert_refused(
        &invite(&owner, "Bo@acme.example", "viewer").await,
        "email",
        "This address belongs to a member already",
    );
    assert_refused(
        &invite(&owner, "not an address", "viewer").await,
        "email",
        "Email must be an address, like ana@example.com",
    );
    let nobody = invite(&owner, "cy@acme.example", "emperor").await;
    assert_refused(&nobody, "role-admin", "Choose a role");
    assert_eq!(nobody.value_of("email").as_deref(), Some("cy@acme.example"));
}

#[tokio::test]
async fn who_has_an_account_joins_with_the_password_they_have_and_with_no_other() {
    let app = TestApp::start();
    let owner = app.owner().await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let path = shown_path(&invite(&owner, "olga@other.example", "member").await);
    let visitor = app.visitor();
    let form = visitor.get(&path).await.form_with("name").set("name", "Olga");
    let refused = form.clone().set("password", "another password").send(&visitor).await;
    assert_refused(&refused, "password", "This address has an account here already, with another password.");
    assert_eq!(refused.value_of("name").as_deref(), Some("Olga"));
    assert_eq!(app.visitor().get(&path).await.status, 200, "the link is not spent");
    assert_eq!(form.set("password", PASSWORD).send(&visitor).await.status, 303);
    assert!(visitor.get("/settings/members").await.text().contains("ana@acme.example"));
}

#[tokio::test]
async fn an_unknown_token_is_the_same_404_for_everybody() {
    let app = TestApp::start();
    app.owner().await;
    let visitor = app.visitor();
    let one = visitor.get("/join/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    let other = visitor.get("/join/x").await;
    assert_eq!((one.status, &one.body), (404, &other.body));
    let posted = visitor.post("/join/x", &[("name".to_owned(), "x".to_owned())]).await;
    assert!([403, 404].contains(&posted.status));
}
