use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{WebhookSecretId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::webhook_secrets;

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_secrets)]
pub(in crate::features::webhooks) struct SecretRow {
    pub(in crate::features::webhooks) id: WebhookSecretId,
    pub(in crate::features::webhooks) sealed: Vec<u8>,
    pub(super) created_at: UtcTime,
    pub(super) ends_at: Option<UtcTime>,
}

pub(super) fn insert(
    conn: &mut Conn,
    id: &WebhookSecretId,
    workspace: &WorkspaceId,
    sealed: &Sealed,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::insert_into(webhook_secrets::table)
        .values((
            webhook_secrets::id.eq(id),
            webhook_secrets::workspace_id.eq(workspace),
            webhook_secrets::sealed.eq(sealed.as_bytes()),
            webhook_secrets::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Gives every secret without an end this one.
pub(super) fn end_all(conn: &mut Conn, workspace: &WorkspaceId, at: UtcTime) -> QueryResult<()> {
    let endless = webhook_secrets::table
        .filter(webhook_secrets::workspace_id.eq(workspace))
        .filter(webhook_secrets::ends_at.is_null());
    diesel::update(endless).set(webhook_secrets::ends_at.eq(at)).execute(conn).map(|_| ())
}

/// The secrets that sign now, the newest first.
pub(super) fn living(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> QueryResult<Vec<SecretRow>> {
    webhook_secrets::table
        .filter(webhook_secrets::workspace_id.eq(workspace))
        .filter(webhook_secrets::ends_at.is_null().or(webhook_secrets::ends_at.gt(now)))
        .order((webhook_secrets::created_at.desc(), webhook_secrets::id.desc()))
        .select(SecretRow::as_select())
        .load(conn)
}

pub(super) fn delete_ended(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    diesel::delete(webhook_secrets::table.filter(webhook_secrets::ends_at.le(now))).execute(conn).map(|_| ())
}
