use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::de::DeserializeOwned;

use super::{Approval, Connection, JumpServer};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{ConnectionId, InviteLinkId, MemberId, WorkspaceId};
use crate::connectors::Kind;
use crate::platform::db::schema::{connection_words, connections};
use crate::platform::db::{Conn, count_up_to, is_kept};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = connections)]
pub(super) struct ConnectionRow {
    id: ConnectionId,
    workspace_id: WorkspaceId,
    kind: Kind,
    connector_slug: String,
    slug: String,
    description: String,
    config: String,
    secret_paths: String,
    secret_revisions: String,
    sealed_secrets: Option<Vec<u8>>,
    origins: String,
    missing_count: i32,
    version: i64,
    created_by: Option<MemberId>,
    created_at: UtcTime,
    updated_at: UtcTime,
    finalised_at: Option<UtcTime>,
    deleted_at: Option<UtcTime>,
    invite_link_id: Option<InviteLinkId>,
    identity: String,
    approval: Approval,
    jump_server: Option<String>,
}

impl ConnectionRow {
    pub(super) fn id(&self) -> &ConnectionId {
        &self.id
    }

    pub(super) fn read(self) -> QueryResult<Connection> {
        Ok(Connection {
            config: json(&self.config)?,
            secret_paths: json(&self.secret_paths)?,
            secret_revisions: json(&self.secret_revisions)?,
            origins: json(&self.origins)?,
            sealed_secrets: self.sealed_secrets.map(Sealed::from_bytes),
            id: self.id,
            workspace_id: self.workspace_id,
            kind: self.kind,
            connector_slug: self.connector_slug,
            slug: self.slug,
            description: self.description,
            missing_count: self.missing_count,
            version: self.version,
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
            finalised_at: self.finalised_at,
            deleted_at: self.deleted_at,
            invite_link_id: self.invite_link_id,
            identity: self.identity,
            approval: self.approval,
            jump_server: self.jump_server.as_deref().map(json).transpose()?,
        })
    }
}

pub(super) fn json<T: DeserializeOwned>(text: &str) -> QueryResult<T> {
    serde_json::from_str(text).map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

pub(super) fn text<T: serde::Serialize>(value: &T) -> QueryResult<String> {
    serde_json::to_string(value).map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

/// The connection of that slug; deleted ones are not found.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<Option<Connection>> {
    let found = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::slug.eq(slug))
        .filter(is_kept!(connections))
        .select(ConnectionRow::as_select())
        .get_result(conn)
        .optional()?;
    found.map(ConnectionRow::read).transpose()
}

/// The source or destination of that slug; deleted ones are not found.
pub fn find_of_kind(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    kind: Kind,
    slug: &str,
) -> QueryResult<Option<Connection>> {
    Ok(find(conn, workspace, slug)?.filter(|found| found.kind == kind))
}

/// The connection of that id, even when it is deleted: its links still have to say so.
pub fn find_by_id(conn: &mut Conn, workspace: &WorkspaceId, id: &ConnectionId) -> QueryResult<Option<Connection>> {
    let found = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::id.eq(id))
        .select(ConnectionRow::as_select())
        .get_result(conn)
        .optional()?;
    found.map(ConnectionRow::read).transpose()
}

/// The connection that was made by this very form, so that sending it twice makes one.
pub fn find_by_form_nonce(conn: &mut Conn, workspace: &WorkspaceId, nonce: &str) -> QueryResult<Option<Connection>> {
    let found = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::form_nonce.eq(nonce))
        .select(ConnectionRow::as_select())
        .get_result(conn)
        .optional()?;
    found.map(ConnectionRow::read).transpose()
}

