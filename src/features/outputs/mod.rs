//! Outputs: where the records of extractions go. Files of the data folder (JSON Lines or Parquet) are always there; a workspace may add schemas of
//! PostgreSQL databases (output layers), and every finalised destination is one, as far as this installation can write to it. How records get
//! there is for `work/runs` and `engines`.
//!
//! Invariants: a password exists sealed only, is never shown again, a blank one keeps it, and it is not kept for another server; what a
//! source uses is not deleted; the slug of a layer or a destination never changes, because plans and runs name it.

pub mod api;
mod api_view;
mod choices;
mod destinations;
mod no_output;
pub mod pages;
mod place;
mod store;
mod validate;

pub use crate::features::streams::{FILES, Output};
pub use api_view::FileFormatOut;
pub use choices::{OutputChoice, OutputChoices, choices};
pub use destinations::{MOST_OFFERED, OfferedDestinations, offered};
pub use no_output::NoOutput;
pub use place::{Place, PlaceError, TablesPlace, claim, name_of, place, refusal};
pub use store::{find, list};
pub use validate::{OutputLayerDetails, OutputLayerInput};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::NewOutputLayer;

use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed, SealedAt};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{OutputLayerId, WorkspaceId};
use crate::engines::{FileFormat, LoadTarget, LoadWay, TlsMode};
use crate::features::{connections, streams};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// What files are called as an output.
pub const fn files_name(format: FileFormat) -> &'static str {
    match format {
        FileFormat::JsonLines => "Compressed files in this server's data folder (JSON Lines)",
        FileFormat::Parquet => "Parquet files in this server's data folder",
    }
}

/// Most layers a workspace may add.
pub const MOST: usize = 20;
/// Most sources that are named of those that use an output.
pub const MOST_NAMED: usize = 50;

/// How a schema of PostgreSQL is reached; without the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// The schema.
    pub schema: String,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The authority's certificate (PEM), possibly empty.
    pub ca: String,
}

impl Settings {
    /// Where it is, without who may go there: `postgres://host:port/database/schema`.
    pub fn address(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("postgres://{host}:{}/{}/{}", self.port, self.database, self.schema)
    }
}

