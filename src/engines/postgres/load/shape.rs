//! A table as it is now.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::statements::{self, KEY};
use super::types::ColumnType;
use super::way::KeyWay;
use super::{Load, LoadTable};
use crate::engines::Failure;

/// A column that is there.
#[derive(Debug, Clone)]
pub(super) struct ThereColumn {
    pub(super) kind: ColumnType,
    /// It has a value of its own when nobody gives one.
    pub(super) has_default: bool,
}

/// Its columns and its primary key.
#[derive(Debug, Clone, Default)]
pub(super) struct TableShape {
    pub(super) columns: BTreeMap<String, ThereColumn>,
    /// Name and columns.
    pub(super) primary: Option<(String, Vec<String>)>,
}

impl TableShape {
    /// The type of a column that is there.
    pub(super) fn kind(&self, column: &str) -> Option<&ColumnType> {
        self.columns.get(column).map(|column| &column.kind)
    }

    /// How its rows are told apart by these columns; a primary key that somebody gave a table without keys is theirs.
    pub(super) fn way(&self, table: &LoadTable, keys: &[String], had_keys: bool) -> KeyWay {
        match &self.primary {
            _ if self.columns.contains_key(KEY) => KeyWay::Hash,
            Some((_, columns)) if (had_keys || !keys.is_empty()) && (columns == keys || keys.is_empty()) => {
                KeyWay::Primary
            }
            _ if table.keys.is_empty() => KeyWay::None,
            _ => KeyWay::Loose,
        }
    }
}

impl Load {
    /// The columns of these tables, as far as they are there.
    pub(super) async fn columns(&self, tables: &[&str]) -> Result<BTreeMap<String, TableShape>, Failure> {
        let (session, schema) = (&self.session, &self.target.schema);
        let values = [(schema as &(dyn tokio_postgres::types::ToSql + Sync), Type::TEXT), (&tables, Type::TEXT_ARRAY)];
        let rows = session.rows(statements::COLUMNS, &values).await.map_err(|error| self.refusal(&error))?;
        let mut shapes: BTreeMap<String, TableShape> = BTreeMap::new();
        for row in rows {
            let column = ThereColumn { kind: ColumnType::of_sql(row.get(1)), has_default: row.get(2) };
            shapes.entry(row.get(3)).or_default().columns.insert(row.get(0), column);
        }
        Ok(shapes)
    }

    /// Everything about one table.
    pub(super) async fn shape(&self, table: &str) -> Result<TableShape, Failure> {
        let (session, schema) = (&self.session, &self.target.schema);
        let mut shape = self.columns(&[table]).await?.remove(table).unwrap_or_default();
        let rows = session.rows(statements::PRIMARY, &[(schema, Type::TEXT), (&table, Type::TEXT)]).await;
        let rows = rows.map_err(|error| self.refusal(&error))?;
        shape.primary = rows.first().map(|row| (row.get(0), row.get(1)));
        Ok(shape)
    }
}
