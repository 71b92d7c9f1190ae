//! The tables: both databases get the same ones, every step can be taken back, and `schema.rs` tells the truth about them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::RunQueryDsl as _;
use diesel::sql_types::{Bool, Text};
use vestibule::platform::db::conn::Conn;
use vestibule::platform::db::{DatabaseUrl, Db, migrations};

use crate::support::db::{empty_postgres, postgres_url, remove};

#[derive(diesel::QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
    #[diesel(sql_type = Bool)]
    key: bool,
}

/// What diesel says about a column: `Nullable<Timestamp>`; and whether it is part of the primary key.
type Columns = BTreeMap<(String, String), (String, bool)>;

const SQLITE_COLUMNS: &str = "SELECT m.name AS \"of\", c.name AS name, c.type AS kind, c.\"notnull\" AS required, c.pk > 0 AS key \
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
#[cfg(feature = "postgres")]
const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text AS \"of\", c.column_name::text AS name, c.data_type::text AS kind, \
    c.is_nullable = 'NO' AS required, EXISTS (SELECT 1 FROM information_schema.table_constraints t \
    JOIN information_schema.key_column_usage k USING (constraint_name, table_name) \
    WHERE t.constraint_type = 'PRIMARY KEY' AND t.table_name = c.table_name AND k.column_name = c.column_name) AS key \
    FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_\\_%'";

fn columns(conn: &mut Conn) -> Columns {
    let rows: Vec<ColumnRow> = match conn {
        Conn::Sqlite(inner) => diesel::sql_query(SQLITE_COLUMNS).load(inner).unwrap(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => diesel::sql_query(POSTGRES_COLUMNS).load(inner).unwrap(),
    };
    rows.into_iter()
        .map(|row| {
            let kind = kind(&row.kind);
            let kind = if row.required { kind.to_owned() } else { format!("Nullable<{kind}>") };
            ((row.of, row.name), (kind, row.key))
        })
        .collect()
}

fn kind(declared: &str) -> &str {
    match declared.to_lowercase().as_str() {
        "text" => "Text",
        "blob" | "bytea" => "Binary",
        "integer" => "Integer",
        "bigint" => "BigInt",
        "timestamp" | "timestamp without time zone" => "Timestamp",
        other => panic!("a column type this product does not use: {other}"),
    }
}

/// What `schema.rs` says.
fn written() -> Columns {
    let text = include_str!("../../src/platform/db/schema.rs");
    let mut columns = Columns::new();
    for table in text.split("diesel::table! {").skip(1) {
        let (head, rest) = table.split_once('{').unwrap();
        let (name, keys) = head.trim().split_once(" (").unwrap();
        let keys: Vec<&str> = keys.trim_end_matches(')').split(", ").collect();
        for line in rest.split('}').next().unwrap().lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            columns.insert((name.to_owned(), column.to_owned()), (kind.to_owned(), keys.contains(&column)));
        }
    }
    columns
}

/// An SQLite file, and an empty PostgreSQL database when there is a server for it.
fn both(dir: &std::path::Path) -> Vec<DatabaseUrl> {
    let sqlite = DatabaseUrl::Sqlite(dir.join("tables.db").to_string_lossy().into_owned());
    let postgres = postgres_url().map(|_| empty_postgres());
    [Some(sqlite), postgres].into_iter().flatten().collect()
}

fn differences(left: &Columns, right: &Columns) -> Vec<String> {
    let all: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let differ = all.into_iter().filter(|key| left.get(*key) != right.get(*key));
    differ.map(|key| format!("{key:?}: {:?} / {:?}", left.get(key), right.get(key))).collect()
}

#[test]
fn every_step_goes_up_and_down_and_up_again() {
    let dir = tempfile::tempdir().unwrap();
    for place in both(dir.path()) {
        let mut conn = place.open().unwrap();
        assert!(migrations::is_fresh(&mut conn).unwrap());
        let steps = migrations::pending(&mut conn).unwrap();
        assert!(steps >= 6);
        assert_eq!(migrations::run(&mut conn).unwrap(), steps);
        let first = columns(&mut conn);
        assert_eq!((migrations::pending(&mut conn).unwrap(), migrations::run(&mut conn).unwrap()), (0, 0));

        migrations::revert_all(&mut conn).unwrap();
        assert_eq!(columns(&mut conn), Columns::new(), "nothing is left behind");
        assert_eq!(migrations::pending(&mut conn).unwrap(), steps);

        assert_eq!(migrations::run(&mut conn).unwrap(), steps);
        assert_eq!(columns(&mut conn), first);
        drop(conn);
        remove(&place);
    }
}

