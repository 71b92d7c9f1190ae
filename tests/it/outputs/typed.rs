//! From one PostgreSQL into another, as the product does it: types, keys, what stays as it was, and what becomes of a source that changes.

use serde_json::{Value, json};

use super::add;
use crate::api::Program;
use crate::runs::extract;
use crate::support::TestApp;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::connectors::app_with;
use crate::support::pooler::Pooler;
use crate::validations::validated;

const SQL: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, customer uuid, total numeric(12,2), ratio float8, at timestamptz(3), span interval, list int[], raw bytea);
    INSERT INTO orders SELECT n, '6f9619ff-8b86-d011-b42d-00cf4fc964ff', n + 0.5, n / 8.0, '2026-01-01 00:00:00.123Z', '1 day', ARRAY[n], '\\x00ff'
        FROM generate_series(1, 300) AS n;
    CREATE TABLE notes (id bigint PRIMARY KEY, word text);
    INSERT INTO notes VALUES (1, 'one'), (2, 'two');";

struct Site {
    app: TestApp,
    program: Program,
    cluster: Cluster,
    slug: String,
}

/// A finalised source whose tables go into the schema `raw` of the same server; by way of a pooler when `is_pooled`.
async fn site(is_pooled: bool) -> Option<(Site, Option<Pooler>)> {
    let cluster = Cluster::new(SQL).await?;
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let start = || Pooler::start("transaction", 1, (&cluster.host, cluster.port), &cluster.name);
    let pooler = is_pooled.then(start);
    if matches!(pooler, Some(None)) {
        cluster.end().await;
        return None;
    }
    let pooler = pooler.flatten();
    let app = app_with(
        |_| {},
        |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
    );
    let program = Program::start(&app).await;
    let port = pooler.as_ref().map_or(cluster.port, |pooler| pooler.port);
    let layer = json!({"name": "Warehouse", "kind": "postgres", "postgres": {
        "host": cluster.host, "port": port, "database": cluster.name, "user": cluster.name, "password": PASSWORD,
        "schema": "raw", "tls_mode": "prefer",
    }});
    add(&program, layer).await;
    let slug = program.draft("sources", "postgres").await;
    let config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "ssl_mode": {"mode": "prefer"},
    });
    let source = format!("/api/v1/sources/{slug}/");
    program.patch(&source, json!({"config": config})).await.expect(200);
    validated(&app, &program, &slug).await;
    let body = json!({
        "draft": false, "output_layer": "warehouse", "trigger": {"type": "manual"},
        "add_streams": [{"stream_name": "orders", "sync_type": "INCREMENTAL"}, {"stream_name": "notes", "sync_type": "FULL_TABLE"}],
    });
    program.patch(&source, body).await.expect(200);
    Some((Site { app, program, cluster, slug }, pooler))
}

impl Site {
    async fn extract(&self) -> Value {
        self.app.advance(time::Duration::seconds(1));
        let run = extract(&self.app, &self.program, &self.slug, json!({})).await;
        assert_eq!(run["status"], "success", "{run}");
        run
    }

    async fn log(&self, run: &Value) -> String {
        self.program.get(&format!("/api/v1/runs/{}/logs/", run["id"].as_str().unwrap())).await.expect(200).body
    }

    async fn one(&self, sql: &str) -> String {
        self.cluster.admin.query_one(&format!("SELECT ({sql})::text"), &[]).await.unwrap().get(0)
    }

    /// Rows of the source that its table does not have as they are, and the other way round.
    async fn differences(&self, columns: &str) -> String {
        let (source, table) =
            (format!("SELECT {columns} FROM public.orders"), format!("SELECT {columns} FROM raw.orders"));
        self.one(&format!("SELECT count(*) FROM (({source} EXCEPT {table}) UNION ALL ({table} EXCEPT {source})) AS d"))
            .await
    }

    /// The types of a table's columns, in order, without this product's own.
    async fn types(&self, table: &str) -> String {
        self.one(&format!(
            "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attname) FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^_vestibule'"
        ))
        .await
    }

    /// Rows that a run has written.
    async fn written(&self, run: &Value) -> String {
        let id = run["id"].as_str().unwrap();
        self.one(&format!("SELECT count(*) FROM raw.orders WHERE _vestibule_run = '{id}'")).await
    }
}

const ALL: &str = "id, customer, total, ratio, at, span, list, raw";

