//! What is kept how long, and what erasing reaches.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use time::Duration;
use vestibule::base::ids::{SetupLinkId, WorkspaceId};
use vestibule::console::retention::{RetentionKind, TABLES, sweep};
use vestibule::features::accounts::Role;
use vestibule::platform::db::copy::{rows_of, tables};
use vestibule::platform::db::schema::{
    activity, connections, invite_submissions, run_logs, runs, setup_links, validations, webhook_deliveries,
    webhook_messages,
};
use vestibule::platform::db::{Conn, ForgetScope};

use crate::api::workspace_id;
use crate::setup_links::share;
use crate::support::many::{self, Happened};
use crate::support::{Form, TestApp, Visitor};

const CONNECTIONS: usize = 3;
const EACH: usize = 30;

struct Scene {
    app: TestApp,
    owner: Visitor,
    workspace: WorkspaceId,
}

impl Scene {
    /// Three connections of which much has happened, in March 2026.
    async fn new() -> Self {
        let app = TestApp::start();
        let owner = app.owner().await;
        let workspace = workspace_id(&app, "Acme Analytics").await;
        let scene = Self { app, owner, workspace };
        let own = scene.workspace.clone();
        scene.sql(move |conn| {
            many::connections(conn, own.as_str(), CONNECTIONS);
            let of = Happened { connections: CONNECTIONS, activity: 700, each: EACH };
            many::happenings(conn, own.as_str(), &of);
        });
        scene
    }

    fn sql(&self, work: impl FnOnce(&mut Conn)) {
        work(&mut self.app.place.open().unwrap());
    }

    async fn sweep(&self) {
        assert!(sweep(&self.app.app).await.unwrap(), "everything was done");
    }

    /// How many rows of a table there are.
    fn count(&self, table: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let asked = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"));
        asked.get_result::<Found>(&mut self.app.place.open().unwrap()).unwrap().count
    }
}

#[tokio::test]
async fn what_is_over_goes_and_what_is_needed_stays() {
    let scene = Scene::new().await;
    scene.sql(|conn| {
        // A failed check after the last success of one connection, and a position that is not the newest run's.
        conn.batch_execute(
            "UPDATE validations SET state = 'failed' WHERE id = 'v0000027'; \
             UPDATE webhook_deliveries SET state = 'pending' WHERE id = 'd0000005'; \
             INSERT INTO sync_states (connection_id, workspace_id, run_id, state, updated_at) \
             SELECT connection_id, workspace_id, id, '{}', created_at FROM runs WHERE id = 'r0000004'; \
             UPDATE runs SET state = 'in_progress', ended_at = NULL WHERE id = 'r0000029'; \
             INSERT INTO run_logs (run_id, number, at, level, text) SELECT id, 1, created_at, 'info', 'x' FROM runs",
        )
        .unwrap();
    });
    scene.sweep().await;
    assert_eq!(
        (scene.count("activity") > 700, scene.count("runs"), scene.count("run_logs")),
        (true, 30, 30),
        "nothing is old"
    );

    scene.app.advance(Duration::days(4_000));
    scene.sweep().await;
    assert_eq!(scene.count("activity"), 0);
    let left = |table: &str| -> Vec<String> {
        let mut conn = scene.app.place.open().unwrap();
        let mut ids: Vec<String> = match table {
            "runs" => runs::table.select(runs::id).load(&mut conn).unwrap(),
            "validations" => validations::table.select(validations::id).load(&mut conn).unwrap(),
            "messages" => webhook_messages::table.select(webhook_messages::id).load(&mut conn).unwrap(),
            _ => webhook_deliveries::table.select(webhook_deliveries::id).load(&mut conn).unwrap(),
        };
        ids.sort();
        ids
    };
    assert_eq!(
        left("runs"),
        ["r0000004", "r0000027", "r0000028", "r0000029"],
        "the newest, the position, what goes on"
    );
    assert_eq!(
        left("validations"),
        ["v0000024", "v0000027", "v0000028", "v0000029"],
        "the newest, and the newest success"
    );
    assert_eq!((left("messages"), left("deliveries")), (vec!["m0000005".to_owned()], vec!["d0000005".to_owned()]));
    assert_eq!((scene.count("setup_links"), scene.count("run_logs")), (0, 1), "what goes on keeps its log");
    assert_eq!(scene.count("connections"), 3, "connections that were not deleted stay");
}

