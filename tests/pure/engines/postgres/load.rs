//! Records into tables: what they become, what stays, what is refused.

use secrecy::SecretString;
use serde_json::{Value, json};
use vestibule::engines::{
    ChosenStream, Column, Engines, Failure, FailureReader, FailureReason, LoadTable, LoadTarget, Loading, Record,
    Stream, SyncType, TlsMode,
};

use crate::support::cluster::{Cluster, PASSWORD, place};

/// A schema `raw` that belongs to the role.
pub async fn warehouse() -> Option<(Cluster, LoadTarget)> {
    let cluster = Cluster::new("").await?;
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let target = target(&cluster);
    Some((cluster, target))
}

pub fn target(cluster: &Cluster) -> LoadTarget {
    LoadTarget {
        host: cluster.host.clone(),
        port: cluster.port,
        database: cluster.name.clone(),
        user: cluster.name.clone(),
        password: SecretString::from(PASSWORD),
        schema: "raw".to_owned(),
        tls: TlsMode::Prefer,
        ca: String::new(),
    }
}

/// What a statement finds, as JSON.
pub async fn rows(cluster: &Cluster, sql: &str) -> Value {
    let sql = format!("SELECT coalesce(json_agg(t), '[]')::text FROM ({sql}) AS t");
    let row = cluster.admin.query_one(&sql, &[]).await.unwrap();
    serde_json::from_str(row.get(0)).unwrap()
}

pub fn stream(columns: &[(&str, &str)], sync_type: SyncType, keys: &[&[&str]]) -> ChosenStream {
    let column =
        |(name, kind): &(&str, &str)| Column { name: (*name).to_owned(), kind: (*kind).to_owned(), nullable: true };
    let columns = columns.iter().map(column).collect();
    let path = |path: &&[&str]| path.iter().map(|part| (*part).to_owned()).collect();
    ChosenStream {
        stream: Stream { name: "orders".to_owned(), columns, ..Stream::default() },
        sync_type,
        cursor: None,
        primary_key: keys.iter().map(path).collect(),
        fields: None,
    }
}

pub fn whole() -> LoadTable {
    LoadTable::new("orders", &stream(&[], SyncType::FullTable, &[]), false)
}

/// With a moment, which the server is asked about.
pub fn timed() -> ChosenStream {
    stream(&[("at", "string (date-time)")], SyncType::FullTable, &[])
}

pub fn appended() -> LoadTable {
    keyed(&[&["id"]])
}

pub fn keyed(keys: &[&[&str]]) -> LoadTable {
    LoadTable::new("orders", &stream(&[], SyncType::Incremental, keys), false)
}

pub fn run(name: &str) -> Loading {
    Loading {
        source_id: "s1".to_owned(),
        source: "shop".to_owned(),
        run: name.to_owned(),
        began: "2026-03-13T16:00:00Z".to_owned(),
    }
}

pub fn records(all: &[Value]) -> Vec<Record> {
    all.iter().map(|data| Record { stream: 0, data: data.to_string().into_bytes() }).collect()
}

pub async fn fill(
    engines: &Engines,
    target: &LoadTarget,
    (loading, table): (Loading, LoadTable),
    all: &[Value],
) -> Result<Vec<String>, Failure> {
    let mut load = engines.load(target, loading, vec![table]).await?;
    load.write(&records(all)).await?;
    load.prepare(&[]).await?;
    let notes = load.notes.clone();
    load.commit().await.map(|()| notes)
}

