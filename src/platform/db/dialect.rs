//! The only file that asks which database is on the other side; beside it only `copy/`, which is about nothing else.

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::prelude::*;

use super::conn::Conn;

/// Begins a transaction that is going to write: SQLite must take its write lock at once, because a transaction that reads
/// first and writes later fails with "database is locked" whatever the busy timeout.
pub fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE"),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => AnsiTransactionManager::begin_transaction(inner),
    }
}

/// Commits what [`begin_write`] began.
pub fn commit(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::commit_transaction(inner),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => AnsiTransactionManager::commit_transaction(inner),
    }
}

/// Undoes what happened since [`begin_write`].
pub fn rollback(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::rollback_transaction(inner),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => AnsiTransactionManager::rollback_transaction(inner),
    }
}

/// How many transactions are open on a connection, one inside the other (the inner ones are savepoints).
pub fn depth(conn: &mut Conn) -> QueryResult<u32> {
    let status = match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
    };
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}

/// Whether a connection has lost its place in a transaction and must not be used again.
pub fn is_broken(conn: &mut Conn) -> bool {
    match conn {
        Conn::Sqlite(inner) => AnsiTransactionManager::is_broken_transaction_manager(inner),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => AnsiTransactionManager::is_broken_transaction_manager(inner),
    }
}

/// Copies a whole SQLite database into a new file while it is in use; PostgreSQL has `pg_dump` for that.
///
/// # Errors
/// The file exists already, cannot be written, or the database is not SQLite.
pub fn copy_to_file(conn: &mut Conn, path: &str) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(inner) => {
            diesel::sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(path).execute(inner)?;
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            anyhow::bail!("a PostgreSQL database is backed up with pg_dump; only SQLite is copied by this command")
        }
    }
}

/// Lets SQLite fold its write-ahead log back into the main file; nothing to do elsewhere.
pub fn checkpoint(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => inner.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
    }
}

/// Lets SQLite learn how the rows of tables that have changed much are spread, looking at some of them; PostgreSQL does so by itself. No
/// plan of ours needs it (`tests/it/routes/plans.rs`); it makes some better.
pub fn optimize(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => inner.batch_execute("PRAGMA analysis_limit = 400; PRAGMA optimize"),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
    }
}

/// Adds the counts of sessions to those of no session. A row that somebody counts in just now is left alone, so nobody waits for this and
/// this waits for nobody. With SQLite there is one writer, whose counts stand together from the start.
pub fn fold_counts(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => diesel::sql_query(
            "WITH gone AS (DELETE FROM list_counts WHERE ctid = ANY (ARRAY (SELECT ctid FROM list_counts WHERE writer <> 0 \
             FOR UPDATE SKIP LOCKED)) RETURNING *) \
             INSERT INTO list_counts (workspace_id, list, kind, connector_slug, state, writer, amount) \
             SELECT workspace_id, list, kind, connector_slug, state, 0, sum(amount) FROM gone \
             GROUP BY workspace_id, list, kind, connector_slug, state \
             ORDER BY workspace_id, list, kind, connector_slug, state \
             ON CONFLICT (workspace_id, list, kind, connector_slug, state, writer) \
             DO UPDATE SET amount = list_counts.amount + excluded.amount",
        )
        .execute(inner)
        .map(|_| ()),
    }
}

/// Reads a whole SQLite database and checks that nothing in it is damaged; PostgreSQL looks after that itself.
///
/// # Errors
/// What is damaged, as the database says it.
pub fn verify(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(inner) => {
            let found: Integrity = diesel::sql_query("PRAGMA integrity_check(1)").get_result(inner)?;
            anyhow::ensure!(found.integrity_check == "ok", "the file is damaged: {}", found.integrity_check);
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
    }
}

/// Folds SQLite's write-ahead log into the main file and gives it up, so that the file stands alone. That takes the only
/// connection there is: it fails while any other process has the database open.
///
/// # Errors
/// Somebody else has the database open, or it cannot be read.
pub fn stand_alone(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(inner) => {
            inner.batch_execute("PRAGMA busy_timeout = 500")?;
            let mode: JournalMode = diesel::sql_query("PRAGMA journal_mode = DELETE").get_result(inner)?;
            anyhow::ensure!(mode.journal_mode == "delete", "the database stays in use");
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
    }
}

#[derive(diesel::QueryableByName)]
struct Integrity {
    #[diesel(sql_type = diesel::sql_types::Text)]
    integrity_check: String,
}

#[derive(diesel::QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = diesel::sql_types::Text)]
    journal_mode: String,
}
