//! dlt itself: what a source gives stands in DuckDB, in files and in a bucket, twice, and after a load that was killed. It is large, so the
//! test script alone installs it (TEST_TOOLS).

mod buckets;
mod faker;
mod throughput;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::loaders::LoaderSite;
use crate::support::bucket::{Bucket, Door};
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::{loaders, skipped};
use crate::validations::validated;

/// The folder of the environment with dlt.
fn environment() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let tools = std::env::var_os("TEST_TOOLS").filter(|path| !path.is_empty()).map(PathBuf::from);
    Some(tools.or_else(|| skipped("dlt", "TEST_TOOLS"))?.join("loaders"))
}

fn python(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

/// What a query of DuckDB finds.
fn query(environment: &Path, database: &Path, sql: &str) -> Value {
    let script = "import duckdb, json, sys; opened = duckdb.connect(sys.argv[1], read_only=sys.argv[1] != ':memory:'); print(json.dumps(opened.sql(sys.argv[2]).fetchall(), default=str))";
    #[allow(clippy::disallowed_methods, reason = "the test looks into the file itself")]
    let ran = Command::new(python(environment)).args(["-c", script]).arg(database).arg(sql).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

async fn succeed(site: &LoaderSite, source: &str) -> Value {
    let run = site.extract(source).await;
    assert_eq!(run["status"], "success", "{run} {}", site.log(&run).await);
    run
}

const COUNTS: &str = "SELECT count(*), count(DISTINCT id), max(id)";

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn a_shop_goes_into_duckdb_twice() {
    let Some(environment) = environment() else { return };
    let site = LoaderSite::of(loaders::app_with(&[("duckdb", "duckdb")], Some(&environment), |_| {})).await;
    let slug = site.destination("duckdb", json!({"schema": "Raw"})).await;
    let source = site.shop(&slug).await;
    succeed(&site, &source).await;
    succeed(&site, &source).await;
    let file = site.folder().join("warehouse.duckdb");
    let found = |sql: &str| query(&environment, &file, sql);
    assert_eq!(found(&format!("{COUNTS} FROM \"Raw\".shop_orders")), json!([[6, 6, 6]]));
    assert_eq!(found(&format!("{COUNTS} FROM \"Raw\".people")), json!([[3, 3, 3]]));
    let kinds = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'Raw' AND table_name = 'shop_orders' AND column_name NOT LIKE '\\_dlt%' ESCAPE '\\' ORDER BY 1";
    assert_eq!(found(kinds), json!([["changed", "TIMESTAMP WITH TIME ZONE"], ["id", "BIGINT"], ["note", "VARCHAR"]]));
}

const SQL: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, customer uuid, total numeric(12,2), ratio float8, at timestamptz(3), plain timestamp, day date, list int[],
        doc jsonb, free numeric, \"Mixed Name\" text);
    INSERT INTO orders SELECT n, '6f9619ff-8b86-d011-b42d-00cf4fc964ff', n + 0.5, n / 8.0, '2026-01-01 00:00:00.123Z', '2026-01-01 12:00', '2026-01-02',
        ARRAY[n], '{\"a\": [1, 2]}', CASE WHEN n = 7 THEN 0.123456789012 ELSE n END, 'é \"' || n FROM generate_series(1, 300) AS n;";

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn a_postgresql_goes_into_duckdb_with_its_types_and_its_changes() {
    let Some(environment) = environment() else { return };
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let site = LoaderSite::of(loaders::app_with(&[("duckdb", "duckdb")], Some(&environment), |config| {
        config.connectors.allow.push("::1/128".parse().unwrap());
    }))
    .await;
    let slug = site.destination("duckdb", json!({"schema": "main"})).await;
    let source = site.program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{source}/");
    let config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "ssl_mode": {"mode": "prefer"},
    });
    site.program.patch(&path, json!({"config": config})).await.expect(200);
    validated(&site.app, &site.program, &source).await;
    let body = json!({
        "draft": false, "output_layer": format!("destination:{slug}"), "trigger": {"type": "manual"},
        "add_streams": [{"stream_name": "orders", "sync_type": "INCREMENTAL"}],
    });
    site.program.patch(&path, body).await.expect(200);
    let first = succeed(&site, &source).await;
    assert!(site.log(&first).await.contains("end in __v_text"), "a value that does not fit is said");
    cluster.sql("INSERT INTO orders (id, total) VALUES (301, 7); UPDATE orders SET total = 10 WHERE id = 1").await;
    succeed(&site, &source).await;
    let file = site.folder().join("warehouse.duckdb");
    let found = |sql: &str| query(&environment, &file, sql);
    assert_eq!(found("SELECT count(*), count(DISTINCT id), sum(total) FROM orders"), json!([[301, 301, "45315.50"]]));
    assert_eq!(
        found(
            "SELECT id, customer, total, ratio, \"at\"::text, plain, day, list::text, doc::text, free, mixed_name FROM orders WHERE id = 2"
        ),
        json!([[
            2,
            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "2.50",
            0.25,
            found("SELECT '2026-01-01 00:00:00.123Z'::timestamptz::text")[0][0],
            "2026-01-01 12:00:00",
            "2026-01-02",
            "[2]",
            "{\"a\":[1,2]}",
            "2.000000000",
            "é \"2"
        ]])
    );
    assert_eq!(found("SELECT free, free__v_text FROM orders WHERE id = 7"), json!([[null, "0.123456789012"]]));
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn a_shop_goes_into_files_of_each_format_twice() {
    let Some(environment) = environment() else { return };
    for (format, pattern) in [("Parquet", "*.parquet"), ("JSONL", "*.jsonl.gz"), ("CSV", "*.csv.gz")] {
        let site = LoaderSite::of(loaders::app_with(&[("local-files", "files")], Some(&environment), |_| {})).await;
        let slug = site.destination("local-files", json!({"folder": "shop", "format": format})).await;
        let source = site.shop(&slug).await;
        succeed(&site, &source).await;
        succeed(&site, &source).await;
        for (table, due) in [("shop_orders", 6), ("people", 3)] {
            let files = site.folder().join("files/shop").join(table).join(pattern);
            let sql = format!("{COUNTS} FROM '{}'", files.display());
            assert_eq!(query(&environment, Path::new(":memory:"), &sql), json!([[due, due, due]]), "{format} {table}");
        }
    }
}

fn bucket(server: &Bucket, endpoint: &str) -> Value {
    let (id, secret) = &server.key;
    json!({
        "s3_bucket_name": "lake", "s3_bucket_path": "raw/shop", "s3_bucket_region": "eu-central-1", "s3_endpoint": endpoint,
        "access_key_id": id, "secret_access_key": secret, "format": {"format_type": "Parquet"},
    })
}

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn a_shop_goes_into_a_bucket_twice_and_what_is_missing_is_said() {
    let Some(environment) = environment() else { return };
    let server = Bucket::start(&python(&environment));
    let site = LoaderSite::of(loaders::app_with(&[("s3", "s3")], Some(&environment), |_| {})).await;
    for (name, wrong, code, words) in [
        ("s3_bucket_name", "nowhere", "no_database", "There is no such bucket"),
        ("access_key_id", "AKIANOBODYKNOWSIT", "sign_in_failed", "does not know this access key ID"),
        ("secret_access_key", "another-secret-of-the-tests", "sign_in_failed", "does not belong to the access key ID"),
    ] {
        let mut config = bucket(&server, &server.endpoint());
        config[name] = json!(wrong);
        let (_, found) = site.checked("s3", config).await;
        assert_eq!(found["error"]["code"], code, "{found}");
        assert!(found["message"].as_str().unwrap().contains(words), "{found}");
    }
    let slug = site.destination("s3", bucket(&server, &server.endpoint())).await;
    assert_eq!(server.query_names("raw/"), json!([]), "a check leaves nothing");
    let source = site.shop(&slug).await;
    succeed(&site, &source).await;
    let second = succeed(&site, &source).await;
    assert_eq!(second["place"], format!("s3://lake/raw/shop at {}", server.endpoint()));
    assert_eq!(server.query("shop_orders", &format!("{COUNTS} FROM files")), json!([[6, 6, 6]]));
    assert_eq!(server.query("people", &format!("{COUNTS} FROM files")), json!([[3, 3, 3]]));
}

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn a_load_that_is_killed_loses_nothing_and_doubles_nothing() {
    let Some(environment) = environment() else { return };
    let server = Bucket::start(&python(&environment));
    // The orders are there, the people are on their way: then the driver is killed.
    let door = Door::before(&server, "/raw/shop/people/").await;
    door.open();
    let site = LoaderSite::of(loaders::app_with(&[("s3", "s3")], Some(&environment), |_| {})).await;
    let slug = site.destination("s3", bucket(&server, &format!("http://127.0.0.1:{}", door.port))).await;
    let source = site.shop(&slug).await;
    succeed(&site, &source).await;
    door.close();
    let mut run = std::pin::pin!(site.extract(&source));
    tokio::select! {
        early = &mut run => panic!("it ended before a file of the people was on its way: {early}"),
        () = door.held.notified() => kill_driver(site.app.data_dir()),
    }
    let failed = run.await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("destination_failed")),
        "{failed}"
    );
    door.open();
    succeed(&site, &source).await;
    assert_eq!(server.query("shop_orders", &format!("{COUNTS} FROM files")), json!([[6, 6, 6]]));
    assert_eq!(server.query("people", &format!("{COUNTS} FROM files")), json!([[3, 3, 3]]));
}