#[tokio::test]
async fn a_field_becomes_a_column_of_the_type_its_values_have() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let columns = [
        ("id", "integer"),
        ("price", "numeric(10,2)"),
        ("at", "string (date-time)"),
        ("day", "date"),
        ("broken", "string (date-time)"),
        ("never", "boolean"),
        ("unsaid", "any"),
    ];
    let table = LoadTable::new("orders", &stream(&columns, SyncType::FullTable, &[]), false);
    let all = [
        json!({"id": 1, "price": 2, "at": "2026-01-01T10:00:00+02:00", "day": "2026-01-01", "broken": "2026-02-30T00:00:00Z",
            "paid": true, "tags": ["a"], "Näme \"x\"": "it's\ta\\b\u{0}c", "mixed": 1, "xmin": 5, "unsaid": null}),
        json!({"id": 2, "price": 2.5, "at": null, "paid": null, "mixed": "one", "more": {"a": 1}}),
    ];
    fill(&place.engines, &target, (run("r1"), table), &all).await.unwrap();
    let types = "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS kind FROM pg_attribute a
        WHERE attrelid = 'raw.orders'::regclass AND attnum > 0 ORDER BY attnum";
    let found: Vec<(String, String)> = rows(&cluster, types)
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["kind"].as_str().unwrap().to_owned()))
        .collect();
    let kind = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, kind)| kind.as_str());
    for (name, due) in [
        ("_vestibule_run", "text"),
        ("_vestibule_read_at", "timestamp with time zone"),
        ("id", "bigint"),
        ("price", "numeric(10,2)"),
        ("at", "timestamp with time zone"),
        ("day", "date"),
        ("broken", "text"),
        ("never", "boolean"),
        ("paid", "boolean"),
        ("tags", "jsonb"),
        ("Näme \"x\"", "text"),
        ("mixed", "text"),
        ("more", "jsonb"),
    ] {
        assert_eq!(kind(name), Some(due), "{name}: {found:?}");
    }
    assert_eq!(kind("unsaid"), None, "nobody knows what it holds");
    let moved = found.iter().find(|(name, _)| name.starts_with("xmin_")).map(|(name, _)| name.clone()).unwrap();
    let first = rows(&cluster, "SELECT * FROM raw.orders WHERE id = 1").await[0].clone();
    assert_eq!(first["at"], "2026-01-01T08:00:00+00:00");
    assert_eq!((first["Näme \"x\""].as_str(), first["tags"][0].as_str()), (Some("it's\ta\\b\u{fffd}c"), Some("a")));
    assert_eq!((first["mixed"].as_str(), first[&moved].as_i64()), (Some("1"), Some(5)));
    cluster.end().await;
}

#[tokio::test]
async fn new_fields_add_columns_and_types_widen_without_a_loss() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    fill(&place.engines, &target, (run("r1"), appended()), &[json!({"id": 1, "a": 1, "b": true, "c": "x"})])
        .await
        .unwrap();
    let again = [json!({"id": 2, "a": 1.5, "b": "no", "c": {"d": 1}, "e": 7})];
    let notes = fill(&place.engines, &target, (run("r2"), appended()), &again).await.unwrap();
    assert_eq!(notes.len(), 4, "{notes:?}");
    let found = rows(&cluster, "SELECT a, b, c, e, _vestibule_run AS run FROM raw.orders ORDER BY run").await;
    let due = json!([
        {"a": 1, "b": "true", "c": "x", "e": null, "run": "r1"}, {"a": 1.5, "b": "no", "c": {"d": 1}, "e": 7, "run": "r2"}
    ]);
    assert_eq!(found, due);
    cluster.sql("CREATE VIEW raw.v AS SELECT a FROM raw.orders").await;
    let refused =
        fill(&place.engines, &target, (run("r3"), appended()), &[json!({"id": 3, "a": "text"})]).await.unwrap_err();
    assert!(refused.message.contains("a view uses the column"), "{refused}");
    cluster.sql("DROP VIEW raw.v; ALTER TABLE raw.orders ALTER COLUMN e TYPE varchar(3)").await;
    fill(&place.engines, &target, (run("r4"), appended()), &[json!({"id": 4, "e": 8})]).await.unwrap();
    let refused =
        fill(&place.engines, &target, (run("r5"), appended()), &[json!({"id": 5, "e": "hush"})]).await.unwrap_err();
    assert!(refused.message.contains("does not fit") && !refused.message.contains("hush"), "{refused}");
    assert_eq!(rows(&cluster, "SELECT count(*) AS n FROM raw.orders").await[0]["n"], 3);
    cluster.end().await;
}

