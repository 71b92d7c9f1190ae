//! Where records wait until their source was read: a file for each table, in a folder that goes with the run.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use crate::engines::Record;
use crate::engines::folder::RunFolder;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 64 << 10;

/// The files of a run, one for each table.
pub(super) struct Spool {
    files: Vec<BufWriter<File>>,
    paths: Vec<PathBuf>,
    _folder: RunFolder,
}

impl Spool {
    /// Makes a file for each of so many tables.
    pub(super) fn begin(folder: RunFolder, tables: usize) -> std::io::Result<Self> {
        let paths: std::io::Result<Vec<PathBuf>> =
            (0..tables).map(|place| folder.put(&format!("{place}.jsonl"), b"")).collect();
        let paths = paths?;
        let open = |path: &PathBuf| {
            let file = std::fs::OpenOptions::new().append(true).open(path)?;
            Ok(BufWriter::with_capacity(BUFFER, file))
        };
        let files: std::io::Result<Vec<_>> = paths.iter().map(open).collect();
        Ok(Self { files: files?, paths, _folder: folder })
    }

    /// Adds records to the files of their streams.
    pub(super) fn write(&mut self, records: &[Record]) -> std::io::Result<()> {
        for record in records {
            let file = self.files.get_mut(record.stream).ok_or(std::io::ErrorKind::InvalidInput)?;
            file.write_all(&record.data)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Everything is in the files.
    pub(super) fn finish(&mut self) -> std::io::Result<()> {
        self.files.iter_mut().try_for_each(BufWriter::flush)
    }

    /// The file of a table.
    pub(super) fn path(&self, place: usize) -> Option<&PathBuf> {
        self.paths.get(place)
    }
}
