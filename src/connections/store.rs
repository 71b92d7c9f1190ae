use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::de::DeserializeOwned;

use super::{Connection, FieldOrigin};
use crate::clock::UtcTime;
use crate::connectors::Kind;
use crate::crypto::Sealed;
use crate::db::Conn;
use crate::db::conn::MultiBackend;
use crate::db::cursor::{Cursor, Cut, Wanted};
use crate::db::schema::connections;
use crate::forms::FieldPath;
use crate::ids::{ConnectionId, MemberId, WorkspaceId};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = connections)]
struct Row {
    id: ConnectionId,
    workspace_id: WorkspaceId,
    kind: Kind,
    connector_slug: String,
    slug: String,
    description: String,
    config: String,
    secret_paths: String,
    sealed_secrets: Option<Vec<u8>>,
    origins: String,
    missing_count: i32,
    version: i64,
    created_by: Option<MemberId>,
    created_at: UtcTime,
    updated_at: UtcTime,
    finalised_at: Option<UtcTime>,
    deleted_at: Option<UtcTime>,
}

impl Row {
    fn read(self) -> QueryResult<Connection> {
        Ok(Connection {
            config: json(&self.config)?,
            secret_paths: json(&self.secret_paths)?,
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
        })
    }
}

fn json<T: DeserializeOwned>(text: &str) -> QueryResult<T> {
    serde_json::from_str(text).map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

fn text<T: serde::Serialize>(value: &T) -> QueryResult<String> {
    serde_json::to_string(value).map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

/// The connection of that slug; deleted ones are not found.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<Option<Connection>> {
    let found = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::slug.eq(slug))
        .filter(connections::deleted_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    found.map(Row::read).transpose()
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
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    found.map(Row::read).transpose()
}

/// The connection that was made by this very form, so that sending it twice makes one.
pub fn find_by_form_nonce(conn: &mut Conn, workspace: &WorkspaceId, nonce: &str) -> QueryResult<Option<Connection>> {
    let found = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::form_nonce.eq(nonce))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    found.map(Row::read).transpose()
}

