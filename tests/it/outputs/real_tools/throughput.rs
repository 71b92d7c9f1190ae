//! The same records into every output, one after the other: all of them arrive in each. What each takes is printed beside what the connector takes
//! alone and beside `COPY` of the same rows (`VESTIBULE_BENCH_ROWS=100000 … --nocapture`); nothing here fails for being slow.

use std::process::{Command, Stdio};
use std::time::Instant;

use futures_util::SinkExt as _;
use serde_json::{Value, json};

use super::super::add;
use super::super::loaders::LoaderSite;
use super::{bucket, environment, python, query, succeed};
use crate::support::bucket::Bucket;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::loaders;
use crate::validations::validated;

fn rows() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment how much to do")]
    let told = std::env::var("VESTIBULE_BENCH_ROWS");
    told.ok().and_then(|rows| rows.parse().ok()).unwrap_or(2_000)
}

/// Seconds of the connector alone, its output put into a file.
fn alone(config: &Value) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let catalog = json!({"streams": [{"stream": {"name": "orders"}, "sync_mode": "full_refresh"}]});
    for (file, document) in [("config.json", config), ("catalog.json", &catalog)] {
        std::fs::write(dir.path().join(file), document.to_string()).unwrap();
    }
    let out = std::fs::File::create(dir.path().join("out.jsonl")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/shop.py");
    #[allow(clippy::disallowed_methods, reason = "the connector of the tests, without the product")]
    let mut command = Command::new("python3");
    let began = Instant::now();
    let ran = command
        .args([script, "read", "--config", "config.json", "--catalog", "catalog.json"])
        .current_dir(dir.path())
        .stdout(out)
        .stderr(Stdio::null())
        .status();
    assert!(ran.unwrap().success());
    began.elapsed().as_secs_f64()
}

/// Seconds of `COPY` of the same rows into a table with the same types and key.
async fn copied(cluster: &Cluster, rows: u64) -> f64 {
    cluster.sql("CREATE TABLE direct (id bigint PRIMARY KEY, changed timestamptz, note text)").await;
    let text: String = (1..=rows).map(|id| format!("{id}\t2026-01-01T00:00:00Z\té\n")).collect();
    let began = Instant::now();
    let sink = cluster.admin.copy_in("COPY direct FROM STDIN").await.unwrap();
    let mut sink = std::pin::pin!(sink);
    sink.send(std::io::Cursor::new(text.into_bytes())).await.unwrap();
    sink.finish().await.unwrap();
    began.elapsed().as_secs_f64()
}

/// The built-in writer's way there.
fn layer(cluster: &Cluster) -> Value {
    json!({"name": "Warehouse", "kind": "postgres", "postgres": {
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "user": cluster.name, "password": PASSWORD,
        "schema": "raw", "tls_mode": "prefer",
    }})
}

/// The same database for dlt.
fn by_dlt_into(cluster: &Cluster, schema: &str) -> Value {
    json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "schema": schema, "ssl_mode": {"mode": "prefer"},
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dlt and an S3 server, which tests/run long installs"]
async fn the_same_records_go_into_every_output() {
    let (Some(environment), Some(cluster)) = (environment(), Cluster::new("").await) else { return };
    let (rows, server) = (rows(), Bucket::start(&python(&environment)));
    cluster
        .sql(&format!("CREATE SCHEMA raw AUTHORIZATION $role; GRANT CREATE ON DATABASE {} TO $role", cluster.name))
        .await;
    let by_dlt = [("duckdb", "duckdb"), ("postgres", "postgres")];
    let site = LoaderSite::of(loaders::app_with(&by_dlt, Some(&environment), |config| {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    }))
    .await;
    let config = json!({"token": "right", "count": rows});
    add(&site.program, layer(&cluster)).await;
    let loaded = site.destination("postgres", by_dlt_into(&cluster, "loaded")).await;
    let lake = site.destination("s3", bucket(&server, &server.endpoint())).await;
    let warehouse = site.destination("duckdb", json!({"schema": "main"})).await;
    let slug = site.program.draft("sources", "shop").await;
    let source = format!("/api/v1/sources/{slug}/");
    site.program.patch(&source, json!({"config": config})).await.expect(200);
    validated(&site.app, &site.program, &slug).await;
    let body = json!({"draft": false, "trigger": {"type": "manual"}, "add_streams": [{"stream_name": "orders"}]});
    site.program.patch(&source, body).await.expect(200);

    let (alone, copied) = (alone(&config), copied(&cluster, rows).await);
    println!("{rows} records: the connector alone {alone:.2} s, COPY {copied:.2} s");
    let [lake, warehouse, loaded] = [lake, warehouse, loaded].map(|slug| format!("destination:{slug}"));
    let outputs = ["files", "files:parquet", "warehouse", &lake, &warehouse, &loaded];
    for output in outputs {
        site.program.patch(&source, json!({"output_layer": output})).await.expect(200);
        let began = Instant::now();
        let run = succeed(&site, &slug).await;
        let took = began.elapsed().as_secs_f64();
        assert_eq!(run["records"].as_u64(), Some(rows), "{output}: {run}");
        println!(
            "{output}: {took:.2} s, {:.0} records/s, the connector alone {:.2} of it",
            rows as f64 / took,
            alone / took
        );
    }
    for schema in ["raw", "loaded"] {
        let sql = format!("SELECT count(*) FROM {schema}.orders");
        let count: i64 = cluster.admin.query_one(&sql, &[]).await.unwrap().get(0);
        assert_eq!(u64::try_from(count).unwrap(), rows, "{schema}");
    }
    assert_eq!(server.query("orders", "SELECT count(*), count(DISTINCT id) FROM files"), json!([[rows, rows]]));
    let file = site.folder().join("warehouse.duckdb");
    assert_eq!(
        query(&environment, &file, "SELECT count(*), count(DISTINCT id) FROM main.orders"),
        json!([[rows, rows]])
    );
    cluster.end().await;
}
