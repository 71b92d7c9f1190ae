//! A new master key: afterwards nothing in the database needs the old one, whichever feature sealed it.

use std::collections::BTreeMap;
use std::process::Command;

use diesel::prelude::*;
use diesel::sql_types::Binary;
use serde_json::json;
use vestibule::base::clock::Clock;
use vestibule::base::crypto::password::Cost;
use vestibule::base::crypto::{KeyRing, Sealed};
use vestibule::base::rng::Rng;
use vestibule::features::accounts::api_keys::Scope;
use vestibule::platform::app::App;
use vestibule::platform::db::{Conn, DatabaseUrl};

use crate::api::Program;
use crate::cli::sign_in_provider::only_provider;
use crate::invite_links::{invite, link_path};
use crate::oauth::links::Site;
use crate::setup_links::share;
use crate::support::TestApp;
use crate::support::provider::Plays;
use crate::support::receiver::{Receiver, Reply};
use crate::validations::validated;
use crate::webhooks::{set_webhook, submit};

/// What lives for half an hour at most and is not sealed anew: a form that had errors, and ways to a provider.
const SHORT_LIVED: [&str; 3] = ["held_secrets.sealed", "oauth_attempts.sealed", "sign_in_attempts.sealed_secret"];

/// `table.column` of everything that is sealed.
fn sealed_columns() -> Vec<(String, String)> {
    let schema = include_str!("../../../src/platform/db/schema.rs");
    let mut all = Vec::new();
    for table in schema.split("diesel::table! {").skip(1) {
        let name = table.trim().split([' ', '(']).next().unwrap();
        let columns = table.lines().filter(|line| line.contains("-> ") && line.contains("Binary"));
        let columns = columns.map(|line| line.trim().split(' ').next().unwrap());
        all.extend(
            columns.filter(|column| column.starts_with("sealed")).map(|column| (name.to_owned(), column.to_owned())),
        );
    }
    all
}

/// The keys that seal the values of a column, with how many each.
async fn keys_of(app: &TestApp, table: &str, column: &str) -> BTreeMap<String, usize> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Binary)]
        value: Vec<u8>,
    }
    let sql = format!("SELECT {column} AS value FROM {table} WHERE {column} IS NOT NULL");
    let rows = app.app.db.read(move |conn: &mut Conn| Ok(diesel::sql_query(sql).load::<Row>(conn)?)).await.unwrap();
    let mut keys = BTreeMap::new();
    for row in rows {
        *keys.entry(Sealed::from_bytes(row.value).key_id().unwrap().to_owned()).or_default() += 1;
    }
    keys
}

/// Something of everything that is sealed. Gives an invite link as its page lets one copy it.
async fn fill(site: &Site) -> String {
    let (app, owner) = (&site.app, &site.owner);
    let (connection, link) = share(owner, "source", "postgres", &[]).await;
    submit(app, &link).await;
    let set = set_webhook(owner, &connection, "https://1.1.1.1/hooks", Some(("X-Webhook-Secret", "known"))).await;
    assert_eq!(set.status, 303, "{}", set.text());
    let secret = owner.get("/settings/webhooks").await.form_to("/settings/webhooks/secret").send(owner).await;
    assert_eq!(secret.status, 200);
    let members = owner.get("/settings/members").await;
    members.form_with("email").set("email", "bo@acme.example").set("role", "viewer").send(owner).await;
    let form = owner.get("/settings/oauth-apps/hubspot").await.form_with("client_id");
    assert_eq!(form.set("client_id", "id").set("client_secret", "s3cret").send(owner).await.status, 303);
    let (_, link) = site.share().await;
    site.connect(&app.visitor(), &link, 1).await;
    let (_, link) = site.share().await;
    site.sign_in(&app.visitor(), &link).await;
    let program = Program::nobody(app).await.with_scopes(app, "Acme Analytics", Scope::ALL).await;
    let body = json!({"connector_slug": "postgres"}).to_string();
    program.send("POST", "/api/v1/sources/", Some(body), &[("idempotency-key", "rotation-1")]).await.expect(201);
    validate(site, &program).await;
    let (page, _) = invite(owner, "source/postgres", &[]).await;
    let copied = link_path(&owner.get(&page).await);
    // From here on a password opens this workspace no more.
    only_provider(&app.app, "acme-analytics");
    crate::outputs::add(&program, crate::outputs::layer("Warehouse")).await;
    let airbyte = json!({
        "url": "https://1.1.1.1/api/public/v1", "workspace_id": "9924bcd0-99be-453d-ba47-c2c9766f7da5", "secret": "s3cret",
    });
    let engine = json!({"engine": "airbyte", "airbyte": airbyte});
    program.patch("/api/v1/extraction-engine/", engine).await.expect(200);
    copied
}

