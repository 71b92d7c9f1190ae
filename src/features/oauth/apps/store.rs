use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{OauthAppId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::oauth_apps;

/// A workspace's client at a provider; its secrets stay sealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = oauth_apps)]
pub struct AppRow {
    /// Its id.
    pub id: OauthAppId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The provider's name in connector files.
    pub provider: String,
    /// The public name.
    pub client_id: String,
    /// Client secret and constants.
    pub(super) sealed: Vec<u8>,
    /// Grows with every change.
    pub(super) version: i64,
    /// When it last changed.
    pub updated_at: UtcTime,
}

/// What is written.
pub(super) struct Contents<'a> {
    pub(super) client_id: &'a str,
    pub(super) sealed: &'a Sealed,
    pub(super) now: UtcTime,
}

/// The workspace's apps, by provider.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<AppRow>> {
    oauth_apps::table
        .filter(oauth_apps::workspace_id.eq(workspace))
        .order(oauth_apps::provider)
        .select(AppRow::as_select())
        .load(conn)
}

/// The workspace's app at a provider.
pub(super) fn find(conn: &mut Conn, workspace: &WorkspaceId, provider: &str) -> QueryResult<Option<AppRow>> {
    oauth_apps::table
        .filter(oauth_apps::workspace_id.eq(workspace))
        .filter(oauth_apps::provider.eq(provider))
        .select(AppRow::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn insert(
    conn: &mut Conn,
    id: &OauthAppId,
    workspace: &WorkspaceId,
    provider: &str,
    contents: &Contents<'_>,
) -> QueryResult<()> {
    diesel::insert_into(oauth_apps::table)
        .values((
            oauth_apps::id.eq(id),
            oauth_apps::workspace_id.eq(workspace),
            oauth_apps::provider.eq(provider),
            oauth_apps::client_id.eq(contents.client_id),
            oauth_apps::sealed.eq(contents.sealed.as_bytes()),
            oauth_apps::version.eq(0_i64),
            oauth_apps::created_at.eq(contents.now),
            oauth_apps::updated_at.eq(contents.now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes an app that nobody changed since it was read; says whether it did.
pub(super) fn replace(conn: &mut Conn, read: &AppRow, contents: &Contents<'_>) -> QueryResult<bool> {
    let unchanged = oauth_apps::table.find(&read.id).filter(oauth_apps::version.eq(read.version));
    let changed = diesel::update(unchanged)
        .set((
            oauth_apps::client_id.eq(contents.client_id),
            oauth_apps::sealed.eq(contents.sealed.as_bytes()),
            oauth_apps::version.eq(read.version + 1),
            oauth_apps::updated_at.eq(contents.now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn delete(conn: &mut Conn, workspace: &WorkspaceId, provider: &str) -> QueryResult<bool> {
    let row =
        oauth_apps::table.filter(oauth_apps::workspace_id.eq(workspace)).filter(oauth_apps::provider.eq(provider));
    Ok(diesel::delete(row).execute(conn)? == 1)
}
