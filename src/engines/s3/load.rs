//! Records on their way into a bucket.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::aws::AmazonS3;
use object_store::path::Path as ObjectPath;
use object_store::{Error as StorageError, MultipartUpload, ObjectStore as _, ObjectStoreExt as _};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::place::S3Target;
use super::storage::{self, failure};
use super::table::{BucketTable, DataFile, TABLE_FILE, data_file, loss, own_prefix};
use crate::base::rng::Rng;
use crate::engines::files::RecordWriter;
use crate::engines::folder::RunFolder;
use crate::engines::hosts::Hosts;
use crate::engines::{Failure, FailureReason, LoadTable, Loading, Record, TableLoss};

/// Looking at the tables may take this long.
const LOOK: Duration = Duration::from_secs(600);
/// Sending all files may take this long.
const SEND: Duration = Duration::from_secs(4 * 3_600);
/// Bytes of a part: 10,000 of them are a file of 156 GB.
const PART: u64 = 16 << 20;
/// So many tables are finished side by side.
const AT_ONCE: usize = 8;

/// Records that wait for the bucket. Dropped, it leaves nothing that anybody sees.
pub struct S3Load {
    target: S3Target,
    loading: Loading,
    tables: Vec<LoadTable>,
    store: AmazonS3,
    /// What was there at the beginning.
    there: Vec<Option<BucketTable>>,
    folder: RunFolder,
    files: Vec<RecordWriter>,
    ready: Vec<ReadyTable>,
    /// What is worth a line of the log.
    pub notes: Vec<String>,
    /// Tables that cannot be added to, by their places.
    pub lost: Vec<(usize, TableLoss)>,
}

/// A table whose file is with the storage in parts, and not a file yet.
struct ReadyTable {
    name: String,
    upload: Option<Mutex<Box<dyn MultipartUpload>>>,
    after: BucketTable,
}

/// Sees what is there, takes away what a load left that broke off, and makes the files where records wait.
pub(in crate::engines) async fn open(
    hosts: &Hosts,
    runs: &std::path::Path,
    rng: &Rng,
    target: &S3Target,
    loading: Loading,
    tables: Vec<LoadTable>,
) -> Result<S3Load, Failure> {
    let store = storage::open(hosts, target)?;
    let folder = RunFolder::make(runs, rng).map_err(no_room)?;
    let files: io::Result<Vec<RecordWriter>> =
        tables.iter().map(|table| RecordWriter::begin(folder.path(), table, target.format)).collect();
    let mut load = S3Load {
        target: target.clone(),
        loading,
        store,
        there: Vec::new(),
        folder,
        files: files.map_err(no_room)?,
        ready: Vec::new(),
        notes: vec![
            "Files are added and never changed: of records with the same key the newest is in the file of the newest run."
                .to_owned(),
        ],
        lost: Vec::new(),
        tables,
    };
    if load.tables.iter().all(LoadTable::is_whole) {
        load.notes.clear();
    }
    timeout(LOOK, load.look()).await.unwrap_or_else(|_| Err(slow("The storage did not answer within ten minutes.")))?;
    Ok(load)
}

fn no_room(error: io::Error) -> Failure {
    let words = "The data folder has no room for the records that wait to be sent, or cannot be written to.";
    Failure::new(FailureReason::NoRoom, words).with_detail(error)
}

fn slow(words: &str) -> Failure {
    Failure::new(FailureReason::Timeout, words)
}

impl S3Load {
    async fn look(&mut self) -> Result<(), Failure> {
        for (place, table) in self.tables.iter().enumerate() {
            let there = self.table(&table.name).await?;
            if let Some(other) = there.as_ref().filter(|there| !there.is_of(&self.loading)) {
                let words = format!(
                    "The table {} holds the records of another source, {}. Give the stream {} another table name.",
                    table.name, other.source, table.stream
                );
                return Err(Failure::new(FailureReason::Refused, words));
            }
            self.tidy(&table.name, there.as_ref()).await?;
            self.lost.extend(loss(there.as_ref(), table).map(|loss| (place, loss)));
            self.there.push(there);
        }
        for (place, _) in self.lost.clone() {
            self.begin_anew(place);
        }
        Ok(())
    }

    fn at(&self, table: &str, name: &str) -> ObjectPath {
        self.target.at(&format!("{table}/{name}"))
    }