/// One validation that is over and found streams, and a recipient's test that waits.
async fn validate(site: &Site, program: &Program) {
    let service = Receiver::start(|_, _| Reply::with(200, &[], "[]"));
    let slug = program.draft("sources", "http-api").await;
    let auth = json!({"auth_type": "bearer", "token": "s3cret"});
    let config =
        json!({"base_url": service.url(""), "auth": auth, "endpoints": [{"name": "orders", "path": "/orders"}]});
    program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": config})).await.expect(200);
    let done = validated(&site.app, program, &slug).await;
    assert_eq!(done["status"], "success", "{done}");
    let (_, link) = share(&site.owner, "source", "postgres", &[("allow_test", "yes")]).await;
    let visitor = site.app.visitor();
    let details = [("/host", "db.example"), ("/database", "shop"), ("/username", "reader"), ("/password", "s3cret")];
    let blank = visitor.get(&link).await.form_with("/host");
    let form = details.into_iter().fold(blank, |form, (name, value)| form.set(name, value));
    let tested = form.press("intent", "test", &visitor).await;
    assert_eq!(tested.status, 200, "{}", tested.text());
}

fn rotate(app: &TestApp, keys: &str) -> String {
    #[allow(clippy::disallowed_methods, reason = "the program under test")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command
        .args(["keys", "rotate"])
        .env_clear()
        .env("VESTIBULE_DATA_DIR", app.data_dir())
        .env("VESTIBULE_MASTER_KEYS", keys);
    if let DatabaseUrl::Postgres(url) = &app.place {
        command.env("VESTIBULE_DATABASE_URL", url);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_needs_the_old_key_any_more() {
    let site = Site::new(Plays::Facebook).await;
    let app = &site.app;
    let invite_before = fill(&site).await;
    let old = std::fs::read_to_string(app.data_dir().join("master.key")).unwrap().trim().to_owned();
    let new = KeyRing::generate(app.app.clock.now(), &app.app.rng);
    let new_id = KeyRing::parse(&new).unwrap().primary_id().to_owned();
    assert_ne!(new_id, app.app.keys.primary_id());
    let said = rotate(app, &format!("{},{old}", new.as_str()));
    let columns = sealed_columns();
    assert!(columns.len() >= 12, "the sealed columns are read: {columns:?}");
    for (table, column) in
        columns.iter().filter(|(table, column)| !SHORT_LIVED.contains(&format!("{table}.{column}").as_str()))
    {
        let keys = keys_of(app, table, column).await;
        assert!(!keys.is_empty(), "this test puts nothing into {table}.{column}");
        assert_eq!(keys.keys().collect::<Vec<_>>(), [&new_id], "{table}.{column} after: {said}");
    }
    let mut config = app.app.config.clone();
    config.storage.master_keys = Some(new.as_str().into());
    let after = App::build_with(config, Clock::System, Rng::System, Cost::Cheap).unwrap();
    assert_eq!(after.keys.primary_id(), new_id, "it starts with the new key alone");
    assert!(rotate(app, new.as_str()).contains("There is no other key"));
    assert!(invite_before.starts_with("/invite/"));
}
