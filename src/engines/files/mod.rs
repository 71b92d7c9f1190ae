//! Records as files: a file for each table, as JSON Lines or as Parquet.
//!
//! Parquet has its columns before its first row, and which type a field needs is known only once all its values are. So records wait as JSON
//! Lines beside the file to be, `shape.rs` sees what every field needs meanwhile, and `write.rs` makes the file at the end, a group of rows after
//! the other. `kind.rs` says what a column can hold, by the types that the PostgreSQL loader has; `rows.rs` reads the first rows again.
//!
//! Invariants: no value is rounded, cut or left out; a field that holds what its declared type does not gets a wider column, at last one of text;
//! memory is bounded by a group of rows, not by a file.

mod calendar;
mod decimal;
mod kind;
mod rows;
mod shape;
mod table;
mod write;

pub use rows::{FirstRows, first_rows};
pub use table::{RecordWriter, WrittenFile};

use serde::{Deserialize, Serialize};

use crate::base::text_column::text_enum;

text_enum! {
    /// How records lie in a file.
    #[derive(Default, Serialize, Deserialize)]
    pub enum FileFormat {
        /// One JSON object a line, packed by gzip.
        #[default]
        #[serde(rename = "jsonl")]
        JsonLines = "jsonl" => "JSON Lines",
        /// Apache Parquet, its columns packed by zstd.
        #[serde(rename = "parquet")]
        Parquet = "parquet" => "Parquet",
    }
}

impl FileFormat {
    /// The name of a table's file.
    pub fn file_name(self, table: &str) -> String {
        match self {
            Self::JsonLines => format!("{table}.jsonl.gz"),
            Self::Parquet => format!("{table}.parquet"),
        }
    }
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredColumn {
    /// Its name.
    pub name: String,
    /// The type of its values, by the name PostgreSQL has for it; `None` where nobody has said.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}