pub(super) fn slug_is_taken(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<bool> {
    let found: Option<ConnectionId> = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::slug.eq(slug))
        .select(connections::id)
        .get_result(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Writes a new, empty draft.
pub(super) fn insert(conn: &mut Conn, new: &Connection, form_nonce: Option<&str>) -> QueryResult<()> {
    diesel::insert_into(connections::table)
        .values((
            connections::id.eq(&new.id),
            connections::workspace_id.eq(&new.workspace_id),
            connections::kind.eq(new.kind),
            connections::connector_slug.eq(&new.connector_slug),
            connections::slug.eq(&new.slug),
            connections::description.eq(&new.description),
            (
                connections::config.eq("{}"),
                connections::secret_paths.eq("[]"),
                connections::origins.eq("{}"),
                connections::missing_count.eq(new.missing_count),
                connections::version.eq(new.version),
                connections::form_nonce.eq(form_nonce),
                connections::created_by.eq(&new.created_by),
                connections::created_at.eq(new.created_at),
                connections::updated_at.eq(new.updated_at),
            ),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Replaces the contents, and counts the version up, if nobody changed the row since this version was read; gives the connection as
/// whoever reads it next finds it.
pub(super) fn replace_contents(conn: &mut Conn, with: Connection, now: UtcTime) -> QueryResult<Option<Connection>> {
    let unchanged = connections::table
        .filter(connections::id.eq(&with.id))
        .filter(connections::workspace_id.eq(&with.workspace_id))
        .filter(connections::version.eq(with.version))
        .filter(is_kept!(connections));
    let config = text(&with.config)?;
    let changed = diesel::update(unchanged)
        .set((
            connections::config.eq(&config),
            connections::secret_paths.eq(text(&with.secret_paths)?),
            connections::secret_revisions.eq(text(&with.secret_revisions)?),
            connections::sealed_secrets.eq(with.sealed_secrets.as_ref().map(Sealed::as_bytes)),
            connections::origins.eq(text(&with.origins)?),
            connections::missing_count.eq(with.missing_count),
            connections::version.eq(with.version + 1),
            connections::updated_at.eq(now),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(None);
    }
    // A long number may lose its last digit on its way through text.
    let config = json(&config)?;
    Ok(Some(Connection { config, version: with.version + 1, updated_at: now, ..with }))
}

/// How many connections that are not deleted each connector has, in all workspaces.
pub fn count_by_connector(conn: &mut Conn) -> QueryResult<BTreeMap<(Kind, String), i64>> {
    let rows: Vec<(Kind, String, i64)> = connections::table
        .filter(connections::deleted_at.is_null())
        .group_by((connections::kind, connections::connector_slug))
        .select((connections::kind, connections::connector_slug, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows.into_iter().map(|(kind, slug, count)| ((kind, slug), count)).collect())
}

/// Takes the row for the rest of the transaction, and says what it is now: nobody finalises or deletes it meanwhile.
pub fn hold(conn: &mut Conn, connection: &Connection) -> QueryResult<super::ConnectionState> {
    let row = || {
        connections::table
            .filter(connections::id.eq(&connection.id))
            .filter(connections::workspace_id.eq(&connection.workspace_id))
    };
    diesel::update(row()).set(connections::updated_at.eq(connections::updated_at)).execute(conn)?;
    let found: Option<(Option<UtcTime>, Option<UtcTime>)> =
        row().select((connections::deleted_at, connections::finalised_at)).get_result(conn).optional()?;
    Ok(match found {
        None | Some((Some(_), _)) => super::ConnectionState::Deleted,
        Some((None, Some(_))) => super::ConnectionState::Finalised,
        Some((None, None)) => super::ConnectionState::Draft,
    })
}

/// Marks a draft final, if it is one and nobody changed its values since it was read.
pub(super) fn finalise(conn: &mut Conn, read: &Connection, now: UtcTime) -> QueryResult<bool> {
    let unchanged = connections::table
        .filter(connections::id.eq(&read.id))
        .filter(connections::workspace_id.eq(&read.workspace_id))
        .filter(connections::version.eq(read.version))
        .filter(connections::finalised_at.is_null())
        .filter(is_kept!(connections));
    let changed = diesel::update(unchanged)
        .set((
            connections::finalised_at.eq(now),
            connections::updated_at.eq(now),
            connections::version.eq(read.version + 1),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn set_description(
    conn: &mut Conn,
    connection: &Connection,
    description: &str,
    now: UtcTime,
) -> QueryResult<bool> {
    let row = connections::table
        .filter(connections::id.eq(&connection.id))
        .filter(connections::workspace_id.eq(&connection.workspace_id))
        .filter(is_kept!(connections));
    let changed = diesel::update(row)
        .set((connections::description.eq(description), connections::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Keeps what is known of the jump server; `false` when somebody kept something else since the connection was read.
pub(super) fn set_jump_server(conn: &mut Conn, read: &Connection, next: &JumpServer) -> QueryResult<bool> {
    let row = connections::table
        .filter(connections::id.eq(&read.id))
        .filter(connections::workspace_id.eq(&read.workspace_id))
        .filter(is_kept!(connections));
    let changed = match &read.jump_server {
        None => diesel::update(row.filter(connections::jump_server.is_null()))
            .set(connections::jump_server.eq(text(next)?))
            .execute(conn)?,
        Some(before) => diesel::update(row.filter(connections::jump_server.eq(text(before)?)))
            .set(connections::jump_server.eq(text(next)?))
            .execute(conn)?,
    };
    Ok(changed == 1)
}

/// Erases a connection's values and marks it deleted; says whether it was there, and a draft unless final ones are meant too.
pub(super) fn erase(conn: &mut Conn, connection: &Connection, final_too: bool, now: UtcTime) -> QueryResult<bool> {
    let row = connections::table
        .filter(connections::id.eq(&connection.id))
        .filter(connections::workspace_id.eq(&connection.workspace_id))
        .filter(is_kept!(connections))
        .filter(connections::finalised_at.is_null().or(final_too.into_sql::<diesel::sql_types::Bool>()));
    let changed = diesel::update(row)
        .set((
            connections::config.eq("{}"),
            connections::secret_paths.eq("[]"),
            connections::secret_revisions.eq("{}"),
            connections::sealed_secrets.eq(None::<Vec<u8>>),
            connections::origins.eq("{}"),
            connections::version.eq(connections::version + 1),
            connections::updated_at.eq(now),
            connections::deleted_at.eq(now),
            connections::jump_server.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Connections of a workspace that were deleted before a moment, at most `limit`.
pub fn deleted_before(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    moment: UtcTime,
    limit: i64,
) -> QueryResult<Vec<ConnectionId>> {
    connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::deleted_at.is_not_null())
        .filter(connections::deleted_at.lt(moment))
        .order(connections::deleted_at)
        .limit(limit)
        .select(connections::id)
        .load(conn)
}

/// Forgets a deleted connection that nothing refers to any more, and the words it was found by.
pub fn forget_deleted(conn: &mut Conn, id: &ConnectionId) -> QueryResult<usize> {
    diesel::delete(connection_words::table.filter(connection_words::connection_id.eq(id))).execute(conn)?;
    diesel::delete(connections::table.find(id).filter(connections::deleted_at.is_not_null())).execute(conn)
}

count_up_to!(
    /// How many deleted connections a workspace has, at most so many.
    count_deleted_up_to, connections, deleted_at
);

/// Notes that something came from outside which nobody of the workspace has looked at.
pub(super) fn note_unseen(conn: &mut Conn, connection: &Connection, now: UtcTime) -> QueryResult<()> {
    let row = connections::table.find(&connection.id).filter(connections::workspace_id.eq(&connection.workspace_id));
    diesel::update(row).set(connections::unseen_at.eq(now)).execute(conn).map(|_| ())
}

/// Whether something waits to be looked at.
pub fn is_unseen(conn: &mut Conn, connection: &Connection) -> QueryResult<bool> {
    let row = connections::table.find(&connection.id).filter(connections::workspace_id.eq(&connection.workspace_id));
    let since: Option<UtcTime> = row.select(connections::unseen_at).get_result(conn)?;
    Ok(since.is_some())
}

/// Notes that a member looks at the connection as it was read; what came meanwhile is still to be looked at.
pub fn note_seen(conn: &mut Conn, connection: &Connection) -> QueryResult<()> {
    let row = connections::table
        .find(&connection.id)
        .filter(connections::workspace_id.eq(&connection.workspace_id))
        .filter(connections::version.eq(connection.version));
    diesel::update(row).set(connections::unseen_at.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}
