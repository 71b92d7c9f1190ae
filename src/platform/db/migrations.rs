//! The two migration sets, same names in both, compiled into the binary.

use anyhow::anyhow;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::Conn;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Brings the tables up to this version; says how many steps it took. Safe to run from several processes at once: one of
/// them takes the steps, the others wait and find them taken.
///
/// # Errors
/// A migration fails: it leaves no trace; steps before it may stay taken.
pub fn run(conn: &mut Conn) -> anyhow::Result<usize> {
    let done = match conn {
        // What is pending must be read under the write lock, or two processes both take the same step.
        Conn::Sqlite(inner) => match inner.has_pending_migration(SQLITE) {
            Ok(true) => inner.immediate_transaction(|conn| conn.run_pending_migrations(SQLITE).map(|done| done.len())),
            nothing => nothing.map(|_| 0),
        },
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => {
            use diesel::connection::SimpleConnection as _;
            // An advisory lock, so that two processes that start together do not run the same step twice.
            inner.batch_execute("SELECT pg_advisory_lock(7305221)")?;
            let done = inner.run_pending_migrations(POSTGRES).map(|done| done.len());
            inner.batch_execute("SELECT pg_advisory_unlock(7305221)")?;
            done
        }
    };
    done.map_err(|error| anyhow!("a migration failed: {error}"))
}

/// How many migrations this version has that the database has not run yet.
///
/// # Errors
/// The database cannot be asked.
pub fn pending(conn: &mut Conn) -> anyhow::Result<usize> {
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
    let done = match conn {
        Conn::Sqlite(inner) => inner.applied_migrations().map(|list| list.len()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => inner.applied_migrations().map(|list| list.len()),
    };
    done.map(|done| done == 0).map_err(|error| anyhow!("the migrations cannot be listed: {error}"))
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