#[tokio::test]
async fn a_link_stays_as_long_as_a_timeline_speaks_of_it_and_an_open_one_always() {
    let scene = Scene::new().await;
    let (_, link) = share(&scene.owner, "source", "postgres", &[("lifetime", "7d")]).await;
    scene.app.advance(Duration::days(500));
    scene.sweep().await;
    assert_eq!(scene.count("setup_links"), 31, "timelines are kept longer than links");
    assert_eq!(scene.app.visitor().get(&link).await.status, 410, "and this one says what became of it");
    scene.app.advance(Duration::days(300));
    scene.sweep().await;
    assert_eq!((scene.count("setup_links"), scene.app.visitor().get(&link).await.status), (0, 404));
}

#[tokio::test]
async fn links_that_something_speaks_of_hold_up_no_other() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let mut links: Vec<SetupLinkId> = Vec::new();
    for _ in 0..3 {
        share(&owner, "source", "postgres", &[("lifetime", "24h")]).await;
        app.advance(Duration::SECOND);
        let newest = setup_links::table.order(setup_links::created_at.desc()).select(setup_links::id);
        links.push(app.app.db.read(move |conn| Ok(newest.first(conn)?)).await.unwrap());
    }
    app.advance(Duration::days(2));
    app.run_jobs().await;
    vestibule::features::setup_links::sweep(&app.app).await.unwrap();
    let newest = links[2].clone();
    let unspoken = diesel::delete(activity::table.filter(activity::setup_link_id.eq(newest.clone())));
    assert!(app.app.db.write(move |conn| Ok(unspoken.execute(conn)?)).await.unwrap() > 0);
    let scope =
        ForgetScope::Before { workspace: workspace_id(&app, "Acme Analytics").await, moment: app.app.clock.now() };
    for limit in [1, 2, 10] {
        let scope = scope.clone();
        let found =
            app.app.db.read(move |conn| Ok(vestibule::features::setup_links::forgettable(conn, &scope, limit)?));
        assert_eq!(found.await.unwrap(), std::slice::from_ref(&newest), "{limit} at a time");
    }
}

