//! Nothing that was committed before a reading began is missing after it, whatever writers do meanwhile: with keys, what was read is the
//! table. Rows that were deleted stay, which no way of reading can tell.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_postgres::Client;
use vestibule::engines::{ChosenStream, CursorField, FailureReason, ReadEnd, SyncType};

use crate::support::cluster::{Cluster, place};
use crate::support::engine::{Place, Task, Told, chosen};

/// What one writer does next. There are three; the last is never in a transaction.
#[derive(Debug, Clone)]
enum Step {
    Begin(usize),
    Write { writer: usize, row: i32, cursor: Cursor, within: bool },
    Delete { writer: usize, row: i32 },
    End { writer: usize, commit: bool },
    Tick,
    Read,
}

/// What a row gets for its replication key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    None,
    /// Above or below all others, where the type has such a value.
    Infinite(bool),
    /// What the clock shows now.
    Clock,
    /// What it showed when the transaction began.
    Began,
    /// Anything: long ago, or the clock's next value.
    Wrong(i64),
}

const WRITERS: usize = 3;

fn step(is_honest: bool) -> impl Strategy<Value = Step> {
    let wrong = if is_honest { 0 } else { 3 };
    let cursor = prop_oneof![
        2 => Just(Cursor::None),
        1 => any::<bool>().prop_map(Cursor::Infinite),
        4 => Just(Cursor::Clock),
        4 => Just(Cursor::Began),
        wrong => (-3..3_i64).prop_map(Cursor::Wrong),
    ];
    prop_oneof![
        2 => (0..WRITERS - 1).prop_map(Step::Begin),
        8 => (0..WRITERS, 0..4, cursor, any::<bool>())
            .prop_map(|(writer, row, cursor, within)| Step::Write { writer, row, cursor, within }),
        2 => (0..WRITERS, 0..4).prop_map(|(writer, row)| Step::Delete { writer, row }),
        3 => (0..WRITERS - 1, prop::bool::weighted(0.8)).prop_map(|(writer, commit)| Step::End { writer, commit }),
        2 => Just(Step::Tick),
        4 => Just(Step::Read),
    ]
}

/// A table, those who write to it, and what was read of it.
struct World {
    cluster: Cluster,
    writers: Vec<Client>,
    place: Place,
    task: Task,
}

/// One schedule on a new table.
struct Schedule<'a> {
    world: &'a World,
    kind: &'static str,
    stream: ChosenStream,
    clock: i64,
    began: [Option<i64>; WRITERS],
    version: i64,
    state: Option<Value>,
    found: BTreeMap<i64, i64>,
}

impl World {
    async fn new(method: &str) -> Option<Self> {
        let cluster = Cluster::new("").await?;
        cluster.sql("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO $role").await;
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            writers.push(cluster.another().await);
        }
        let task = cluster.task(&json!({"replication_method": {"method": method}}));
        Some(Self { cluster, writers, place: place(), task })
    }

    async fn follow(&self, kind: &'static str, is_partitioned: bool, by_key: bool, steps: &[Step]) {
        let parts = if is_partitioned {
            "PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1, 2, 3, 10, 11); CREATE TABLE t_2 PARTITION OF t DEFAULT"
        } else {
            ""
        };
        let sql = format!(
            "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, at {kind}, v bigint NOT NULL) {parts}"
        );
        self.cluster.sql(&sql).await;
        let catalog = self.place.discover(&self.task).await.0.unwrap();
        let mut stream = chosen(&catalog, "t", SyncType::Incremental);
        assert_eq!(stream.stream.cursor == CursorField::Fixed { field: None }, !by_key);
        stream.cursor = by_key.then(|| vec!["at".to_owned()]);
        let (began, found) = ([None; WRITERS], BTreeMap::new());
        let mut schedule = Schedule { world: self, kind, stream, clock: 100, began, version: 0, state: None, found };
        for step in steps {
            schedule.take(step).await;
        }
        for writer in 0..WRITERS {
            schedule.take(&Step::End { writer, commit: true }).await;
        }
        schedule.read().await;
    }
}

