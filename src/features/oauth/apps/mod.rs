//! What a provider knows this installation as: a client id and a secret, once for each provider. A workspace has its own, or uses
//! one that the operator set for everybody.
//!
//! Invariants: secrets are stored sealed and never shown again; a blank secret keeps the one that is there; the workspace's own app
//! comes before the operator's.

pub mod pages;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use store::{AppRow, list};

use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed, exposed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{OauthAppId, WorkspaceId};
use crate::connectors::provider::ProviderBlock;
use crate::connectors::{Connector, Connectors};
use crate::features::oauth::provider_client::AppSecrets;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::config::OauthConfig;
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// A provider that connectors of this installation can sign in with.
#[derive(Debug, Clone)]
pub struct Offered {
    /// One of its blocks: name, guide.
    pub block: ProviderBlock,
    /// What the operator gives beside client id and secret, of all its connectors: (name, label, hint).
    pub constants: Vec<(String, String, String)>,
    /// The connectors that sign in with it, by name.
    pub connectors: Vec<String>,
}

/// Every provider the catalogue has a block for, by name for people.
pub fn providers(connectors: &Connectors) -> Vec<Offered> {
    let mut found: BTreeMap<String, Offered> = BTreeMap::new();
    for connector in connectors.all() {
        let Some(block) = connector.oauth() else { continue };
        let offered = found.entry(block.provider.clone()).or_insert_with(|| Offered {
            block: block.as_ref().clone(),
            constants: Vec::new(),
            connectors: Vec::new(),
        });
        offered.connectors.push(connector.name().to_owned());
        for (name, constant) in block.operator_constants() {
            if !offered.constants.iter().any(|(known, ..)| known == name) {
                offered.constants.push((name.to_owned(), constant.label.clone(), constant.hint.clone()));
            }
        }
    }
    let mut all: Vec<Offered> = found.into_values().collect();
    all.sort_by_key(|offered| offered.block.name.to_lowercase());
    all
}

/// What an app's sealed column holds.
#[derive(Serialize, Deserialize)]
struct StoredAppSecrets {
    #[serde(serialize_with = "exposed::text")]
    client_secret: SecretString,
    #[serde(serialize_with = "exposed::map")]
    constants: BTreeMap<String, SecretString>,
}

sealed_column!(
    /// Client secrets of OAuth apps.
    pub SEALED_APPS = oauth_apps[id].sealed
);

/// What was given for an app. A blank secret keeps the one that is there.
#[derive(Debug, Clone)]
pub struct AppForm {
    /// The public name.
    pub client_id: String,
    /// Its secret; `None` keeps.
    pub client_secret: Option<SecretString>,
    /// Constants by name; those that are not there are kept.
    pub constants: BTreeMap<String, SecretString>,
}

/// Sets the workspace's app at a provider.
///
/// # Errors
/// [`AppError::Conflict`] when there is no secret to keep, or somebody else changed it at the same moment.
pub fn save(tx: &mut Tx<'_>, workspace: &WorkspaceId, provider: &str, form: &AppForm, actor: Actor) -> AppResult<()> {
    let read = store::find(tx.conn, workspace, provider)?;
    let before = read.as_ref().map(|row| open(row, tx.keys)).transpose()?;
    let id = read.as_ref().map_or_else(|| OauthAppId::new(tx.now, tx.rng), |row| row.id.clone());
    let sealed = tx.keys.seal(&merged(before, form)?, SEALED_APPS.at(&id, workspace), tx.rng)?;
    let contents = store::AppContents { client_id: &form.client_id, sealed: &sealed, now: tx.now };
    match &read {
        None => store::insert(tx.conn, &id, workspace, provider, &contents)?,
        Some(row) if store::replace(tx.conn, row, &contents)? => {}
        Some(_) => return Err(AppError::Conflict("Somebody else changed this app at the same moment. Try again.")),
    }
    note(tx, workspace, Event::OauthAppSet, provider, actor)
}

fn merged(before: Option<StoredAppSecrets>, form: &AppForm) -> AppResult<Zeroizing<Vec<u8>>> {
    let (kept, mut constants) = before.map(|secrets| (secrets.client_secret, secrets.constants)).unzip();
    let client_secret = form.client_secret.clone().or(kept).ok_or(AppError::Conflict("Enter the client secret."))?;
    constants.get_or_insert_default().extend(form.constants.clone());
    let secrets = StoredAppSecrets { client_secret, constants: constants.unwrap_or_default() };
    serde_json::to_vec(&secrets).map(Zeroizing::new).map_err(AppError::internal)
}