#[tokio::test]
async fn what_was_handed_over_by_invite_links_goes_with_its_time() {
    let (app, _, _, link) = crate::invite_links::app_with_link().await;
    let visitor = app.visitor();
    for host in ["a.example", "b.example"] {
        assert_eq!(crate::invite_links::filled(&visitor, &link, host).await.send(&visitor).await.status, 303);
    }
    let count = async || {
        let count = invite_submissions::table.count();
        app.app.db.read(move |conn| Ok(count.get_result::<i64>(conn)?)).await.unwrap()
    };
    assert!(sweep(&app.app).await.unwrap());
    assert_eq!(count().await, 2);
    app.advance(Duration::days(4_000));
    assert!(sweep(&app.app).await.unwrap());
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn owners_say_how_long_and_only_they() {
    let scene = Scene::new().await;
    let viewer = scene.app.member(&scene.owner, Role::Viewer, "vi@acme.example").await;
    let shown = viewer.get("/settings/data").await;
    assert!(
        shown.text().contains("Only owners can change how long things are kept") && !shown.has("form [name=activity]")
    );
    let page = scene.owner.get("/settings/data").await;
    assert!(page.text().contains("There are 30."), "{}", page.text());
    let form = page.form_with("activity");
    assert_eq!((form.value("activity"), form.value("deleted")), (Some("730"), Some("30")));
    let saved = form.set("activity", "7").set("runs", "30").send(&scene.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = scene.owner.get("/settings/data").await;
    let form = page.form_with("activity");
    assert_eq!(
        (form.value("activity"), form.value("runs"), form.value("validations")),
        (Some("7"), Some("30"), Some("180"))
    );
    assert_eq!(form.set("activity", "0").send(&scene.owner).await.status, 400);

    scene.app.advance(Duration::days(60));
    scene.sweep().await;
    assert_eq!((scene.count("activity"), scene.count("runs"), scene.count("validations")), (0, 3, 30));
}

#[tokio::test]
async fn erasing_a_deleted_connection_reaches_everything_and_its_files() {
    let scene = Scene::new().await;
    let place = format!("extractions/{}/postgres-b1/r0000001", scene.workspace);
    let folder = scene.app.app.config.storage.data_dir.join(&place);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("orders.jsonl.gz"), "records").unwrap();
    scene.sql(|conn| {
        conn.batch_execute(&format!(
            "UPDATE runs SET place = '{place}' WHERE id = 'r0000001'; \
             INSERT INTO run_logs (run_id, number, at, level, text) SELECT id, 1, created_at, 'info', 'x' FROM runs; \
             INSERT INTO validation_logs (validation_id, number, at, level, text) SELECT id, 1, created_at, 'info', 'x' FROM validations; \
             INSERT INTO plans (connection_id, workspace_id, streams, table_prefix, output_layer, trigger_type, version, updated_at) \
             SELECT id, workspace_id, '[]', '', 'files', 'manual', 1, updated_at FROM connections; \
             INSERT INTO sync_states (connection_id, workspace_id, run_id, state, updated_at) \
             SELECT connection_id, workspace_id, id, '{{}}', created_at FROM runs WHERE id IN ('r0000001', 'r0000002')"
        ))
        .unwrap();
    });
    let page = scene.owner.get("/connections/postgres-b1/deletion").await;
    let deleted = page.form_to("/connections/postgres-b1/deletion").send(&scene.owner).await;
    assert_eq!(deleted.status, 303, "{}", deleted.text());
    scene.sweep().await;
    assert!(scene.count("connections") == 3 && folder.exists(), "it can be looked at for a while");
    scene.app.advance(Duration::days(31));
    scene.sweep().await;
    assert_eq!(speaking_of(&scene, "b0000001"), Vec::<String>::new());
    assert!(!folder.exists() && !folder.parent().unwrap().exists());
    assert_eq!((scene.count("connections"), scene.count("runs")), (2, 20), "the others are untouched");
    assert!(!speaking_of(&scene, "b0000002").is_empty(), "what speaks of a connection is found");
}

/// The tables in which a text stands anywhere.
fn speaking_of(scene: &Scene, text: &str) -> Vec<String> {
    let mut conn = scene.app.place.open().unwrap();
    let mut found = Vec::new();
    if matches!(conn, Conn::Sqlite(_)) {
        for table in tables(&mut conn).unwrap() {
            if rows_of(&mut conn, &table).unwrap().iter().any(|row| row.contains(text)) {
                found.push(table.name);
            }
        }
        return found;
    }
    for (table, _) in TABLES {
        if scene.count(&format!("{table} AS one WHERE one::text LIKE '%{text}%'")) > 0 {
            found.push((*table).to_owned());
        }
    }
    found
}

#[tokio::test]
async fn the_tables_that_are_counted_are_those_of_the_workspace() {
    let scene = Scene::new().await;
    let stranger = scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    assert!(stranger.get("/settings/data").await.text().contains("There are 0."));
    scene.app.advance(Duration::days(4_000));
    let own = scene.workspace.clone();
    scene.sql(move |conn| {
        let foreign: i64 =
            activity::table.filter(activity::workspace_id.ne(own.as_str())).count().get_result(conn).unwrap();
        let all: (i64, i64, i64, i64) = (
            connections::table.count().get_result(conn).unwrap(),
            setup_links::table.count().get_result(conn).unwrap(),
            run_logs::table.count().get_result(conn).unwrap(),
            foreign,
        );
        assert_eq!((all.0, all.1, all.2), (3, 30, 0));
    });
}

/// Tables of which rows go with a setting: the setting, its days, the letter of their ids, and the columns that say from when a row is.
const TO_THE_DAY: [(&str, RetentionKind, i64, &str, &[&str]); 6] = [
    ("activity", RetentionKind::Activity, 7, "a", &["at"]),
    ("runs", RetentionKind::Runs, 30, "r", &["created_at", "ended_at"]),
    ("validations", RetentionKind::Validations, 90, "v", &["created_at", "ended_at"]),
    ("webhook_messages", RetentionKind::Webhooks, 180, "m", &["created_at"]),
    ("setup_links", RetentionKind::Links, 365, "s", &["created_at", "expires_at", "used_at"]),
    ("account_links", RetentionKind::AccountLinks, 180, "k", &["created_at", "expires_at"]),
];

/// Two rows of each table: one has been there an hour longer than its setting says, the other an hour less.
fn rows_to_the_hour(scene: &Scene, conn: &mut Conn) {
    // Nothing else speaks of the links.
    conn.batch_execute("DELETE FROM activity WHERE id NOT IN ('a0000001', 'a0000002')").unwrap();
    for number in [1, 2] {
        let is_sqlite = matches!(conn, Conn::Sqlite(_));
        let hash = if is_sqlite { format!("x'0{number}'") } else { format!("'\\x0{number}'::bytea") };
        let (own, at) = (&scene.workspace, "'2026-03-01 10:00:00.000000'");
        conn.batch_execute(&format!(
            "INSERT INTO account_links (id, workspace_id, purpose, email, role, token_hash, created_at, expires_at) VALUES \
             ('k000000{number}', '{own}', 'reset', 'n{number}@n.example', 'viewer', {hash}, {at}, {at})"
        ))
        .unwrap();
    }
    let now = scene.app.app.clock.now();
    for (table, _, days, letter, columns) in TO_THE_DAY {
        for (number, hours) in [(1, 1), (2, -1)] {
            let at = (now - Duration::days(days) - Duration::hours(hours)).iso().replace('T', " ").replace('Z', "");
            let set: Vec<String> = columns.iter().map(|column| format!("{column} = '{at}.000000'")).collect();
            let update = format!("UPDATE {table} SET {} WHERE id = '{letter}000000{number}'", set.join(", "));
            conn.batch_execute(&update).unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_an_hour_younger_than_its_setting_stays() {
    let scene = Scene::new().await;
    let form = scene.owner.get("/settings/data").await.form_with("activity").set("deleted", "7");
    let set = |form: Form, (_, kind, days, ..): &(&str, RetentionKind, i64, &str, &[&str])| {
        form.set(kind.as_str(), &days.to_string())
    };
    assert_eq!(TO_THE_DAY.iter().fold(form, set).send(&scene.owner).await.status, 303);
    scene.sql(|conn| rows_to_the_hour(&scene, conn));
    let left = |table: &str, letter: &str| {
        let of = |number| scene.count(&format!("{table} WHERE id = '{letter}000000{number}'"));
        (of(1), of(2))
    };
    for (table, _, _, letter, _) in TO_THE_DAY {
        assert_eq!(left(table, letter), (1, 1), "{table}");
    }
    scene.sweep().await;
    for (table, _, _, letter, _) in TO_THE_DAY {
        assert_eq!(left(table, letter), (0, 1), "{table}");
    }

    let deleted = scene.app.app.clock.now() - Duration::days(7) + Duration::HOUR;
    scene.sql(|conn| {
        let set = diesel::update(connections::table.find("b0000000")).set(connections::deleted_at.eq(deleted));
        set.execute(conn).unwrap();
    });
    scene.sweep().await;
    assert_eq!(scene.count("connections"), 3, "it can be looked at for an hour still");
    scene.app.advance(Duration::hours(2));
    scene.sweep().await;
    assert_eq!(scene.count("connections"), 2);
}
