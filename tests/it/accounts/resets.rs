//! A new password by mail.

use time::Duration;
use tokio::task::JoinSet;
use vestibule::platform::activity::Event;

use super::{assert_refused, events, mailed_path, session_count};
use crate::support::{PASSWORD, Page, TestApp};

const NEW: &str = "quite another password";

async fn ask(app: &TestApp, email: &str) -> Page {
    let visitor = app.visitor();
    let page = visitor.get("/sign-in").await;
    assert!(page.links().contains(&"/forgot-password".to_owned()));
    visitor.get("/forgot-password").await.form_with("email").set("email", email).send(&visitor).await
}

#[tokio::test]
async fn the_answer_does_not_tell_who_has_an_account() {
    let app = TestApp::start();
    app.owner().await;
    let (known, unknown) = (ask(&app, "Ana@acme.example").await, ask(&app, "nobody@acme.example").await);
    assert_eq!((known.status, &known.body), (200, &unknown.body));
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ana@acme.example"]);
    assert_refused(&ask(&app, "nonsense").await, "email", "Email must be an address, like ana@example.com");
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_the_old_password() {
    let app = TestApp::start();
    let owner = app.owner().await;
    ask(&app, "ana@acme.example").await;
    app.run_jobs().await;
    let path = mailed_path(&app, "ana@acme.example");
    let ana = app.visitor();
    let page = ana.get(&path).await;
    assert!(page.text().contains("Choose a new password") && !page.has("#name"), "{}", page.text());
    let refused = page.form_with("password").set("password", "short").send(&ana).await;
    assert_refused(&refused, "password", "Password must be at least 12 characters");
    let done = page.form_with("password").set("password", NEW).send(&ana).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/sign-in")));
    assert_eq!(session_count(&app).await, 0);
    assert_eq!(owner.get("/settings/account").await.status, 303);

    let signed = ana.follow(&done).await;
    assert!(signed.text().contains("Your new password is set."));
    let form = signed.form_with("email").set("email", "ana@acme.example");
    assert_eq!(form.clone().set("password", PASSWORD).send(&ana).await.status, 422);
    assert_eq!(form.set("password", NEW).send(&ana).await.status, 303);
    let used = app.visitor().get(&path).await;
    assert_eq!(used.status, 410);
    assert!(used.text().contains("This link has already been used"), "{}", used.text());
    assert!(events(&app).await.iter().any(|(event, name, _)| *event == Event::PasswordChanged && name == "Ana Lima"));
}

#[tokio::test]
async fn one_hour_and_then_no_more() {
    let app = TestApp::start();
    app.owner().await;
    ask(&app, "ana@acme.example").await;
    app.run_jobs().await;
    let path = mailed_path(&app, "ana@acme.example");
    app.advance(Duration::minutes(60));
    let dead = app.visitor().get(&path).await;
    assert_eq!(dead.status, 410);
    assert!(
        dead.text().contains("This link has expired") && dead.links().contains(&"/forgot-password".to_owned()),
        "{}",
        dead.text()
    );
}

#[tokio::test]
async fn many_at_once_set_one_password() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    app.owner().await;
    ask(&app, "ana@acme.example").await;
    app.run_jobs().await;
    let path = mailed_path(&app, "ana@acme.example");
    let mut ready = Vec::new();
    for number in 0..8 {
        let visitor = app.visitor();
        let form = visitor.get(&path).await.form_with("password").set("password", &format!("new password {number}"));
        ready.push((form, if number % 2 == 0 { visitor.at(&second) } else { visitor }, number));
    }
    let send = |(form, visitor, number): (crate::support::Form, crate::support::Visitor, i32)| async move {
        (form.send(&visitor).await.status, number)
    };
    let tries: JoinSet<(u16, i32)> = ready.into_iter().map(send).collect();
    let results = tries.join_all().await;
    let won: Vec<i32> = results.iter().filter(|(status, _)| *status == 303).map(|(_, number)| *number).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    assert!(results.iter().all(|(status, _)| [303, 410].contains(status)), "{results:?}");
    let visitor = app.visitor();
    let form = visitor.get("/sign-in").await.form_with("email").set("email", "ana@acme.example");
    assert_eq!(form.set("password", &format!("new password {}", won[0])).send(&visitor).await.status, 303);
}

#[tokio::test]
async fn a_mailbox_is_not_flooded_and_older_links_die_with_the_change() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for _ in 0..3 {
        ask(&app, "ana@acme.example").await;
    }
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().len(), 1);
    let first = mailed_path(&app, "ana@acme.example");
    app.advance(Duration::minutes(3));
    ask(&app, "ana@acme.example").await;
    app.run_jobs().await;
    assert_eq!(app.app.mailer.kept().len(), 2);
    assert_eq!(app.visitor().get(&first).await.status, 200, "an older mail still works");
    let page = owner.get("/settings/account").await;
    let changed =
        page.form_with("new_password").set("current_password", PASSWORD).set("new_password", NEW).send(&owner).await;
    assert_eq!(changed.status, 303);
    let dead = app.visitor().get(&first).await;
    assert_eq!(dead.status, 410);
    assert!(dead.text().contains("Your password was changed in another way"), "{}", dead.text());
}

#[tokio::test]
async fn asking_is_limited() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    app.owner().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(ask(&app, "ana@acme.example").await.status);
    }
    assert_eq!((statuses[0], statuses[6]), (200, 429), "{statuses:?}");
}
