//! The built-in writer of buckets, before a real server of that protocol: what a source gives stands there, twice, and after a worker that died.

use serde_json::{Value, json};

use super::super::loaders::LoaderSite;
use super::{COUNTS, bucket, environment, python, succeed};
use crate::support::bucket::{Bucket, Door};
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::loaders;
use crate::validations::validated;

async fn site() -> LoaderSite {
    LoaderSite::of(loaders::app_with(&[], None, |config| config.connectors.allow.push("::1/128".parse().unwrap())))
        .await
}

fn lines(server: &Bucket) -> Value {
    let mut config = bucket(server, &server.endpoint());
    config["format"] = json!({"format_type": "JSONL"});
    config
}

#[tokio::test]
#[ignore = "needs an S3 server, which tests/run long installs"]
async fn what_is_wrong_with_a_bucket_is_said_and_a_check_leaves_nothing() {
    let Some(environment) = environment() else { return };
    let server = Bucket::start(&python(&environment));
    let site = site().await;
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
        assert!(!found.to_string().contains("another-secret-of-the-tests"));
    }
    let slug = site.destination("s3", bucket(&server, &server.endpoint())).await;
    assert_eq!(server.query_names("raw/"), json!([]), "neither a file nor an upload");
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Vestibule itself writes them."), "{page}");
}

#[tokio::test]
#[ignore = "needs an S3 server, which tests/run long installs"]
async fn a_shop_goes_into_a_bucket_of_each_format_twice() {
    let Some(environment) = environment() else { return };
    let server = Bucket::start(&python(&environment));
    let site = site().await;
    let slug = site.destination("s3", bucket(&server, &server.endpoint())).await;
    let source = site.shop(&slug).await;
    succeed(&site, &source).await;
    let second = succeed(&site, &source).await;
    assert_eq!(second["place"], format!("s3://lake/raw/shop at {}", server.endpoint()));
    assert_eq!(server.query("shop_orders", &format!("{COUNTS} FROM files")), json!([[6, 6, 6]]));
    assert_eq!(server.query("people", &format!("{COUNTS} FROM files")), json!([[3, 3, 3]]));
    let table = server.json("raw/shop/shop_orders/_vestibule.json");
    let rows: Vec<&Value> = table["files"].as_array().unwrap().iter().map(|file| &file["rows"]).collect();
    assert_eq!((rows, &table["run"]), (vec![&json!(3), &json!(3)], &second["id"]), "{table}");
    assert_eq!(table["files"][0]["columns"][1], json!({"name": "changed", "type": "timestamp with time zone"}));

    // Another source has no business in these tables.
    let other = site.shop(&slug).await;
    let refused = site.extract(&other).await;
    assert_eq!(refused["error"]["code"], "destination_failed", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("holds the records of another source"), "{refused}");

    // In another format the tables begin anew, and nothing of the other is left.
    let path = format!("/api/v1/destinations/{slug}/");
    site.program.patch(&path, json!({"config": lines(&server)})).await.expect(200);
    validated_destination(&site, &slug).await;
    succeed(&site, &source).await;
    succeed(&site, &source).await;
    let ids = |table: &str| -> Vec<i64> {
        let mut ids: Vec<i64> =
            server.lines(table).as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!((ids("shop_orders"), ids("people")), ((1..=6).collect(), vec![1, 2, 3]));
    assert!(!server.query_names("raw/").to_string().contains(".parquet"));
}

async fn validated_destination(site: &LoaderSite, slug: &str) {
    let started = site.program.post(&format!("/api/v1/destinations/{slug}/revalidate/"), json!({})).await.expect(202);
    site.app.work().await;
    let done = site.program.get(&format!("/api/v1/connector-validations/{}/", started.text("/id"))).await.expect(200);
    assert_eq!(done.json["status"], "success", "{}", done.body);
}

#[tokio::test]
#[ignore = "needs an S3 server, which tests/run long installs"]
async fn a_worker_that_dies_in_the_middle_leaves_nothing_twice() {
    let Some(environment) = environment() else { return };
    let server = Bucket::start(&python(&environment));
    // The people are a file, which their table does not name yet: then the worker dies. The orders may be done by then.
    let door = Door::before(&server, "/raw/shop/people/_vestibule.json").await;
    door.open();
    let site = site().await;
    let slug = site.destination("s3", bucket(&server, &format!("http://127.0.0.1:{}", door.port))).await;
    let source = site.shop(&slug).await;
    succeed(&site, &source).await;
    door.close();
    site.app.advance(time::Duration::seconds(1));
    site.program.post(&format!("/api/v1/sources/{source}/trigger/"), json!({})).await.expect(202);
    let inner = std::sync::Arc::clone(&site.app.app);
    let worker = tokio::spawn(async move { vestibule::features::work::runs::run_due(&inner).await });
    door.held.notified().await;
    worker.abort();
    let _ = worker.await;
    site.app.minute().await;
    door.open();
    succeed(&site, &source).await;
    for (table, rows) in [("shop_orders", [3, 6]), ("people", [3, 3])] {
        // What the lost run has added goes, or its table is read from the beginning: three rows at a time is what this shop gives.
        let found = server.query(table, "SELECT count(*), count(DISTINCT id) FROM files");
        assert!(rows.iter().any(|count| found == json!([[count, count]])), "{table}: {found}");
        let named = server.json(&format!("raw/shop/{table}/_vestibule.json"))["files"].as_array().unwrap().len();
        let names = server.query_names(&format!("raw/shop/{table}/"));
        assert_eq!(names.as_array().unwrap().len(), named + 1, "what the table names, and its own file: {names}");
    }
}

const SQL: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, customer uuid, total numeric(12,2), ratio float8, at timestamptz(3), plain timestamp, day date, list int[],
        doc jsonb, free numeric, ok boolean, \"Mixed Name\" text);
    INSERT INTO orders SELECT n, '6f9619ff-8b86-d011-b42d-00cf4fc964ff', n + 0.5, n / 8.0, '2026-01-01 00:00:00.123Z', '2026-01-01 12:00', '2026-01-02',
        ARRAY[n], '{\"a\": [1, 2]}', n, n % 2 = 0, 'é ' || n || (SELECT string_agg(md5(n || ' ' || g), '') FROM generate_series(1, 40) AS g)
        FROM generate_series(1, 30000) AS n;";

/// A finalised PostgreSQL whose orders are continued in a destination.
async fn orders(site: &LoaderSite, cluster: &Cluster, destination: &str) -> String {
    let source = site.program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{source}/");
    let config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "ssl_mode": {"mode": "prefer"},
    });
    site.program.patch(&path, json!({"config": config})).await.expect(200);
    validated(&site.app, &site.program, &source).await;
    let body = json!({
        "draft": false, "output_layer": format!("destination:{destination}"), "trigger": {"type": "manual"},
        "add_streams": [{"stream_name": "orders", "sync_type": "INCREMENTAL"}],
    });
    site.program.patch(&path, body).await.expect(200);
    source
}