#[tokio::test]
async fn whole_tables_are_replaced_keys_renewed_and_the_rest_added() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let one = async |name: &str, table: LoadTable, all: &[Value]| {
        fill(&place.engines, &target, (run(name), table), all).await.unwrap();
        rows(&cluster, "SELECT id, v FROM raw.orders ORDER BY id, v").await
    };
    one("r1", whole(), &[json!({"id": 1, "v": "a"}), json!({"id": 2, "v": "a"})]).await;
    assert_eq!(one("r2", whole(), &[json!({"id": 3, "v": "b"})]).await, json!([{"id": 3, "v": "b"}]));
    assert_eq!(one("r3", whole(), &[]).await, json!([]), "an empty source empties its table");
    let refused = fill(&place.engines, &target, (run("r4"), keyed(&[])), &[]).await.unwrap_err();
    assert_eq!(refused.reason, FailureReason::NotSupported);
    assert!(refused.message.contains("INCREMENTAL without primary keys"), "{refused}");
    let anew = LoadTable::new("orders", &stream(&[], SyncType::Incremental, &[&["id"]]), true);
    one("r4", anew, &[json!({"id": 1, "v": "a"})]).await;
    let both = json!([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]);
    assert_eq!(one("r5", appended(), &[json!({"id": 2, "v": "b"})]).await, both);

    let keys: &[&[&str]] = &[&["id"], &["inner", "of"]];
    let refused = fill(&place.engines, &target, (run("r6"), keyed(keys)), &[]).await.unwrap_err();
    assert!(refused.message.contains("primary keys of orders have changed"), "{refused}");
    let anew = LoadTable::new("orders", &stream(&[], SyncType::Incremental, keys), true);
    let first = [json!({"id": 1, "inner": {"of": 1}, "v": "a"}), json!({"id": 1, "inner": {"of": 2}, "v": "a"})];
    assert_eq!(one("r7", anew, &first).await.as_array().unwrap().len(), 2, "from the beginning it is filled anew");
    let more = [
        json!({"id": 1, "inner": {"of": 2}, "v": "b"}),
        json!({"id": 1, "inner": {"of": 2}, "v": "c"}),
        json!({"id": 2, "inner": {"of": 2}, "v": "d"}),
    ];
    let due = json!([{"id": 1, "v": "a"}, {"id": 1, "v": "c"}, {"id": 2, "v": "d"}]);
    assert_eq!(one("r8", keyed(keys), &more).await, due, "of several with the same key the last one stays");
    cluster.end().await;
}

#[tokio::test]
async fn nothing_is_seen_before_the_end_and_nothing_of_a_lost_run_stays() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let count = async || rows(&cluster, "SELECT count(*) AS n FROM raw.orders").await[0]["n"].as_i64().unwrap();
    fill(&place.engines, &target, (run("r1"), appended()), &[json!({"id": 1})]).await.unwrap();
    let mut load = place.engines.load(&target, run("r2"), vec![appended()]).await.unwrap();
    load.write(&records(&[json!({"id": 2})])).await.unwrap();
    load.prepare(&[]).await.unwrap();
    assert_eq!(count().await, 1, "nobody sees what is not committed");
    drop(load);
    // A run that reached the tables and then was lost: the next one reads the same again.
    fill(&place.engines, &target, (run("r3"), appended()), &[json!({"id": 3})]).await.unwrap();
    assert_eq!(count().await, 2);
    fill(&place.engines, &target, (run("r4"), appended()), &[json!({"id": 3})]).await.unwrap();
    let found = rows(&cluster, "SELECT id, _vestibule_run AS run FROM raw.orders ORDER BY id").await;
    assert_eq!(found, json!([{"id": 1, "run": "r1"}, {"id": 3, "run": "r3"}]), "what did not change is not written");
    let load = place.engines.load(&target, run("r5"), vec![appended()]).await.unwrap();
    load.nudge().await.expect("it is there");
    cluster
        .sql("DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '$role'; END $$")
        .await;
    load.nudge().await.expect_err("a database that has gone is noticed");
    // What was not read to the end does not take a whole table's place.
    let mut load = place.engines.load(&target, run("r5"), vec![whole()]).await.unwrap();
    load.prepare(&[0]).await.unwrap();
    load.commit().await.unwrap();
    assert_eq!(count().await, 2);
    cluster.end().await;
}

