//! Typed tables: what the source says becomes the column, keys are primary keys, and what stayed as it was is not written.

use serde_json::{Value, json};
use vestibule::engines::{LoadTable, SyncType};

use super::load::{fill, keyed, records, rows, run, stream, warehouse, whole};
use crate::support::cluster::{Cluster, place};

/// The columns of a table with their types, in order, without this product's own.
async fn types(cluster: &Cluster, table: &str) -> Value {
    let sql = format!(
        "SELECT coalesce(json_object_agg(attname, format_type(atttypid, atttypmod)), '{{}}') AS found FROM pg_attribute
         WHERE attrelid = 'raw.{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^_vestibule'"
    );
    rows(cluster, &sql).await[0]["found"].clone()
}

/// The columns of the primary key.
async fn primary(cluster: &Cluster) -> Value {
    let sql = "SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indrelid = 'raw.orders'::regclass AND i.indisprimary ORDER BY 1";
    rows(cluster, sql).await.as_array().unwrap().iter().map(|row| row["name"].clone()).collect()
}

async fn widened(cluster: &Cluster) -> String {
    let rows = rows(cluster, "SELECT widened FROM raw._vestibule_tables WHERE table_name = 'orders'").await;
    rows[0]["widened"].as_str().unwrap().to_owned()
}

/// Where every row of the table lies: it moves when somebody writes it.
async fn places(cluster: &Cluster) -> Value {
    rows(cluster, "SELECT id, ctid::text AS at, xmin::text AS by FROM raw.orders ORDER BY id").await
}

fn typed(columns: &[(&str, &str)], sync_type: SyncType, keys: &[&[&str]]) -> LoadTable {
    LoadTable::new("orders", &stream(columns, sync_type, keys), false)
}

const MANY: [(&str, &str); 5] = [
    ("id", "integer"),
    ("price", "numeric(12,2)"),
    ("at", "string (date-time)"),
    ("ratio", "double precision"),
    ("word", "string"),
];

#[tokio::test]
async fn what_does_not_fit_widens_its_column_and_a_run_where_all_fits_gives_the_type_back() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let table = || typed(&MANY, SyncType::FullTable, &[&["id"]]);
    let good = json!({"id": 1, "price": 9.5, "at": "2026-01-01T00:00:00.123456+02:00", "ratio": 0.1, "word": "a"});
    fill(&place.engines, &target, (run("r1"), table()), std::slice::from_ref(&good)).await.unwrap();
    let due = json!({"id": "bigint", "price": "numeric(12,2)", "at": "timestamp with time zone", "ratio": "double precision", "word": "text"});
    assert_eq!((types(&cluster, "orders").await, primary(&cluster).await), (due.clone(), json!(["id"])));
    assert_eq!(widened(&cluster).await, "");

    let odd = [
        good.clone(),
        json!({"id": 2, "price": "Infinity", "at": "soon", "ratio": "-Infinity", "word": 5}),
        json!({"id": 3, "price": 1.005, "at": "10000-01-01T00:00:00Z", "ratio": 0.125, "word": "n\u{0}l"}),
    ];
    let mut odd = records(&odd);
    odd[2].data =
        String::from_utf8(odd[2].data.clone()).unwrap().replace("0.125", "0.12345678901234567891").into_bytes();
    let mut load = place.engines.load(&target, run("r2"), vec![table()]).await.unwrap();
    load.write(&odd).await.unwrap();
    load.prepare(&[]).await.unwrap();
    let notes = load.notes.join("\n");
    load.commit().await.unwrap();
    for due in ["price is numeric from now on", "at is text from now on", "1 characters in word are none"] {
        assert!(notes.contains(due), "{due}: {notes}");
    }
    assert_eq!(
        widened(&cluster).await,
        "price: numeric instead of numeric(12,2); at: text instead of timestamp with time zone; ratio: numeric instead of double precision"
    );
    let found = rows(&cluster, "SELECT id, price::text, at, ratio::text, word FROM raw.orders ORDER BY id").await;
    let due_rows = json!([
        {"id": 1, "price": "9.50", "at": "2025-12-31 22:00:00.123456+00", "ratio": "0.1", "word": "a"},
        {"id": 2, "price": "Infinity", "at": "soon", "ratio": "-Infinity", "word": "5"},
        {"id": 3, "price": "1.005", "at": "10000-01-01 00:00:00+00", "ratio": "0.12345678901234567891", "word": "n\u{fffd}l"},
    ]);
    assert_eq!(found[1], due_rows[1]);
    assert_eq!(found[2], due_rows[2]);
    assert_eq!((&found[0]["at"], &found[0]["ratio"]), (&due_rows[0]["at"], &due_rows[0]["ratio"]));

    fill(&place.engines, &target, (run("r3"), table()), &[good]).await.unwrap();
    assert_eq!((types(&cluster, "orders").await, primary(&cluster).await), (due, json!(["id"])), "nothing is for good");
    assert_eq!(widened(&cluster).await, "");
    cluster.end().await;
}

