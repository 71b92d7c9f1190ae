//! Everything of one database into an empty one of the other kind, table by table, a batch of rows at a time.
//!
//! Why like this: which tables and columns there are, and in which order they can be filled, is read from the catalogue of the SQLite
//! side (one of the two always is SQLite), so a table that is added tomorrow is copied without anybody thinking of it. Only
//! `list_counts` is not sent: triggers fill it from what arrives. A row travels as a JSON array of its cells, written and read by the
//! databases themselves, so no type of a column is spelled out twice.
//!
//! Invariants: the source stands still (SQLite: nobody else has the file open; PostgreSQL: one snapshot). The target gets everything in
//! one transaction or nothing. Before that transaction ends every table is read back and compared with what was sent: the number of
//! its rows, and a digest of all their cells.

mod catalogue;
mod side;

pub use catalogue::{ColumnKind, CopyTable, TableColumn, tables};
pub use side::{insert, rows_of};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use self::side::Rows;
use super::Conn;

/// Rows that are in memory at once.
const BATCH: usize = 100;

/// What was copied of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// The table.
    pub name: String,
    /// How many rows it has, here and there.
    pub rows: u64,
}

/// What a table holds: how many rows, and a digest of all their cells that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Contents {
    rows: u64,
    digest: u128,
}

impl Contents {
    /// Adds a row, as the JSON array of its cells.
    fn add(&mut self, row: &str) -> anyhow::Result<()> {
        // The databases write the same JSON with other spaces and escapes.
        let cells: Vec<serde_json::Value> = serde_json::from_str(row).context("a row is no JSON array")?;
        let hash = Sha256::digest(serde_json::to_vec(&cells)?);
        let (front, _) = hash.split_at(16);
        let number = front.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        self.rows += 1;
        self.digest = self.digest.wrapping_add(number);
        Ok(())
    }
}

/// Copies everything. `judge` looks at the target when everything is there, and may still refuse.
///
/// # Errors
/// The source is in use, the target is not empty, both are of one kind, a database refuses, or what arrived is not what was sent; then
/// nothing was changed but the target's tables, which are empty.
pub fn copy(
    source: &mut Conn,
    target: &mut Conn,
    judge: impl FnOnce(&mut Conn) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<CopiedTable>> {
    let tables = catalogue::of_either(source, target)?;
    side::hold_still(source)?;
    let copied = copy_tables(source, target, &tables, judge);
    side::let_go(source)?;
    copied
}

fn copy_tables(
    source: &mut Conn,
    target: &mut Conn,
    tables: &[CopyTable],
    judge: impl FnOnce(&mut Conn) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<CopiedTable>> {
    side::begin(target)?;
    let filled = fill(source, target, tables).and_then(|copied| judge(target).map(|()| copied));
    match filled {
        Ok(copied) => side::commit(target).map(|()| copied),
        Err(error) => {
            // The transaction goes with the connection, too.
            let _ = side::rollback(target);
            Err(error)
        }
    }
}

fn fill(source: &mut Conn, target: &mut Conn, tables: &[CopyTable]) -> anyhow::Result<Vec<CopiedTable>> {
    for table in tables {
        let is_empty = !side::has_rows(target, table)?;
        ensure!(is_empty, "the target is not empty: its table {} holds rows", table.name);
    }
    let mut copied = Vec::new();
    for table in tables {
        let name = &table.name;
        let sent = send(source, target, table).with_context(|| format!("copying the table {name}"))?;
        let arrived = read_back(target, table).with_context(|| format!("reading the table {name} back"))?;
        ensure!(
            arrived == sent,
            "the table {name} did not arrive as it was sent: {} rows of {}",
            arrived.rows,
            sent.rows
        );
        copied.push(CopiedTable { name: name.clone(), rows: sent.rows });
    }
    Ok(copied)
}

fn send(source: &mut Conn, target: &mut Conn, table: &CopyTable) -> anyhow::Result<Contents> {
    let mut sent = Contents::default();
    let mut rows = Rows::open(source, table)?;
    loop {
        let batch = rows.next(source, BATCH)?;
        if batch.is_empty() {
            return Ok(sent);
        }
        batch.iter().try_for_each(|row| sent.add(row))?;
        insert(target, table, &batch)?;
    }
}

fn read_back(target: &mut Conn, table: &CopyTable) -> anyhow::Result<Contents> {
    let mut arrived = Contents::default();
    let mut rows = Rows::open(target, table)?;
    loop {
        let batch = rows.next(target, BATCH)?;
        if batch.is_empty() {
            return Ok(arrived);
        }
        batch.iter().try_for_each(|row| arrived.add(row))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_the_same_in_any_order_and_any_spelling_and_differ_by_any_cell() {
        let of = |rows: &[&str]| {
            let mut contents = Contents::default();
            rows.iter().for_each(|row| contents.add(row).unwrap());
            contents
        };
        assert_eq!(of(&[r#"["a",1]"#, r#"["\u00fc",null]"#]), of(&[r#"["ü", null]"#, r#"[ "a", 1 ]"#]));
        assert_ne!(of(&[r#"["a",1]"#]), of(&[r#"["a",2]"#]));
        assert_ne!(of(&[r#"["a",1]"#]), of(&[r#"["a","1"]"#]));
        assert_ne!(of(&[r#"["a",""]"#]), of(&[r#"["a",null]"#]));
        assert_ne!(of(&[r#"["a"]"#]), of(&[r#"["a"]"#, r#"["a"]"#]));
    }
}