#[tokio::test]
async fn only_tables_of_the_same_source_are_touched() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    cluster.sql("CREATE TABLE raw.orders (id int); INSERT INTO raw.orders VALUES (1)").await;
    let refused = fill(&place.engines, &target, (run("r1"), whole()), &[]).await.unwrap_err();
    assert!(refused.message.contains("was not made here"), "{refused}");
    assert_eq!(rows(&cluster, "SELECT * FROM raw.orders").await, json!([{"id": 1}]));
    cluster.sql("DROP TABLE raw.orders").await;
    fill(&place.engines, &target, (run("r1"), whole()), &[json!({"id": 2})]).await.unwrap();
    let other = Loading { source_id: "s2".to_owned(), ..run("r2") };
    let refused = fill(&place.engines, &target, (other.clone(), whole()), &[]).await.unwrap_err();
    assert!(refused.message.contains("holds the records of another source, shop"), "{refused}");
    assert_eq!(rows(&cluster, "SELECT id FROM raw.orders").await, json!([{"id": 2}]));
    let listed = rows(&cluster, "SELECT table_name, source, stream, run, records FROM raw._vestibule_tables").await;
    assert_eq!(
        listed,
        json!([{"table_name": "orders", "source": "shop", "stream": "orders", "run": "r1", "records": 1}])
    );
    cluster.sql("DROP TABLE raw.orders").await;
    fill(&place.engines, &target, (other, whole()), &[]).await.expect("a table that is gone is nobody's");
    cluster.end().await;
}

#[tokio::test]
async fn what_is_in_the_way_is_said_in_words() {
    let Some(cluster) = Cluster::new("").await else { return };
    let (place, target) = (place(), target(&cluster));
    let check = async |target: &LoadTarget| place.engines.check_target(target).await;
    let refused = check(&target).await.unwrap_err();
    assert_eq!(refused.reason, FailureReason::Permission);
    assert!(refused.message.contains("CREATE SCHEMA raw AUTHORIZATION"), "{refused}");
    cluster.sql("CREATE SCHEMA raw").await;
    let refused = check(&target).await.unwrap_err();
    assert!(refused.message.contains("GRANT USAGE, CREATE ON SCHEMA raw TO"), "{refused}");
    cluster
        .sql(&format!(
            "GRANT USAGE, CREATE ON SCHEMA raw TO $role; REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC",
            cluster.name
        ))
        .await;
    let refused = check(&target).await.unwrap_err();
    assert!(refused.message.contains("GRANT TEMPORARY ON DATABASE"), "{refused}");
    cluster
        .sql(&format!("GRANT TEMPORARY ON DATABASE {0} TO $role; GRANT CREATE ON DATABASE {0} TO $role", cluster.name))
        .await;
    assert!(check(&target).await.unwrap().contains("make tables in the schema raw"));
    let new = LoadTarget { schema: "Fresh \"one\"".to_owned(), ..target.clone() };
    assert!(check(&new).await.unwrap().contains("is made with the first extraction"));
    fill(&place.engines, &new, (run("r1"), whole()), &[json!({"id": 1})]).await.unwrap();
    assert_eq!(rows(&cluster, "SELECT id FROM \"Fresh \"\"one\"\"\".orders").await, json!([{"id": 1}]));
    let nowhere = LoadTarget { database: "nowhere".to_owned(), ..target.clone() };
    assert_eq!(check(&nowhere).await.unwrap_err().reason, FailureReason::NoDatabase);
    let shut = crate::support::engine::Place::new();
    let refused = shut.engines.check_target(&target).await.unwrap_err();
    assert!(refused.words(FailureReader::Admin).advice.contains("VESTIBULE_CONNECTOR_ALLOW_CIDRS"), "{refused}");
    assert!(!format!("{target:?}").contains(PASSWORD));
    cluster.end().await;
}
