//! What a plan or a run names as the output of a source: whether it is there, what it is called, how to get there.

use super::no_output::NoOutput;
use super::{destinations, files_name, store};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Kind;
use crate::engines::{FileFormat, LoadPlace};
use crate::features::connections::find_of_kind;
use crate::features::streams::Output;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// Why it is not known where the records of a run go.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Something must be different first.
    #[error(transparent)]
    None(#[from] NoOutput),
    /// The database cannot be asked, or a secret does not open.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<diesel::result::Error> for PlaceError {
    fn from(error: diesel::result::Error) -> Self {
        Self::App(error.into())
    }
}

/// Where the records of one run go.
#[derive(Debug, Clone)]
pub enum Place {
    /// Into files of the data folder.
    Files(FileFormat),
    /// Into tables.
    Tables(Box<TablesPlace>),
}

/// Tables that last.
#[derive(Debug, Clone)]
pub struct TablesPlace {
    /// What it is called in a sentence: "output layer Warehouse", "destination Loja Sul".
    pub label: String,
    /// Where it is, for people.
    pub address: String,
    /// What tells it from other places.
    pub mark: String,
    /// How to get there.
    pub target: LoadPlace,
    /// The destination, when it is one.
    pub destination: Option<ConnectionId>,
}

/// The place that an output names.
///
/// # Errors
/// [`PlaceError::None`] when there is no such place any more, or records cannot go there.
pub fn place(conn: &mut Conn, app: &App, workspace: &WorkspaceId, output: &Output) -> Result<Place, PlaceError> {
    match output {
        Output::Files(format) => Ok(Place::Files(*format)),
        Output::Layer(slug) => {
            let layer = store::find(conn, workspace, slug)?.ok_or_else(|| NoOutput::UnknownLayer(slug.clone()))?;
            let target = LoadPlace::Postgres(Box::new(layer.target(&app.keys)?));
            let (address, label) = (target.address(), format!("output layer {}", layer.name));
            let mark = address.clone();
            Ok(Place::Tables(Box::new(TablesPlace { label, address, mark, target, destination: None })))
        }
        Output::Destination(slug) => {
            let found = destinations::judged(conn, app, workspace, slug)??;
            let target = destinations::target(app, &found)??;
            let (address, mark) = (target.address(), target.mark());
            let label = format!("destination {}", found.description);
            Ok(Place::Tables(Box::new(TablesPlace { label, address, mark, target, destination: Some(found.id) })))
        }
    }
}

/// Why records cannot go there; `None` when they can.
///
/// # Errors
/// The database cannot be asked.
pub fn refusal(conn: &mut Conn, app: &App, workspace: &WorkspaceId, output: &Output) -> AppResult<Option<NoOutput>> {
    Ok(match output {
        Output::Files(_) => None,
        Output::Layer(slug) => {
            store::find(conn, workspace, slug)?.is_none().then(|| NoOutput::UnknownLayer(slug.clone()))
        }
        Output::Destination(slug) => destinations::judged(conn, app, workspace, slug)?.err(),
    })
}

/// The same before a source is set to it: a destination stays as it is until the transaction ends.
///
/// # Errors
/// The database refuses.
pub fn claim(tx: &mut Tx<'_>, app: &App, workspace: &WorkspaceId, output: &Output) -> AppResult<Option<NoOutput>> {
    match output {
        Output::Files(_) | Output::Layer(_) => refusal(tx.conn, app, workspace, output),
        Output::Destination(slug) => Ok(destinations::held(tx.conn, app, workspace, slug)?.err()),
    }
}

/// What an output is called; `None` when it is not there any more.
///
/// # Errors
/// The database cannot be asked.
pub fn name_of(conn: &mut Conn, workspace: &WorkspaceId, output: &Output) -> AppResult<Option<String>> {
    Ok(match output {
        Output::Files(format) => Some(files_name(*format).to_owned()),
        Output::Layer(slug) => store::find(conn, workspace, slug)?.map(|layer| layer.name),
        Output::Destination(slug) => {
            find_of_kind(conn, workspace, Kind::Destination, slug)?.map(|found| found.description)
        }
    })
}
