//! A database of its own for every test: SQLite by default, PostgreSQL when TEST_DATABASE_URL names a server.

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule::platform::db::{DatabaseUrl, Db};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The PostgreSQL server to use, if any.
pub fn postgres_url() -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment which database to use")]
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// An empty, migrated database.
pub fn fresh(dir: &Path) -> DatabaseUrl {
    super::panics::say_at_once();
    match postgres_url() {
        Some(server) => fresh_postgres(&server),
        None => fresh_sqlite(dir),
    }
}

static SQLITE_TEMPLATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("template.db");
    let place = DatabaseUrl::Sqlite(path.to_string_lossy().into_owned());
    drop(Db::open(&place).unwrap());
    let mut conn = place.open().unwrap();
    vestibule::platform::db::dialect::checkpoint(&mut conn).unwrap();
    std::fs::read(&path).unwrap()
});

fn fresh_sqlite(dir: &Path) -> DatabaseUrl {
    let path = dir.join("vestibule.db");
    std::fs::write(&path, &*SQLITE_TEMPLATE).unwrap();
    DatabaseUrl::Sqlite(path.to_string_lossy().into_owned())
}

fn named(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(database);
    url.to_string()
}

fn run(server: &str, sql: &str) {
    use diesel::connection::SimpleConnection as _;
    DatabaseUrl::Postgres(server.to_owned()).open().unwrap().batch_execute(sql).unwrap();
}

static POSTGRES_TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let server = postgres_url().unwrap();
    let name = format!("template_{}", std::process::id());
    run(&server, &format!("CREATE DATABASE {name}"));
    let place = DatabaseUrl::Postgres(named(&server, &name));
    vestibule::platform::db::migrations::run(&mut place.open().unwrap()).unwrap();
    name
});

/// Copying the template's files is the quickest way to copy a small database. Before PostgreSQL 15 it was the only one and had no name.
static POSTGRES_STRATEGY: LazyLock<&str> = LazyLock::new(|| {
    use diesel::RunQueryDsl as _;
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        number: i32,
    }
    let mut conn = DatabaseUrl::Postgres(postgres_server().unwrap()).open().unwrap();
    let asked = diesel::sql_query("SELECT current_setting('server_version_num')::int AS number");
    let version: Version = asked.get_result(&mut conn).unwrap();
    if version.number >= 150_000 { "STRATEGY FILE_COPY" } else { "" }
});

fn fresh_postgres(server: &str) -> DatabaseUrl {
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    run(server, &format!("CREATE DATABASE {name} TEMPLATE {} {}", *POSTGRES_TEMPLATE, *POSTGRES_STRATEGY));
    DatabaseUrl::Postgres(named(server, &name))
}

/// A PostgreSQL server that may be used beside, whatever database the product itself is on.
pub fn postgres_server() -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment which database to use")]
    let named = std::env::var("TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    named.or_else(postgres_url).or_else(|| super::skipped("a PostgreSQL to copy to", "TEST_POSTGRES"))
}

/// A PostgreSQL database without any table, for what starts at the very beginning.
pub fn empty_postgres() -> DatabaseUrl {
    empty_postgres_of(&postgres_url().unwrap())
}

/// The same on a server of choice.
pub fn empty_postgres_of(server: &str) -> DatabaseUrl {
    let name = format!("empty_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    run(server, &format!("CREATE DATABASE {name} {}", *POSTGRES_STRATEGY));
    DatabaseUrl::Postgres(named(server, &name))
}

/// Takes a test's database away; for SQLite its folder goes anyway.
pub fn remove(place: &DatabaseUrl) {
    if let Some(server) = postgres_url() {
        remove_from(&server, place);
    }
}

/// The same on a server of choice.
pub fn remove_from(server: &str, place: &DatabaseUrl) {
    if let DatabaseUrl::Postgres(url) = place {
        let url = url::Url::parse(url).unwrap();
        run(server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.path().trim_start_matches('/')));
    }
}
