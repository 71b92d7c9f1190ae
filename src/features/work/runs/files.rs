//! Records as files of the data folder: JSON Lines, one gzip file for each table, and a manifest. A run writes into a folder whose
//! name ends in `.partial`; only a whole run gets its name.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::store::{OldRun, Run};
use crate::engines::Record;
use crate::features::outputs::FILES;
use crate::platform::app::private_dir;

/// Where a run's folder lies in the data folder.
pub(super) fn place(run: &Run, source: &str) -> String {
    format!("extractions/{}/{source}/{}", run.workspace_id, run.id)
}

/// Takes away what a run has written whose end was written by somebody else than its worker.
pub(super) fn forget_run(data_dir: &Path, run: &Run, source: &str) {
    if run.details.output_layer == FILES {
        forget(data_dir, &place(run, source));
    }
}

type PackedFile = GzEncoder<BufWriter<File>>;

/// The folder of a run that goes on.
pub(super) struct OutputFolder {
    partial: PathBuf,
    whole: PathBuf,
    files: Vec<PackedFile>,
}

impl OutputFolder {
    /// Makes the folder and a file for every table.
    pub(super) fn begin(data_dir: &Path, place: &str, tables: &[String]) -> anyhow::Result<Self> {
        let whole = data_dir.join(place);
        let partial = whole.with_extension("partial");
        private_dir(&partial)?;
        let mut files = Vec::new();
        for table in tables {
            files.push(open(&partial.join(file_name(table)))?);
        }
        Ok(Self { partial, whole, files })
    }

    /// Adds records to the files of their streams.
    pub(super) fn write(&mut self, records: &[Record]) -> anyhow::Result<()> {
        for record in records {
            let file = self.files.get_mut(record.stream).context("a record of a stream that was not chosen")?;
            file.write_all(&record.data)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Ends the files and adds the manifest.
    pub(super) fn prepare(mut self, manifest: &impl Serialize) -> anyhow::Result<Self> {
        for file in self.files.drain(..) {
            let file = file.finish()?.into_inner().map_err(|error| error.into_error())?;
            file.sync_all()?;
        }
        let path = self.partial.join("manifest.json");
        crate::platform::app::write_private(&path, &serde_json::to_vec_pretty(manifest)?)?;
        File::open(&self.partial)?.sync_all()?;
        Ok(self)
    }

    /// Gives the folder its name.
    pub(super) fn publish(self) -> anyhow::Result<()> {
        fs::rename(&self.partial, &self.whole).with_context(|| format!("cannot rename {}", self.partial.display()))?;
        if let Some(parent) = self.whole.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(())
    }
}

/// The file of a table.
pub(super) fn file_name(table: &str) -> String {
    format!("{table}.jsonl.gz")
}

fn open(path: &Path) -> anyhow::Result<PackedFile> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    Ok(GzEncoder::new(BufWriter::with_capacity(64 * 1024, file), Compression::fast()))
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
    let in_files = old.iter().filter(|run| run.output_layer == FILES && run.place.starts_with("extractions/"));
    for run in in_files {
        forget(data_dir, &run.place);
        if let Some(folder) = data_dir.join(&run.place).parent() {
            // Only an empty one goes: the source's last run took its records along.
            let _ = fs::remove_dir(folder);
        }
    }
}
