//! Streams that were found before and are found again without asking, because nothing has changed since.
//!
//! Why: a connector that is a program takes up to half a minute of a processor only to begin, so it is not begun to say the same again. What
//! is built in is quick, and always asked.
//!
//! What is kept counts for one connector (its whole file, which names the installed version, and its program where the operator put that
//! there), one set of details, secrets among them, and one sign-in. Only a mark of all this is stored; nobody without the master key can
//! tell by it what a detail was.

use secrecy::ExposeSecret as _;

use super::Validation;
use super::store::last_success;
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Marker};
use crate::base::error::{AppError, AppResult};
use crate::connectors::{Connector, RuntimeBlock};
use crate::engines::{Catalog, Engines};
use crate::features::connections::Connection;
use crate::features::oauth;
use crate::platform::db::Conn;
use crate::schema::form::Values;

/// Streams, and when the source was asked for them.
#[derive(Debug, Clone)]
pub(super) struct KeptStreams {
    pub(super) catalog: Catalog,
    pub(super) found_at: UtcTime,
}

/// What a mark is made with.
#[derive(Clone, Copy)]
pub(super) struct MarkPorts<'a> {
    pub(super) engines: &'a Engines,
    pub(super) keys: &'a KeyRing,
}

/// Stands for everything that a connector's streams depend on; `None` for a connector whose streams are not kept.
pub(super) fn mark(
    conn: &mut Conn,
    ports: MarkPorts<'_>,
    connector: &Connector,
    connection: &Connection,
    values: &Values,
) -> AppResult<Option<String>> {
    if !matches!(connector.file.runtime, Some(RuntimeBlock::Airbyte(_))) {
        return Ok(None);
    }
    let sign_in = oauth::of_connection(conn, &connection.workspace_id, &connection.id)?;
    let sign_in = sign_in.map(|one| format!("{} {}", one.grant.id, one.grant.obtained_at.iso())).unwrap_or_default();
    let file = serde_json::to_vec(&connector.file).map_err(AppError::internal)?;
    let plain = serde_json::to_vec(&values.plain).map_err(AppError::internal)?;
    let program = ports.engines.program_stamp(connector);
    let mut parts: Vec<&[u8]> = vec![&file, program.as_bytes(), &plain, sign_in.as_bytes()];
    for (path, secret) in &values.secrets {
        parts.extend([path.as_str().as_bytes(), secret.expose_secret().as_bytes()]);
    }
    Ok(Some(Marker::new(ports.keys, "found streams").text(&parts)))
}

/// What the last success has found, when it was found with the very same.
pub(super) fn find(conn: &mut Conn, keys: &KeyRing, own: &Validation, mark: &str) -> AppResult<Option<KeptStreams>> {
    let last = last_success(conn, &own.workspace_id, &own.connection_id)?;
    let Some(last) = last.filter(|last| last.details.found_mark.as_deref() == Some(mark)) else { return Ok(None) };
    let Some(found_at) = last.details.found_at else { return Ok(None) };
    Ok(Some(KeptStreams { catalog: last.found(keys)?, found_at }))
}