impl Schedule<'_> {
    async fn take(&mut self, step: &Step) {
        match step {
            Step::Begin(writer) if self.began[*writer].is_none() => {
                self.began[*writer] = Some(self.clock);
                self.run(*writer, "BEGIN; SELECT 1").await;
            }
            Step::Write { writer, row, cursor, within } => {
                self.version += 1;
                let sql = format!(
                    "INSERT INTO t VALUES ({}, {}, {}) ON CONFLICT (id) DO UPDATE SET at = excluded.at, v = excluded.v",
                    Self::id(*writer, *row),
                    self.value(*writer, *cursor),
                    self.version
                );
                let is_inside = *within && self.began[*writer].is_some();
                self.run(*writer, &if is_inside { format!("SAVEPOINT s; {sql}; RELEASE s") } else { sql }).await;
            }
            Step::Delete { writer, row } => {
                self.run(*writer, &format!("DELETE FROM t WHERE id = {}", Self::id(*writer, *row))).await;
            }
            Step::End { writer, commit } if self.began[*writer].take().is_some() => {
                self.run(*writer, if *commit { "COMMIT" } else { "ROLLBACK" }).await;
            }
            Step::Tick => self.clock += 1,
            Step::Read => self.read().await,
            Step::Begin(_) | Step::End { .. } => {}
        }
    }

    /// Each writer has rows of its own, so that none waits for another.
    fn id(writer: usize, row: i32) -> i32 {
        i32::try_from(writer).unwrap() * 10 + row
    }

    async fn run(&self, writer: usize, sql: &str) {
        self.world.writers[writer].batch_execute(sql).await.unwrap();
    }

    fn value(&self, writer: usize, cursor: Cursor) -> String {
        let at = |clock: i64| match self.kind {
            "timestamptz" => format!("timestamptz '2026-01-01 00:00:00Z' + {clock} * interval '1 second'"),
            "date" => format!("date '2020-01-01' + {clock}"),
            _ => clock.to_string(),
        };
        match cursor {
            Cursor::None => "NULL".to_owned(),
            Cursor::Infinite(is_above) => match (self.kind, is_above) {
                ("timestamptz" | "date", true) => "'infinity'".to_owned(),
                ("timestamptz" | "date", false) => "'-infinity'".to_owned(),
                ("numeric", _) => "'NaN'".to_owned(),
                _ => "NULL".to_owned(),
            },
            Cursor::Clock => at(self.clock),
            Cursor::Began => at(self.began[writer].unwrap_or(self.clock)),
            Cursor::Wrong(by) => at(self.clock + by),
        }
    }

    async fn read(&mut self) {
        let (done, told) =
            self.world.place.read(&self.world.task, std::slice::from_ref(&self.stream), self.state.as_ref()).await;
        assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
        for record in told.of(0) {
            let record: Value = serde_json::from_str(&record).unwrap();
            self.found.insert(record["id"].as_i64().unwrap(), record["v"].as_i64().unwrap());
        }
        self.state = told.states.last().cloned();
        let rows = self.world.cluster.admin.query("SELECT id::bigint, v FROM t", &[]).await.unwrap();
        let there: BTreeMap<i64, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut known = self.found.clone();
        known.retain(|id, _| there.contains_key(id));
        assert_eq!(known, there, "what was read is not what is there; {:?} {}", self.state, told.log());
    }
}

fn try_many(method: &str, is_honest: bool, kinds: &[&'static str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(world) = runtime.block_on(World::new(method)) else { return };
    let cases = ProptestConfig::default().cases.min(2_000) / 10;
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() };
    let steps = (prop::sample::select(kinds.to_vec()), any::<bool>(), prop::collection::vec(step(is_honest), 1..40));
    let by_key = method == "Standard";
    proptest::test_runner::TestRunner::new(config)
        .run(&steps, |(kind, is_partitioned, steps)| {
            // What an attempt that failed has left open holds the table.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                runtime.block_on(world.follow(kind, is_partitioned, by_key, &steps));
            }));
            runtime.block_on(async {
                for writer in &world.writers {
                    writer.batch_execute("ROLLBACK").await.unwrap();
                }
            });
            outcome.map_err(|_| TestCaseError::fail("see above"))
        })
        .unwrap();
    runtime.block_on(world.cluster.end());
}

