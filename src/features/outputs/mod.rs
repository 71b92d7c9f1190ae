//! Output layers: where the records of extractions go. Compressed files of the data folder are always there; a workspace may add schemas
//! of PostgreSQL databases. How records get there is for `runs` and `runtimes`.
//!
//! Invariants: a password exists sealed only, is never shown again, a blank one keeps it, and it is not kept for another server; what a
//! source uses is not deleted; a layer's slug never changes, because plans and runs name it.

pub mod api;
mod api_view;
mod given;
pub mod pages;
mod store;

pub use crate::features::streams::FILES;
pub use given::{Details, FieldProblem, Given};
pub use store::{Layer, find, list};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{OutputLayerId, WorkspaceId};
use crate::base::rng::Rng;
use crate::engines::{LoadTarget, TlsMode};
use crate::features::{connections, streams};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// Its name.
pub const FILES_NAME: &str = "Compressed files in this server's data folder";
/// Most layers a workspace may add.
pub const MOST: usize = 20;

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

/// Where the records of one run go.
#[derive(Debug, Clone)]
pub enum Place {
    /// Into the data folder.
    Files,
    /// Into a schema.
    Postgres {
        /// The layer's name, for people.
        name: String,
        /// Where it is, for people.
        address: String,
        /// How to get there.
        target: Box<LoadTarget>,
    },
}

/// The place a layer's slug names; `None` when there is no such layer any more.
///
/// # Errors
/// The password does not open, or the database cannot be asked.
pub fn place(conn: &mut Conn, workspace: &WorkspaceId, slug: &str, keys: &KeyRing) -> AppResult<Option<Place>> {
    if slug == FILES {
        return Ok(Some(Place::Files));
    }
    let Some(layer) = store::find(conn, workspace, slug)? else { return Ok(None) };
    let (name, address) = (layer.name.clone(), layer.settings.address());
    Ok(Some(Place::Postgres { name, address, target: Box::new(layer.target(keys)?) }))
}

/// Every layer a workspace can choose, by slug and name; the files first.
///
/// # Errors
/// The database cannot be asked.
pub fn choices(conn: &mut Conn, workspace: &WorkspaceId) -> AppResult<Vec<(String, String)>> {
    let own = store::list(conn, workspace)?.into_iter().map(|layer| (layer.slug, layer.name));
    Ok([(FILES.to_owned(), FILES_NAME.to_owned())].into_iter().chain(own).collect())
}

/// Adds a layer; `None` when the workspace has too many.
///
/// # Errors
/// The database refuses.
pub fn add(
    tx: &mut Tx<'_>,
    (workspace, id): (&WorkspaceId, &OutputLayerId),
    details: &Details,
    actor: Actor,
) -> AppResult<Option<Layer>> {
    let there = store::list(tx.conn, workspace)?;
    if let Some(same) = there.iter().find(|layer| &layer.id == id) {
        return Ok(Some(same.clone()));
    }
    if there.len() >= MOST {
        return Ok(None);
    }
    let slug = given::free_slug(&details.name, |slug| slug == FILES || there.iter().any(|one| one.slug == slug));
    let sealed =
        details.password.as_ref().map(|password| seal(password, (id, workspace), tx.keys, tx.rng)).transpose()?;
    store::insert(tx.conn, (workspace, id), &slug, details, (sealed.as_ref(), tx.now))?;
    note(tx, workspace, Event::OutputLayerAdded, &details.name, actor)?;
    store::find(tx.conn, workspace, &slug)?.ok_or(AppError::NotFound).map(Some)
}

/// Changes a layer that was read; without a password the one it has stays.
///
/// # Errors
/// [`AppError::Conflict`] when somebody else changed it at the same moment.
pub fn change(tx: &mut Tx<'_>, layer: &Layer, details: &Details, actor: Actor) -> AppResult<Layer> {
    let at = (&layer.id, &layer.workspace_id);
    let sealed = match &details.password {
        Some(password) => Some(seal(password, at, tx.keys, tx.rng)?),
        None => layer.sealed(),
    };
    if !store::replace(tx.conn, layer, details, (sealed.as_ref(), tx.now))? {
        return Err(AppError::Conflict(
            "Somebody else changed this output layer at the same moment. Look at it again.",
        ));
    }
    note(tx, &layer.workspace_id, Event::OutputLayerChanged, &details.name, actor)?;
    store::find(tx.conn, &layer.workspace_id, &layer.slug)?.ok_or(AppError::NotFound)
}

/// Deletes a layer that nothing uses; else gives the sources that do. The records that are there stay.
///
/// # Errors
/// The database refuses.
pub fn delete(tx: &mut Tx<'_>, layer: &Layer, actor: Actor) -> AppResult<Result<(), Vec<String>>> {
    let users = users(tx.conn, &layer.workspace_id, &layer.slug)?;
    if !users.is_empty() {
        return Ok(Err(users));
    }
    store::delete(tx.conn, layer)?;
    note(tx, &layer.workspace_id, Event::OutputLayerDeleted, &layer.name, actor)?;
    Ok(Ok(()))
}

/// The sources whose records go there, by their names for people.
///
/// # Errors
/// The database cannot be asked.
pub fn users(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> AppResult<Vec<String>> {
    let mut names = Vec::new();
    for id in streams::users_of_layer(conn, workspace, slug)? {
        let found = connections::find_by_id(conn, workspace, &id)?.filter(|one| one.deleted_at.is_none());
        names.extend(found.map(|one| one.description));
    }
    names.sort();
    Ok(names)
}

/// Says that a layer is in use.
pub fn in_use(users: &[String]) -> String {
    let shown: Vec<&str> = users.iter().take(5).map(String::as_str).collect();
    let more = users.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "The records of these sources go there: {}{more}. Choose another output layer for them first.",
        shown.join(", ")
    )
}

fn seal(
    password: &SecretString,
    (id, workspace): (&OutputLayerId, &WorkspaceId),
    keys: &KeyRing,
    rng: &Rng,
) -> AppResult<Sealed> {
    Ok(keys.seal(password.expose_secret().as_bytes(), SEALED_PASSWORDS.at(id, workspace), rng)?)
}

sealed_column!(
    /// Passwords of output layers.
    pub SEALED_PASSWORDS = output_layers[id].sealed
);

fn note(tx: &mut Tx<'_>, workspace: &WorkspaceId, event: Event, name: &str, actor: Actor) -> AppResult<()> {
    let entry = Entry { workspace, connection: None, setup_link: None, event, actor, detail: name };
    tx.record(&entry)
}

impl Layer {
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
        Ok(LoadTarget { host, port, database, user, password, schema, tls, ca })
    }
}
