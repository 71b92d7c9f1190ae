use std::collections::HashSet;

use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections::Connection;
use crate::platform::db::schema::callback_webhooks;
use crate::platform::db::{Conn, of_workspace};

/// A callback webhook as it is stored; the header's value stays sealed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = callback_webhooks)]
pub(in crate::features::webhooks) struct CallbackRow {
    pub(in crate::features::webhooks) connection_id: ConnectionId,
    pub(in crate::features::webhooks) workspace_id: WorkspaceId,
    pub(in crate::features::webhooks) url: String,
    pub(in crate::features::webhooks) header_name: Option<String>,
    pub(super) sealed_header: Option<Vec<u8>>,
    pub(super) updated_at: UtcTime,
    pub(in crate::features::webhooks) disabled_at: Option<UtcTime>,
    pub(super) disabled_reason: String,
}

pub(in crate::features::webhooks) fn find(
    conn: &mut Conn,
    connection: &ConnectionId,
) -> QueryResult<Option<CallbackRow>> {
    callback_webhooks::table.find(connection).select(CallbackRow::as_select()).get_result(conn).optional()
}

/// Whether a connection has a callback webhook.
pub fn has_callback(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<bool> {
    let row = callback_webhooks::table.find(connection).filter(callback_webhooks::workspace_id.eq(workspace));
    let found: Option<ConnectionId> = row.select(callback_webhooks::connection_id).get_result(conn).optional()?;
    Ok(found.is_some())
}

/// Which of these connections have a callback webhook.
pub fn with_callback(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    of: &[ConnectionId],
) -> QueryResult<HashSet<ConnectionId>> {
    let found: Vec<ConnectionId> = callback_webhooks::table
        .filter(of_workspace!(callback_webhooks, workspace))
        .filter(callback_webhooks::connection_id.eq_any(of.iter().map(ConnectionId::as_str)))
        .select(callback_webhooks::connection_id)
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// The header to send along, as it is stored.
#[derive(Clone, Copy)]
pub(super) struct SealedHeader<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Sealed,
}

/// Puts a callback webhook in the place of whatever was there; it is in force.
pub(super) fn put(
    conn: &mut Conn,
    connection: &Connection,
    url: &HttpsUrl,
    header: Option<SealedHeader<'_>>,
    now: UtcTime,
) -> QueryResult<()> {
    delete(conn, &connection.workspace_id, &connection.id)?;
    diesel::insert_into(callback_webhooks::table)
        .values((
            callback_webhooks::connection_id.eq(&connection.id),
            callback_webhooks::workspace_id.eq(&connection.workspace_id),
            callback_webhooks::url.eq(url.as_str()),
            callback_webhooks::header_name.eq(header.map(|header| header.name)),
            callback_webhooks::sealed_header.eq(header.map(|header| header.value.as_bytes())),
            callback_webhooks::updated_at.eq(now),
            callback_webhooks::disabled_reason.eq(""),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn delete(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<()> {
    let row = callback_webhooks::table.find(connection).filter(callback_webhooks::workspace_id.eq(workspace));
    diesel::delete(row).execute(conn).map(|_| ())
}

/// Sends nothing more there; says whether that is new. A callback that goes elsewhere by now stays as it is.
pub(in crate::features::webhooks) fn disable(
    conn: &mut Conn,
    connection: &ConnectionId,
    url: &str,
    reason: &str,
    now: UtcTime,
) -> QueryResult<bool> {
    let row = callback_webhooks::table
        .find(connection)
        .filter(callback_webhooks::url.eq(url))
        .filter(callback_webhooks::disabled_at.is_null());
    let changed = diesel::update(row)
        .set((callback_webhooks::disabled_at.eq(now), callback_webhooks::disabled_reason.eq(reason)))
        .execute(conn)?;
    Ok(changed == 1)
}