pub(super) fn slug_is_taken(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<bool> {
    let found: Option<ConnectionId> = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::slug.eq(slug))
        .select(connections::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// A new, empty draft.
pub(super) struct NewConnection<'a> {
    pub(super) id: &'a ConnectionId,
    pub(super) workspace_id: &'a WorkspaceId,
    pub(super) kind: Kind,
    pub(super) connector_slug: &'a str,
    pub(super) slug: &'a str,
    pub(super) description: &'a str,
    pub(super) missing_count: i32,
    pub(super) form_nonce: Option<&'a str>,
    pub(super) created_by: Option<&'a MemberId>,
    pub(super) now: UtcTime,
}

impl NewConnection<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(connections::table)
            .values((
                connections::id.eq(self.id),
                connections::workspace_id.eq(self.workspace_id),
                connections::kind.eq(self.kind),
                connections::connector_slug.eq(self.connector_slug),
                connections::slug.eq(self.slug),
                connections::description.eq(self.description),
                (
                    connections::config.eq("{}"),
                    connections::secret_paths.eq("[]"),
                    connections::origins.eq("{}"),
                    connections::missing_count.eq(self.missing_count),
                    connections::version.eq(0_i64),
                    connections::form_nonce.eq(self.form_nonce),
                    connections::created_by.eq(self.created_by),
                    connections::created_at.eq(self.now),
                    connections::updated_at.eq(self.now),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// New contents of a draft.
pub(super) struct Contents<'a> {
    pub(super) config: &'a serde_json::Map<String, serde_json::Value>,
    pub(super) secret_paths: &'a BTreeSet<FieldPath>,
    pub(super) sealed_secrets: Option<&'a Sealed>,
    pub(super) origins: &'a BTreeMap<FieldPath, FieldOrigin>,
    pub(super) missing_count: i32,
}

/// Replaces a draft's contents if nobody changed it since it was read; says whether it did.
pub(super) fn replace_contents(
    conn: &mut Conn,
    read: &Connection,
    contents: &Contents<'_>,
    now: UtcTime,
) -> QueryResult<bool> {
    let unchanged = connections::table
        .filter(connections::id.eq(&read.id))
        .filter(connections::workspace_id.eq(&read.workspace_id))
        .filter(connections::version.eq(read.version))
        .filter(connections::finalised_at.is_null())
        .filter(connections::deleted_at.is_null());
    let changed = diesel::update(unchanged)
        .set((
            connections::config.eq(text(contents.config)?),
            connections::secret_paths.eq(text(contents.secret_paths)?),
            connections::sealed_secrets.eq(contents.sealed_secrets.map(Sealed::as_bytes)),
            connections::origins.eq(text(contents.origins)?),
            connections::missing_count.eq(contents.missing_count),
            connections::version.eq(read.version + 1),
            connections::updated_at.eq(now),
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
        .filter(connections::deleted_at.is_null());
    let changed = diesel::update(row)
        .set((connections::description.eq(description), connections::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Erases a draft's values and marks it deleted; says whether it was a draft.
pub(super) fn erase_draft(conn: &mut Conn, connection: &Connection, now: UtcTime) -> QueryResult<bool> {
    let row = connections::table
        .filter(connections::id.eq(&connection.id))
        .filter(connections::workspace_id.eq(&connection.workspace_id))
        .filter(connections::finalised_at.is_null())
        .filter(connections::deleted_at.is_null());
    let changed = diesel::update(row)
        .set((
            connections::config.eq("{}"),
            connections::secret_paths.eq("[]"),
            connections::sealed_secrets.eq(None::<Vec<u8>>),
            connections::origins.eq("{}"),
            connections::version.eq(connections::version + 1),
            connections::updated_at.eq(now),
            connections::deleted_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// One line of the list.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = connections)]
pub struct ListRow {
    /// Its id.
    pub id: ConnectionId,
    /// Source or destination.
    pub kind: Kind,
    /// Which connector.
    pub connector_slug: String,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub description: String,
    /// How many required fields are still empty.
    pub missing_count: i32,
    /// Zero as long as nothing was filled in.
    pub version: i64,
    /// When it last changed.
    pub updated_at: UtcTime,
    /// When it was finalised.
    pub finalised_at: Option<UtcTime>,
}

/// Which connections a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words the description, slug or connector must contain (as one text).
    pub query: String,
    /// Only these.
    pub state: Option<StateFilter>,
    /// Only sources, or only destinations.
    pub kind: Option<Kind>,
    /// Only those of this connector.
    pub connector: Option<String>,
    /// Only drafts, or only what is none any more.
    pub draft: Option<bool>,
    /// Only older than this place: (changed at, id) of the last row seen.
    pub before: Option<(UtcTime, ConnectionId)>,
}

/// The states one can filter by without asking anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFilter {
    /// Drafts with something missing.
    Missing,
    /// Drafts with nothing missing.
    FilledIn,
    /// Finalised ones.
    Finalised,
}

/// The workspace's connections, last changed first; at most `limit`.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId, filter: &Filter, limit: i64) -> QueryResult<Vec<ListRow>> {
    let mut query = narrowed(workspace, filter);
    if let Some((at, id)) = &filter.before {
        let older =
            connections::updated_at.lt(*at).or(connections::updated_at.eq(*at).and(connections::id.lt(id.clone())));
        query = query.filter(older);
    }
    query
        .order((connections::updated_at.desc(), connections::id.desc()))
        .limit(limit)
        .select(ListRow::as_select())
        .load(conn)
}

/// How many connections a filter shows.
pub fn count(conn: &mut Conn, workspace: &WorkspaceId, filter: &Filter) -> QueryResult<usize> {
    let found: i64 = narrowed(workspace, filter).count().get_result(conn)?;
    Ok(usize::try_from(found).unwrap_or(0))
}

/// One page of the workspace's connections, newest first; `count` is how many there are in all. Ids sort by the time they were
/// made, and nothing changes them, so no row moves while somebody turns the pages.
pub fn page(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &Filter,
    wanted: &Wanted,
    count: usize,
) -> QueryResult<Cut<Connection>> {
    let one_more = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, filter).limit(one_more);
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(connections::id.desc()), false),
        Some(Cursor::After(id)) => (query.filter(connections::id.lt(id.clone())).order(connections::id.desc()), false),
        Some(Cursor::Before(id)) => (query.filter(connections::id.gt(id.clone())).order(connections::id.asc()), true),
    };
    let mut found: Vec<Row> = query.select(Row::as_select()).load(conn)?;
    let more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    if backwards {
        found.reverse();
    }
    let (has_before, has_after) = if backwards { (more, true) } else { (wanted.cursor.is_some(), more) };
    Ok(Cut { count, has_before, has_after, rows: found.into_iter().map(Row::read).collect::<QueryResult<_>>()? })
}

/// The connections a filter shows, in no order yet.
fn narrowed<'a>(workspace: &'a WorkspaceId, filter: &'a Filter) -> connections::BoxedQuery<'a, MultiBackend> {
    let mut query = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::deleted_at.is_null())
        .into_boxed();
    if !filter.query.is_empty() {
        let escaped = filter.query.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = format!("%{escaped}%");
        let contains = |column: &str| diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("lower({column}) LIKE "));
        query = query.filter(
            contains("description")
                .bind::<diesel::sql_types::Text, _>(pattern.clone())
                .sql(" ESCAPE '\\'")
                .or(contains("connector_slug").bind::<diesel::sql_types::Text, _>(pattern.clone()).sql(" ESCAPE '\\'"))
                .or(contains("slug").bind::<diesel::sql_types::Text, _>(pattern).sql(" ESCAPE '\\'")),
        );
    }
    if let Some(kind) = filter.kind {
        query = query.filter(connections::kind.eq(kind));
    }
    if let Some(connector) = &filter.connector {
        query = query.filter(connections::connector_slug.eq(connector));
    }
    query = match filter.draft {
        None => query,
        Some(true) => query.filter(connections::finalised_at.is_null()),
        Some(false) => query.filter(connections::finalised_at.is_not_null()),
    };
    match filter.state {
        None => query,
        Some(StateFilter::Missing) => {
            query.filter(connections::finalised_at.is_null().and(connections::missing_count.gt(0)))
        }
        Some(StateFilter::FilledIn) => {
            query.filter(connections::finalised_at.is_null().and(connections::missing_count.eq(0)))
        }
        Some(StateFilter::Finalised) => query.filter(connections::finalised_at.is_not_null()),
    }
}

/// Up to `limit` connections whose secrets are sealed with another key than the one that begins with `current`,
/// after the id `after`; for the rotation of master keys.
pub(super) fn sealed_after(conn: &mut Conn, after: &ConnectionId, limit: i64) -> QueryResult<Vec<Connection>> {
    let rows = connections::table
        .filter(connections::id.gt(after))
        .filter(connections::sealed_secrets.is_not_null())
        .order(connections::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::read).collect()
}

/// Puts a re-sealed value in the place of the one that was read, unless somebody wrote meanwhile.
pub(super) fn replace_sealed(conn: &mut Conn, read: &Connection, sealed: &Sealed) -> QueryResult<()> {
    let unchanged =
        connections::table.filter(connections::id.eq(&read.id)).filter(connections::version.eq(read.version));
    diesel::update(unchanged).set(connections::sealed_secrets.eq(sealed.as_bytes())).execute(conn).map(|_| ())
}
