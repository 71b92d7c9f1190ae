//! Which tables there are, with their columns, in an order in which they can be filled.

use anyhow::{Context as _, bail, ensure};
use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;

use crate::platform::db::Conn;

/// A table of this product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyTable {
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<TableColumn>,
    /// Column and table of each reference.
    pub references: Vec<(String, String)>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// The kinds of columns that both databases have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// TEXT.
    Text,
    /// BLOB or BYTEA.
    Bytes,
    /// INTEGER, 32 bits.
    Integer,
    /// BIGINT, 64 bits.
    BigInt,
    /// TIMESTAMP in UTC.
    Moment,
}

impl ColumnKind {
    fn read(declared: &str) -> anyhow::Result<Self> {
        Ok(match declared.to_ascii_uppercase().as_str() {
            "TEXT" => Self::Text,
            "BLOB" => Self::Bytes,
            "INTEGER" => Self::Integer,
            "BIGINT" => Self::BigInt,
            "TIMESTAMP" => Self::Moment,
            other => bail!("a column of the type {other} cannot be copied"),
        })
    }
}

#[derive(diesel::QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(diesel::QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Text)]
    of: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    refers_to: String,
}

/// `list_counts` is filled by triggers on whatever is copied.
const OURS: &str = "m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                    AND m.name <> 'list_counts'";

/// The tables of an SQLite database, each after those it refers to.
///
/// # Errors
/// It is no SQLite database, cannot be asked, or its tables refer to each other in a circle.
pub fn tables(conn: &mut Conn) -> anyhow::Result<Vec<CopyTable>> {
    #[cfg(feature = "postgres")]
    let Conn::Sqlite(inner) = conn else { bail!("the catalogue is read from SQLite") };
    #[cfg(not(feature = "postgres"))]
    let Conn::Sqlite(inner) = conn;
    let columns: Vec<ColumnRow> = diesel::sql_query(format!(
        "SELECT m.name AS \"of\", c.name AS name, c.type AS kind FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE {OURS} ORDER BY m.name, c.cid"
    ))
    .load(inner)?;
    let references: Vec<ReferenceRow> = diesel::sql_query(format!(
        "SELECT m.name AS \"of\", f.\"from\" AS name, f.\"table\" AS refers_to \
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE {OURS} ORDER BY m.name, f.id"
    ))
    .load(inner)?;
    let mut found: Vec<CopyTable> = Vec::new();
    for column in columns {
        if found.last().is_none_or(|table| table.name != column.of) {
            found.push(CopyTable { name: column.of, columns: Vec::new(), references: Vec::new() });
        }
        let table = found.last_mut().context("a column without a table")?;
        table.columns.push(TableColumn { name: column.name, kind: ColumnKind::read(&column.kind)? });
    }
    for reference in references {
        let table = found.iter_mut().find(|table| table.name == reference.of).context("a reference without a table")?;
        table.references.push((reference.name, reference.refers_to));
    }
    in_order(found)
}

/// The tables of whichever of the two is SQLite.
pub(super) fn of_either(source: &mut Conn, target: &mut Conn) -> anyhow::Result<Vec<CopyTable>> {
    match (matches!(source, Conn::Sqlite(_)), matches!(target, Conn::Sqlite(_))) {
        (true, false) => tables(source),
        (false, true) => tables(target),
        (true, true) => bail!("both are SQLite files; `vestibule backup` copies one"),
        (false, false) => bail!("both are PostgreSQL databases; pg_dump and pg_restore copy one"),
    }
}

/// Puts every table behind those it refers to.
fn in_order(mut left: Vec<CopyTable>) -> anyhow::Result<Vec<CopyTable>> {
    let mut ordered: Vec<CopyTable> = Vec::new();
    while !left.is_empty() {
        let names: Vec<String> = left.iter().map(|table| table.name.clone()).collect();
        let waits = |table: &CopyTable| table.references.iter().any(|(_, other)| names.contains(other));
        let (waiting, ready): (Vec<CopyTable>, Vec<CopyTable>) = left.into_iter().partition(waits);
        ensure!(!ready.is_empty(), "these tables refer to each other in a circle: {}", names.join(", "));
        ordered.extend(ready);
        left = waiting;
    }
    Ok(ordered)
}
