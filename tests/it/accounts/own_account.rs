//! A member's own name, password, sessions and theme.

use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;

use super::{assert_refused, events, session_count};
use crate::support::{Form, PASSWORD, TestApp};

const NEW: &str = "quite another password";

#[tokio::test]
async fn a_name_is_changed_everywhere() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/settings/account").await;
    assert!(page.text().contains("ana@acme.example"));
    let done = page.form_with("name").set("name", "  Ana  <b>Lima</b> ").send(&owner).await;
    let page = owner.follow(&done).await;
    assert!(page.text().contains("Profile saved.") && page.text().contains("Ana <b>Lima</b>"), "{}", page.text());
    assert!(!page.body.contains("<b>Lima"), "a name is no markup");
    let refused = page.form_with("name").set("name", " ").send(&owner).await;
    assert_refused(&refused, "name", "Enter your name");
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let done = owner.get("/settings/account").await.form_with("name").set("name", "Ana").send(&owner).await;
    assert!(!owner.get("/settings/mail").await.has("form[action='/settings/account']"));
    assert!(!owner.follow(&done).await.text().contains("Profile saved."), "the page in between has shown it");
    let done = owner.get("/settings/account").await.form_with("name").set("name", "Ana L").send(&owner).await;
    let page = owner.follow(&done).await;
    assert!(page.text().contains("Profile saved.") && page.title().starts_with("Profile saved"), "{}", page.title());
    assert!(!owner.get("/settings/account").await.text().contains("Profile saved."));
    assert!(!owner.cookies().keys().any(|name| name.contains("flash")));
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let elsewhere = app.visitor();
    elsewhere.sign_in("ana@acme.example").await;
    let form = owner.get("/settings/account").await.form_with("new_password");
    assert_refused(
        &form.clone().set("new_password", NEW).send(&owner).await,
        "current_password",
        "Enter your current password",
    );
    let wrong = form.clone().set("current_password", "not my password").set("new_password", NEW).send(&owner).await;
    assert_refused(&wrong, "current_password", "Current password is not right");
    assert!(!wrong.body.contains(NEW) && !wrong.body.contains("not my password"));
    let short = form.clone().set("current_password", PASSWORD).set("new_password", "short").send(&owner).await;
    assert_refused(&short, "new_password", "New password must be at least 12 characters");
    assert_eq!(session_count(&app).await, 2);

    let done = form.set("current_password", PASSWORD).set("new_password", NEW).send(&owner).await;
    assert!(owner.follow(&done).await.text().contains("Password changed. Your other sessions are ended."));
    assert_eq!(session_count(&app).await, 1);
    assert_eq!(elsewhere.get("/settings/account").await.status, 303);
    let form = elsewhere.get("/sign-in").await.form_with("email").set("email", "ana@acme.example");
    assert_eq!(form.clone().set("password", PASSWORD).send(&elsewhere).await.status, 422);
    assert_eq!(form.set("password", NEW).send(&elsewhere).await.status, 303);
    assert!(events(&app).await.contains(&(Event::PasswordChanged, "Ana Lima".to_owned(), String::new())));
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_at_once() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let others = [app.visitor(), app.visitor().calling_itself("curl/8.9.1"), app.visitor()];
    for other in &others {
        other.sign_in("ana@acme.example").await;
    }
    let page = owner.get("/settings/account").await;
    assert_eq!(
        (page.text().matches("This one").count(), page.count("form[action$='/end']")),
        (1, 4),
        "{}",
        page.text()
    );
    assert!(page.text().contains("curl"));
    let action = page.actions().into_iter().find(|action| action.contains("/sessions/")).unwrap();
    let done = page.form_to(&action).send(&owner).await;
    assert!(owner.follow(&done).await.text().contains("Session ended."));
    assert_eq!(session_count(&app).await, 3);
    assert_eq!(page.form_to(&action).send(&owner).await.status, 404, "it is gone");

    let done = owner.get("/settings/account").await.form_to("/settings/account/other-sessions/end").send(&owner).await;
    assert!(owner.follow(&done).await.text().contains("All your other sessions are ended."));
    assert_eq!(session_count(&app).await, 1);
    for other in &others {
        assert_eq!(other.get("/settings/account").await.status, 303);
    }
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, "bo@acme.example").await;
    let second = app.visitor();
    second.sign_in("ana@acme.example").await;
    let page = owner.get("/settings/account").await;
    let action = page.actions().into_iter().find(|action| action.contains("/sessions/")).unwrap();
    let token = bo.get("/settings/account").await.form_to("/sign-out");
    let refused = Form { action, ..token }.send(&bo).await;
    assert_eq!(refused.status, 404);
    assert_eq!(second.get("/settings/account").await.status, 200);
}

#[tokio::test]
async fn the_theme_is_on_every_page() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/settings/appearance").await;
    assert!(page.has("input[value=system][checked]") && !page.has("html[data-theme]"));
    let done = page.form_with("theme").set("theme", "dark").send(&owner).await;
    assert!(owner.follow(&done).await.has("html[data-theme=dark]"));
    assert!(owner.get("/settings/members").await.has("html[data-theme=dark]"));
    assert_eq!(page.form_with("theme").set("theme", "neon").send(&owner).await.status, 400);
}
