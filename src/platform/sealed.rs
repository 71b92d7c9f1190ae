//! Columns of sealed values. Each is declared once, beside the store of its table, by `sealed_column!`: that names the place its values
//! are bound to, and lets the rotation of master keys go through its rows.
//!
//! A rotation takes a few rows at a time, each batch in a transaction of its own, so that it goes on while the product runs and can be
//! killed and run again.

use diesel::prelude::{QueryResult, Queryable};

use crate::base::crypto::{KeyRing, Sealed, SealedAt};
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// Rows that are looked at in one transaction.
const ROWS_AT_ONCE: i64 = 50;

/// One column of sealed values.
pub struct SealedColumn {
    table: &'static str,
    column: &'static str,
    after: fn(&mut Conn, &str, i64) -> QueryResult<Vec<SealedCell>>,
    replace: fn(&mut Conn, &SealedCell, &Sealed) -> QueryResult<usize>,
}

/// The sealed value of one row, as it was read.
#[derive(Queryable)]
pub(crate) struct SealedCell {
    pub(crate) row: String,
    workspace: WorkspaceId,
    pub(crate) value: Option<Vec<u8>>,
}

/// What came of one batch of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// The id of the last row that was looked at.
    pub last: String,
    /// How many values were sealed anew.
    pub count: usize,
}

impl SealedColumn {
    pub(crate) const fn new(
        table: &'static str,
        column: &'static str,
        after: fn(&mut Conn, &str, i64) -> QueryResult<Vec<SealedCell>>,
        replace: fn(&mut Conn, &SealedCell, &Sealed) -> QueryResult<usize>,
    ) -> Self {
        Self { table, column, after, replace }
    }

    /// The place of one row's value.
    pub fn at<'a>(&self, row: &'a (impl AsRef<str> + ?Sized), workspace: &'a WorkspaceId) -> SealedAt<'a> {
        SealedAt { table: self.table, row: row.as_ref(), column: self.column, workspace: workspace.as_str() }
    }

    /// Opens the first `limit` values of the column; says how many there were.
    ///
    /// # Errors
    /// A value does not open with any key of the ring.
    pub fn open_some(&self, conn: &mut Conn, keys: &KeyRing, limit: i64) -> AppResult<usize> {
        let cells = (self.after)(conn, "", limit)?;
        for cell in &cells {
            let Some(sealed) = cell.value.clone().map(Sealed::from_bytes) else { continue };
            keys.open(&sealed, self.at(&cell.row, &cell.workspace))?;
        }
        Ok(cells.len())
    }

    /// Seals the values of the next rows after the id `after` (empty: from the first) with the first key of the ring; `None` at the end of
    /// the table. A value that somebody wrote meanwhile is left as it is.
    ///
    /// # Errors
    /// A value does not open with any key of the ring.
    pub fn reseal_some(&self, tx: &mut Tx<'_>, after: &str) -> AppResult<Option<Resealed>> {
        let cells = (self.after)(tx.conn, after, ROWS_AT_ONCE)?;
        let Some(last) = cells.last().map(|cell| cell.row.clone()) else { return Ok(None) };
        let mut count = 0;
        for cell in cells {
            let Some(sealed) = cell.value.clone().map(Sealed::from_bytes) else { continue };
            if let Some(fresh) = tx.keys.reseal(&sealed, self.at(&cell.row, &cell.workspace), tx.rng)? {
                count += (self.replace)(tx.conn, &cell, &fresh)?;
            }
        }
        Ok(Some(Resealed { last, count }))
    }
}

/// Declares a column of sealed values of a table with a `workspace_id`: `sealed_column!(/// What. pub NAME = table[id].column)`.
macro_rules! sealed_column {
    ($(#[$doc:meta])* $vis:vis $name:ident = $table:ident[$id:ident].$column:ident) => {
        $(#[$doc])*
        $vis const $name: $crate::platform::sealed::SealedColumn = {
            use diesel::prelude::*;
            use $crate::platform::db::schema::$table as t;
            $crate::platform::sealed::SealedColumn::new(
                stringify!($table),
                stringify!($column),
                |conn, after, limit| {
                    t::table
                        .filter(t::$id.gt(after))
                        .filter(t::$column.is_not_null())
                        .order(t::$id)
                        .limit(limit)
                        .select((t::$id, t::workspace_id, t::$column.nullable()))
                        .load(conn)
                },
                |conn, cell, fresh| {
                    let Some(read) = cell.value.as_deref() else { return Ok(0) };
                    let unchanged = t::table.find(cell.row.as_str()).filter(t::$column.eq(read));
                    diesel::update(unchanged).set(t::$column.eq(fresh.as_bytes())).execute(conn)
                },
            )
        };
    };
}
pub(crate) use sealed_column;
