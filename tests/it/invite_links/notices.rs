//! What the member who made a link is told by mail.

use time::Duration;

use super::{app_with_link, filled, invite};
use crate::support::TestApp;

fn subjects(app: &TestApp) -> Vec<String> {
    app.app.mailer.kept().iter().map(|mail| mail.subject.clone()).collect()
}

#[tokio::test]
async fn the_first_use_is_told_and_the_second_is_not() {
    let (app, _owner, _, link) = app_with_link().await;
    let visitor = app.visitor();
    for host in ["a.example", "b.example"] {
        filled(&visitor, &link, host).await.send(&visitor).await;
        app.run_jobs().await;
        assert_eq!(subjects(&app), ["Invite link used for the first time: Clients"], "{host}");
    }
    let mail = app.app.mailer.kept().remove(0);
    assert_eq!(mail.to, "ana@acme.example");
    let token = link.trim_start_matches("/invite/");
    assert!(!mail.text.contains(token) && !mail.html.contains(token), "the mail does not carry the link's token");
    assert!(!mail.text.contains("a.example"));
}

#[tokio::test]
async fn a_coming_end_is_told_once_and_a_new_end_again() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (page, _) = invite(&owner, "source/postgres", &[("expires", "2026-03-20T16:00")]).await;
    app.advance(Duration::days(3));
    app.run_jobs().await;
    vestibule::features::invite_links::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert!(subjects(&app).is_empty(), "four days before");
    app.advance(Duration::days(1));
    for _ in 0..2 {
        vestibule::features::invite_links::sweep(&app.app).await.unwrap();
        app.run_jobs().await;
    }
    assert_eq!(subjects(&app), ["Invite link is about to expire: Clients"]);
    let saved = owner.get(&page).await.form_to(&page).set("expires", "2026-03-19T16:00").send(&owner).await;
    assert_eq!(saved.status, 303);
    vestibule::features::invite_links::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!(subjects(&app).len(), 2);
}

#[tokio::test]
async fn unusual_use_is_told_once_a_day() {
    let (app, _owner, _, link) = app_with_link().await;
    let visitor = app.visitor();
    for person in 0..25 {
        let sent = filled(&visitor, &link, &format!("h{person}.example")).await.send(&visitor).await;
        assert_eq!(sent.status, 303);
        app.advance(Duration::minutes(1));
    }
    app.run_jobs().await;
    let told = subjects(&app).iter().filter(|subject| subject.contains("unusually often")).count();
    assert_eq!(told, 1, "{:?}", subjects(&app));
}

#[tokio::test]
async fn what_happens_is_told_to_webhooks() {
    use vestibule::platform::db::schema::webhook_messages;
    let app = TestApp::start();
    let owner = app.owner().await;
    let form = owner.get("/settings/webhooks/new").await.form_with("url").set("url", "https://93.184.216.34/in");
    let events = [
        "invite_link.created",
        "invite_link.updated",
        "invite_link.connection_created",
        "invite_link.connection_rejected",
        "invite_link.deleted",
        "invite_link.expired",
    ];
    let form = events.iter().fold(form, |form, event| form.add("events", event));
    assert_eq!(form.send(&owner).await.status, 303);
    let fields = [("approval", "yes"), ("expires", "2026-03-13T20:00")];
    let (page, link) = invite(&owner, "destination/postgres", &fields).await;
    let visitor = app.visitor();
    filled(&visitor, &link, "secret-host.example").await.set("identity", "Loja Sul").send(&visitor).await;
    let inbox = owner.get("/invite-links/inbox").await;
    let rejection = inbox.actions().into_iter().find(|action| action.ends_with("/rejection")).unwrap();
    inbox.form_to(&rejection).send(&owner).await;
    owner.get(&page).await.form_to(&page).set("name", "Renamed").send(&owner).await;
    app.advance(Duration::hours(5));
    vestibule::features::invite_links::sweep(&app.app).await.unwrap();
    owner.get(&page).await.form_to(&format!("{page}/deletion")).send(&owner).await;
    let told: Vec<(String, String)> = app
        .app
        .db
        .read(|conn| {
            use diesel::prelude::*;
            let order = (webhook_messages::created_at, webhook_messages::id);
            let all = webhook_messages::table.order(order);
            Ok(all.select((webhook_messages::event, webhook_messages::payload)).load(conn)?)
        })
        .await
        .unwrap();
    let mut names: Vec<&str> = told.iter().map(|(event, _)| event.as_str()).collect();
    names.sort_unstable();
    let mut expected = events;
    expected.sort_unstable();
    assert_eq!(names, expected);
    let token = link.trim_start_matches("/invite/");
    assert!(told.iter().all(|(_, payload)| !payload.contains(token) && !payload.contains("secret-host")));
    let (_, created) = told.iter().find(|(event, _)| event == "invite_link.connection_created").unwrap();
    let payload: serde_json::Value = serde_json::from_str(created).unwrap();
    assert_eq!(payload["destination"]["identity"], "Loja Sul");
    assert_eq!(
        (&payload["invite_link"]["name"], &payload["destination"]["approval"]),
        (&"Clients".into(), &"waiting".into())
    );
}
