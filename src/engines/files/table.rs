//! The file of a table while its records come, and once it is whole.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::shape::FileShape;
use super::{FileFormat, StoredColumn, write};
use crate::engines::LoadTable;

/// Bytes that are gathered before they are written or read.
const BUFFER: usize = 64 << 10;

/// A file that records are added to.
pub struct RecordWriter {
    folder: PathBuf,
    table: String,
    packed: GzEncoder<BufWriter<File>>,
    records: u64,
    /// What the source says about its fields.
    declared: Vec<StoredColumn>,
    /// What its columns need, where the file has some.
    shape: Option<FileShape>,
}

/// A file that is whole and on the disk.
#[derive(Debug)]
pub struct WrittenFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// Its columns; of JSON Lines those that are known beforehand.
    pub columns: Vec<StoredColumn>,
    /// Columns that have another type than the source says, in words for people.
    pub differences: Vec<String>,
}

impl RecordWriter {
    /// Makes the file in a folder that is there.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn begin(folder: &Path, table: &LoadTable, format: FileFormat) -> io::Result<Self> {
        let file = private(&folder.join(FileFormat::JsonLines.file_name(&table.name)))?;
        let column = |(name, kind): (&str, Option<&_>)| StoredColumn { name: name.to_owned(), kind: kind.map(word) };
        Ok(Self {
            folder: folder.to_owned(),
            table: table.name.clone(),
            packed: GzEncoder::new(BufWriter::with_capacity(BUFFER, file), Compression::fast()),
            records: 0,
            declared: table.fields().map(column).collect(),
            shape: (format == FileFormat::Parquet).then(|| FileShape::of(table)),
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The disk refuses, or it is none.
    pub fn write(&mut self, record: &[u8]) -> io::Result<()> {
        if let Some(shape) = &mut self.shape {
            shape.see(record)?;
        }
        self.records += 1;
        self.packed.write_all(record)?;
        self.packed.write_all(b"\n")
    }

    /// Ends the file, which is on the disk then.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn finish(self) -> io::Result<WrittenFile> {
        let file = self.packed.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        let waiting = FileFormat::JsonLines.file_name(&self.table);
        let Some(shape) = self.shape else {
            file.sync_all()?;
            let (columns, records) = (self.declared, self.records);
            let bytes = file.metadata()?.len();
            return Ok(WrittenFile { name: waiting, bytes, records, columns, differences: Vec::new() });
        };
        let name = FileFormat::Parquet.file_name(&self.table);
        let waiting = self.folder.join(waiting);
        let records = BufReader::with_capacity(BUFFER, GzDecoder::new(File::open(&waiting)?));
        let records = write::write(records, &shape, private(&self.folder.join(&name))?)?;
        if records != self.records {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "records are missing in the file they waited in"));
        }
        fs::remove_file(&waiting)?;
        let bytes = fs::metadata(self.folder.join(&name))?.len();
        Ok(WrittenFile { name, bytes, records, columns: shape.columns(), differences: shape.differences() })
    }
}

fn word(kind: &crate::engines::postgres::ColumnType) -> String {
    kind.sql()
}

/// A new file that only the owner reads.
fn private(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