/// Removes the workspace's app; `false` when there was none.
///
/// # Errors
/// Only internal ones.
pub fn remove(tx: &mut Tx<'_>, workspace: &WorkspaceId, provider: &str, actor: Actor) -> AppResult<bool> {
    let removed = store::delete(tx.conn, workspace, provider)?;
    if removed {
        note(tx, workspace, Event::OauthAppRemoved, provider, actor)?;
    }
    Ok(removed)
}

fn note(tx: &mut Tx<'_>, workspace: &WorkspaceId, event: Event, provider: &str, actor: Actor) -> AppResult<()> {
    let entry = Entry { workspace, connection: None, setup_link: None, event, actor, detail: provider };
    tx.record(&entry)
}

fn open(row: &AppRow, keys: &KeyRing) -> AppResult<StoredAppSecrets> {
    let plain = keys.open(&Sealed::from_bytes(row.sealed.clone()), SEALED_APPS.at(&row.id, &row.workspace_id))?;
    serde_json::from_slice(&plain).map_err(AppError::internal)
}

/// The keys of the app that a workspace signs in with, its own before the operator's; `None` when neither has one.
///
/// # Errors
/// Only internal ones.
pub fn keys_for(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    provider: &str,
    keys: &KeyRing,
    instance: &OauthConfig,
) -> AppResult<Option<AppSecrets>> {
    if let Some(row) = store::find(conn, workspace, provider)? {
        let secrets = open(&row, keys)?;
        let StoredAppSecrets { client_secret, constants } = secrets;
        return Ok(Some(AppSecrets { client_id: row.client_id, client_secret, constants }));
    }
    Ok(instance.apps.get(provider).map(|app| AppSecrets {
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
        constants: app.constants.clone(),
    }))
}

/// A provider, and where the workspace's app there comes from.
struct ProviderApp {
    offered: Offered,
    standing: AppStanding,
}

/// Where a workspace's app at a provider comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppStanding {
    /// The workspace has set it.
    Own {
        /// The public name.
        client_id: String,
        /// When it last changed.
        updated_at: UtcTime,
        /// Constants that are set.
        constants: Vec<String>,
    },
    /// The operator has set it for everybody.
    Instance,
    /// Nobody has.
    Missing,
}

/// Where the apps of all these providers come from, in their order.
///
/// # Errors
/// Only internal ones.
pub fn standings(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    providers: &[Offered],
    keys: &KeyRing,
    instance: &OauthConfig,
) -> AppResult<Vec<AppStanding>> {
    let rows = store::list(conn, workspace)?;
    let standing = |offered: &Offered| {
        let id = &offered.block.provider;
        match rows.iter().find(|row| row.provider == *id) {
            Some(row) => Ok(AppStanding::Own {
                client_id: row.client_id.clone(),
                updated_at: row.updated_at,
                constants: open(row, keys)?.constants.into_keys().collect(),
            }),
            None if instance.apps.contains_key(id) => Ok(AppStanding::Instance),
            None => Ok(AppStanding::Missing),
        }
    };
    providers.iter().map(standing).collect()
}

/// Whether somebody could sign in for this connector: it has a block, and the workspace or the operator an app. `None` without a block.
///
/// # Errors
/// The database cannot be asked.
pub async fn is_ready(app: &App, connector: &Arc<Connector>, workspace: &WorkspaceId) -> AppResult<Option<bool>> {
    let Some(block) = connector.oauth() else { return Ok(None) };
    if app.config.oauth.apps.contains_key(&block.provider) {
        return Ok(Some(true));
    }
    let (workspace, provider) = (workspace.clone(), block.provider.clone());
    app.db.read(move |conn| Ok(Some(store::find(conn, &workspace, &provider)?.is_some()))).await
}

/// The providers for which the workspace or the operator has an app, in one question.
///
/// # Errors
/// The database cannot be asked.
pub async fn ready(app: &App, workspace: &WorkspaceId) -> AppResult<BTreeSet<String>> {
    let (workspace, of_operator) = (workspace.clone(), app.config.oauth.apps.keys().cloned());
    let own = app.db.read(move |conn| Ok(store::list(conn, &workspace)?)).await?;
    Ok(own.into_iter().map(|row| row.provider).chain(of_operator).collect())
}

/// Whether the app of a connector's provider is among those.
pub fn has(ready: &BTreeSet<String>, connector: &Connector) -> bool {
    connector.oauth().is_some_and(|block| ready.contains(&block.provider))
}