/// A schema of PostgreSQL that records can go to; its password stays sealed.
#[derive(Debug, Clone)]
pub struct OutputLayer {
    /// Its id.
    pub id: OutputLayerId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Its name in plans, runs and addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// How to get there.
    pub settings: Settings,
    sealed: Option<Vec<u8>>,
    version: i64,
    /// When it was added.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

/// Adds a layer; `None` when the workspace has too many.
///
/// # Errors
/// The database refuses.
pub fn add(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &OutputLayerId,
    details: &OutputLayerDetails,
    actor: Actor,
) -> AppResult<Option<OutputLayer>> {
    let there = store::list(tx.conn, workspace)?;
    if let Some(same) = there.iter().find(|layer| &layer.id == id) {
        return Ok(Some(same.clone()));
    }
    if there.len() >= MOST {
        return Ok(None);
    }
    let slug = validate::free_slug(&details.name, |slug| slug == FILES || there.iter().any(|one| one.slug == slug));
    let sealed =
        details.password.as_ref().map(|password| seal(tx, password, SEALED_PASSWORDS.at(id, workspace))).transpose()?;
    let new = NewOutputLayer { id, workspace, slug: &slug, details, sealed: sealed.as_ref() };
    store::insert(tx.conn, &new, tx.now)?;
    note(tx, workspace, Event::OutputLayerAdded, &details.name, actor)?;
    store::find(tx.conn, workspace, &slug)?.ok_or(AppError::NotFound).map(Some)
}

/// Changes a layer that was read; without a password the one it has stays.
///
/// # Errors
/// [`AppError::Conflict`] when somebody else changed it at the same moment.
pub fn change(
    tx: &mut Tx<'_>,
    layer: &OutputLayer,
    details: &OutputLayerDetails,
    actor: Actor,
) -> AppResult<OutputLayer> {
    let sealed = match &details.password {
        Some(password) => Some(seal(tx, password, SEALED_PASSWORDS.at(&layer.id, &layer.workspace_id))?),
        None => layer.sealed(),
    };
    if !store::replace(tx.conn, layer, details, sealed.as_ref(), tx.now)? {
        return Err(AppError::Conflict(
            "Somebody else changed this output layer at the same moment. Look at it again.",
        ));
    }
    note(tx, &layer.workspace_id, Event::OutputLayerChanged, &details.name, actor)?;
    store::find(tx.conn, &layer.workspace_id, &layer.slug)?.ok_or(AppError::NotFound)
}

/// Why a layer was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteLayerError {
    /// The records of these sources go there.
    #[error("{}", in_use(.0))]
    InUse(Vec<OutputUser>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Deletes a layer that nothing uses. The records that are there stay.
///
/// # Errors
/// [`DeleteLayerError::InUse`], or the database refuses.
pub fn delete(tx: &mut Tx<'_>, layer: &OutputLayer, actor: Actor) -> Result<(), DeleteLayerError> {
    let users = users(tx.conn, &layer.workspace_id, &Output::Layer(layer.slug.clone()), MOST_NAMED)?;
    if !users.is_empty() {
        return Err(DeleteLayerError::InUse(users));
    }
    store::delete(tx.conn, layer).map_err(AppError::from)?;
    Ok(note(tx, &layer.workspace_id, Event::OutputLayerDeleted, &layer.name, actor)?)
}

/// A source whose records go somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutputUser {
    /// Its name for people.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
}

/// The sources whose records go there, by their names for people; at most so many.
///
/// # Errors
/// The database cannot be asked.
pub fn users(conn: &mut Conn, workspace: &WorkspaceId, output: &Output, most: usize) -> AppResult<Vec<OutputUser>> {
    let mut users = Vec::new();
    for id in streams::users_of_output(conn, workspace, output)? {
        let found = connections::find_by_id(conn, workspace, &id)?.filter(|one| one.deleted_at.is_none());
        users.extend(found.map(|one| OutputUser { name: one.description, slug: one.slug }));
        if users.len() >= most {
            break;
        }
    }
    users.sort();
    Ok(users)
}

/// Names for a sentence: "A, B and 3 more".
pub fn named(users: &[OutputUser]) -> String {
    let shown: Vec<&str> = users.iter().take(5).map(|user| user.name.as_str()).collect();
    match users.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn in_use(users: &[OutputUser]) -> String {
    format!("The records of these sources go there: {}. Choose another output for them first.", named(users))
}

fn seal(tx: &Tx<'_>, password: &SecretString, at: SealedAt<'_>) -> AppResult<Sealed> {
    Ok(tx.keys.seal(password.expose_secret().as_bytes(), at, tx.rng)?)
}

sealed_column!(
    /// Passwords of output layers.
    pub SEALED_PASSWORDS = output_layers[id].sealed
);

fn note(tx: &mut Tx<'_>, workspace: &WorkspaceId, event: Event, name: &str, actor: Actor) -> AppResult<()> {
    let entry = Entry { workspace, connection: None, setup_link: None, event, actor, detail: name };
    tx.record(&entry)
}

impl OutputLayer {
    /// Whether a password is set.
    pub fn has_password(&self) -> bool {
        self.sealed.is_some()
    }

    fn sealed(&self) -> Option<Sealed> {
        self.sealed.clone().map(Sealed::from_bytes)
    }

    /// How to get there, with the password.
    ///
    /// # Errors
    /// The password does not open.
    pub fn target(&self, keys: &KeyRing) -> AppResult<LoadTarget> {
        let password = match self.sealed() {
            Some(sealed) => {
                let plain = keys.open(&sealed, SEALED_PASSWORDS.at(&self.id, &self.workspace_id))?;
                SecretString::from(std::str::from_utf8(&plain).map_err(AppError::internal)?)
            }
            None => SecretString::default(),
        };
        let Settings { host, port, database, user, schema, tls, ca } = self.settings.clone();
        Ok(LoadTarget { host, port, database, user, password, schema, tls, ca, way: LoadWay::default() })
    }
}
