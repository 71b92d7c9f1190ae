//! A member who left is forgotten: no text of the database names them any more, and what they made stays.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;
use vestibule::console::former_members::PLACES;
use vestibule::features::accounts::Role;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::platform::db::DatabaseUrl;
use vestibule::platform::db::schema::{identities, sessions};

use super::id_of_member;
use crate::api::{Program, workspace_id};
use crate::setup_links::share;
use crate::support::{TestApp, Visitor, shop};
use crate::validations::validated;

const BO: &str = "bo.quist@acme.example";
const NAMES: [&str; 2] = ["Bo Earlier", "Bo Quist"];
const TEXTS: [&str; 3] = [BO, NAMES[0], NAMES[1]];

/// The text columns that name somebody, as `table.column`.
fn columns_naming(app: &TestApp, texts: &[&str]) -> BTreeSet<String> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/platform/db/schema.rs")).unwrap();
    let mut conn = app.place.open().unwrap();
    let (mut found, mut seen) = (BTreeSet::new(), 0);
    for table in schema.split("diesel::table! {").skip(1) {
        let (name, columns) = table.split_once('{').unwrap();
        let name = name.split_whitespace().next().unwrap();
        for line in columns.split('}').next().unwrap().lines().filter(|line| line.contains("Text")) {
            let column = line.trim().split(' ').next().unwrap();
            seen += 1;
            for text in texts {
                let text = text.to_lowercase();
                let asked = format!("SELECT count(*) AS count FROM {name} WHERE lower({column}) LIKE '%{text}%'");
                if diesel::sql_query(asked).get_result::<Found>(&mut conn).unwrap().count > 0 {
                    found.insert(format!("{name}.{column}"));
                }
            }
        }
    }
    assert!(seen > 120, "the columns are found: {seen}");
    found
}

async fn rename(visitor: &Visitor, name: &str) {
    let saved = visitor.get("/settings/account").await.form_with("name").set("name", name).send(visitor).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
}

/// Somebody who has done whatever a member does, under two names.
async fn busy_member(app: &TestApp, owner: &Visitor) -> (Visitor, String, String) {
    let bo = app.member(owner, Role::Admin, BO).await;
    rename(&bo, NAMES[0]).await;
    let (connection, link) = share(&bo, "source", "postgres", &[("/host", "db.example"), ("recipient", "Maria")]).await;
    rename(&bo, NAMES[1]).await;
    let page = bo.get(&format!("{connection}/configuration")).await;
    let saved = page.form_with("/database").set("/database", "shop").press("intent", "save", &bo).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let program = Program::nobody(app).await.with_scopes(app, "Acme Analytics", Scope::ALL).await;
    let shop = program.draft("sources", "shop").await;
    program.patch(&format!("/api/v1/sources/{shop}/"), json!({"config": {"token": "right-1"}})).await.expect(200);
    validated(app, &program, &shop).await;
    let asked = bo.get(&format!("/connections/{shop}")).await;
    let action = asked.actions().into_iter().find(|action| action.contains("validation")).expect("a check by hand");
    assert_eq!(asked.form_to(&action).send(&bo).await.status, 303);
    app.work().await;
    let invite = bo.get("/settings/members").await.form_to("/settings/members/invitations");
    assert_eq!(invite.set("email", "cy@acme.example").send(&bo).await.status, 200);
    (bo, connection, link)
}

