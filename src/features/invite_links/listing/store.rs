use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{InviteLinkCursor, InviteLinkFilter, InviteStateFilter, Key, ListOrder, Sort};
use crate::base::clock::UtcTime;
use crate::base::ids::{InviteLinkId, WorkspaceId};
use crate::base::search;
use crate::features::invite_links::InviteLink;
use crate::platform::db::Conn;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::cursor::{self, Page, PageRequest};
use crate::platform::db::schema::{invite_link_words, invite_links};

type Query<'a> = invite_links::BoxedQuery<'a, MultiBackend>;

/// The links of a filter, at most `limit`, in that order, after the row of the cursor.
pub fn rows(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &InviteLinkFilter,
    order: ListOrder,
    limit: i64,
    now: UtcTime,
) -> QueryResult<Vec<InviteLink>> {
    let query = narrowed(workspace, filter, now);
    let query = match order.after {
        Some(cursor) => beyond(query, order.sort, cursor),
        None => query,
    };
    ordered(query, order.sort).limit(limit).select(InviteLink::as_select()).load(conn)
}

fn ordered(query: Query<'_>, sort: Sort) -> Query<'_> {
    use invite_links::{active_at, connection_count, expires_at, id, sort_name};
    match sort {
        Sort::Newest => query.order(id.desc()),
        Sort::Name => query.order((sort_name.asc(), id.asc())),
        Sort::Ending => query.order((expires_at.asc(), id.asc())),
        Sort::LastUse => query.order((active_at.desc(), id.desc())),
        Sort::Connections => query.order((connection_count.desc(), id.desc())),
    }
}

fn beyond(query: Query<'_>, sort: Sort, cursor: InviteLinkCursor) -> Query<'_> {
    use invite_links::{active_at, connection_count, expires_at, id, sort_name};
    let row = cursor.id;
    match (sort, cursor.key) {
        (Sort::Name, Key::Name(name)) => {
            query.filter(sort_name.gt(name.clone()).or(sort_name.eq(name).and(id.gt(row))))
        }
        (Sort::Ending, Key::Time(at)) => query.filter(expires_at.gt(at).or(expires_at.eq(at).and(id.gt(row)))),
        (Sort::LastUse, Key::Time(at)) => query.filter(active_at.lt(at).or(active_at.eq(at).and(id.lt(row)))),
        (Sort::Connections, Key::Count(count)) => {
            query.filter(connection_count.lt(count).or(connection_count.eq(count).and(id.lt(row))))
        }
        _ => query.filter(id.lt(row)),
    }
}

/// One page of the workspace's links, newest first, with how many there are in all.
pub fn page(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &InviteLinkFilter,
    wanted: &PageRequest,
    now: UtcTime,
) -> QueryResult<Page<InviteLink>> {
    let count: i64 = narrowed(workspace, filter, now).count().get_result(conn)?;
    let one_more = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, filter, now).limit(one_more);
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(invite_links::id.desc()), false),
        Some(cursor::PageCursor::After(id)) => {
            (query.filter(invite_links::id.lt(id.clone())).order(invite_links::id.desc()), false)
        }
        Some(cursor::PageCursor::Before(id)) => {
            (query.filter(invite_links::id.gt(id.clone())).order(invite_links::id.asc()), true)
        }
    };
    let found = query.select(InviteLink::as_select()).load(conn)?;
    Ok(wanted.edges(usize::try_from(count).unwrap_or(0), found, backwards))
}

/// What these links are called.
pub fn names(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    ids: &[InviteLinkId],
) -> QueryResult<HashMap<InviteLinkId, String>> {
    let found: Vec<(InviteLinkId, String)> = invite_links::table
        .filter(invite_links::workspace_id.eq(workspace))
        .filter(invite_links::id.eq_any(ids.iter().map(InviteLinkId::as_str)))
        .select((invite_links::id, invite_links::name))
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// The links a filter shows, in no order yet.
fn narrowed<'a>(workspace: &'a WorkspaceId, filter: &'a InviteLinkFilter, now: UtcTime) -> Query<'a> {
    let mut query = invite_links::table.filter(invite_links::workspace_id.eq(workspace)).into_boxed();
    for word in search::words([filter.query.as_str()]) {
        let (from, to) = search::range(&word);
        let found = invite_link_words::table
            .filter(invite_link_words::workspace_id.eq(workspace.as_str()))
            .filter(invite_link_words::word.ge(from))
            .filter(invite_link_words::word.lt(to))
            .select(invite_link_words::invite_link_id);
        query = query.filter(invite_links::id.eq_any(found));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(invite_links::kind.eq(kind));
    }
    if let Some(connector) = &filter.connector {
        query = query.filter(invite_links::connector_slug.eq(connector));
    }
    let Some(state) = filter.state else { return query.filter(invite_links::deleted_at.is_null()) };
    let full = || diesel::dsl::sql::<Bool>("coalesce(connection_count >= cap, connection_count < 0)");
    match state {
        InviteStateFilter::Deleted => query.filter(invite_links::deleted_at.is_not_null()),
        InviteStateFilter::Used => {
            // Its end comes before its being full, as in `LinkLife::state`.
            let is_running = invite_links::expires_at.gt(now).and(invite_links::expiry_noted_at.is_null());
            query
                .filter(invite_links::deleted_at.is_null())
                .filter(invite_links::used_at.is_not_null().or(full().and(is_running)))
        }
        InviteStateFilter::Expired => query
            .filter(invite_links::deleted_at.is_null())
            .filter(invite_links::used_at.is_null())
            .filter(invite_links::expires_at.le(now).or(invite_links::expiry_noted_at.is_not_null())),
        InviteStateFilter::Active => query
            .filter(invite_links::deleted_at.is_null())
            .filter(invite_links::used_at.is_null())
            .filter(invite_links::expires_at.gt(now))
            .filter(invite_links::expiry_noted_at.is_null())
            .filter(diesel::dsl::not(full())),
    }
}