/// Kills the driver that works for this data folder.
fn kill_driver(data_dir: &Path) {
    let runs = data_dir.join("runs");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let drivers = entries.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains(runs.to_str().unwrap()) && line.contains("driver.py")
    });
    let ids: Vec<String> = drivers.map(|entry| entry.file_name().to_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    #[allow(clippy::disallowed_methods, reason = "the test ends the program it means")]
    let killed = Command::new("kill").arg("-9").args(ids).status().unwrap();
    assert!(killed.success());
}

/// The documents that a test without dlt holds against what the product makes of details.
#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn every_document_of_a_destination_is_taken_by_dlt() {
    let Some(environment) = environment() else { return };
    let script = "
import json, os, sys
sys.path.insert(0, sys.argv[1])
import driver
for one in json.load(open(sys.argv[2])):
    task = {'destination': one['destination'], 'is_files': one['kind'] in ('files', 's3'), 'is_compressed': True, 'pipeline': 'vestibule'}
    client = driver.first_client(driver.pipeline(task), driver.scratch())
    assert client.config.is_resolved(), one
    print(type(client).__name__, file=sys.stderr)
";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().unwrap();
    #[allow(clippy::disallowed_methods, reason = "the test runs the driver itself")]
    let ran = Command::new(python(&environment))
        .args(["-c", script])
        .args([here.join("src/engines/dlt"), here.join("tests/support/loader_documents.json")])
        .current_dir(dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    for client in ["DuckDb", "Filesystem", "BigQuery", "Snowflake", "Postgres", "Redshift", "ClickHouse"] {
        assert!(said.contains(&format!("{client}Client")), "{said}");
    }
}

/// What whoever hands a warehouse over enters, and what the server would answer is not asked: nobody is there. That dlt gets so far shows that it
/// takes the details.
#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn details_of_warehouses_are_taken_by_dlt() {
    let Some(environment) = environment() else { return };
    let all = [("redshift", "redshift"), ("clickhouse", "clickhouse")];
    let site = LoaderSite::of(loaders::app_with(&all, Some(&environment), |_| {})).await;
    let login = json!({"host": "127.0.0.1", "username": "u", "password": "a-long-password", "database": "d"});
    for (slug, more) in
        [("redshift", json!({"port": 9, "schema": "raw"})), ("clickhouse", json!({"port": "9", "protocol": "https"}))]
    {
        let mut config = login.clone();
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, found) = site.checked(slug, config).await;
        assert_eq!(found["error"]["code"], "not_reachable", "{slug}: {found}");
    }
}