/// What a browser does not make quickly: mails that failed, an extraction, a form that waits, a link that waits.
async fn rare_rows(app: &TestApp, bo: &str) {
    let workspace = workspace_id(app, "Acme Analytics").await;
    let at = "'2026-03-13 16:00:00'";
    let sql = format!(
        "INSERT INTO jobs (id, kind, payload, run_at, attempts, created_at, failed_at, last_error, lane, decided_at, workspace_id, \
         receiver, receiver_count, handed_over, about, shown_receiver) VALUES \
         ('job-1', 'submission_mail', 'x', {at}, 8, {at}, {at}, 'no such box', 'mail', {at}, '{workspace}', '{bo}', 1, 0, 'Details received', ''), \
         ('job-2', 'submission_mail', 'x', {at}, 8, {at}, {at}, 'refused by {BO}', 'mail', {at}, '{workspace}', 'other', 1, 0, 'Bo Quist invites you', ''); \
         INSERT INTO runs (id, workspace_id, connection_id, state, trigger_type, actor, actor_name, output_layer, from_start, place, streams, \
         records, bytes, message, created_at, number, beat) SELECT 'run-1', workspace_id, id, 'success', 'manual', 'member', 'Bo Quist', 'files', \
         0, '', '[]', 0, 0, '', {at}, 900, 0 FROM connections LIMIT 1; \
         INSERT INTO account_links (id, workspace_id, purpose, email, role, member_id, token_hash, created_at, expires_at) \
         VALUES ('link-1', '{workspace}', 'reset', '{BO}', 'admin', '{bo}', {hash}, {at}, {at})",
        hash = if matches!(app.place, DatabaseUrl::Postgres(_)) { "'\\x0102'::bytea" } else { "x'0102'" },
    );
    app.place.open().unwrap().batch_execute(&sql).unwrap();
}

/// The scene names them in every column that can name somebody, and each of their tables is in the list of places.
fn named_wherever_they_can_be(app: &TestApp) {
    let named = columns_naming(app, &TEXTS);
    let expected = [
        "account_links.email",
        "activity.actor_name",
        "activity.detail",
        "connection_revisions.name",
        "connection_revisions.origins",
        "connections.origins",
        "identities.email",
        "jobs.about",
        "jobs.last_error",
        "members.earlier_names",
        "members.email",
        "members.name",
        "runs.actor_name",
        "validations.actor_name",
    ];
    assert_eq!(named, expected.map(str::to_owned).into(), "the scene names them wherever they can be named");
    let listed: String = PLACES.iter().map(|(words, _)| format!("{words};")).collect();
    for place in &named {
        let (table, _) = place.split_once('.').unwrap();
        assert!(listed.contains(table), "{table} is not in the list of places");
    }
}

#[tokio::test]
async fn no_text_names_who_was_forgotten() {
    let app = shop::app_with(|_| {});
    let owner = app.owner().await;
    let (bo, connection, link) = busy_member(&app, &owner).await;
    let id = id_of_member(&app, BO).await;
    rare_rows(&app, &id).await;
    let erasure = format!("/settings/members/{id}/erasure");
    assert_eq!(owner.get(&erasure).await.status, 404, "a member is removed first");
    let role = format!("/settings/members/{id}/role");
    assert_eq!(
        owner
            .get(&format!("/settings/members/{id}"))
            .await
            .form_to(&role)
            .set("role", "member")
            .set("decided", "yes")
            .send(&owner)
            .await
            .status,
        303
    );
    super::remove_and_keep(&app, &owner, BO, "ana@acme.example").await;

    named_wherever_they_can_be(&app);
    let admin = app.member(&owner, Role::Admin, "di@acme.example").await;
    assert!(admin.get(&erasure).await.status == 403 && !admin.get("/settings/members").await.body.contains(BO));
    let members = owner.get("/settings/members").await;
    assert!(members.links().contains(&erasure), "{}", members.text());
    let asked = owner.get(&erasure).await;
    assert!(asked.text().contains("Bo Quist") && asked.text().contains(BO), "{}", asked.text());
    let done = asked.form_to(&erasure).send(&owner).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(owner.follow(&done).await.text().contains("Name and address are erased"));

    assert_eq!(columns_naming(&app, &TEXTS), BTreeSet::new());
    let left = app.app.db.read(move |conn| {
        let known: i64 = identities::table.filter(identities::email.eq(BO)).count().get_result(conn)?;
        let open: i64 = sessions::table.filter(sessions::member_id.eq(&id)).count().get_result(conn)?;
        Ok((known, open))
    });
    assert_eq!(left.await.unwrap(), (0, 0));
    assert_eq!(bo.get("/connections").await.location().as_deref(), Some("/sign-in?next=%2Fconnections"));
    let shown = owner.get(&connection).await.text();
    assert!(shown.contains("A former member filled in: Database") && shown.contains("db.example"), "{shown}");
    assert_eq!(app.visitor().get(&link).await.status, 200, "what they made goes on");
    assert_eq!(owner.get(&erasure).await.status, 404);
    // They may come back, as somebody new.
    app.member(&owner, Role::Member, BO).await;
}

