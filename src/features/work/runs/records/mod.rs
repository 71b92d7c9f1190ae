//! The records that a run has left as files of the data folder: their first rows, and whole files to take away.
//!
//! Invariants: which file is opened says the manifest that the run itself has written, never an address; records are shown to owners, to admins and
//! to programs whose key has the scope for it, to nobody else; who looked or took away what is written down before anything is given.

pub mod api;
mod download;
pub mod pages;

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::files::MANIFEST;
use super::store::Run;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{RunId, WorkspaceId};
use crate::engines::{FileFormat, FirstRows, StoredColumn, first_rows};
use crate::features::connections::{self, Connection};
use crate::features::extraction_engine::LOCAL;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::jobs::WorkState;

/// Most characters of a stream's name in the activity.
const LONGEST_NAME: usize = 200;

/// Why a run has no files that could be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoFiles {
    /// It did not write files of this server.
    #[error("The records of this extraction did not go into files of this server. Look at them where they went.")]
    Elsewhere,
    /// It is not over.
    #[error("The extraction is not over. Its records can be looked at once it is.")]
    NotOver,
    /// It left none.
    #[error("This extraction left no records.")]
    Nothing,
    /// They were removed.
    #[error(
        "The files of this extraction are not on this server any more. Extractions and their files are kept as long as it says under Settings, Data and keys."
    )]
    Gone,
}

/// What a manifest says of a stream.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoredStream {
    /// Its full name.
    pub(super) stream: String,
    table: String,
    records: i64,
    /// The file's name in the folder of the run.
    file: String,
    #[serde(default)]
    incomplete: bool,
    #[serde(default)]
    columns: Vec<StoredColumn>,
}

/// A manifest, as far as files are found by it.
#[derive(Debug, Deserialize)]
struct StoredManifest {
    #[serde(default)]
    format: FileFormat,
    streams: Vec<StoredStream>,
}

/// The files of a run.
#[derive(Debug)]
pub(super) struct RunFiles {
    folder: PathBuf,
    pub(super) format: FileFormat,
    pub(super) streams: Vec<StoredStream>,
}

/// A stream's file.
#[derive(Debug, Clone)]
struct RecordFile {
    path: PathBuf,
    format: FileFormat,
    stream: StoredStream,
}

impl RunFiles {
    /// Those that a run has left on this machine.
    pub(super) fn find(data_dir: &Path, run: &Run) -> Result<Self, NoFiles> {
        let place = Path::new(&run.details.place);
        if !run.details.output().is_files() || run.details.engine != LOCAL {
            return Err(NoFiles::Elsewhere);
        }
        if !run.state.is_over() {
            return Err(NoFiles::NotOver);
        }
        if !matches!(run.state, WorkState::Success | WorkState::Partial) || run.details.place.is_empty() {
            return Err(NoFiles::Nothing);
        }
        let folder = data_dir.join(place);
        let manifest = std::fs::read(folder.join(MANIFEST)).map_err(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!(folder = %folder.display(), "the manifest of an extraction cannot be read: {error}");
            }
            NoFiles::Gone
        })?;
        let manifest: StoredManifest = serde_json::from_slice(&manifest).map_err(|error| {
            tracing::error!(folder = %folder.display(), "the manifest of an extraction is damaged: {error}");
            NoFiles::Gone
        })?;
        let StoredManifest { format, mut streams } = manifest;
        streams.retain(|one| Path::new(&one.file).file_name().is_some_and(|name| name == one.file.as_str()));
        Ok(Self { folder, format, streams })
    }

    /// The file of the stream of that name; without a name of the first one.
    fn file(&self, stream: Option<&str>) -> Option<RecordFile> {
        let found = self.streams.iter().find(|one| stream.is_none_or(|name| one.stream == name))?.clone();
        Some(RecordFile { path: self.folder.join(&found.file), format: self.format, stream: found })
    }
}

/// The newest of these runs that came to its end, where it left files.
pub fn newest(runs: &[Run]) -> Option<&RunId> {
    let newest = runs.iter().find(|run| !run.details.place.is_empty())?;
    newest.details.output().is_files().then_some(&newest.id)
}

/// A run whose records somebody wants to see.
struct WantedRecords {
    run: Run,
    source: Connection,
    /// The stream's file; `None` inside when the run has no such stream.
    file: Result<Option<RecordFile>, NoFiles>,
}

/// Looks for the file of a stream of a run.
async fn wanted(app: &App, workspace: WorkspaceId, id: &str, stream: Option<String>) -> AppResult<WantedRecords> {
    let id = RunId::from_text(id);
    let (run, source) = app
        .db
        .read(move |conn| {
            let run = Run::find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let source = connections::find_by_id(conn, &workspace, &run.connection_id)?;
            let source = source.filter(|one| one.deleted_at.is_none()).ok_or(AppError::NotFound)?;
            Ok((run, source))
        })
        .await?;
    let (data_dir, looked_at) = (app.config.storage.data_dir.clone(), run.clone());
    let file = on_disk(move || {
        let files = RunFiles::find(&data_dir, &looked_at)?;
        let file = files.file(stream.as_deref());
        // Records are removed one file after the other.
        if file.as_ref().is_some_and(|file| !file.path.is_file()) { Err(NoFiles::Gone) } else { Ok(file) }
    })
    .await?;
    Ok(WantedRecords { run, source, file })
}

/// Does what may take a while on a disk where nobody waits for it.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> AppResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
}

/// The first rows of a file; `None` when it has gone meanwhile.
async fn rows(file: RecordFile, most: usize) -> AppResult<Option<FirstRows>> {
    let read = on_disk(move || first_rows(&file.path, file.format, &file.stream.columns, most)).await?;
    match read {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AppError::internal(error)),
    }
}

/// Writes down who looked at a stream's records, or took them away.
async fn note(app: &App, wanted: &WantedRecords, stream: &str, event: Event, actor: Actor) -> AppResult<()> {
    let stream: String = stream.chars().take(LONGEST_NAME).collect();
    let detail = format!("{stream}, extraction {}", wanted.run.id);
    let (workspace, connection) = (wanted.run.workspace_id.clone(), wanted.run.connection_id.clone());
    app.write(move |tx| {
        let found = connections::find_by_id(tx.conn, &workspace, &connection)?;
        found.filter(|one| one.deleted_at.is_none()).ok_or(AppError::NotFound)?;
        tx.record(&Entry {
            workspace: &workspace,
            connection: Some(&connection),
            setup_link: None,
            event,
            actor,
            detail: &detail,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_files_of_its_folder_only() {
        let old = r#"{"run": "1", "streams": [{"file": "people.jsonl.gz", "stream": "people", "table": "people", "records": 2, "bytes": 9}]}"#;
        let old: StoredManifest = serde_json::from_str(old).unwrap();
        assert_eq!((old.format, old.streams[0].columns.len()), (FileFormat::JsonLines, 0));
        let stream = |file: &str| StoredStream {
            stream: file.to_owned(),
            table: String::new(),
            records: 0,
            file: file.to_owned(),
            incomplete: false,
            columns: Vec::new(),
        };
        let files = ["a.parquet", "../b.parquet", "/c", "d/e", "..", ""].map(stream);
        let plain =
            |one: &&StoredStream| Path::new(&one.file).file_name().is_some_and(|name| name == one.file.as_str());
        assert_eq!(files.iter().filter(plain).map(|one| one.file.as_str()).collect::<Vec<_>>(), ["a.parquet"]);
    }
}
