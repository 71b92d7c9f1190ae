//! Records exactly as they are, and only what is new.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::engines::{Catalog, ChosenStream, FailureReason, ReadEnd, SyncType};

use crate::support::cluster::{Cluster, place};
use crate::support::engine::{Told, chosen};

async fn catalog(cluster: &Cluster) -> Catalog {
    place().discover(&cluster.task(&json!({}))).await.0.unwrap()
}

async fn read(cluster: &Cluster, wanted: &[ChosenStream], state: Option<&Value>) -> Told {
    let (done, told) = place().read(&cluster.task(&json!({})), wanted, state).await;
    assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
    told
}

#[tokio::test]
async fn values_become_json_exactly() {
    let sql = r#"
        CREATE TABLE "all" ("~row" int, big bigint, exact numeric, ratio float8, no float8, yes boolean, words text, raw bytea,
            day date, at timestamptz, plain timestamp, span interval, list int[], doc jsonb, kept json, nothing text);
        INSERT INTO "all" VALUES (1, 9223372036854775807, 12345678901234567890.123456789, 0.1, 'NaN', true, E'a"b\\c\nd é 😀', '\xdeadbeef',
            '2026-02-28', '2026-02-28 12:00:00.123456+02', '2026-02-28 12:00:00', '1 day 2 hours', '{1,2}', '{"b": 1, "a": [1.50]}',
            E'{"k":\n 1}', NULL);
    "#;
    let Some(cluster) = Cluster::new(sql).await else { return };
    let wanted = [chosen(&catalog(&cluster).await, "all", SyncType::FullTable)];
    let told = read(&cluster, &wanted, None).await;
    let records = told.of(0);
    assert_eq!(records.len(), 1);
    assert!(!records[0].contains('\n') && serde_json::from_str::<Value>(&records[0]).is_ok(), "{}", records[0]);
    for part in [
        r#""~row":1"#,
        r#""big":9223372036854775807"#,
        r#""exact":12345678901234567890.123456789"#,
        r#""ratio":0.1"#,
        r#""no":"NaN""#,
        r#""yes":true"#,
        r#""words":"a\"b\\c\nd é 😀""#,
        r#""raw":"\\xdeadbeef""#,
        r#""day":"2026-02-28""#,
        r#""at":"2026-02-28T10:00:00.123456+00:00""#,
        r#""plain":"2026-02-28T12:00:00""#,
        r#""span":"P1DT2H""#,
        r#""list":[1,2]"#,
        r#""nothing":null"#,
        "1.50",
    ] {
        assert!(records[0].contains(part), "{part} in {}", records[0]);
    }
    cluster.end().await;
}

#[tokio::test]
async fn large_tables_come_in_batches_and_with_chosen_fields() {
    let sql = "CREATE TABLE many (id int PRIMARY KEY, word text, other text); \
        INSERT INTO many SELECT n, repeat('w', n % 300), 'x' FROM generate_series(1, 30000) AS n;";
    let Some(cluster) = Cluster::new(sql).await else { return };
    let mut wanted = [chosen(&catalog(&cluster).await, "many", SyncType::FullTable)];
    wanted[0].fields = Some(vec!["word".to_owned(), "id".to_owned()]);
    let told = read(&cluster, &wanted, None).await;
    assert_eq!(told.records.len(), 30_000);
    assert!(!told.of(0)[7].contains("other") && told.of(0)[7].contains("\"id\":"), "{}", told.of(0)[7]);
    assert_eq!(told.states.last(), Some(&json!({"postgres": {}})));
    cluster.end().await;
}

#[tokio::test]
async fn rows_that_grow_are_passed_on_before_they_fill_the_memory() {
    // The first hundred rows promise small ones, so ten thousand are asked for next.
    let sql = "CREATE TABLE grows (id int, word text); \
        INSERT INTO grows SELECT n, repeat('w', CASE WHEN n <= 200 THEN 1 ELSE 100000 END) FROM generate_series(1, 300) AS n; \
        CREATE TABLE huge (id int, word text); INSERT INTO huge VALUES (1, repeat('w', 68000000));";
    let Some(cluster) = Cluster::new(sql).await else { return };
    let catalog = catalog(&cluster).await;
    let told = read(&cluster, &[chosen(&catalog, "grows", SyncType::FullTable)], None).await;
    assert_eq!(told.records.len(), 300);
    assert!(told.largest < (1 << 20) + 200_000, "{} bytes at once", told.largest);
    let huge = [chosen(&catalog, "huge", SyncType::FullTable)];
    let failure = place().read(&cluster.task(&json!({})), &huge, None).await.0.unwrap_err();
    assert!(failure.message.contains("A row of public.huge is larger than 64 MB"), "{failure:?}");
    cluster.end().await;
}

