//! Tables, columns, keys.

use serde_json::json;
use vestibule::engines::{CursorField, SyncType};

use crate::support::cluster::{Cluster, place};

const TABLES: &str = r#"
    CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, updated_at timestamptz, notes jsonb);
    CREATE TABLE "Line ""Items""" ("order id" integer, "no" smallint, sku text, PRIMARY KEY ("no", "order id"));
    CREATE TABLE plain (a text, b boolean);
    CREATE VIEW recent AS SELECT id, name FROM customers;
    CREATE TABLE days (day date NOT NULL, n integer) PARTITION BY RANGE (day);
    CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE SCHEMA other; CREATE TABLE other.hidden (id integer);
"#;

#[tokio::test]
async fn tables_are_listed_with_columns_keys_and_candidates() {
    let Some(cluster) = Cluster::new(TABLES).await else { return };
    let (done, told) = place().check(&cluster.task(&json!({}))).await;
    assert_eq!(done, Ok(()));
    assert!(told.log().contains("Tables and views that can be read: 5."), "{}", told.log());

    let catalog = place().discover(&cluster.task(&json!({}))).await.0.unwrap();
    let names: Vec<&str> = catalog.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["Line \"Items\"", "customers", "days", "plain", "recent"]);
    let customers = catalog.find(Some("public"), "customers").unwrap();
    let columns: Vec<(&str, &str, bool)> =
        customers.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str(), column.nullable)).collect();
    let due = [
        ("id", "bigint", false),
        ("name", "text", false),
        ("updated_at", "timestamp with time zone", true),
        ("notes", "jsonb", true),
    ];
    assert_eq!(columns, due);
    assert_eq!(customers.primary_key, [["id"]]);
    let path = |name: &str| vec![name.to_owned()];
    let candidates = vec![path("id"), path("updated_at")];
    assert_eq!(customers.cursor, CursorField::Open { candidates, usual: Some(path("updated_at")) });
    let items = catalog.find(Some("public"), "Line \"Items\"").unwrap();
    assert_eq!(items.primary_key, [["no"], ["order id"]], "in the order of the key");
    let plain = catalog.find(Some("public"), "plain").unwrap();
    assert_eq!((plain.sync_types.as_slice(), &plain.cursor), ([SyncType::FullTable].as_slice(), &CursorField::None));
    cluster.end().await;
}

#[tokio::test]
async fn only_what_the_user_may_read_is_listed() {
    let Some(cluster) = Cluster::new("CREATE TABLE open (id int, secret int); CREATE TABLE shut (id int);").await
    else {
        return;
    };
    cluster.sql("REVOKE ALL ON open, shut FROM $role; GRANT SELECT (id) ON open TO $role").await;
    let (catalog, told) = place().discover(&cluster.task(&json!({}))).await;
    let catalog = catalog.unwrap();
    assert_eq!(catalog.streams.len(), 1);
    let columns: Vec<&str> = catalog.streams[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["id"]);
    assert!(told.log().contains("1 tables are left out"), "{}", told.log());
    cluster.end().await;
}

#[tokio::test]
async fn what_the_built_in_reader_does_otherwise_is_said() {
    let Some(cluster) = Cluster::new("CREATE TABLE one (id int);").await else { return };
    let log_of_changes = json!({"method": "CDC", "replication_slot": "s", "publication": "p"});
    let (done, told) = place().check(&cluster.task(&json!({"replication_method": log_of_changes}))).await;
    assert!(done.is_ok() && told.log().contains("does not read the write-ahead log"), "{}", told.log());
    cluster.end().await;
}
