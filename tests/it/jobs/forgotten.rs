//! Forgetting somebody in what waits and what failed: theirs goes, and nobody else's.

use diesel::prelude::*;
use vestibule::base::ids::{MemberId, SetupLinkId, WorkspaceId};
use vestibule::features::setup_links::SubmissionMail;
use vestibule::platform::db::Conn;
use vestibule::platform::db::schema::jobs;
use vestibule::platform::email::masked_address;
use vestibule::platform::former_member::FormerMember;
use vestibule::platform::jobs::{Job as _, Lane, forget_job, forget_member};

use super::failed::Sample;
use crate::api::workspace_id;
use crate::support::TestApp;

const BO: &str = "bo@acme.example";

fn ids(conn: &mut Conn) -> Vec<String> {
    jobs::table.order(jobs::id).select(jobs::id).load(conn).unwrap()
}

fn add(app: &TestApp, conn: &mut Conn, id: &str, workspace: &WorkspaceId) {
    let at = app.app.clock.now();
    let workspace = Some(workspace);
    Sample { id, kind: "some_mail", lane: Lane::NoticeMail, workspace, run_at: at, failed_at: Some(at) }.insert(conn);
}

#[tokio::test]
async fn of_a_member_who_is_forgotten_no_mail_is_left_and_no_word() {
    let app = TestApp::start();
    app.owner().await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let (own, other) = (workspace_id(&app, "Acme Analytics").await, workspace_id(&app, "Other").await);
    let mut conn = app.place.open().unwrap();
    diesel::delete(jobs::table).execute(&mut conn).unwrap();
    for id in ["about", "error", "shown", "theirs", "untouched"] {
        add(&app, &mut conn, id, &own);
    }
    add(&app, &mut conn, "elsewhere", &other);
    type Said = (&'static str, &'static str, Option<&'static str>, String);
    let (masked, maria) = (masked_address(BO), masked_address("maria@m.example"));
    let said: [Said; 5] = [
        ("about", "Bo Quist invites you", Some("refused"), maria.clone()),
        ("elsewhere", "Bo Quist invites you", Some("bo@acme.example refused"), masked.clone()),
        ("error", "Details received", Some("bo@acme.example refused"), maria.clone()),
        ("shown", "Details received", None, masked),
        ("untouched", "Details received", Some("Bo Quistgaard refused"), maria.clone()),
    ];
    for (id, about, error, shown) in &said {
        let set = (jobs::about.eq(about), jobs::last_error.eq(error), jobs::shown_receiver.eq(shown));
        diesel::update(jobs::table.find(id)).set(set).execute(&mut conn).unwrap();
    }
    diesel::update(jobs::table.find("theirs")).set(jobs::receiver.eq("m-bo")).execute(&mut conn).unwrap();
    diesel::update(jobs::table.find("about")).set(jobs::receiver.eq("m-maria")).execute(&mut conn).unwrap();
    let person = FormerMember {
        workspace: own,
        ids: vec![MemberId::from_text("m-bo")],
        names: vec!["Bo Quist".to_owned()],
        emails: vec![BO.to_owned()],
    };
    forget_member(&mut conn, &person).unwrap();
    let mut expected: Vec<Said> = said.to_vec();
    expected[0].1 = "a former member invites you";
    expected[2].2 = Some("a former member refused");
    expected[3].3 = String::new();
    let columns = (jobs::id, jobs::about, jobs::last_error, jobs::shown_receiver);
    let left: Vec<(String, String, Option<String>, String)> =
        jobs::table.order(jobs::id).select(columns).load(&mut conn).unwrap();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(id, about, error, shown)| (id.to_owned(), about.to_owned(), error.map(str::to_owned), shown))
        .collect();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_job_that_is_forgotten_is_of_that_kind_and_about_that_row() {
    let app = TestApp::start();
    app.owner().await;
    let own = workspace_id(&app, "Acme Analytics").await;
    let mut conn = app.place.open().unwrap();
    diesel::delete(jobs::table).execute(&mut conn).unwrap();
    let mail = SubmissionMail(SetupLinkId::from_text("link-1"));
    for (id, kind, payload) in
        [("1", mail.kind(), "link-1"), ("2", mail.kind(), "link-2"), ("3", "some_mail", "link-1")]
    {
        add(&app, &mut conn, id, &own);
        let set = (jobs::kind.eq(kind), jobs::payload.eq(payload));
        diesel::update(jobs::table.find(id)).set(set).execute(&mut conn).unwrap();
    }
    forget_job(&mut conn, &mail).unwrap();
    assert_eq!(ids(&mut conn), ["2", "3"]);
}
