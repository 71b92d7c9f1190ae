//! How many rows a list has is kept by triggers: whatever is written, by whom and however it ends, it is what counting the rows says.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use vestibule::platform::db::counts::fold;
use vestibule::platform::db::{Conn, DatabaseUrl};

use crate::api::Program;
use crate::support::TestApp;

/// What differs between the kept counts and the rows themselves.
const WRONG: &str = "\
    WITH kept AS (SELECT workspace_id, list, kind, connector_slug, state, CAST(sum(amount) AS BIGINT) AS amount FROM list_counts \
      GROUP BY workspace_id, list, kind, connector_slug, state HAVING sum(amount) <> 0), \
    named AS ( \
      SELECT workspace_id, 'connections' AS list, kind, connector_slug, \
        CASE WHEN finalised_at IS NOT NULL THEN 'finalised' WHEN missing_count = 0 THEN 'filled_in' ELSE 'missing' END AS state \
      FROM connections WHERE deleted_at IS NULL \
      UNION ALL SELECT workspace_id, 'invite_links', kind, connector_slug, \
        CASE WHEN deleted_at IS NULL THEN 'kept' ELSE 'deleted' END FROM invite_links \
      UNION ALL SELECT workspace_id, 'runs', '', '', state FROM runs \
      UNION ALL SELECT workspace_id, 'validations', '', '', state FROM validations), \
    scanned AS (SELECT workspace_id, list, kind, connector_slug, state, count(*) AS amount FROM named \
      GROUP BY workspace_id, list, kind, connector_slug, state), \
    one_way AS (SELECT * FROM kept EXCEPT SELECT * FROM scanned), \
    other_way AS (SELECT * FROM scanned EXCEPT SELECT * FROM kept) \
    SELECT 'kept: ' || list || ' ' || kind || ' ' || state || ' ' || amount AS text FROM one_way \
    UNION ALL SELECT 'there: ' || list || ' ' || kind || ' ' || state || ' ' || amount FROM other_way";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// What is counted wrongly; nothing, as it should be.
pub fn wrong(conn: &mut Conn) -> Vec<String> {
    let found: Vec<Line> = diesel::sql_query(WRONG).load(conn).unwrap();
    found.into_iter().map(|line| line.text).collect()
}

/// What somebody does to the rows of a list.
#[derive(Debug, Clone)]
enum Deed {
    Add { table: u8, kind: bool, connector: u8, state: u8 },
    Change { table: u8, row: u8, kind: bool, connector: u8, state: u8 },
    Touch { table: u8 },
    Remove { table: u8, row: u8 },
    Fold,
}

/// Some deeds in one transaction, and whether it is kept.
fn transactions() -> impl Strategy<Value = Vec<(Vec<Deed>, bool)>> {
    let table = || 0..4_u8;
    let deed = prop_oneof![
        4 => (table(), any::<bool>(), 0..2_u8, 0..4_u8)
            .prop_map(|(table, kind, connector, state)| Deed::Add { table, kind, connector, state }),
        4 => (table(), 0..12_u8, any::<bool>(), 0..2_u8, 0..4_u8)
            .prop_map(|(table, row, kind, connector, state)| Deed::Change { table, row, kind, connector, state }),
        1 => table().prop_map(|table| Deed::Touch { table }),
        2 => (table(), 0..12_u8).prop_map(|(table, row)| Deed::Remove { table, row }),
        1 => Just(Deed::Fold),
    ];
    proptest::collection::vec((proptest::collection::vec(deed, 1..6), proptest::bool::weighted(0.8)), 1..6)
}

const TABLES: [&str; 4] = ["connections", "invite_links", "runs", "validations"];
const AT: &str = "'2026-03-01 10:00:00.0'";

/// What a state is in the columns of a table.
fn columns(table: u8, kind: bool, connector: u8, state: u8) -> Vec<(&'static str, String)> {
    let text = |word: &str| format!("'{word}'");
    let moment = |is: bool| if is { AT.to_owned() } else { "NULL".to_owned() };
    let named = [
        ("kind", text(if kind { "source" } else { "destination" })),
        ("connector_slug", text(["postgres", "stripe"][usize::from(connector)])),
    ];
    match table {
        0 => named
            .into_iter()
            .chain([
                ("missing_count", state.to_string()),
                ("finalised_at", moment(state == 0 && kind)),
                ("deleted_at", moment(state == 3)),
            ])
            .collect(),
        1 => named.into_iter().chain([("deleted_at", moment(state == 3))]).collect(),
        _ => vec![("state", text(["queued", "in_progress", "success", "failed"][usize::from(state)]))],
    }
}

