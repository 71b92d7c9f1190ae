//! Where a run's records go while it goes on: a folder of files, or tables of a schema. Both take records, then get everything ready,
//! and only then, with one short step, let it be seen.

use std::path::Path;

use serde_json::Value;

use super::files::{self, OutputFolder, ReadyFolder};
use super::fingerprint::Restart;
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::engines::{Failure, FailureReason, FileFormat, LoadTable, Loading, Record, RecordLoad, TableLoss};
use crate::features::connections::note_host_key;
use crate::features::outputs::{FILES, TablesPlace};
use crate::platform::app::App;

const NO_PLACE: &str = "The records cannot be written into the data folder of this installation.";

/// Where one run's records go.
#[derive(Debug, Clone)]
pub(super) enum RunOutput {
    /// A folder below the data folder, and how records lie in its files.
    Files { place: String, format: FileFormat },
    /// An output layer, or a destination.
    Tables(Box<TablesPlace>),
}

/// What is opened.
pub(super) enum Sink {
    Files(OutputFolder),
    Tables(RecordLoad, OutputName),
}

/// Everything is there, and nobody sees it yet.
pub(super) enum ReadySink {
    Files(ReadyFolder),
    Tables(RecordLoad, OutputName),
}

/// What tables are called when something is wrong with them.
#[derive(Debug, Clone)]
pub(super) struct OutputName {
    /// "output layer Warehouse", "destination Loja Sul".
    label: String,
    is_destination: bool,
}

/// Why records cannot go there.
#[derive(Debug)]
pub(super) struct SinkFault(pub(super) Failure);

impl SinkFault {
    fn of_files(error: &anyhow::Error) -> Self {
        tracing::error!(error = %format!("{error:#}"), "an extraction's records cannot be written");
        Self(Failure::new(FailureReason::NoRoom, NO_PLACE))
    }

    fn of_tables(name: &OutputName, failure: Failure) -> Self {
        let message = format!("The records cannot go into the {}. {}", name.label, failure.message);
        let reason = if name.is_destination { FailureReason::DestinationFailed } else { FailureReason::OutputFailed };
        Self(Failure { reason, message, ..failure }.of_members())
    }
}

impl RunOutput {
    /// For people and programs.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::Files { place, .. } => place,
            Self::Tables(tables) => &tables.address,
        }
    }

    /// What of it a position depends on: files of one run are no other place than those of the next.
    pub(super) fn mark(&self) -> &str {
        match self {
            Self::Files { .. } => FILES,
            Self::Tables(tables) => &tables.mark,
        }
    }

    /// What becomes of a run that somebody stops.
    pub(super) fn stop_words(&self) -> &'static str {
        match self {
            Self::Tables(tables) if !tables.target.is_all_or_nothing() => {
                "Stopped as asked; the records read so far are dropped, and what was loaded already is put right by the next extraction."
            }
            Self::Files { .. } | Self::Tables(_) => "Stopped as asked; the records read so far are dropped.",
        }
    }

    /// Takes away what a run has left that did not come to its end. A schema has nothing of it: what waits goes with the session.
    pub(super) fn forget(&self, data_dir: &Path) {
        if let Self::Files { place, .. } = self {
            files::forget(data_dir, place);
        }
    }

    /// Keeps what the jump server on the way to a destination has shown: with the destination, where members see it.
    pub(super) async fn note_host_key(&self, app: &App, workspace: &WorkspaceId) -> AppResult<()> {
        let Self::Tables(place) = self else { return Ok(()) };
        let (Some(destination), Some(shown)) = (place.destination.clone(), place.target.shown_host_key()) else {
            return Ok(());
        };
        let workspace = workspace.clone();
        app.write(move |tx| note_host_key(tx, &workspace, &destination, &shown)).await
    }

    pub(super) async fn open(&self, app: &App, tables: Vec<LoadTable>, loading: Loading) -> Result<Sink, SinkFault> {
        match self {
            Self::Files { place, format } => OutputFolder::begin(&app.config.storage.data_dir, place, &tables, *format)
                .map(Sink::Files)
                .map_err(|error| SinkFault::of_files(&error)),
            Self::Tables(place) => {
                let name = OutputName { label: place.label.clone(), is_destination: place.destination.is_some() };
                match app.engines.load_into(&place.target, loading, tables).await {
                    Ok(load) => Ok(Sink::Tables(load, name)),
                    Err(failure) => Err(SinkFault::of_tables(&name, failure)),
                }
            }
        }
    }
}

/// Does what may take a while on a disk where nobody waits for it.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, SinkFault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(anyhow::Error::from).flatten().map_err(|error| SinkFault::of_files(&error))
}

impl Sink {
    /// Takes some records; a sink that failed is gone.
    pub(super) async fn write(self, records: Vec<Record>) -> Result<Self, SinkFault> {
        match self {
            Self::Files(mut folder) => on_disk(move || folder.write(&records).map(|()| folder)).await.map(Self::Files),
            Self::Tables(mut load, name) => match load.write(records).await {
                Ok(()) => Ok(Self::Tables(load, name)),
                Err(failure) => Err(SinkFault::of_tables(&name, failure)),
            },
        }
    }

    /// Whether it is still there.
    pub(super) async fn nudge(&self) -> Result<(), SinkFault> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Tables(load, name) => load.nudge().await.map_err(|failure| SinkFault::of_tables(name, failure)),
        }
    }

    /// Gets everything ready; `incomplete` are streams that were not read to the end.
    pub(super) async fn prepare(self, manifest: Value, incomplete: Vec<usize>) -> Result<ReadySink, SinkFault> {
        match self {
            Self::Files(folder) => on_disk(move || folder.prepare(manifest)).await.map(ReadySink::Files),
            Self::Tables(mut load, name) => match load.prepare(&incomplete).await {
                Ok(()) => Ok(ReadySink::Tables(load, name)),
                Err(failure) => Err(SinkFault::of_tables(&name, failure)),
            },
        }
    }

    /// What is worth a line of the log, once.
    pub(super) fn notes(&mut self) -> Vec<String> {
        if let Self::Tables(load, _) = self { load.notes() } else { Vec::new() }
    }

    /// Streams whose table does not hold what they would add to, once.
    pub(super) fn lost_tables(&mut self) -> Vec<(usize, Restart)> {
        let Self::Tables(load, _) = self else { return Vec::new() };
        let words = |loss| match loss {
            TableLoss::Gone => Restart::TableGone,
            TableLoss::Other => Restart::TableOther,
        };
        load.lost().into_iter().map(|(place, loss)| (place, words(loss))).collect()
    }

    /// The records of this stream take the place of all that its table holds; files have nothing of earlier runs.
    pub(super) fn begin_anew(&mut self, place: usize) {
        if let Self::Tables(load, _) = self {
            load.begin_anew(place);
        }
    }
}

impl ReadySink {
    /// What is worth a line of the log, once.
    pub(super) fn notes(&mut self) -> Vec<String> {
        match self {
            Self::Files(folder) => std::mem::take(&mut folder.notes),
            Self::Tables(load, _) => load.notes(),
        }
    }

    /// Lets it be seen.
    pub(super) async fn commit(self) -> Result<(), SinkFault> {
        match self {
            Self::Files(folder) => on_disk(move || folder.publish()).await,
            Self::Tables(load, name) => load.commit().await.map_err(|failure| SinkFault::of_tables(&name, failure)),
        }
    }
}
