//! Whether a SQLite file that somebody brings has the tables that this program's own migrations make, and nothing else: a trigger, a view
//! or a table more would run or be read with the rights of this installation.

use std::collections::BTreeMap;

use anyhow::anyhow;
use diesel::connection::SimpleConnection as _;
use diesel::migration::MigrationSource as _;
use diesel::prelude::*;
use diesel_migrations::MigrationHarness as _;

use super::conn::Conn;
use super::migrations::SQLITE;

/// diesel's own.
const MIGRATIONS: &str = "__diesel_schema_migrations";

#[derive(diesel::QueryableByName)]
struct SchemaObject {
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    of_table: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    made_by: String,
}

#[derive(diesel::QueryableByName)]
struct StepTaken {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// `table sessions`, `trigger counts`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ObjectName {
    kind: String,
    name: String,
}

/// What a schema has; how it was made, whatever the spaces in it.
type SchemaObjects = BTreeMap<ObjectName, String>;

/// What is not as the migrations make it that the file says it has run, in words; empty when all is. PostgreSQL is restored by its own
/// tools, and nothing is said of it.
///
/// # Errors
/// The file cannot be asked, or the migrations cannot be run.
pub fn foreign_objects(conn: &mut Conn) -> anyhow::Result<Vec<String>> {
    match conn {
        Conn::Sqlite(inner) => foreign_to(inner),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(Vec::new()),
    }
}

fn foreign_to(inner: &mut SqliteConnection) -> anyhow::Result<Vec<String>> {
    // Nothing in the file is called before it is known what is in it.
    inner.batch_execute("PRAGMA trusted_schema = OFF")?;
    let there = objects(inner)?;
    if !there.contains_key(&ObjectName { kind: "table".to_owned(), name: MIGRATIONS.to_owned() }) {
        return Ok(vec![format!("the table {MIGRATIONS} is missing")]);
    }
    let taken: Vec<StepTaken> = diesel::sql_query(format!("SELECT version FROM {MIGRATIONS}")).load(inner)?;
    let due = due(&taken)?;
    let all: std::collections::BTreeSet<_> = there.keys().chain(due.keys()).collect();
    let differs = all.into_iter().filter(|key| there.get(*key) != due.get(*key));
    Ok(differs.map(|key| said(key, there.contains_key(key), due.contains_key(key))).collect())
}

fn said(object: &ObjectName, is_there: bool, is_due: bool) -> String {
    let kind = &object.kind;
    let name: String = object.name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    match (is_there, is_due) {
        (true, false) => format!("the {kind} {name} is none of Vestibule's"),
        (false, _) => format!("the {kind} {name} is missing"),
        (true, true) => format!("the {kind} {name} is not as Vestibule makes it"),
    }
}

/// What these steps make of an empty database.
fn due(taken: &[StepTaken]) -> anyhow::Result<SchemaObjects> {
    let mut empty = SqliteConnection::establish(":memory:")?;
    let unreadable = |error| anyhow!("the migrations of this program cannot be run: {error}");
    empty.applied_migrations().map_err(unreadable)?;
    for step in SQLITE.migrations().map_err(unreadable)? {
        let version = step.name().version().to_string();
        if taken.iter().any(|one| one.version == version) {
            empty.run_migration(&step).map_err(unreadable)?;
        }
    }
    objects(&mut empty)
}

fn objects(conn: &mut SqliteConnection) -> anyhow::Result<SchemaObjects> {
    // What SQLite makes for itself (statistics, indexes of keys) has names that nobody else may give.
    let found: Vec<SchemaObject> = diesel::sql_query(
        "SELECT type AS kind, name, tbl_name AS of_table, coalesce(sql, '') AS made_by FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .load(conn)?;
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows = found.into_iter();
    let named = rows.map(|one| {
        let made = format!("{}: {}", one.of_table, plain(&one.made_by));
        (ObjectName { kind: one.kind, name: one.name }, made)
    });
    Ok(named.collect())
}
