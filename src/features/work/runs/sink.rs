//! Where a run's records go while it goes on: a folder of files, or tables of a schema. Both take records, then get everything ready,
//! and only then, with one short step, let it be seen.

use std::path::Path;

use serde_json::Value;

use super::files::{self, Folder};
use super::record::NO_PLACE;
use crate::engines::{Blame, Failure, Load, LoadTable, LoadTarget, Loading, Record};
use crate::platform::app::App;

/// Where one run's records go.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// A folder below the data folder.
    Files(String),
    Postgres {
        /// The layer's name.
        name: String,
        /// Its address.
        address: String,
        target: Box<LoadTarget>,
    },
}

/// What is opened.
pub(super) enum Sink {
    Files(Folder),
    Postgres(Box<Load>, String),
}

/// Everything is there, and nobody sees it yet.
pub(super) enum Ready {
    Files(Folder),
    Postgres(Box<Load>, String),
}

/// Why records cannot go there.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) blame: Blame,
    pub(super) message: String,
}

impl Fault {
    fn of_files(error: &anyhow::Error) -> Self {
        tracing::error!(error = %format!("{error:#}"), "an extraction's records cannot be written");
        Self { blame: Blame::Operator, message: NO_PLACE.to_owned() }
    }

    fn of_layer(name: &str, failure: Failure) -> Self {
        let message = format!("The records cannot go into the output layer {name}. {}", failure.message);
        Self { blame: failure.blame, message }
    }
}

impl Output {
    /// For people and programs.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::Files(place) => place,
            Self::Postgres { address, .. } => address,
        }
    }

    /// Takes away what a run has left that did not come to its end. A schema has nothing of it: what waits goes with the session.
    pub(super) fn forget(&self, data_dir: &Path) {
        if let Self::Files(place) = self {
            files::forget(data_dir, place);
        }
    }

    pub(super) async fn open(&self, app: &App, tables: Vec<LoadTable>, loading: Loading) -> Result<Sink, Fault> {
        match self {
            Self::Files(place) => {
                let names: Vec<String> = tables.into_iter().map(|table| table.name).collect();
                Folder::begin(&app.config.storage.data_dir, place, &names)
                    .map(Sink::Files)
                    .map_err(|error| Fault::of_files(&error))
            }
            Self::Postgres { name, target, .. } => match app.engines.load(target, loading, tables).await {
                Ok(load) => Ok(Sink::Postgres(Box::new(load), name.clone())),
                Err(failure) => Err(Fault::of_layer(name, failure)),
            },
        }
    }
}

/// Does what may take a while on a disk where nobody waits for it.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(anyhow::Error::from).flatten().map_err(|error| Fault::of_files(&error))
}

impl Sink {
    /// Takes some records; a sink that failed is gone.
    pub(super) async fn write(self, records: Vec<Record>) -> Result<Self, Fault> {
        match self {
            Self::Files(mut folder) => on_disk(move || folder.write(&records).map(|()| folder)).await.map(Self::Files),
            Self::Postgres(mut load, name) => match load.write(&records).await {
                Ok(()) => Ok(Self::Postgres(load, name)),
                Err(failure) => Err(Fault::of_layer(&name, failure)),
            },
        }
    }

    /// Whether it is still there.
    pub(super) async fn nudge(&self) -> Result<(), Fault> {
        match self {
            Self::Files(_) => Ok(()),
            Self::Postgres(load, name) => load.nudge().await.map_err(|failure| Fault::of_layer(name, failure)),
        }
    }

    /// Gets everything ready; `incomplete` are streams that were not read to the end.
    pub(super) async fn prepare(self, manifest: Value, incomplete: Vec<usize>) -> Result<Ready, Fault> {
        match self {
            Self::Files(folder) => on_disk(move || folder.prepare(&manifest)).await.map(Ready::Files),
            Self::Postgres(mut load, name) => match load.prepare(&incomplete).await {
                Ok(()) => Ok(Ready::Postgres(load, name)),
                Err(failure) => Err(Fault::of_layer(&name, failure)),
            },
        }
    }

    /// What is worth a line of the log, once.
    pub(super) fn notes(&mut self) -> Vec<String> {
        if let Self::Postgres(load, _) = self { std::mem::take(&mut load.notes) } else { Vec::new() }
    }
}

impl Ready {
    /// What is worth a line of the log, once.
    pub(super) fn notes(&mut self) -> Vec<String> {
        if let Self::Postgres(load, _) = self { std::mem::take(&mut load.notes) } else { Vec::new() }
    }

    /// Lets it be seen.
    pub(super) async fn commit(self) -> Result<(), Fault> {
        match self {
            Self::Files(folder) => on_disk(move || folder.publish()).await,
            Self::Postgres(load, name) => load.commit().await.map_err(|failure| Fault::of_layer(&name, failure)),
        }
    }
}