    /// What a table's own file says; `None` when there is no table.
    async fn table(&self, name: &str) -> Result<Option<BucketTable>, Failure> {
        let place = self.at(name, TABLE_FILE);
        let found = match self.store.get(&place).await {
            // A bucket that is not there is something else.
            Err(StorageError::NotFound { source, .. }) if !source.to_string().contains("NoSuchBucket") => {
                return Ok(None);
            }
            found => found.map_err(|error| failure(&error))?,
        };
        let bytes = found.bytes().await.map_err(|error| failure(&error))?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let words =
                format!("The file {place} of the bucket is none of this product, so the table {name} is left alone.");
            Failure::new(FailureReason::Refused, words).with_detail(error)
        })
    }

    /// Deletes what this source has written into a table's folder and what the table does not hold.
    async fn tidy(&self, name: &str, table: Option<&BucketTable>) -> Result<(), Failure> {
        let prefix = own_prefix(&self.loading);
        let folder = self.target.at(name);
        let found: Vec<_> = self.store.list(Some(&folder)).try_collect().await.map_err(|error| failure(&error))?;
        for object in found {
            let Some(file) = object.location.filename().map(str::to_owned) else { continue };
            let is_own = file.starts_with(&prefix) && object.location == self.at(name, &file);
            if is_own && !table.is_some_and(|table| table.holds(&file)) {
                self.store.delete(&object.location).await.map_err(|error| failure(&error))?;
            }
        }
        Ok(())
    }

    /// The records that come for this table take the place of all that it holds. Before the first of them.
    pub fn begin_anew(&mut self, place: usize) {
        self.tables.get_mut(place).into_iter().for_each(LoadTable::begin_anew);
    }

    /// Takes some records.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn write(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        let mut files = std::mem::take(&mut self.files);
        let done = tokio::task::spawn_blocking(move || {
            for record in &records {
                files.get_mut(record.stream).ok_or(io::ErrorKind::InvalidInput)?.write(&record.data)?;
            }
            Ok::<_, io::Error>(files)
        });
        self.files = done.await.map_err(io::Error::other).flatten().map_err(no_room)?;
        Ok(())
    }

    /// Sends all files, seen by nobody yet. Streams that could not be read to the end (`incomplete`) take nobody's place.
    ///
    /// # Errors
    /// Why it cannot; then nothing has changed.
    pub async fn prepare(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        let sent = timeout(SEND, self.send_all(incomplete)).await;
        let sent = sent.unwrap_or_else(|_| Err(slow("The files were not sent within four hours.")));
        if sent.is_err() {
            self.take_back().await;
        }
        sent
    }

    async fn send_all(&mut self, incomplete: &[usize]) -> Result<(), Failure> {
        for (place, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let Some(table) = self.tables.get(place).cloned() else { continue };
            if incomplete.contains(&place) && table.is_whole() {
                let note = format!("The table {} stays as it was: its stream was not read to the end.", table.name);
                self.notes.push(note);
                continue;
            }
            let written = tokio::task::spawn_blocking(move || file.finish());
            let written = written.await.map_err(io::Error::other).flatten().map_err(no_room)?;
            if !written.differences.is_empty() {
                let differences = written.differences.join(", ");
                self.notes.push(format!("Columns of {} hold all values as they are: {differences}", table.name));
            }
            let data = DataFile {
                name: data_file(&self.loading, self.target.format),
                format: self.target.format,
                rows: written.records,
                bytes: written.bytes,
                run: self.loading.run.clone(),
                columns: written.columns,
            };
            // A table that goes on and got nothing new needs no file; one that begins has columns at least.
            let data = Some(data).filter(|data| data.rows > 0 || table.replaces);
            let mut upload = None;
            if let Some(data) = &data {
                let path = self.folder.path().join(&written.name);
                upload = Some(Mutex::new(self.send(&self.at(&table.name, &data.name), path).await?));
            }
            let before = self.there.get(place).and_then(Option::as_ref);
            let after = BucketTable::after(before, &table, &self.loading, data);
            self.ready.push(ReadyTable { name: table.name, upload, after });
        }
        Ok(())
    }

    /// Sends a file in parts, all of which are there then.
    async fn send(&self, at: &ObjectPath, path: PathBuf) -> Result<Box<dyn MultipartUpload>, Failure> {
        let mut upload = self.store.put_multipart(at).await.map_err(|error| failure(&error))?;
        let mut file = Some(File::open(&path).map_err(no_room)?);
        while let Some(open) = file.take() {
            let (part, open) = next_part(open).await.map_err(no_room)?;
            if part.is_empty() {
                break;
            }
            if let Err(error) = upload.put_part(part.into()).await {
                // Parts that nobody takes away cost their owner money.
                upload.abort().await.ok();
                return Err(failure(&error));
            }
            file = Some(open);
        }
        Ok(upload)
    }

    /// Makes files of all parts and says so in each table's own file; then what they replace is deleted.
    ///
    /// # Errors
    /// Why nobody can say that it is so. What is half then is put right by the next load.
    pub async fn commit(mut self) -> Result<(), Failure> {
        let ready = std::mem::take(&mut self.ready);
        let all: Vec<_> = ready.into_iter().map(|table| self.make_so(table)).collect();
        let done = timeout(LOOK, stream::iter(all).buffer_unordered(AT_ONCE).try_collect::<()>()).await;
        done.unwrap_or_else(|_| Err(slow("The storage did not confirm the files within ten minutes.")))
    }

    async fn make_so(&self, ready: ReadyTable) -> Result<(), Failure> {
        let ReadyTable { name, upload, after } = ready;
        if let Some(parts) = upload {
            parts.into_inner().complete().await.map_err(|error| failure(&error))?;
        }
        let says = serde_json::to_vec_pretty(&after).map_err(|error| no_room(error.into()))?;
        self.store.put(&self.at(&name, TABLE_FILE), says.into()).await.map_err(|error| failure(&error))?;
        self.tidy(&name, Some(&after)).await
    }

    /// Takes parts back that are no files; what cannot be taken back is seen by nobody.
    async fn take_back(&mut self) {
        for ready in self.ready.drain(..) {
            if let Some(parts) = ready.upload {
                parts.into_inner().abort().await.ok();
            }
        }
    }

    /// Where they go.
    pub(in crate::engines) fn target(&self) -> S3Target {
        self.target.clone()
    }

    /// The failure without any secret.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        self.target.hide(failure)
    }
}

/// The next part of a file.
async fn next_part(mut file: File) -> io::Result<(Vec<u8>, File)> {
    let read = tokio::task::spawn_blocking(move || {
        let mut part = Vec::new();
        (&mut file).take(PART).read_to_end(&mut part).map(|_| (part, file))
    });
    read.await.map_err(io::Error::other).flatten()
}

impl std::fmt::Debug for S3Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Load").field("loading", &self.loading).field("tables", &self.tables).finish_non_exhaustive()
    }
}