#[tokio::test]
async fn a_name_that_two_bear_says_of_nobody_who_it_was() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    rename(&bo, "Ana Lima").await;
    let (connection, _) = share(&bo, "source", "postgres", &[]).await;
    let id = id_of_member(&app, BO).await;
    let removal = format!("/settings/members/{id}/removal");
    assert_eq!(owner.get(&removal).await.form_to(&removal).send(&owner).await.status, 303);
    let erasure = format!("/settings/members/{id}/erasure");
    let asked = owner.get(&erasure).await;
    assert!(asked.text().contains("is or was called Ana Lima"), "{}", asked.text());
    assert_eq!(asked.form_to(&erasure).send(&owner).await.status, 303);
    assert_eq!(columns_naming(&app, &[BO]), BTreeSet::new());
    assert!(owner.get(&connection).await.text().contains("Ana Lima added the connection"));
    assert!(owner.get("/settings/members").await.text().contains("Ana Lima"), "she is still there");
}

#[tokio::test]
async fn somebody_outside_who_bears_the_name_stays_named() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    rename(&bo, NAMES[1]).await;
    let asked = [("/database", "shop"), ("recipient", NAMES[1])];
    let (connection, link) = share(&bo, "source", "postgres", &asked).await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example");
    assert_eq!(form.press("intent", "partial", &outsider).await.status, 303);
    let theirs = columns_naming(&app, &[NAMES[1]]);
    let id = id_of_member(&app, BO).await;
    let removal = format!("/settings/members/{id}/removal");
    assert_eq!(owner.get(&removal).await.form_to(&removal).send(&owner).await.status, 303);
    let erasure = format!("/settings/members/{id}/erasure");
    assert_eq!(owner.get(&erasure).await.form_to(&erasure).send(&owner).await.status, 303);
    let left = columns_naming(&app, &[NAMES[1]]);
    let gone: Vec<&str> = theirs.difference(&left).map(String::as_str).collect();
    assert_eq!(gone, ["activity.detail", "members.name"], "{left:?}");
    let shown = owner.get(&connection).await.text();
    assert!(shown.contains("A former member filled in: Database"), "{shown}");
    assert!(shown.contains("db.example Bo Quist, through a setup link"), "{shown}");
}

#[tokio::test]
async fn another_workspace_keeps_whom_it_knows() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let olga = app.owner_of("Other", "Olga", "olga@other.example").await;
    let page = owner.get("/settings/members").await.form_to("/settings/members/invitations");
    let made = page.set("email", "olga@other.example").send(&owner).await;
    let join = super::join_path(&made.body);
    let joined = olga.get(&join).await.form_to(&join).press("intent", "join", &olga).await;
    assert_eq!(joined.status, 303, "{}", joined.text());
    let acme = workspace_id(&app, "Acme Analytics").await;
    let id = app.app.db.read(move |conn| {
        use vestibule::platform::db::schema::members;
        let own =
            members::table.filter(members::workspace_id.eq(&acme)).filter(members::email.eq("olga@other.example"));
        Ok(own.select(members::id).first::<String>(conn)?)
    });
    let id = id.await.unwrap();
    let removal = format!("/settings/members/{id}/removal");
    assert_eq!(owner.get(&removal).await.form_to(&removal).send(&owner).await.status, 303);
    let erasure = format!("/settings/members/{id}/erasure");
    assert_eq!(owner.get(&erasure).await.form_to(&erasure).send(&owner).await.status, 303);
    let olga = app.visitor();
    olga.sign_in("olga@other.example").await;
    assert_eq!(olga.get(&erasure).await.status, 404, "other workspaces cannot even ask");
    assert_eq!(olga.get("/settings/members").await.text().matches("olga@other.example").count(), 1);
    let left = columns_naming(&app, &["olga"]);
    assert!(
        left.contains("identities.email") && left.contains("members.name") && !left.contains("activity.detail"),
        "{left:?}"
    );
}