fn add(conn: &Conn, number: usize, table: u8, own: &[(&'static str, String)]) -> String {
    let id = format!("'r{number:05}'");
    let others: Vec<(&str, String)> = match table {
        0 => vec![
            ("slug", id.clone()),
            ("description", "''".into()),
            ("config", "'{}'".into()),
            ("secret_paths", "'[]'".into()),
            ("origins", "'{}'".into()),
            ("version", "1".into()),
            ("created_at", AT.into()),
            ("updated_at", AT.into()),
        ],
        1 => {
            let hex = format!("{number:08x}");
            let bytes = if matches!(conn, Conn::Sqlite(_)) { format!("X'{hex}'") } else { format!("'\\x{hex}'") };
            let texts = ["name", "usage", "note", "greeting", "zone"].map(|column| (column, "''".to_owned()));
            let numbers = ["wants_approval", "submission_count", "connection_count"].map(|column| (column, "0".into()));
            let times = ["created_at", "active_at", "expires_at"].map(|column| (column, AT.to_owned()));
            let keys = ["sort_name", "token_hash"].map(|column| (column, bytes.clone()));
            texts.into_iter().chain(numbers).chain(times).chain(keys).collect()
        }
        _ => {
            let more = if table == 2 {
                let texts =
                    ["trigger_type", "output_layer", "place", "streams"].map(|column| (column, "''".to_owned()));
                let numbers = ["from_start", "records", "bytes"].map(|column| (column, "0".to_owned()));
                texts.into_iter().chain(numbers).collect()
            } else {
                vec![("step", "''".to_owned()), ("stream_count", "0".to_owned())]
            };
            let texts = ["actor", "actor_name", "message"].map(|column| (column, "''".to_owned()));
            let times = ["created_at", "ended_at"].map(|column| (column, AT.to_owned()));
            let of = [("connection_id", "'base'".to_owned()), ("number", number.to_string())];
            more.into_iter().chain(texts).chain(times).chain(of).collect()
        }
    };
    let all: Vec<(&str, String)> =
        [("id", id), ("workspace_id", "'w'".into())].into_iter().chain(others).chain(own.to_vec()).collect();
    let (names, values): (Vec<&str>, Vec<String>) = all.into_iter().unzip();
    format!("INSERT INTO {} ({}) VALUES ({})", TABLES[usize::from(table)], names.join(", "), values.join(", "))
}

/// Does a deed; rows are named by their place among those there are.
fn perform(conn: &mut Conn, number: &mut usize, deed: &Deed) {
    let row_of = |table: u8, row: u8| {
        let name = TABLES[usize::from(table)];
        format!("id = (SELECT id FROM {name} WHERE id LIKE 'r%' ORDER BY id LIMIT 1 OFFSET {row})")
    };
    let sql = match deed {
        Deed::Fold => return fold(conn).unwrap(),
        Deed::Add { table, kind, connector, state } => {
            *number += 1;
            add(conn, *number, *table, &columns(*table, *kind, *connector, *state))
        }
        Deed::Change { table, row, kind, connector, state } => {
            let set: Vec<String> = columns(*table, *kind, *connector, *state)
                .into_iter()
                .map(|(column, value)| format!("{column} = {value}"))
                .collect();
            format!("UPDATE {} SET {} WHERE {}", TABLES[usize::from(*table)], set.join(", "), row_of(*table, *row))
        }
        Deed::Touch { table } => {
            let column = ["missing_count", "deleted_at", "state", "state"][usize::from(*table)];
            format!("UPDATE {} SET {column} = {column}", TABLES[usize::from(*table)])
        }
        Deed::Remove { table, row } => {
            format!("DELETE FROM {} WHERE {}", TABLES[usize::from(*table)], row_of(*table, *row))
        }
    };
    conn.batch_execute(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// A workspace with a connection that runs and validations belong to.
fn prepare(conn: &mut Conn) {
    conn.batch_execute(&format!(
        "INSERT INTO workspaces (id, slug, name, accent, contact, created_at) VALUES ('w', 'w', 'W', '', '', {AT})"
    ))
    .unwrap();
    let base = add(conn, 0, 0, &columns(0, true, 0, 1)).replace("'r00000'", "'base'");
    conn.batch_execute(&base).unwrap();
}

#[tokio::test]
async fn whatever_is_written_is_counted() {
    let app = TestApp::start();
    let mut conn = app.place.open().unwrap();
    prepare(&mut conn);
    let mut number = 0;
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let held = std::cell::RefCell::new((&mut conn, &mut number));
    runner
        .run(&transactions(), |transactions| {
            let mut held = held.borrow_mut();
            let (conn, number) = &mut *held;
            for (deeds, kept) in &transactions {
                conn.batch_execute("BEGIN").unwrap();
                deeds.iter().for_each(|deed| perform(conn, number, deed));
                prop_assert_eq!(wrong(conn), Vec::<String>::new(), "within the transaction");
                conn.batch_execute(if *kept { "COMMIT" } else { "ROLLBACK" }).unwrap();
                prop_assert_eq!(wrong(conn), Vec::<String>::new());
            }
            Ok(())
        })
        .unwrap();
}

/// Two who write into the same list at once do not wait for each other's count, and neither does who adds up.
#[tokio::test]
async fn two_sessions_count_beside_each_other() {
    let app = TestApp::start();
    // SQLite lets one write at a time.
    if matches!(app.place, DatabaseUrl::Sqlite(_)) {
        return;
    }
    let [mut one, mut other, mut third] = [(); 3].map(|()| app.place.open().unwrap());
    prepare(&mut one);
    let new = |conn: &Conn, number: usize| add(conn, number, 0, &columns(0, true, 0, 1));
    for conn in [&mut one, &mut other, &mut third] {
        conn.batch_execute("SET lock_timeout = '200ms'").unwrap();
    }
    let (first, second) = (new(&one, 1), new(&other, 2));
    one.batch_execute(&first).unwrap();
    one.batch_execute("BEGIN").unwrap();
    one.batch_execute("UPDATE connections SET missing_count = 0 WHERE id = 'r00001'").unwrap();
    other.batch_execute(&second).unwrap();
    fold(&mut third).unwrap();
    assert_eq!(wrong(&mut third), Vec::<String>::new(), "before the first is done");
    other.batch_execute("UPDATE connections SET missing_count = 0 WHERE id = 'r00002'").unwrap();
    one.batch_execute("COMMIT").unwrap();
    assert_eq!(wrong(&mut third), Vec::<String>::new());
    fold(&mut third).unwrap();
    assert_eq!(wrong(&mut third), Vec::<String>::new());
    let left: Vec<Line> =
        diesel::sql_query("SELECT list AS text FROM list_counts WHERE writer <> 0").load(&mut third).unwrap();
    assert!(left.is_empty(), "everything is added up");
}

#[tokio::test]
async fn the_count_of_a_list_is_how_many_rows_one_turns() {
    let app = TestApp::start();
    let program = Program::start(&app).await;
    let mut slugs = Vec::new();
    for (connector, town) in [
        ("postgres", "Aachen"),
        ("stripe", "Bremen"),
        ("postgres", "Coburg"),
        ("postgres", "Dessau"),
        ("stripe", "Erfurt"),
    ] {
        let new = json!({"connector_slug": connector, "description": format!("Shop {town}")});
        slugs.push(program.post("/api/v1/sources/", new).await.expect(201).text("/slug"));
    }
    program.delete(&format!("/api/v1/sources/{}/", slugs[0])).await.expect(204);
    for (query, count) in [
        ("", 4),
        ("connector=postgres", 2),
        ("connector=stripe&draft=true", 2),
        ("draft=false", 0),
        ("state=incomplete", 4),
        ("state=complete", 0),
        ("state=incomplete&draft=false", 0),
        ("search=shop", 4),
        ("search=shop+dess", 1),
        ("search=stripe&connector=stripe", 2),
        ("search=stripe&state=finalised", 0),
        ("search=post+shop", 2),
    ] {
        let mut seen = 0;
        let mut next = Some(format!("/api/v1/sources/?limit=1&{query}"));
        while let Some(path) = next {
            let page = program.get(&path).await.expect(200);
            assert_eq!(page.json["count"], count, "{query}");
            seen += page.json["results"].as_array().unwrap().len();
            next = page.json["next"].as_str().map(|url| format!("/api/{}", url.split_once("/api/").unwrap().1));
        }
        assert_eq!(seen, count, "{query}");
    }
    assert_eq!(wrong(&mut app.place.open().unwrap()), Vec::<String>::new());
}
