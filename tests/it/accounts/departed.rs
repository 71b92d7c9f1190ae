//! Who has left is told nothing, and whoever can act is: for every column that names who made something. What becomes of the things themselves is
//! in `departures.rs`.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde_json::json;
use vestibule::features::accounts::Role;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::features::webhooks;
use vestibule::platform::db::schema::{api_keys, jobs, members, setup_links};

use super::{id_of_member, join_path, remove_and_keep};
use crate::api::Program;
use crate::invite_links;
use crate::setup_links::share;
use crate::support::receiver::{Receiver, Reply};
use crate::support::smtp::{ScriptedSmtp, SmtpDeed};
use crate::support::{TestApp, Visitor};
use crate::webhooks::{set_webhook, submit};

const BO: &str = "bo@acme.example";
const ANA: &str = "ana@acme.example";

/// Takes somebody out of the workspace; Ana keeps what they made.
async fn remove(app: &TestApp, owner: &Visitor, email: &str) {
    remove_and_keep(app, owner, email, ANA).await;
}

/// Somebody who left when what they made stayed theirs.
async fn left_long_ago(app: &TestApp, email: &str) {
    let (id, now) = (id_of_member(app, email).await, app.app.clock.now());
    let left = move |conn: &mut vestibule::platform::db::Conn| {
        Ok(diesel::update(members::table.find(id)).set(members::removed_at.eq(now)).execute(conn)?)
    };
    assert_eq!(app.app.db.write(left).await.unwrap(), 1);
}

/// An app with an owner, Ana, and an admin, Bo, and no mail of that.
async fn ana_and_bo() -> (TestApp, Visitor, Visitor) {
    let app = crate::webhooks::app_with(|config| config.webhooks.retry_schedule = vec![std::time::Duration::ZERO]);
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    app.run_jobs().await;
    (app, owner, bo)
}

/// Does every job, and says who was told what since `before`.
async fn told(app: &TestApp, before: usize) -> Vec<(String, String)> {
    webhooks::run_due(&app.app).await.unwrap();
    app.run_jobs().await;
    let left: i64 = app.app.db.read(|conn| Ok(jobs::table.count().get_result(conn)?)).await.unwrap();
    assert_eq!(left, 0, "every job is over");
    let mails = app.app.mailer.kept().into_iter().skip(before);
    mails.map(|mail| (mail.to, mail.subject)).collect()
}

#[test]
fn each_column_that_names_a_maker_has_a_test_here() {
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/platform/db/schema.rs")).unwrap();
    let tables = schema.split("diesel::table! {").skip(1);
    let makers = tables.filter(|text| text.split("diesel::").next().unwrap().contains("created_by -> Nullable"));
    let names: BTreeSet<&str> = makers.map(|text| text.trim().split(' ').next().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["account_links", "api_keys", "connections", "invite_links", "setup_links"]));
}

#[tokio::test]
async fn the_owners_hear_of_a_setup_link_whose_maker_left() {
    let (app, owner, bo) = ana_and_bo().await;
    let (_, link) = share(&bo, "source", "postgres", &[]).await;
    let before = app.app.mailer.kept().len();
    assert!(app.visitor().get(&link).await.text().contains("Admin Person"));
    remove(&app, &owner, BO).await;
    let page = app.visitor().get(&link).await.text();
    assert!(!page.contains("Admin Person") && !page.contains(BO) && page.contains(ANA), "{page}");
    submit(&app, &link).await;
    let told = told(&app, before).await;
    assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [ANA], "{told:?}");

    // What the workspace says about whom to ask comes before the name of an owner.
    let (_, link) = share(&owner, "source", "postgres", &[]).await;
    let other = app.member(&owner, Role::Admin, "cy@acme.example").await;
    let (_, theirs) = share(&other, "source", "postgres", &[]).await;
    let form = owner.get("/settings/workspace").await.form_with("contact").set("contact", "Ask data@acme.example");
    assert_eq!(form.send(&owner).await.status, 303);
    left_long_ago(&app, "cy@acme.example").await;
    let page = app.visitor().get(&theirs).await.text();
    assert!(page.contains("Ask data@acme.example") && !page.contains(ANA) && !page.contains("cy@acme"), "{page}");
    assert!(app.visitor().get(&link).await.text().contains(ANA), "who is a member is named");
}

