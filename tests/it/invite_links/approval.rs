//! What waits for approval: accepted, rejected, and decided once.

use serde_json::json;

use super::{connections, filled, invite};
use crate::support::{CANARY, TestApp, Visitor};

async fn waiting() -> (TestApp, Visitor, String) {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (_, link) = invite(&owner, "source/postgres", &[("approval", "yes")]).await;
    let visitor = app.visitor();
    let form = filled(&visitor, &link, "wait.example").await.set("/password", CANARY).set("identity", "Loja Sul");
    let sent = form.send(&visitor).await;
    assert!(visitor.follow(&sent).await.text().contains("looks at it first"));
    let connection = connections(&owner).await.remove(0);
    (app, owner, connection)
}

async fn decide(owner: &Visitor, connection: &str, what: &str) -> u16 {
    let inbox = owner.get("/invite-links/inbox").await;
    inbox.form_to(&format!("{connection}/{what}")).send(owner).await.status
}

#[tokio::test]
async fn an_accepted_connection_is_one_like_any_other() {
    let (app, owner, connection) = waiting().await;
    let list = owner.get("/invite-links").await;
    assert!(list.text().contains("1 connection waits for approval"), "{}", list.text());
    assert!(owner.get("/connections?state=waiting").await.text().contains("Loja Sul"));
    let inbox = owner.get("/invite-links/inbox").await.text();
    assert!(inbox.contains("Loja Sul – Postgres") && inbox.contains("Clients"), "{inbox}");
    app.run_jobs().await;
    let mails = app.app.mailer.kept();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("A connection waits for you") && mails[0].text.contains("/invite-links/inbox"));

    assert_eq!(decide(&owner, &connection, "acceptance").await, 303);
    assert!(owner.get("/invite-links/inbox").await.text().contains("Nothing waits"));
    let text = owner.get(&connection).await.text();
    assert!(text.contains("Ana Lima accepted the connection") && text.contains("Provided, cannot be shown"), "{text}");
}

#[tokio::test]
async fn a_rejected_connection_leaves_no_values_behind() {
    let (app, owner, connection) = waiting().await;
    assert_eq!(decide(&owner, &connection, "rejection").await, 303);
    assert_eq!(owner.get(&connection).await.status, 404);
    assert!(connections(&owner).await.is_empty());
    let links = owner.get("/invite-links").await.links();
    let page = links.into_iter().find(|link| link.starts_with("/invite-links/0")).unwrap();
    assert!(owner.get(&page).await.text().contains("Rejected"));
    let sealed: Vec<(String, Option<Vec<u8>>)> = app
        .app
        .db
        .read(|conn| {
            use diesel::prelude::*;
            use vestibule::platform::db::schema::connections;
            Ok(connections::table.select((connections::config, connections::sealed_secrets)).load(conn)?)
        })
        .await
        .unwrap();
    assert_eq!(sealed, [("{}".to_owned(), None)]);
}

#[tokio::test]
async fn a_decision_is_made_once_by_whoever_may() {
    let (app, owner, connection) = waiting().await;
    let viewer = app.member(&owner, vestibule::features::accounts::Role::Viewer, "vi@acme.example").await;
    assert!(!viewer.get("/invite-links/inbox").await.has("form[action$=acceptance]"));
    let page = owner.get("/invite-links/inbox").await;
    let (accept, reject) =
        (page.form_to(&format!("{connection}/acceptance")), page.form_to(&format!("{connection}/rejection")));
    let (first, second) = tokio::join!(accept.send(&owner), reject.send(&owner));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert!(statuses == [303, 409] || statuses == [303, 404], "{statuses:?}");
}

#[tokio::test]
async fn a_program_gets_no_credentials_of_what_waits() {
    let (app, owner, connection) = waiting().await;
    let program = crate::api::Program::nobody(&app).await;
    let program =
        program.with_scopes(&app, "Acme Analytics", vestibule::features::accounts::api_keys::Scope::ALL).await;
    let address = connection.replace("/connections/", "/api/v1/sources/");
    let refused = program.get(&format!("{address}/credentials/")).await.expect(409);
    assert!(refused.body.contains("waits until a member accepts it"), "{}", refused.body);
    assert_eq!(decide(&owner, &connection, "acceptance").await, 303);
    let given = program.get(&format!("{address}/credentials/")).await;
    assert!(!given.body.contains("waits until"), "{}", given.body);
}

#[tokio::test]
async fn nothing_is_asked_with_what_waits() {
    let (app, owner, connection) = waiting().await;
    let program = crate::api::Program::nobody(&app).await;
    let program =
        program.with_scopes(&app, "Acme Analytics", vestibule::features::accounts::api_keys::Scope::ALL).await;
    let address = connection.replace("/connections/", "/api/v1/sources/");
    let rest = json!({"config": {"database": "shop", "username": "reader"}});
    program.patch(&format!("{address}/"), rest).await.expect(200);
    let merged = json!({"config": {"host": "other.example"}});
    for (path, body) in [("revalidate", json!({})), ("revalidate", merged), ("trigger", json!({}))] {
        let refused = program.post(&format!("{address}/{path}/"), body).await.expect(409);
        assert_eq!(refused.code(), "waiting_for_approval", "{path}");
    }
    let refused = program.patch(&format!("{address}/"), json!({"draft": false})).await.expect(409);
    assert_eq!(refused.code(), "waiting_for_approval");
    assert_eq!(program.get(&format!("{address}/")).await.expect(200).text("/config/host"), "wait.example");

    let page = owner.get(&connection).await;
    assert!(!page.has("form[action$='/validations']"), "{}", page.text());
    assert!(!owner.get(&format!("{connection}/finish")).await.has("button[value=finalise]"));

    assert_eq!(decide(&owner, &connection, "acceptance").await, 303);
    let page = owner.get(&connection).await;
    let start = format!("{connection}/validations");
    assert_eq!(page.form_to(&start).send(&owner).await.status, 303);
    assert!(owner.get(&format!("{connection}/finish")).await.has("button[value=finalise]"));
}