#[tokio::test]
async fn all_values_together_say_the_type() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let columns = [
        ("plain", "string (date-time)"),
        ("day", "date"),
        ("small", "smallint"),
        ("list", "integer[]"),
        ("only", "string (date-time)"),
    ];
    let all = [
        json!({"id": 1, "plain": "2026-01-01T10:00:00", "day": "2026-01-01", "small": 1, "list": [1, null], "free": 1}),
        json!({"id": 2, "plain": "2026-01-02T10:00:00.5", "day": "2026-01-01T00:00:00", "small": 70000, "list": [4294967296_i64], "free": 1.5}),
        json!({"id": 9007199254740993_i64, "plain": null, "list": [], "only": "2026-02-02"}),
    ];
    fill(&place.engines, &target, (run("r1"), typed(&columns, SyncType::FullTable, &[])), &all).await.unwrap();
    let due = json!({"plain": "timestamp without time zone", "day": "timestamp without time zone", "small": "integer",
        "list": "bigint[]", "only": "date", "id": "bigint", "free": "numeric"});
    assert_eq!(types(&cluster, "orders").await, due);
    let found = rows(&cluster, "SELECT * FROM raw.orders ORDER BY id").await;
    assert_eq!(found[1]["list"], json!([4294967296_i64]));
    assert_eq!(
        (&found[0]["free"], &found[2]["list"], &found[2]["id"]),
        (&json!(1), &json!([]), &json!(9007199254740993_i64))
    );
    cluster.end().await;
}

#[tokio::test]
async fn only_what_changed_is_written() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let row = |id: i64, word: &str| json!({"id": id, "word": word, "price": 1.5, "at": "2026-01-01T00:00:00Z", "ratio": "NaN"});
    let all: Vec<Value> = (0..500).map(|id| row(id, "same")).collect();
    let size = "SELECT pg_table_size('raw.orders') AS n";
    for (sync_type, name) in [(SyncType::Incremental, "new"), (SyncType::FullTable, "whole")] {
        let table = || typed(&MANY, sync_type, &[&["id"]]);
        fill(&place.engines, &target, (run(name), table()), &all).await.unwrap();
        let (before, large) = (places(&cluster).await, rows(&cluster, size).await);
        for round in 0..5 {
            fill(&place.engines, &target, (run(&format!("{name}{round}")), table()), &all).await.unwrap();
        }
        assert_eq!(places(&cluster).await, before, "{name}: rows that did not change were written");
        assert_eq!(rows(&cluster, size).await, large, "{name}");
        let some = [row(3, "other"), row(500, "more"), row(500, "most")];
        let some: Vec<Value> =
            if name == "new" { some.to_vec() } else { all.iter().skip(4).cloned().chain(some).collect() };
        fill(&place.engines, &target, (run("last"), table()), &some).await.unwrap();
        let written = rows(&cluster, "SELECT id, word FROM raw.orders WHERE _vestibule_run = 'last' ORDER BY id").await;
        assert_eq!(written, json!([{"id": 3, "word": "other"}, {"id": 500, "word": "most"}]), "{name}");
        let count = rows(&cluster, "SELECT count(*) AS n FROM raw.orders").await[0]["n"].as_i64();
        assert_eq!(count, Some(if name == "new" { 501 } else { 498 }), "{name}: what is gone is gone");
        let records = rows(&cluster, "SELECT records FROM raw._vestibule_tables").await;
        assert_eq!(records[0]["records"], if name == "new" { 2 } else { 498 });
    }
    cluster.end().await;
}