/// The orders that may be read once more: what was written by transactions at or above the horizon of that reading. Whoever else writes
/// anywhere on the server holds it back.
async fn again(cluster: &Cluster, state: &Value) -> Vec<i64> {
    let horizon = state["postgres"]["public.orders"]["seen"]["horizon"].as_i64().unwrap();
    let sql = "SELECT id::bigint FROM orders WHERE xmin::text::bigint >= $1";
    cluster.admin.query(sql, &[&horizon]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_later_reading_goes_on_where_the_last_one_ended() {
    let sql = "CREATE TABLE orders (id int, at timestamptz); INSERT INTO orders VALUES \
        (1, NULL), (2, '2026-01-01 00:00:00.5Z'), (3, '2026-01-02'), (4, '2026-01-02');";
    let Some(cluster) = Cluster::new(sql).await else { return };
    let mut wanted = [chosen(&catalog(&cluster).await, "orders", SyncType::Incremental)];
    wanted[0].cursor = Some(vec!["at".to_owned()]);
    let ids = |told: &Told| -> Vec<i64> {
        told.of(0).iter().map(|text| serde_json::from_str::<Value>(text).unwrap()["id"].as_i64().unwrap()).collect()
    };
    let first = read(&cluster, &wanted, None).await;
    assert_eq!(ids(&first)[..2], [1, 2], "rows without a value first");
    assert_eq!(ids(&first).len(), 4);
    let mut last = first;
    for (sql, new) in [
        ("SELECT 1", [].as_slice()),
        ("INSERT INTO orders VALUES (5, '2026-01-03')", &[5]),
        ("INSERT INTO orders VALUES (6, '2026-01-03'), (7, '2026-01-04')", &[6, 7]),
        ("UPDATE orders SET at = at WHERE id = 7", &[7]),
        ("SELECT 1", &[]),
    ] {
        let again = again(&cluster, last.states.last().unwrap()).await;
        cluster.sql(sql).await;
        last = read(&cluster, &wanted, last.states.last()).await;
        let found = ids(&last);
        assert!(new.iter().all(|id| found.contains(id)), "{sql}: {found:?}");
        assert!(found.iter().all(|id| new.contains(id) || again.contains(id)), "{sql}: {found:?} and not {again:?}");
    }
    wanted[0].cursor = Some(vec!["id".to_owned()]);
    assert_eq!(ids(&read(&cluster, &wanted, last.states.last()).await).len(), 7, "another key begins anew");
    cluster.end().await;
}

#[tokio::test]
async fn one_table_that_is_gone_does_not_stop_the_others() {
    let Some(cluster) =
        Cluster::new("CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO b VALUES (1);").await
    else {
        return;
    };
    let found = catalog(&cluster).await;
    let wanted = [chosen(&found, "a", SyncType::FullTable), chosen(&found, "b", SyncType::FullTable)];
    cluster.sql("DROP TABLE a").await;
    let (done, told) = place().read(&cluster.task(&json!({})), &wanted, None).await;
    assert_eq!(done, Ok(ReadEnd { incomplete: vec![0] }));
    assert!(told.of(1).len() == 1 && told.log().contains("public.a could not be read"), "{}", told.log());
    let failure = place().read(&cluster.task(&json!({})), &wanted[..1], None).await.0.unwrap_err();
    assert_eq!(failure.reason, FailureReason::Refused);
    cluster.end().await;
}

#[tokio::test]
async fn a_reading_that_waits_for_a_lock_can_be_cancelled_and_runs_out_of_time() {
    let Some(cluster) = Cluster::new("CREATE TABLE a (id int);").await else { return };
    let wanted = [chosen(&catalog(&cluster).await, "a", SyncType::FullTable)];
    cluster.sql("BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE").await;
    let mut task = cluster.task(&json!({}));
    task.limit = Duration::from_secs(1);
    assert_eq!(place().read(&task, &wanted, None).await.0.unwrap_err().reason, FailureReason::Timeout);
    task.limit = Duration::from_secs(60);
    task.interrupted = true;
    assert_eq!(place().read(&task, &wanted, None).await.0.unwrap_err().reason, FailureReason::Cancelled);
    cluster.sql("ROLLBACK").await;
    cluster.end().await;
}