#[test]
fn by_row_version_nothing_is_missing_whatever_is_written() {
    try_many("Xmin", false, &["bigint"]);
}

#[test]
fn by_a_key_nothing_is_missing_that_was_given_a_value_of_its_time() {
    try_many("Standard", true, &["timestamptz", "numeric", "bigint", "date"]);
}

async fn catalog_chosen(task: &Task, name: &str, key: Option<&str>) -> ChosenStream {
    let catalog = place().discover(task).await.0.unwrap();
    let mut stream = chosen(&catalog, name, SyncType::Incremental);
    stream.cursor = key.map(|key| vec![key.to_owned()]);
    stream
}

async fn read(task: &Task, stream: &ChosenStream, state: Option<&Value>) -> Told {
    let (done, told) = place().read(task, std::slice::from_ref(stream), state).await;
    assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
    told
}

fn ids(told: &Told) -> BTreeSet<i64> {
    told.of(0).iter().map(|text| serde_json::from_str::<Value>(text).unwrap()["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn rows_that_become_a_tables_own_without_being_written_are_found() {
    let sql = "CREATE TABLE days (id int, at int) PARTITION BY RANGE (id);
        CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM (0) TO (10); INSERT INTO days VALUES (1, 50);
        CREATE TABLE later (id int, at int); INSERT INTO later VALUES (11, 5);
        CREATE TABLE swapped (id int, at int); INSERT INTO swapped VALUES (1, 50);
        CREATE TABLE other (id int, at int); INSERT INTO other VALUES (2, 5);";
    let Some(cluster) = Cluster::new(sql).await else { return };
    for (method, key) in [("Xmin", None), ("Standard", Some("at"))] {
        let task = cluster.task(&json!({"replication_method": {"method": method}}));
        for (name, change, undo, new) in [
            (
                "days",
                "ALTER TABLE days ATTACH PARTITION later FOR VALUES FROM (10) TO (20)",
                "ALTER TABLE days DETACH PARTITION later",
                11,
            ),
            (
                "swapped",
                "ALTER TABLE swapped RENAME TO gone; ALTER TABLE other RENAME TO swapped",
                "ALTER TABLE swapped RENAME TO other; ALTER TABLE gone RENAME TO swapped",
                2,
            ),
        ] {
            let stream = catalog_chosen(&task, name, key).await;
            let first = read(&task, &stream, None).await;
            assert_eq!(ids(&first), BTreeSet::from([1]));
            cluster.sql(change).await;
            assert!(ids(&read(&task, &stream, first.states.last()).await).contains(&new), "{method} {name}");
            cluster.sql(undo).await;
        }
    }
    cluster.end().await;
}

#[tokio::test]
async fn numbers_of_transactions_are_compared_beyond_their_32_bits() {
    let Some(cluster) = Cluster::new("CREATE TABLE t (id int); INSERT INTO t VALUES (1);").await else { return };
    let task = cluster.task(&json!({"replication_method": {"method": "Xmin"}}));
    let stream = catalog_chosen(&task, "t", None).await;
    let first = read(&task, &stream, None).await;
    let kept = first.states.last().unwrap().clone();
    let with = |member: &str, value: Value| {
        let mut kept = kept.clone();
        kept["postgres"]["public.t"]["seen"][member] = value;
        kept
    };
    let horizon = kept["postgres"]["public.t"]["seen"]["horizon"].as_i64().unwrap();
    // A server that has counted once around since: whatever is there may be new.
    let around = read(&task, &stream, Some(&with("horizon", json!(horizon - (1_i64 << 32))))).await;
    assert_eq!(ids(&around), BTreeSet::from([1]));
    for (member, value) in [("horizon", json!(horizon + (1_i64 << 32))), ("server", json!("another/1"))] {
        let told = read(&task, &stream, Some(&with(member, value))).await;
        assert_eq!(ids(&told), BTreeSet::from([1]), "{member}");
        assert!(told.log().contains("is read from the beginning, because its server is another one"), "{}", told.log());
    }
    cluster.end().await;
}

#[tokio::test]
async fn views_are_read_by_a_key_only_and_rows_without_a_value_are_counted() {
    let sql = "CREATE TABLE base (id int, at date); INSERT INTO base VALUES (1, '2026-01-01'), (2, NULL);
        CREATE VIEW v AS SELECT * FROM base;";
    let Some(cluster) = Cluster::new(sql).await else { return };
    let task = cluster.task(&json!({"replication_method": {"method": "Xmin"}}));
    let mut stream = catalog_chosen(&task, "v", None).await;
    let (done, _) = place().read(&task, &[stream.clone()], None).await;
    let failure = done.unwrap_err();
    assert!(failure.reason == FailureReason::Refused && failure.message.contains("have no versions"), "{failure:?}");
    stream.cursor = Some(vec!["at".to_owned()]);
    let first = read(&task, &stream, None).await;
    assert!(first.log().contains("1 rows have no value in at; such rows are read each time"), "{}", first.log());
    cluster.sql("INSERT INTO base VALUES (3, '2026-01-01'); UPDATE base SET at = '2026-01-02' WHERE id = 1").await;
    let second = read(&task, &stream, first.states.last()).await;
    assert_eq!(ids(&second), BTreeSet::from([1, 2, 3]), "another row has the boundary's value now");
    cluster.sql("INSERT INTO base VALUES (4, '2026-01-01')").await;
    assert!(!ids(&read(&task, &stream, second.states.last()).await).contains(&4), "its value came late");
    let back = json!({"replication_method": {"method": "Standard", "look_back_hours": 24}});
    assert!(
        ids(&read(&cluster.task(&back), &stream, second.states.last()).await).contains(&4),
        "and is looked back for"
    );
    cluster.end().await;
}

#[tokio::test]
async fn columns_that_may_not_be_read_are_left_out_and_a_table_without_any_fails_alone() {
    let sql = "CREATE TABLE part (id int, secret text, name text); INSERT INTO part VALUES (1, 'x', 'Ana');
        CREATE TABLE whole (id int); INSERT INTO whole VALUES (1);";
    let Some(cluster) = Cluster::new(sql).await else { return };
    cluster.sql("REVOKE SELECT ON part FROM $role; GRANT SELECT (id, name) ON part TO $role").await;
    let task = cluster.task(&json!({"replication_method": {"method": "Xmin"}}));
    let catalog = place().discover(&task).await.0.unwrap();
    let both = [chosen(&catalog, "part", SyncType::FullTable), chosen(&catalog, "whole", SyncType::FullTable)];
    let (done, told) = place().read(&task, &both, None).await;
    assert_eq!(
        (done, told.of(0)),
        (Ok(ReadEnd::default()), vec![r#"{"id":1,"name":"Ana"}"#.to_owned()]),
        "{}",
        told.log()
    );
    assert!(told.log().contains("public.part: the user may not read secret"), "{}", told.log());
    let by_version = chosen(&catalog, "part", SyncType::Incremental);
    assert!(matches!(by_version.stream.cursor, CursorField::Open { .. }), "versions are not granted");
    cluster.sql("ALTER TABLE whole ADD more int DEFAULT 2; REVOKE SELECT (id, name) ON part FROM $role").await;
    let (done, told) = place().read(&task, &both, None).await;
    assert_eq!(done, Ok(ReadEnd { incomplete: vec![0] }), "{}", told.log());
    assert_eq!(told.of(1), [r#"{"id":1,"more":2}"#], "columns that are new are read, too");
    cluster.end().await;
}