#[test]
fn the_schema_in_the_code_is_that_of_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let written = written();
    assert!(written.len() > 60, "schema.rs is read whole: {written:?}");
    for place in both(dir.path()) {
        let mut conn = place.open().unwrap();
        migrations::run(&mut conn).unwrap();
        let found = columns(&mut conn);
        assert_eq!(differences(&written, &found), Vec::<String>::new(), "schema.rs / {}", place.shown());
        drop(conn);
        remove(&place);
    }
}

#[test]
fn opening_brings_an_older_database_up_to_date_and_as_is_leaves_it_alone() {
    let dir = tempfile::tempdir().unwrap();
    for place in both(dir.path()) {
        drop(Db::open_as_is(&place).unwrap());
        assert!(migrations::is_fresh(&mut place.open().unwrap()).unwrap());
        drop(Db::open(&place).unwrap());
        assert_eq!(migrations::pending(&mut place.open().unwrap()).unwrap(), 0);
        remove(&place);
    }
}

#[test]
fn two_processes_that_start_together_take_each_step_once() {
    let dir = tempfile::tempdir().unwrap();
    for place in both(dir.path()) {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let place = place.clone();
                std::thread::spawn(move || Db::open(&place).map(drop))
            })
            .collect();
        for start in starts {
            start.join().unwrap().unwrap();
        }
        assert_eq!(migrations::pending(&mut place.open().unwrap()).unwrap(), 0);
        remove(&place);
    }
}

/// What PostgreSQL says about itself.
#[cfg(feature = "postgres")]
fn is_so(conn: &mut Conn, condition: &str) -> bool {
    lines(conn, &format!("SELECT CAST({condition} AS TEXT) AS line")) == ["true"]
}

#[test]
#[cfg(feature = "postgres")]
fn a_database_without_any_table_is_made_ready_by_one_process_at_a_time() {
    if postgres_url().is_none() {
        return;
    }
    let place = empty_postgres();
    let mut other = place.open().unwrap();
    step(&mut other, "", "SELECT pg_advisory_lock(7305221)");
    type Look = fn(&mut Conn) -> anyhow::Result<()>;
    let looks: [Look; 4] = [
        |conn| migrations::run(conn).map(drop),
        |conn| migrations::pending(conn).map(drop),
        |conn| migrations::is_fresh(conn).map(drop),
        migrations::refuse_newer,
    ];
    let starts = looks.map(|look| {
        let place = place.clone();
        std::thread::spawn(move || look(&mut place.open().unwrap()))
    });
    let waiting = "(SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted) = 4";
    while !is_so(&mut other, waiting) {
        assert!(starts.iter().all(|start| !start.is_finished()), "everybody waits for the one that has the lock");
        std::thread::yield_now();
    }
    assert!(is_so(&mut other, "to_regclass('__diesel_schema_migrations') IS NULL"), "and nobody has begun meanwhile");
    step(&mut other, "", "SELECT pg_advisory_unlock(7305221)");
    for start in starts {
        start.join().unwrap().unwrap();
    }
    assert_eq!(migrations::pending(&mut other).unwrap(), 0);
    drop(other);
    remove(&place);
}

/// One step, without the others around it.
fn step(conn: &mut Conn, sqlite: &str, postgres: &str) {
    use diesel::connection::SimpleConnection as _;
    match conn {
        Conn::Sqlite(inner) => inner.batch_execute(sqlite).unwrap(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => inner.batch_execute(postgres).unwrap(),
    }
}

#[derive(diesel::QueryableByName, Debug, PartialEq, Eq)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut Conn, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = match conn {
        Conn::Sqlite(inner) => diesel::sql_query(sql).load(inner).unwrap(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => diesel::sql_query(sql).load(inner).unwrap(),
    };
    rows.into_iter().map(|row| row.line).collect()
}

