use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, InviteLinkId, WorkspaceId};
use crate::features::connections::store::ConnectionRow;
use crate::features::connections::{Approval, Connection};
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};
use crate::platform::db::schema::connections;
use crate::platform::db::{Conn, is_kept};

/// Writes down where a connection came from.
pub(super) fn set_origin(conn: &mut Conn, connection: &Connection) -> QueryResult<()> {
    diesel::update(connections::table.find(&connection.id))
        .set((
            connections::invite_link_id.eq(&connection.invite_link_id),
            connections::identity.eq(&connection.identity),
            connections::approval.eq(connection.approval),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Decides about a connection that waits; `false` when it does not.
pub(super) fn settle(conn: &mut Conn, connection: &Connection, to: Approval, now: UtcTime) -> QueryResult<bool> {
    let waiting = connections::table
        .find(&connection.id)
        .filter(connections::workspace_id.eq(&connection.workspace_id))
        .filter(connections::approval.eq(Approval::Waiting))
        .filter(is_kept!(connections));
    let settled =
        diesel::update(waiting).set((connections::approval.eq(to), connections::updated_at.eq(now))).execute(conn)?;
    Ok(settled == 1)
}

/// The connections that wait until a member accepts them, newest first, at most `limit`.
pub fn find_waiting(conn: &mut Conn, workspace: &WorkspaceId, limit: i64) -> QueryResult<Vec<Connection>> {
    let rows = waiting(workspace)
        .order((connections::updated_at.desc(), connections::id.desc()))
        .limit(limit)
        .select(ConnectionRow::as_select())
        .load(conn)?;
    rows.into_iter().map(ConnectionRow::read).collect()
}

/// More waiting connections than this are not counted.
const MOST_COUNTED: usize = 100;

/// How many connections wait, `MOST_COUNTED` and one at most.
pub fn waiting_count(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<usize> {
    let most = i64::try_from(MOST_COUNTED).unwrap_or(0) + 1;
    // In the order of the index that holds nothing else: without one, SQLite without statistics walks through all connections.
    let newest = waiting(workspace).order((connections::updated_at.desc(), connections::id.desc()));
    let found: Vec<ConnectionId> = newest.limit(most).select(connections::id).load(conn)?;
    Ok(found.len())
}

fn waiting(workspace: &WorkspaceId) -> connections::BoxedQuery<'_, MultiBackend> {
    connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::deleted_at.is_null())
        .filter(diesel::dsl::sql::<Bool>("approval = 'waiting'"))
        .into_boxed()
}

/// One page of what came through an invite link, newest first; rejected connections are among them, deleted ones are not.
pub fn of_invite_link(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    link: &InviteLinkId,
    wanted: &PageRequest,
) -> QueryResult<Page<Connection>> {
    let shown = || {
        connections::table
            .filter(connections::workspace_id.eq(workspace))
            .filter(connections::invite_link_id.eq(link))
            .filter(connections::deleted_at.is_null().or(connections::approval.eq(Approval::Rejected)))
            .into_boxed::<MultiBackend>()
    };
    let count: i64 = shown().count().get_result(conn)?;
    let query = shown().limit(i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1));
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(connections::id.desc()), false),
        Some(PageCursor::After(id)) => {
            (query.filter(connections::id.lt(ConnectionId::from_text(id))).order(connections::id.desc()), false)
        }
        Some(PageCursor::Before(id)) => {
            (query.filter(connections::id.gt(ConnectionId::from_text(id))).order(connections::id.asc()), true)
        }
    };
    let found: Vec<ConnectionRow> = query.select(ConnectionRow::as_select()).load(conn)?;
    let cut = wanted.edges(usize::try_from(count).unwrap_or(0), found, backwards);
    let rows = cut.rows.into_iter().map(ConnectionRow::read).collect::<QueryResult<_>>()?;
    Ok(Page { count: cut.count, has_before: cut.has_before, has_after: cut.has_after, rows })
}
