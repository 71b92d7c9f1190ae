use diesel::prelude::*;

use super::NewEndpoint;
use crate::base::clock::UtcTime;
use crate::base::ids::{WebhookEndpointId, WorkspaceId};
use crate::features::webhooks::EventKind;
use crate::platform::db::Conn;
use crate::platform::db::schema::webhook_endpoints;

/// An endpoint as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
pub struct EndpointRow {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where it is.
    pub url: String,
    /// What it is; possibly empty.
    pub description: String,
    pub(super) events: String,
    /// When it was added.
    pub created_at: UtcTime,
    /// Since when nothing is sent there.
    pub disabled_at: Option<UtcTime>,
    /// Why.
    pub disabled_reason: String,
    /// When it was deleted.
    pub deleted_at: Option<UtcTime>,
}

fn names(events: &[EventKind]) -> String {
    events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn insert(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
    new: &NewEndpoint,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::insert_into(webhook_endpoints::table)
        .values((
            webhook_endpoints::id.eq(id),
            webhook_endpoints::workspace_id.eq(workspace),
            webhook_endpoints::url.eq(new.url.as_str()),
            webhook_endpoints::description.eq(&new.description),
            webhook_endpoints::events.eq(names(&new.events)),
            webhook_endpoints::created_at.eq(now),
            webhook_endpoints::disabled_reason.eq(""),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The endpoints of a workspace that are not deleted, the newest first.
pub(super) fn list(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<EndpointRow>> {
    webhook_endpoints::table
        .filter(webhook_endpoints::workspace_id.eq(workspace))
        .filter(webhook_endpoints::deleted_at.is_null())
        .order((webhook_endpoints::created_at.desc(), webhook_endpoints::id.desc()))
        .select(EndpointRow::as_select())
        .load(conn)
}

/// The endpoint of that id, deleted or not.
pub(in crate::features::webhooks) fn find_any(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
) -> QueryResult<Option<EndpointRow>> {
    webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::workspace_id.eq(workspace))
        .select(EndpointRow::as_select())
        .get_result(conn)
        .optional()
}

/// The endpoints that want to hear of such an event.
pub(in crate::features::webhooks) fn subscribed(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    kind: EventKind,
) -> QueryResult<Vec<EndpointRow>> {
    Ok(list(conn, workspace)?.into_iter().filter(|row| row.events().contains(&kind)).collect())
}

pub(super) fn update(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
    new: &NewEndpoint,
) -> QueryResult<bool> {
    let row = webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::workspace_id.eq(workspace))
        .filter(webhook_endpoints::deleted_at.is_null());
    let changed = diesel::update(row)
        .set((
            webhook_endpoints::url.eq(new.url.as_str()),
            webhook_endpoints::description.eq(&new.description),
            webhook_endpoints::events.eq(names(&new.events)),
            webhook_endpoints::disabled_at.eq(None::<UtcTime>),
            webhook_endpoints::disabled_reason.eq(""),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn mark_deleted(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
    now: UtcTime,
) -> QueryResult<()> {
    let row = webhook_endpoints::table.find(id).filter(webhook_endpoints::workspace_id.eq(workspace));
    diesel::update(row).set(webhook_endpoints::deleted_at.eq(now)).execute(conn).map(|_| ())
}

/// Sends nothing more there; says whether that is new. An endpoint that is elsewhere by now stays as it is.
pub(in crate::features::webhooks) fn disable(
    conn: &mut Conn,
    id: &WebhookEndpointId,
    url: &str,
    reason: &str,
    now: UtcTime,
) -> QueryResult<bool> {
    let row = webhook_endpoints::table
        .find(id)
        .filter(webhook_endpoints::url.eq(url))
        .filter(webhook_endpoints::disabled_at.is_null());
    let changed = diesel::update(row)
        .set((webhook_endpoints::disabled_at.eq(now), webhook_endpoints::disabled_reason.eq(reason)))
        .execute(conn)?;
    Ok(changed == 1)
}
