//! The callback webhook of one connection: an address, and a header of the receiver's choice. Write-only: nothing of it is given back
//! but that there is one (and, to members, where it goes).

pub mod pages;
mod store;

pub(super) use store::{CallbackRow, disable, find};
pub use store::{has_callback, with_callback};

use secrecy::{ExposeSecret as _, SecretString};

use super::deliveries;
use super::validate::{self, CustomHeader, FieldProblem};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections::Connection;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// A callback webhook as it was given, read and found in order; whether its host is public is for [`check_callback`] to say.
#[derive(Debug, Clone)]
pub struct CallbackWebhook {
    /// Where it goes.
    pub url: HttpsUrl,
    /// The header to send along.
    pub header: Option<CustomHeader>,
}

/// A callback webhook as a member's page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackShown {
    /// Where it goes.
    pub url: String,
    /// The name of its header; the value is never shown.
    pub header_name: Option<String>,
    /// When it was last changed.
    pub updated_at: UtcTime,
    /// Since when nothing is sent, and why.
    pub disabled: Option<(UtcTime, String)>,
}

impl CallbackWebhook {
    /// Judges what was given, without asking the DNS.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(
        url: &str,
        header_name: Option<&str>,
        header_value: Option<SecretString>,
    ) -> Result<Self, FieldProblem> {
        Ok(Self { url: validate::address(url)?, header: CustomHeader::parse(header_name, header_value)? })
    }
}

/// Judges where it leads at this moment; call it before [`set_callback`], outside any transaction.
///
/// # Errors
/// The host is unknown, or not public.
pub async fn check_callback(app: &App, callback: &CallbackWebhook) -> Result<(), FieldProblem> {
    Ok(app.http.judge(&callback.url).await?)
}

sealed_column!(
    /// Header values of callback webhooks.
    pub SEALED_HEADERS = callback_webhooks[connection_id].sealed_header
);

/// Sets a connection's callback webhook, or puts another in its place; what waits to be sent goes to the new one.
///
/// # Errors
/// Only internal ones.
pub fn set_callback(
    tx: &mut Tx<'_>,
    connection: &Connection,
    callback: &CallbackWebhook,
    actor: Actor,
) -> AppResult<()> {
    let at = SEALED_HEADERS.at(&connection.id, &connection.workspace_id);
    let seal = |header: &CustomHeader| tx.keys.seal(header.value.expose_secret().as_bytes(), at, tx.rng);
    let sealed = callback.header.as_ref().map(seal).transpose()?;
    put(
        tx.conn,
        connection,
        &callback.url,
        callback.header.as_ref().map(|header| header.name.as_str()),
        sealed.as_ref(),
        tx.now,
    )?;
    note(tx, connection, Event::CallbackSet, &callback.url.host(), actor)
}

/// Changes the address and keeps the header that was set before.
pub(super) fn move_callback(tx: &mut Tx<'_>, connection: &Connection, url: &HttpsUrl, actor: Actor) -> AppResult<()> {
    let row = find(tx.conn, &connection.id)?.ok_or(AppError::NotFound)?;
    let sealed = row.sealed_header.map(Sealed::from_bytes);
    put(tx.conn, connection, url, row.header_name.as_deref(), sealed.as_ref(), tx.now)?;
    note(tx, connection, Event::CallbackSet, &url.host(), actor)
}

fn put(
    conn: &mut Conn,
    connection: &Connection,
    url: &HttpsUrl,
    header: Option<&str>,
    sealed: Option<&Sealed>,
    now: UtcTime,
) -> AppResult<()> {
    store::put(conn, (&connection.workspace_id, &connection.id), url.as_str(), header.zip(sealed), now)?;
    Ok(deliveries::redirect_callback(conn, &connection.id, url)?)
}

/// Removes a connection's callback webhook; what waits to be sent is not sent. `false` when there was none.
///
/// # Errors
/// Only internal ones.
pub fn remove_callback(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<bool> {
    let Some(row) = find(tx.conn, &connection.id)? else { return Ok(false) };
    store::delete(tx.conn, &connection.workspace_id, &connection.id)?;
    deliveries::disable_callback(tx.conn, &connection.id, None, tx.now)?;
    note(tx, connection, Event::CallbackRemoved, &row.host(), actor)?;
    Ok(true)
}

/// What a member's page may know of it.
///
/// # Errors
/// The database cannot be asked.
pub fn find_callback(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> AppResult<Option<CallbackShown>> {
    let row = find(conn, connection)?.filter(|row| &row.workspace_id == workspace);
    Ok(row.map(|row| CallbackShown {
        disabled: row.disabled_at.map(|at| (at, row.disabled_reason.clone())),
        url: row.url,
        header_name: row.header_name,
        updated_at: row.updated_at,
    }))
}

fn note(tx: &mut Tx<'_>, connection: &Connection, event: Event, host: &str, actor: Actor) -> AppResult<()> {
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor,
        detail: host,
    };
    tx.record(&entry)
}

impl CallbackRow {
    /// The receiver's host, for people.
    pub(super) fn host(&self) -> String {
        HttpsUrl::parse(&self.url).map(|url| url.host()).unwrap_or_default()
    }

    /// The header with its value, for the request.
    pub(super) fn header(&self, keys: &KeyRing) -> AppResult<Option<CustomHeader>> {
        let Some((name, sealed)) = self.header_name.clone().zip(self.sealed_header.clone()) else { return Ok(None) };
        let value =
            keys.open(&Sealed::from_bytes(sealed), SEALED_HEADERS.at(&self.connection_id, &self.workspace_id))?;
        Ok(Some(CustomHeader { name, value: SecretString::from(String::from_utf8_lossy(&value).into_owned()) }))
    }
}
