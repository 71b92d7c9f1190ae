//! Records as files of the data folder: JSON Lines or Parquet, one file for each table, and a manifest. A run writes into a folder whose
//! name ends in `.partial`; only a whole run gets its name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::store::{OldRun, Run};
use crate::engines::{FileFormat, LoadTable, Record, RecordWriter};
use crate::features::streams::Output;
use crate::platform::private::{private_dir, write_private};

/// What the manifest of a run is called; only a whole run has one.
pub(super) const MANIFEST: &str = "manifest.json";

/// Where a run's folder lies in the data folder.
pub(super) fn place(run: &Run, source: &str) -> String {
    format!("extractions/{}/{source}/{}", run.workspace_id, run.id)
}

/// Takes away what a run has written whose end was written by somebody else than its worker.
pub(super) fn forget_run(data_dir: &Path, run: &Run, source: &str) {
    if run.details.output().is_files() {
        forget(data_dir, &place(run, source));
    }
}

/// The folder of a run that goes on.
pub(super) struct OutputFolder {
    partial: PathBuf,
    whole: PathBuf,
    format: FileFormat,
    files: Vec<RecordWriter>,
}

/// A folder whose files are whole, and which has not its name yet.
pub(super) struct ReadyFolder {
    partial: PathBuf,
    whole: PathBuf,
    /// What is worth a line of the log.
    pub(super) notes: Vec<String>,
}

impl OutputFolder {
    /// Makes the folder and a file for every table.
    pub(super) fn begin(
        data_dir: &Path,
        place: &str,
        tables: &[LoadTable],
        format: FileFormat,
    ) -> anyhow::Result<Self> {
        let whole = data_dir.join(place);
        let partial = whole.with_extension("partial");
        private_dir(&partial)?;
        let files: io::Result<Vec<RecordWriter>> =
            tables.iter().map(|table| RecordWriter::begin(&partial, table, format)).collect();
        let files = files.with_context(|| format!("cannot make files in {}", partial.display()))?;
        Ok(Self { partial, whole, format, files })
    }

    /// Adds records to the files of their streams.
    pub(super) fn write(&mut self, records: &[Record]) -> anyhow::Result<()> {
        for record in records {
            let file = self.files.get_mut(record.stream).context("a record of a stream that was not chosen")?;
            file.write(&record.data)?;
        }
        Ok(())
    }

    /// Ends the files and adds the manifest, in which each stream gets what is known of its file now.
    pub(super) fn prepare(self, mut manifest: Value) -> anyhow::Result<ReadyFolder> {
        let Self { partial, whole, format, files } = self;
        let mut notes = Vec::new();
        let all = manifest.as_object_mut().context("the manifest is no object")?;
        all.insert("format".to_owned(), json!(format));
        for (place, file) in files.into_iter().enumerate() {
            let written = file.finish()?;
            let stream =
                manifest.pointer_mut(&format!("/streams/{place}")).context("a stream is not in the manifest")?;
            if !written.differences.is_empty() {
                let differences = written.differences.join(", ");
                notes.push(format!("Columns of {} hold all values as they are: {differences}", written.name));
            }
            let known = json!({"file": written.name, "file_bytes": written.bytes, "columns": written.columns});
            let stream = stream.as_object_mut().zip(known.as_object().cloned());
            let (stream, known) = stream.context("a stream of the manifest is no object")?;
            stream.extend(known);
        }
        let path = partial.join(MANIFEST);
        write_private(&path, &serde_json::to_vec_pretty(&manifest)?)?;
        File::open(&partial)?.sync_all()?;
        Ok(ReadyFolder { partial, whole, notes })
    }
}

impl ReadyFolder {
    /// Gives the folder its name.
    pub(super) fn publish(self) -> anyhow::Result<()> {
        fs::rename(&self.partial, &self.whole).with_context(|| format!("cannot rename {}", self.partial.display()))?;
        if let Some(parent) = self.whole.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

/// Takes away what a run has written that did not come to its end; nothing there is fine.
pub(super) fn forget(data_dir: &Path, place: &str) {
    let whole = data_dir.join(place);
    for path in [whole.with_extension("partial"), whole] {
        match fs::remove_dir_all(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(folder = %path.display(), error = %error, "cannot remove an unfinished extraction")
            }
        }
    }
}

/// Takes away the records that runs have left in the data folder; what went to another output layer stays there.
pub fn forget_records(data_dir: &Path, old: &[OldRun]) {
    let in_files =
        old.iter().filter(|run| Output::parse(&run.output_layer).is_files() && run.place.starts_with("extractions/"));
    for run in in_files {
        forget(data_dir, &run.place);
        if let Some(folder) = data_dir.join(&run.place).parent() {
            // Only an empty one goes: the source's last run took its records along.
            let _ = fs::remove_dir(folder);
        }
    }
}