#[tokio::test]
async fn a_table_without_keys_is_made_equal_row_by_row() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let table = || typed(&[("a", "integer"), ("b", "json"), ("c", "numeric")], SyncType::FullTable, &[]);
    let row = |a: i64| json!({"a": a, "b": {"x": [a]}, "c": 1.5, "at": "free"});
    let all = [row(1), row(1), row(1), row(2), json!({"a": null})];
    fill(&place.engines, &target, (run("r1"), table()), &all).await.unwrap();
    let places = async || {
        rows(&cluster, "SELECT a, ctid::text AS place, _vestibule_run AS run FROM raw.orders ORDER BY ctid").await
    };
    let before = places().await;
    fill(&place.engines, &target, (run("r2"), table()), &all).await.unwrap();
    assert_eq!(places().await, before, "nothing has changed, nothing is written");
    let other = [row(1), row(1), row(3), json!({"a": null}), json!({"a": null})];
    fill(&place.engines, &target, (run("r3"), table()), &other).await.unwrap();
    let found = rows(&cluster, "SELECT a, at, _vestibule_run AS run FROM raw.orders ORDER BY a, run").await;
    let due = json!([
        {"a": 1, "at": "free", "run": "r1"}, {"a": 1, "at": "free", "run": "r1"}, {"a": 3, "at": "free", "run": "r3"},
        {"a": null, "at": null, "run": "r1"}, {"a": null, "at": null, "run": "r3"}
    ]);
    assert_eq!(found, due, "as many of each as there are");
    // A field that no record has any more is empty.
    fill(&place.engines, &target, (run("r4"), table()), &[json!({"a": 1, "b": {"x": [1]}, "c": 1.5})]).await.unwrap();
    assert_eq!(rows(&cluster, "SELECT a, c, at FROM raw.orders").await, json!([{"a": 1, "c": 1.5, "at": null}]));
    cluster.end().await;
}

#[tokio::test]
async fn keys_are_a_primary_key_until_one_is_empty() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let keys: &[&[&str]] = &[&["b"], &["a"]];
    fill(&place.engines, &target, (run("r1"), keyed(keys)), &[json!({"a": 1, "b": "x", "v": 1})]).await.unwrap();
    assert_eq!(primary(&cluster).await, json!(["a", "b"]));
    let more = [json!({"a": 1, "b": "x", "v": 2}), json!({"b": "x", "v": 3}), json!({"a": null, "b": "x", "v": 4})];
    let notes = fill(&place.engines, &target, (run("r2"), keyed(keys)), &more).await.unwrap();
    assert!(notes.iter().any(|note| note.contains("has no primary key any more")), "{notes:?}");
    let found = async || rows(&cluster, "SELECT a, v FROM raw.orders ORDER BY v").await;
    assert_eq!(found().await, json!([{"a": 1, "v": 2}, {"a": null, "v": 4}]), "empty keys are one value too");
    fill(&place.engines, &target, (run("r3"), keyed(keys)), &more).await.unwrap();
    assert_eq!(found().await.as_array().unwrap().len(), 2);
    let anew = || LoadTable::new("orders", &stream(&[], SyncType::Incremental, keys), true);
    let long = "x".repeat(4_000);
    fill(&place.engines, &target, (run("r4"), anew()), &[json!({"a": 1, "b": long})])
        .await
        .expect("too long for an index");
    assert_eq!(primary(&cluster).await, json!([]));
    fill(&place.engines, &target, (run("r5"), anew()), &more[..1]).await.unwrap();
    assert_eq!(primary(&cluster).await, json!(["a", "b"]), "filled anew it has one again");
    let twice = [json!({"id": 1, "v": 1}), json!({"id": 1, "v": 2})];
    let table = || LoadTable::new("orders", &stream(&[], SyncType::FullTable, &[&["id"]]), false);
    let notes = fill(&place.engines, &target, (run("r6"), table()), &twice).await.unwrap();
    assert!(notes.iter().any(|note| note.contains("1 records have the same primary key as a later one")), "{notes:?}");
    assert_eq!(rows(&cluster, "SELECT id, v FROM raw.orders").await, json!([{"id": 1, "v": 2}]));
    cluster.end().await;
}

/// A table as it was made when every key was kept as a hash and most types were found in the values.
const EARLIER: &str = r#"
    CREATE TABLE raw._vestibule_tables (table_name text PRIMARY KEY, source_id text NOT NULL, source text NOT NULL, stream text NOT NULL,
        keys text NOT NULL, run text NOT NULL, records bigint NOT NULL, loaded_at timestamp with time zone NOT NULL);
    INSERT INTO raw._vestibule_tables VALUES ('orders', 's1', 'shop', 'orders', '[["id"]]', 'r0', 2, now());
    CREATE TABLE raw.orders (_vestibule_run text NOT NULL, _vestibule_read_at timestamptz NOT NULL, _vestibule_key text UNIQUE,
        id bigint, at text, price numeric, gone text);
    INSERT INTO raw.orders SELECT 'r0', now(), encode(sha256(convert_to(jsonb_build_array(to_jsonb(id))::text, 'UTF8')), 'hex'), id,
        'soon', 1, 'x' FROM generate_series(1, 2) AS id;
    ALTER TABLE raw.orders OWNER TO $role; ALTER TABLE raw._vestibule_tables OWNER TO $role;"#;