#[tokio::test]
#[ignore = "needs an S3 server, which tests/run long installs"]
async fn a_postgresql_goes_into_parquet_with_its_types_and_its_changes() {
    let Some(environment) = environment() else { return };
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let server = Bucket::start(&python(&environment));
    let site = site().await;
    let slug = site.destination("s3", bucket(&server, &server.endpoint())).await;
    let source = orders(&site, &cluster, &slug).await;
    succeed(&site, &source).await;
    let table = server.json("raw/shop/orders/_vestibule.json");
    assert!(table["files"][0]["bytes"].as_u64().unwrap() > 16 << 20, "it went in parts: {table}");
    let counts = "SELECT count(*), count(DISTINCT id), sum(total) FROM files";
    assert_eq!(server.query("orders", counts), json!([[30_000, 30_000, "450030000.00"]]));
    cluster.sql("INSERT INTO orders (id, total) VALUES (30001, 7)").await;
    let second = succeed(&site, &source).await;
    assert_eq!(second["records"], 1, "{second}");
    assert_eq!(server.query("orders", counts), json!([[30_001, 30_001, "450030007.00"]]));
    let kinds = "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM files)";
    assert_eq!(
        server.query("orders", kinds),
        json!([
            ["id", "INTEGER"],
            ["customer", "VARCHAR"],
            ["total", "DECIMAL(12,2)"],
            ["ratio", "DOUBLE"],
            ["at", "TIMESTAMP WITH TIME ZONE"],
            ["plain", "TIMESTAMP"],
            ["day", "DATE"],
            ["list", "JSON"],
            ["doc", "JSON"],
            ["free", "DOUBLE"],
            ["ok", "BOOLEAN"],
            ["Mixed Name", "VARCHAR"],
        ])
    );
    let row = "SELECT id, customer, total, ratio, epoch_ms(\"at\"), plain, day, list, doc, free, ok, left(\"Mixed Name\", 3) FROM files WHERE id = 2";
    assert_eq!(
        server.query("orders", row),
        json!([[
            2,
            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "2.50",
            0.25,
            1_767_225_600_123_i64,
            "2026-01-01 12:00:00",
            "2026-01-02",
            "[2]",
            "{\"a\": [1, 2]}",
            2.0,
            true,
            "é 2"
        ]])
    );
    cluster.end().await;
}
