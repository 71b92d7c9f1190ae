//! What a table's own file says: whose it is, which run filled it last, and which files hold its rows.

use serde::{Deserialize, Serialize};

use crate::engines::{FileFormat, LoadTable, Loading, StoredColumn, TableLoss};

/// The name of that file in the table's folder. What begins with `_` is no data for those who read such folders.
pub(super) const TABLE_FILE: &str = "_vestibule.json";

/// A file with rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataFile {
    pub(super) name: String,
    pub(super) format: FileFormat,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) run: String,
    pub(super) columns: Vec<StoredColumn>,
}

/// A table of the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BucketTable {
    /// The source's lasting name, and its name for people.
    source_id: String,
    pub(super) source: String,
    stream: String,
    /// The run that filled it last.
    run: String,
    run_began: String,
    pub(super) files: Vec<DataFile>,
}

impl BucketTable {
    /// The table after a run, with its file when it brought one; `before` is what was there.
    pub(super) fn after(before: Option<&Self>, table: &LoadTable, loading: &Loading, file: Option<DataFile>) -> Self {
        let kept = before.filter(|_| !table.replaces).map(|before| before.files.clone());
        Self {
            source_id: loading.source_id.clone(),
            source: loading.source.clone(),
            stream: table.stream.clone(),
            run: loading.run.clone(),
            run_began: loading.began.clone(),
            files: kept.unwrap_or_default().into_iter().chain(file).collect(),
        }
    }

    /// Whether it holds the records of this source.
    pub(super) fn is_of(&self, loading: &Loading) -> bool {
        self.source_id == loading.source_id
    }

    /// Whether it holds this file.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }
}

/// Why records cannot be added to what is there, when they cannot.
pub(super) fn loss(there: Option<&BucketTable>, table: &LoadTable) -> Option<TableLoss> {
    let run = table.continued_run()?;
    match there {
        None => Some(TableLoss::Gone),
        Some(there) if there.run != run => Some(TableLoss::Other),
        Some(_) => None,
    }
}

/// What every file of a source begins with: only those are ever deleted.
pub(super) fn own_prefix(loading: &Loading) -> String {
    format!("{}_", loading.source_id.replace('-', ""))
}

/// The name of the file that a run brings; `written` is what it is called here.
pub(super) fn data_file(loading: &Loading, format: FileFormat) -> String {
    format!("{}{}", own_prefix(loading), format.file_name(&loading.run.replace('-', "")))
}