/// Living and removed members, one of them twice, from before identities; passwords are told by their letter.
const BEFORE_IDENTITIES: &str = "
INSERT INTO workspaces (id, slug, name, accent, contact, created_at) VALUES
  ('w1', 'one', 'One', '0f766e', '', '2026-01-01 00:00:00'), ('w2', 'two', 'Two', '0f766e', '', '2026-01-01 00:00:00');
INSERT INTO members (id, workspace_id, email, name, password_hash, role, theme, created_at, removed_at) VALUES
  ('m1', 'w1', 'ana@x.example', 'Ana', 'A', 'owner', 'system', '2026-01-01 00:00:00', NULL),
  ('m2', 'w2', 'bo@x.example', 'Bo', '', 'member', 'system', '2026-01-02 00:00:00', '2026-01-03 00:00:00'),
  ('m3', 'w1', 'bo@x.example', 'Bo', 'B', 'admin', 'dark', '2026-01-04 00:00:00', NULL),
  ('m4', 'w2', 'cy@x.example', 'Cy', '', 'viewer', 'system', '2026-01-05 00:00:00', '2026-01-06 00:00:00'),
  ('m5', 'w2', 'di@x.example', 'Di', '', 'owner', 'system', '2026-01-05 00:00:00', NULL);
";
const SESSIONS_BEFORE: &str = "
INSERT INTO sessions (id, token_hash, member_id, workspace_id, user_agent, created_at, last_seen_at, expires_at) VALUES
  ('s1', HASH1, 'm1', 'w1', '', '2026-01-07 00:00:00', '2026-01-07 00:00:00', '2026-02-07 00:00:00'),
  ('s5', HASH5, 'm5', 'w2', '', '2026-01-07 00:00:00', '2026-01-07 00:00:00', '2026-02-07 00:00:00');
";
const PEOPLE: &str = "SELECT m.id || ' ' || i.email || ' ' || i.password_hash || ' ' || m.password_hash || ' ' || m.role AS line \
    FROM members m JOIN identities i ON i.id = m.identity_id ORDER BY m.id";

#[test]
fn members_of_before_get_an_identity_each_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for place in both(dir.path()) {
        let mut conn = place.open().unwrap();
        migrations::run(&mut conn).unwrap();
        let back = || {
            (
                include_str!("../../migrations/sqlite/2026-11-29-000401_identities/down.sql"),
                include_str!("../../migrations/postgres/2026-11-29-000401_identities/down.sql"),
            )
        };
        let forth = || {
            (
                include_str!("../../migrations/sqlite/2026-11-29-000401_identities/up.sql"),
                include_str!("../../migrations/postgres/2026-11-29-000401_identities/up.sql"),
            )
        };
        step(&mut conn, back().0, back().1);
        step(&mut conn, BEFORE_IDENTITIES, BEFORE_IDENTITIES);
        let sessions = |one: &str, five: &str| SESSIONS_BEFORE.replace("HASH1", one).replace("HASH5", five);
        step(&mut conn, &sessions("x'01'", "x'05'"), &sessions("'\\x01'", "'\\x05'"));

        step(&mut conn, forth().0, forth().1);
        let people = [
            "m1 ana@x.example A  owner",
            "m2 bo@x.example B  member",
            "m3 bo@x.example B  admin",
            "m4 cy@x.example   viewer",
            "m5 di@x.example   owner",
        ];
        assert_eq!(lines(&mut conn, PEOPLE), people);
        let opened = "SELECT s.id || ' ' || w.workspace_id || ' ' || CAST(s.by_password AS TEXT) AS line \
            FROM sessions s JOIN session_workspaces w ON w.session_id = s.id ORDER BY s.id";
        assert_eq!(lines(&mut conn, opened), ["s1 w1 1", "s5 w2 0"]);

        step(&mut conn, back().0, back().1);
        let before = "SELECT id || ' ' || email || ' ' || password_hash AS line FROM members WHERE removed_at IS NULL ORDER BY id";
        assert_eq!(lines(&mut conn, before), ["m1 ana@x.example A", "m3 bo@x.example B", "m5 di@x.example "]);
        step(&mut conn, forth().0, forth().1);
        assert_eq!(lines(&mut conn, PEOPLE), people);
        drop(conn);
        remove(&place);
    }
}
