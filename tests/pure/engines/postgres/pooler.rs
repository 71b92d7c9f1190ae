//! Behind a pooler that gives its one connection to somebody else after every transaction: what is read, discovered and written leaves an
//! application that shares it as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use vestibule::engines::{LoadTable, ReadEnd, Record, SyncType};

use super::load::{appended, records, rows, run, target};
use crate::support::cluster::{Cluster, place};
use crate::support::engine::chosen;
use crate::support::pooler::Pooler;

/// Everything that a session may keep, one text: its settings, statements with a name, temporary tables and functions. Settings of what a
/// process has loaded meanwhile have a dot.
const SESSION: &str = "SELECT (SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_catalog.pg_settings WHERE name !~ '[.]')
    || (SELECT coalesce(string_agg(name || statement, ' '), '') FROM pg_catalog.pg_prepared_statements)
    || (SELECT coalesce(string_agg(relname, ' '), '') FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema())
    || (SELECT coalesce(string_agg(proname, ' '), '') FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema())";

/// An application that writes all the time.
struct Application {
    is_over: Arc<AtomicBool>,
    writes: JoinHandle<u32>,
}

impl Application {
    async fn start(cluster: &Cluster, pooler: &Pooler) -> Self {
        let client = client(cluster, pooler).await;
        let before = text(&client, SESSION).await;
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let writes = tokio::spawn(async move {
            let mut writes = 0;
            while !told.load(Ordering::SeqCst) {
                client.batch_execute(&format!("INSERT INTO events VALUES ({writes})")).await.unwrap();
                assert_eq!(text(&client, SESSION).await, before, "after {writes} writes");
                writes += 1;
            }
            writes
        });
        Self { is_over, writes }
    }

    /// Ends it; every write of it must have come.
    async fn end(self, cluster: &Cluster) {
        self.is_over.store(true, Ordering::SeqCst);
        let writes = self.writes.await.unwrap();
        assert!(writes > 0, "nothing was written meanwhile");
        let found = cluster.admin.query_one("SELECT count(*) FROM events", &[]).await.unwrap();
        assert_eq!(found.get::<_, i64>(0), i64::from(writes));
    }
}

async fn client(cluster: &Cluster, pooler: &Pooler) -> Client {
    let url = format!("postgres://{}@127.0.0.1:{}/{}", cluster.name, pooler.port, cluster.name);
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn text(client: &Client, sql: &str) -> String {
    let found = client.simple_query(sql).await.unwrap();
    let row = found.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap().to_owned()
}

/// A database with orders, and an application that shares the reader's connection.
async fn site() -> Option<(Cluster, Pooler)> {
    let sql = "CREATE TABLE events (n int);
        CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), word text);
        INSERT INTO orders SELECT n, now(), repeat('w', 2000) FROM generate_series(1, 3000) AS n;";
    let cluster = Cluster::new(sql).await?;
    cluster.sql("GRANT INSERT ON events TO $role; CREATE SCHEMA raw AUTHORIZATION $role").await;
    let Some(pooler) = Pooler::start("transaction", 1, (&cluster.host, cluster.port), &cluster.name) else {
        cluster.end().await;
        return None;
    };
    Some((cluster, pooler))
}

#[tokio::test]
async fn checks_discoveries_and_readings_change_nothing_for_an_application_that_shares_the_pool() {
    let Some((cluster, pooler)) = site().await else { return };
    let application = Application::start(&cluster, &pooler).await;
    let task = cluster.task(&json!({"host": "127.0.0.1", "port": pooler.port}));
    let place = place();
    let mut state: Option<Value> = None;
    for round in 0..8 {
        assert_eq!(place.check(&task).await.0, Ok(()));
        let catalog = place.discover(&task).await.0.unwrap();
        let whole = chosen(&catalog, "orders", SyncType::FullTable);
        let mut new = chosen(&catalog, "orders", SyncType::Incremental);
        new.cursor = Some(vec!["at".to_owned()]);
        let (done, told) = place.read(&task, &[whole, new], state.as_ref()).await;
        assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
        assert_eq!(told.of(0).len(), 3_000, "in round {round}");
        state = told.states.last().cloned();
    }
    let wrong = json!({"host": "127.0.0.1", "port": pooler.port, "schemas": ["nowhere"]});
    place.check(&cluster.task(&wrong)).await.0.unwrap_err();
    application.end(&cluster).await;
    cluster.end().await;
}

#[tokio::test]
async fn an_output_layer_behind_a_pooler_is_filled_in_one_transaction_and_says_so() {
    let Some((cluster, pooler)) = site().await else { return };
    let application = Application::start(&cluster, &pooler).await;
    let place = place();
    let mut behind = target(&cluster);
    (behind.host, behind.port) = ("127.0.0.1".to_owned(), pooler.port);
    let words = place.engines.check_target(&behind).await.unwrap();
    assert!(words.contains("A connection pooler is in between"), "{words}");
    let direct = place.engines.check_target(&target(&cluster)).await.unwrap();
    assert!(!direct.contains("pooler"), "{direct}");
    for round in 1..=3 {
        let table = LoadTable::new("timed", &super::load::timed(), false);
        let mut load = place.engines.load(&behind, run(&format!("r{round}")), vec![appended(), table]).await.unwrap();
        assert!(load.notes.iter().any(|note| note.contains("A connection pooler is in between")), "{:?}", load.notes);
        load.write(&records(&[json!({"id": round}), json!({"id": 0})])).await.unwrap();
        load.nudge().await.unwrap();
        let moment = json!({"at": "2026-01-01T10:00:00Z"}).to_string().into_bytes();
        load.write(&[Record { stream: 1, data: moment }]).await.unwrap();
        load.prepare(&[]).await.unwrap();
        load.commit().await.unwrap();
    }
    // One that is given up in the middle leaves nothing either.
    let mut left = place.engines.load(&behind, run("r4"), vec![appended()]).await.unwrap();
    left.write(&records(&[json!({"id": 9})])).await.unwrap();
    drop(left);
    application.end(&cluster).await;
    assert_eq!(
        rows(&cluster, "SELECT id FROM raw.orders ORDER BY id").await,
        json!([{"id": 0}, {"id": 1}, {"id": 2}, {"id": 3}])
    );
    assert_eq!(rows(&cluster, "SELECT count(*) AS n FROM raw.timed").await, json!([{"n": 1}]));
    cluster.end().await;
}