#[tokio::test]
async fn tables_of_earlier_times_go_on_and_become_typed_when_they_are_filled_anew() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    cluster.sql(EARLIER).await;
    let columns = [("id", "integer"), ("at", "string (date-time)"), ("price", "numeric(12,2)")];
    let more =
        [json!({"id": 2, "at": "2026-01-01T00:00:00Z", "price": 2.5}), json!({"id": 3, "at": "later", "price": 1})];
    fill(&place.engines, &target, (run("r1"), typed(&columns, SyncType::Incremental, &[&["id"]])), &more)
        .await
        .unwrap();
    let found = rows(&cluster, "SELECT id, at, price FROM raw.orders ORDER BY id").await;
    let due = json!([
        {"id": 1, "at": "soon", "price": 1}, {"id": 2, "at": "2026-01-01T00:00:00Z", "price": 2.5}, {"id": 3, "at": "later", "price": 1}
    ]);
    assert_eq!(found, due, "the same keys, and texts as they were");
    assert_eq!(
        widened(&cluster).await,
        "at: text instead of timestamp with time zone; price: numeric instead of numeric(12,2)"
    );

    // As long as somebody's view shows all columns they stay, and nothing is lost.
    cluster.sql("CREATE VIEW raw.shown AS SELECT * FROM raw.orders").await;
    let anew = || LoadTable::new("orders", &stream(&columns, SyncType::Incremental, &[&["id"]]), true);
    let notes = fill(&place.engines, &target, (run("r2"), anew()), &more[..1]).await.unwrap();
    assert!(notes.iter().any(|note| note.contains("keeps its columns as they are")), "{notes:?}");
    assert_eq!(
        rows(&cluster, "SELECT id, at, gone FROM raw.shown").await,
        json!([{"id": 2, "at": "2026-01-01 00:00:00+00", "gone": null}])
    );
    cluster.sql("DROP VIEW raw.shown").await;
    fill(&place.engines, &target, (run("r3"), anew()), &more[..1]).await.unwrap();
    let due = json!({"id": "bigint", "at": "timestamp with time zone", "price": "numeric(12,2)", "gone": "text"});
    assert_eq!((types(&cluster, "orders").await, primary(&cluster).await), (due, json!(["id"])));
    let hash =
        "SELECT count(*) AS n FROM pg_attribute WHERE attrelid = 'raw.orders'::regclass AND attname = '_vestibule_key'";
    assert_eq!(rows(&cluster, hash).await[0]["n"], 0);
    assert_eq!(rows(&cluster, "SELECT id, price FROM raw.orders").await, json!([{"id": 2, "price": 2.50}]));
    cluster.end().await;
}

#[tokio::test]
async fn a_schema_that_changes_changes_the_table() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let one = |columns: &'static [(&'static str, &'static str)], sync_type| typed(columns, sync_type, &[&["id"]]);
    for sync_type in [SyncType::Incremental, SyncType::FullTable] {
        let anew = LoadTable::new(
            "orders",
            &stream(&[("id", "bigint"), ("a", "numeric(5,1)"), ("b", "text")], sync_type, &[&["id"]]),
            true,
        );
        let first = [json!({"id": 1, "a": 1.5, "b": "x"}), json!({"id": 2, "a": 2, "b": "y"})];
        cluster.sql("DROP TABLE IF EXISTS raw.orders").await;
        fill(&place.engines, &target, (run("r1"), anew), &first).await.unwrap();
        let after = one(&[("id", "bigint"), ("a", "numeric(8,3)"), ("c", "uuid")], sync_type);
        let second = [json!({"id": 2, "a": 2.125, "c": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"})];
        let notes = fill(&place.engines, &target, (run("r2"), after), &second).await.unwrap().join("\n");
        for due in ["a is numeric(8,3) from now on", "has a new column: c"] {
            assert!(notes.contains(due), "{due}: {notes}");
        }
        let found = rows(&cluster, "SELECT id, a::text, b, c FROM raw.orders ORDER BY id").await;
        let last = found.as_array().unwrap().last().unwrap();
        assert_eq!((&last["a"], &last["c"]), (&json!("2.125"), &json!("6f9619ff-8b86-d011-b42d-00cf4fc964ff")));
        if sync_type == SyncType::FullTable {
            assert_eq!(
                (found.as_array().unwrap().len(), &last["b"]),
                (1, &json!(null)),
                "a column that is gone is empty"
            );
        } else {
            assert_eq!((&found[0]["a"], &found[0]["b"]), (&json!("1.500"), &json!("x")));
        }
    }
    let notes = fill(&place.engines, &target, (run("r3"), whole()), &[json!({"id": 9})]).await.unwrap();
    assert_eq!(primary(&cluster).await, json!([]), "without keys there is no primary key: {notes:?}");
    cluster.end().await;
}
