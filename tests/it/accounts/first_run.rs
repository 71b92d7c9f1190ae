//! The first workspace: made once, by whoever reads the log.

use diesel::prelude::*;
use tokio::task::JoinSet;
use vestibule::features::accounts::first_run_code;
use vestibule::platform::activity::Event;
use vestibule::platform::db::schema::workspaces;

use super::{assert_refused, events};
use crate::support::{Form, PASSWORD, TestApp, Visitor};

async fn filled(app: &TestApp, visitor: &Visitor) -> Form {
    let code = first_run_code(&app.app).await.unwrap().expect("a code on the first run");
    let page = visitor.get(&format!("/setup?code={code}")).await;
    assert_eq!(page.status, 200);
    let form = page.form_with("code");
    assert_eq!(form.value("code"), Some(code.as_str()));
    form.set("workspace", "Acme Analytics")
        .set("name", "Ana Lima")
        .set("email", "Ana@Acme.example")
        .set("password", PASSWORD)
}

#[tokio::test]
async fn the_code_opens_the_door_once() {
    let app = TestApp::start();
    let visitor = app.visitor();
    assert_eq!(visitor.get("/sign-in").await.location().as_deref(), Some("/setup"));
    let done = filled(&app, &visitor).await.send(&visitor).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/connections")));
    let home = visitor.follow(&done).await;
    assert!(home.text().contains("Your workspace is ready."), "{}", home.text());
    assert!(
        home.text().contains("Acme Analytics") && home.text().contains("Ana Lima") && home.text().contains("Owner")
    );
    assert_eq!(events(&app).await, [(Event::WorkspaceCreated, "Ana Lima".to_owned(), "Acme Analytics".to_owned())]);

    assert_eq!(first_run_code(&app.app).await.unwrap(), None);
    let stranger = app.visitor();
    assert_eq!(stranger.get("/setup").await.status, 404);
    assert_eq!(stranger.get("/sign-in").await.status, 200);
    stranger.sign_in("ana@acme.example").await;
}

#[tokio::test]
async fn every_process_prints_the_same_code() {
    let app = TestApp::start();
    let (_, second) = app.second_server();
    assert_eq!(first_run_code(&app.app).await.unwrap(), first_run_code(&second).await.unwrap());
}

#[tokio::test]
async fn without_the_code_nothing_is_made_and_what_was_typed_stays() {
    let app = TestApp::start();
    let visitor = app.visitor();
    let form = filled(&app, &visitor).await;
    let wrong = form.clone().set("code", "KQ7M-2XTD-9GHJ").send(&visitor).await;
    assert_refused(&wrong, "code", "Setup code does not match. It is printed in the server's log when it starts.");
    assert_eq!(wrong.value_of("workspace").as_deref(), Some("Acme Analytics"));
    assert_eq!(wrong.value_of("email").as_deref(), Some("ana@acme.example"));
    assert!(!wrong.body.contains(PASSWORD));

    let empty =
        ["workspace", "name", "email", "password"].iter().fold(form.clone(), |form, field| form.set(field, " "));
    let refused = empty.send(&visitor).await;
    assert_refused(&refused, "workspace", "Enter workspace name");
    assert_refused(&refused, "email", "Enter your email");
    assert_refused(&refused, "password", "Password must be at least 12 characters");
    assert!(refused.text().contains("4 answers need attention"));
    assert!(first_run_code(&app.app).await.unwrap().is_some());

    let kind = form.value("code").unwrap().to_lowercase().replace('-', " ");
    assert_eq!(form.set("code", &kind).send(&visitor).await.status, 303);
}

#[tokio::test]
async fn two_at_once_make_one_workspace() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    let mut ready = Vec::new();
    for number in 0..8 {
        let visitor = app.visitor();
        let form = filled(&app, &visitor).await.set("email", &format!("owner{number}@acme.example"));
        ready.push((form, if number % 2 == 0 { visitor.at(&second) } else { visitor }));
    }
    let tries: JoinSet<u16> =
        ready.into_iter().map(|(form, visitor)| async move { form.send(&visitor).await.status }).collect();
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303, "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| [404, 409].contains(status)), "{statuses:?}");
    let count: i64 = app.app.db.read(|conn| Ok(workspaces::table.count().get_result(conn)?)).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let visitor = app.visitor();
    let form = filled(&app, &visitor).await.set("code", "AAAA-AAAA-AAAA");
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(form.send(&visitor).await.status);
    }
    assert_eq!((statuses[0], statuses[7]), (422, 429), "{statuses:?}");
}
