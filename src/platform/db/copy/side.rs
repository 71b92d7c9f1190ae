//! One of the two databases of a copy: how it is held still, and how rows leave and enter it.

use anyhow::Context as _;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};

use super::{ColumnKind, CopyTable};
use crate::platform::db::{Conn, dialect};

#[derive(diesel::QueryableByName)]
struct CellsRow {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Text)]
    cells: String,
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// From here on the source does not change: nobody else may open an SQLite file, and PostgreSQL shows one moment.
pub(super) fn hold_still(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(_) => {
            dialect::stand_alone(conn).context("it is in use: stop Vestibule, then run this again")?;
            conn.batch_execute("BEGIN EXCLUSIVE")?;
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => conn.batch_execute(
            "SET idle_in_transaction_session_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
    }
    Ok(())
}

/// The source is as it was.
pub(super) fn let_go(conn: &mut Conn) -> anyhow::Result<()> {
    conn.batch_execute("ROLLBACK")?;
    if matches!(conn, Conn::Sqlite(_)) {
        conn.batch_execute("PRAGMA journal_mode = WAL")?;
    }
    Ok(())
}

pub(super) fn begin(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(_) => conn.batch_execute("BEGIN IMMEDIATE")?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => conn.batch_execute("SET idle_in_transaction_session_timeout = 0; BEGIN")?,
    }
    Ok(())
}

pub(super) fn commit(conn: &mut Conn) -> anyhow::Result<()> {
    Ok(conn.batch_execute("COMMIT")?)
}

pub(super) fn rollback(conn: &mut Conn) -> anyhow::Result<()> {
    Ok(conn.batch_execute("ROLLBACK")?)
}

pub(super) fn has_rows(conn: &mut Conn, table: &CopyTable) -> anyhow::Result<bool> {
    let asked = format!("SELECT count(*) AS count FROM (SELECT 1 FROM \"{}\" LIMIT 1) AS some_row", table.name);
    let found: Found = match conn {
        Conn::Sqlite(inner) => diesel::sql_query(asked).get_result(inner)?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => diesel::sql_query(asked).get_result(inner)?,
    };
    Ok(found.count > 0)
}

/// The rows of a table, a batch at a time.
pub(super) struct Rows {
    query: String,
    /// The last row of an SQLite table that was read.
    after: i64,
}

impl Rows {
    pub(super) fn open(conn: &mut Conn, table: &CopyTable) -> anyhow::Result<Self> {
        let name = &table.name;
        let query = match conn {
            Conn::Sqlite(_) => {
                let cells: Vec<String> =
                    table.columns.iter().map(|column| sqlite_cell(&column.name, column.kind)).collect();
                format!(
                    "SELECT rowid AS position, json_array({}) AS cells FROM \"{name}\" WHERE rowid > ? ORDER BY rowid LIMIT ?",
                    cells.join(", ")
                )
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(inner) => {
                let cells: Vec<String> =
                    table.columns.iter().map(|column| postgres_cell(&column.name, column.kind)).collect();
                inner.batch_execute(&format!(
                    "CLOSE ALL; DECLARE copied_rows NO SCROLL CURSOR FOR \
                     SELECT 0::bigint AS position, json_build_array({})::text AS cells FROM \"{name}\"",
                    cells.join(", ")
                ))?;
                String::new()
            }
        };
        Ok(Self { query, after: i64::MIN })
    }

    /// The next rows, each as the JSON array of its cells; none at the end.
    pub(super) fn next(&mut self, conn: &mut Conn, limit: usize) -> anyhow::Result<Vec<String>> {
        let rows: Vec<CellsRow> = match conn {
            Conn::Sqlite(inner) => diesel::sql_query(&self.query)
                .bind::<BigInt, _>(self.after)
                .bind::<BigInt, _>(i64::try_from(limit)?)
                .load(inner)?,
            #[cfg(feature = "postgres")]
            Conn::Postgres(inner) => {
                diesel::sql_query(format!("FETCH FORWARD {limit} FROM copied_rows")).load(inner)?
            }
        };
        if let Some(last) = rows.last() {
            self.after = last.position;
        }
        Ok(rows.into_iter().map(|row| row.cells).collect())
    }
}

/// All rows of a table, each as the JSON array of its cells; for tables that fit into memory.
///
/// # Errors
/// The database cannot be asked.
pub fn rows_of(conn: &mut Conn, table: &CopyTable) -> anyhow::Result<Vec<String>> {
    conn.batch_execute("BEGIN")?;
    let rows = Rows::open(conn, table).and_then(|mut rows| rows.next(conn, 1_000_000));
    conn.batch_execute("ROLLBACK")?;
    rows
}

/// Adds rows, each the JSON array of its cells.
///
/// # Errors
/// The database refuses a row.
pub fn insert(conn: &mut Conn, table: &CopyTable, rows: &[String]) -> anyhow::Result<()> {
    let name = &table.name;
    let columns: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let columns = columns.join(", ");
    let kinds = table.columns.iter().map(|column| column.kind).enumerate();
    let all = format!("[{}]", rows.join(","));
    let done = match conn {
        Conn::Sqlite(inner) => {
            let values: Vec<String> = kinds.map(|(place, kind)| sqlite_value(place, kind)).collect();
            let into = format!("INSERT INTO \"{name}\" ({columns}) SELECT {} FROM json_each(?)", values.join(", "));
            diesel::sql_query(into).bind::<Text, _>(all).execute(inner)?
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => {
            let values: Vec<String> = kinds.map(|(place, kind)| postgres_value(place, kind)).collect();
            let into = format!(
                "INSERT INTO \"{name}\" ({columns}) SELECT {} FROM json_array_elements($1::json) AS rows(value)",
                values.join(", ")
            );
            diesel::sql_query(into).bind::<Text, _>(all).execute(inner)?
        }
    };
    anyhow::ensure!(done == rows.len(), "{done} of {} rows were taken", rows.len());
    Ok(())
}

fn sqlite_cell(name: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Bytes => format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE lower(hex(\"{name}\")) END"),
        _ => format!("\"{name}\""),
    }
}

fn sqlite_value(place: usize, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Bytes => format!("unhex(value ->> {place})"),
        _ => format!("value ->> {place}"),
    }
}

#[cfg(feature = "postgres")]
fn postgres_cell(name: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Bytes => format!("encode(\"{name}\", 'hex')"),
        // As SQLite has it from us: as many digits of a second as are needed, one at least.
        ColumnKind::Moment => {
            format!("regexp_replace(to_char(\"{name}\", 'YYYY-MM-DD HH24:MI:SS.US'), '0{{1,5}}$', '')")
        }
        _ => format!("\"{name}\""),
    }
}

#[cfg(feature = "postgres")]
fn postgres_value(place: usize, kind: ColumnKind) -> String {
    let text = format!("value ->> {place}");
    match kind {
        ColumnKind::Text => text,
        ColumnKind::Bytes => format!("decode({text}, 'hex')"),
        ColumnKind::Integer => format!("({text})::integer"),
        ColumnKind::BigInt => format!("({text})::bigint"),
        ColumnKind::Moment => format!("({text})::timestamp"),
    }
}