#[tokio::test]
async fn the_owners_hear_of_an_invite_link_whose_maker_left() {
    let (app, owner, bo) = ana_and_bo().await;
    let (_, link) =
        invite_links::invite(&bo, "source/postgres", &[("approval", "yes"), ("expires", "2026-03-20T16:00")]).await;
    let (_, open) = invite_links::invite(&bo, "source/postgres", &[]).await;
    let before = app.app.mailer.kept().len();
    remove(&app, &owner, BO).await;
    let visitor = app.visitor();
    assert_eq!(invite_links::filled(&visitor, &open, "db.example").await.send(&visitor).await.status, 303);
    for number in 0..21 {
        let sent = invite_links::filled(&visitor, &link, &format!("h{number}.example")).await.send(&visitor).await;
        assert_eq!(sent.status, 303);
    }
    app.advance(time::Duration::days(6));
    vestibule::features::invite_links::sweep(&app.app).await.unwrap();
    let told = told(&app, before).await;
    for subject in ["used for the first time", "waits for you", "unusually often", "about to expire"] {
        assert!(told.iter().any(|(_, told)| told.contains(subject)), "{subject}: {told:?}");
    }
    assert!(told.iter().all(|(to, _)| to == ANA), "{told:?}");
}

#[tokio::test]
async fn the_owners_hear_of_what_the_key_of_somebody_who_left_has_made() {
    let (app, owner, _) = ana_and_bo().await;
    let scopes = [Scope::SourcesRead, Scope::SourcesWrite, Scope::LinksRead, Scope::LinksWrite];
    let program = Program::nobody(&app).await.with_scopes(&app, "Acme Analytics", &scopes).await;
    let bo = id_of_member(&app, BO).await;
    app.app
        .db
        .write(move |conn| Ok(diesel::update(api_keys::table).set(api_keys::created_by.eq(bo)).execute(conn)?))
        .await
        .unwrap();
    let slug = program.draft("sources", "postgres").await;
    let made = program.post(&format!("/api/v1/sources/{slug}/setup-tokens/"), json!({})).await.expect(201);
    let before = app.app.mailer.kept().len();
    remove(&app, &owner, BO).await;
    submit(&app, &format!("/scl/{}", made.text("/token"))).await;
    let told = told(&app, before).await;
    assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [ANA], "{told:?}");
}

#[tokio::test]
async fn the_owners_hear_of_the_webhook_of_a_connection_whose_maker_left() {
    let (app, owner, bo) = ana_and_bo().await;
    let receiver = Receiver::start(|_, _| Reply::status(500));
    let (connection, link) = share(&bo, "source", "postgres", &[]).await;
    assert_eq!(set_webhook(&bo, &connection, &receiver.url("/hooks"), None).await.status, 303);
    let before = app.app.mailer.kept().len();
    remove(&app, &owner, BO).await;
    submit(&app, &link).await;
    let told = told(&app, before).await;
    assert!(told.iter().any(|(_, subject)| subject.starts_with("Webhook not delivered")), "{told:?}");
    assert!(told.iter().all(|(to, _)| to == ANA), "{told:?}");
    let page = owner.get("/settings/failures").await;
    assert!(page.text().contains("Webhook not delivered: source.setup_filled"), "{}", page.text());
    let dismissal = page.actions().into_iter().find(|action| action.ends_with("/dismissal")).unwrap();
    let done = page.form_to(&dismissal).send(&owner).await;
    assert!(!owner.follow(&done).await.text().contains("Webhook not delivered"));
}

#[tokio::test]
async fn an_invitation_whose_maker_left_is_not_even_mailed() {
    let (app, owner, bo) = ana_and_bo().await;
    let before = app.app.mailer.kept().len();
    let page = bo.get("/settings/members").await;
    let sent = page.form_to("/settings/members/invitations").set("email", "new@acme.example").send(&bo).await;
    let join = join_path(&sent.body);
    assert_eq!(app.visitor().get(&join).await.status, 200);
    remove(&app, &owner, BO).await;
    assert_eq!(told(&app, before).await, []);
    assert_eq!(app.visitor().get(&join).await.status, 410);
}

#[tokio::test]
async fn a_mail_that_waits_follows_whoever_is_there_when_it_goes() {
    let server = ScriptedSmtp::start();
    let url = server.url();
    let app = TestApp::start_with(|config| config.mail.smtp_url = Some(url.into()));
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    let (_, link) = share(&bo, "source", "postgres", &[]).await;
    app.app.db.write(|conn| Ok(diesel::delete(jobs::table).execute(conn)?)).await.unwrap();
    server.script(BO, &[SmtpDeed::Later, SmtpDeed::Later, SmtpDeed::Later]);
    submit(&app, &link).await;
    app.run_jobs().await;
    assert_eq!((server.tries(BO), server.heard().len()), (1, 0));
    remove(&app, &owner, BO).await;
    app.advance(time::Duration::hours(9));
    app.run_jobs().await;
    let heard: Vec<_> = server.heard().into_iter().map(|mail| mail.to).collect();
    assert_eq!((heard, server.tries(BO)), (vec![ANA.to_owned()], 1));
    let left: (i64, i64) = app
        .app
        .db
        .read(|conn| Ok((jobs::table.count().get_result(conn)?, setup_links::table.count().get_result(conn)?)))
        .await
        .unwrap();
    assert_eq!(left, (0, 1));
}