#[tokio::test]
async fn tables_have_the_types_keys_and_rows_of_their_source() {
    let Some((site, _)) = site(false).await else { return };
    let first = site.extract().await;
    assert_eq!(site.types("raw.orders").await, site.types("public.orders").await);
    assert_eq!(site.types("raw.notes").await, site.types("public.notes").await);
    let keys = "SELECT count(*) FROM pg_index WHERE indrelid IN ('raw.orders'::regclass, 'raw.notes'::regclass) AND indisprimary";
    assert_eq!(site.one(keys).await, "2", "also a table that is read whole has its key");
    assert_eq!((site.differences(ALL).await.as_str(), site.written(&first).await.as_str()), ("0", "300"));

    site.cluster.sql("UPDATE orders SET total = 7 WHERE id <= 3; INSERT INTO orders (id, ratio) VALUES (301, 'Infinity'); UPDATE notes SET word = word").await;
    let second = site.extract().await;
    assert_eq!((site.differences(ALL).await.as_str(), site.written(&second).await.as_str()), ("0", "4"));
    site.cluster.sql("UPDATE orders SET total = total").await;
    let third = site.extract().await;
    let orders = third["streams"].as_array().unwrap().iter().find(|stream| stream["table_name"] == "orders").unwrap();
    assert_eq!(orders["records"], 301, "all rows have come again: {third}");
    assert_eq!(site.written(&third).await, "0", "and none of them was written");
    let notes = "SELECT count(DISTINCT _vestibule_run) FROM raw.notes";
    assert_eq!(site.one(notes).await, "1", "nor those of the table that is read whole");
    site.cluster.end().await;
}

#[tokio::test]
async fn a_source_that_changes_loses_nothing_and_the_log_says_what_became_of_it() {
    let Some((site, _)) = site(false).await else { return };
    site.extract().await;
    // Nobody has looked at the source since: the values themselves say that the types are others now.
    site.cluster
        .sql("ALTER TABLE orders ALTER COLUMN total TYPE numeric, DROP COLUMN span, ADD COLUMN more date, ALTER COLUMN customer TYPE text;
              UPDATE orders SET total = 'Infinity', more = '2026-05-05' WHERE id = 1; UPDATE orders SET total = 1.005, customer = 'nobody' WHERE id = 2")
        .await;
    let run = site.extract().await;
    let log = site.log(&run).await;
    for due in [
        "orders: total is numeric from now on.",
        "orders: customer is text from now on.",
        "orders has a new column: more.",
    ] {
        assert!(log.contains(due), "{due}: {log}");
    }
    assert_eq!(site.differences("id, customer, total, ratio, at, list, raw").await, "0");
    let widened = "SELECT widened FROM raw._vestibule_tables WHERE table_name = 'orders'";
    assert_eq!(site.one(widened).await, "customer: text instead of uuid; total: numeric instead of numeric(12,2)");
    // Looked at again and filled anew, the table has the types of the source again.
    site.cluster.sql("DELETE FROM orders WHERE id < 3; ALTER TABLE orders ALTER COLUMN total TYPE numeric(10,3), ALTER COLUMN customer TYPE uuid USING customer::uuid").await;
    site.app.advance(time::Duration::seconds(1));
    validated(&site.app, &site.program, &site.slug).await;
    let again = extract(&site.app, &site.program, &site.slug, json!({"from_start": true})).await;
    assert_eq!(again["status"], "success", "{again}");
    let types = site.types("raw.orders").await;
    for due in ["customer uuid", "total numeric(1"] {
        assert!(types.contains(due), "{due}: {types}");
    }
    assert_eq!(site.differences("id, customer, total, ratio, at, list, raw").await, "0");
    assert_eq!(site.one("SELECT count(*) FROM raw.orders").await, "298");
    site.cluster.end().await;
}

#[tokio::test]
async fn behind_a_pooler_it_is_the_same() {
    let Some((site, Some(_pooler))) = site(true).await else { return };
    let first = site.extract().await;
    assert!(site.log(&first).await.contains("A connection pooler is in between"));
    assert_eq!(site.types("raw.orders").await, site.types("public.orders").await);
    site.cluster.sql("UPDATE orders SET ratio = 'NaN' WHERE id = 5; UPDATE orders SET ratio = ratio").await;
    let second = site.extract().await;
    assert_eq!((site.differences(ALL).await.as_str(), site.written(&second).await.as_str()), ("0", "1"));
    site.cluster.end().await;
}
