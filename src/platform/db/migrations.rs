//! The two migration sets, same names in both, compiled into the binary.

use std::collections::BTreeSet;

use anyhow::anyhow;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::Conn;

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The database was used by a program that is newer than this one.
#[derive(Debug, thiserror::Error)]
#[error(
    "a newer Vestibule wrote this database: it holds the migration {} that version {} does not know. Start the newer version again, or \
     restore a backup from before the update. Nothing was changed",
    .unknown.join(", "),
    env!("CARGO_PKG_VERSION")
)]
pub struct NewerDatabase {
    /// The migrations that this program does not know, by their versions.
    pub unknown: Vec<String>,
}

/// Refuses a database that holds migrations this program does not know: its tables may mean something else by now.
///
/// # Errors
/// [`NewerDatabase`], or the database cannot be asked.
pub fn refuse_newer(conn: &mut Conn) -> anyhow::Result<()> {
    let known = known().map_err(|error| anyhow!("the migrations of this program cannot be read: {error}"))?;
    let unknown: Vec<String> = applied(conn)?.into_iter().filter(|version| !known.contains(version)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(NewerDatabase { unknown }.into()) }
}

/// The versions this program brings; both databases have the same.
fn known() -> diesel::migration::Result<BTreeSet<String>> {
    let steps: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> = SQLITE.migrations()?;
    Ok(steps.iter().map(|step| step.name().version().to_string()).collect())
}

/// The versions a database has run, the oldest first.
fn applied(conn: &mut Conn) -> anyhow::Result<Vec<String>> {
    make_table(conn)?;
    let done: diesel::migration::Result<Vec<MigrationVersion<'static>>> = match conn {
        Conn::Sqlite(inner) => inner.applied_migrations(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => inner.applied_migrations(),
    };
    let done = done.map_err(|error| anyhow!("the migrations cannot be listed: {error}"))?;
    Ok(done.iter().rev().map(ToString::to_string).collect())
}

/// Whoever looks at the migrations or takes some holds this lock meanwhile.
#[cfg(feature = "postgres")]
const LOCK: i64 = 7_305_221;

/// Does something while no other process of this installation is at the migrations of a PostgreSQL.
#[cfg(feature = "postgres")]
fn alone<T>(
    conn: &mut diesel::pg::PgConnection,
    work: impl FnOnce(&mut diesel::pg::PgConnection) -> T,
) -> diesel::QueryResult<T> {
    use diesel::connection::SimpleConnection as _;
    // However long the other one takes; a table that is in use is waited for, but not so long that everybody else waits behind this.
    conn.batch_execute(&format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK}); SET lock_timeout = '10s'"))?;
    let done = work(conn);
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK}); SET lock_timeout = '4s'"))?;
    Ok(done)
}

/// diesel makes its own table when it first looks. On PostgreSQL of two that make one at once the second fails, whatever it says about
/// tables that exist: so it is made by one at a time.
fn make_table(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => {
            use diesel::prelude::*;
            #[derive(diesel::QueryableByName)]
            struct Found {
                #[diesel(sql_type = diesel::sql_types::Bool)]
                found: bool,
            }
            let asked = diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found");
            // Once it is there, nobody who only looks waits for one who takes steps.
            if asked.get_result::<Found>(inner)?.found {
                return Ok(());
            }
            let made = alone(inner, |inner| inner.applied_migrations().map(drop))?;
            made.map_err(|error| anyhow!("the table of migrations cannot be made: {error}"))
        }
    }
}

/// Brings the tables up to this version; says how many steps it took. Safe to run from several processes at once: one of
/// them takes the steps, the others wait and find them taken.
///
/// # Errors
/// [`NewerDatabase`], and nothing was changed; or a migration fails: it leaves no trace, steps before it may stay taken.
pub fn run(conn: &mut Conn) -> anyhow::Result<usize> {
    refuse_newer(conn)?;
    let done = match conn {
        // What is pending must be read under the write lock, or two processes both take the same step.
        Conn::Sqlite(inner) => match inner.has_pending_migration(SQLITE) {
            Ok(true) if !is_patient(inner) => Err("the SQLite connection cannot be set up".into()),
            Ok(true) => inner.immediate_transaction(|conn| conn.run_pending_migrations(SQLITE).map(|done| done.len())),
            nothing => nothing.map(|_| 0),
        },
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => alone(inner, |inner| inner.run_pending_migrations(POSTGRES).map(|done| done.len()))?,
    };
    done.map_err(|error| anyhow!("a migration failed: {error}"))
}

/// A process that takes steps is waited for longer than one that answers requests.
fn is_patient(conn: &mut diesel::sqlite::SqliteConnection) -> bool {
    use diesel::connection::SimpleConnection as _;
    conn.batch_execute("PRAGMA busy_timeout = 60000").is_ok()
}

/// How many migrations this version has that the database has not run yet.
///
/// # Errors
/// The database cannot be asked.
pub fn pending(conn: &mut Conn) -> anyhow::Result<usize> {
    make_table(conn)?;
    let pending = match conn {
        Conn::Sqlite(inner) => inner.pending_migrations(SQLITE).map(|list| list.len()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => inner.pending_migrations(POSTGRES).map(|list| list.len()),
    };
    pending.map_err(|error| anyhow!("the migrations cannot be listed: {error}"))
}

/// Whether no migration was ever run: there is no table yet.
///
/// # Errors
/// The database cannot be asked.
pub fn is_fresh(conn: &mut Conn) -> anyhow::Result<bool> {
    Ok(applied(conn)?.is_empty())
}

/// Takes every migration back, for the test that runs them up, down and up again.
///
/// # Errors
/// A `down.sql` fails.
pub fn revert_all(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(inner) => inner.revert_all_migrations(SQLITE).map(|_| ()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => inner.revert_all_migrations(POSTGRES).map(|_| ()),
    }
    .map_err(|error| anyhow!("a migration could not be taken back: {error}"))
}
