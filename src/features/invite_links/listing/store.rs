use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};

use super::{InviteLinkCursor, InviteLinkFilter, InviteStateFilter, Key, ListOrder, Sort};
use crate::base::clock::UtcTime;
use crate::base::ids::{InviteLinkId, MemberId, WorkspaceId};
use crate::base::search;
use crate::connectors::Kind;
use crate::features::invite_links::{InviteLink, InviteState};
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::counts::{self, Counted, CountedList};
use crate::platform::db::cursor::{self, Page, PageRequest};
use crate::platform::db::schema::{invite_link_words, invite_links};
use crate::platform::db::{Conn, is_kept, of_workspace};

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
    let search = LinkSearch::of(conn, workspace, &filter.query)?;
    let query = narrowed(workspace, filter, &search, now);
    let query = match order.after {
        Some(cursor) => beyond(query, order.sort, cursor),
        None => query,
    };
    ordered(query, order.sort).limit(limit).select(InviteLink::as_select()).load(conn)
}

/// The links a member has made that work now, newest first.
pub fn open_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    now: UtcTime,
) -> QueryResult<Vec<InviteLink>> {
    let mut open: Vec<InviteLink> = invite_links::table
        .filter(of_workspace!(invite_links, workspace))
        .filter(invite_links::created_by.eq(member))
        .filter(invite_links::used_at.is_null())
        .filter(invite_links::deleted_at.is_null())
        .order(invite_links::created_at.desc())
        .select(InviteLink::as_select())
        .load(conn)?;
    open.retain(|link| link.state(now) == InviteState::Active);
    Ok(open)
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

/// What comes after a row. Where two columns are compared, the first is said once more by itself: an index begins where that says, and
/// cannot read the other.
fn beyond(query: Query<'_>, sort: Sort, cursor: InviteLinkCursor) -> Query<'_> {
    use invite_links::{active_at, connection_count, expires_at, id, sort_name};
    let row = cursor.id;
    match (sort, cursor.key) {
        (Sort::Name, Key::Name(name)) => query
            .filter(sort_name.ge(name.clone()))
            .filter(sort_name.gt(name.clone()).or(sort_name.eq(name).and(id.gt(row)))),
        (Sort::Ending, Key::Time(at)) => {
            query.filter(expires_at.ge(at)).filter(expires_at.gt(at).or(expires_at.eq(at).and(id.gt(row))))
        }
        (Sort::LastUse, Key::Time(at)) => {
            query.filter(active_at.le(at)).filter(active_at.lt(at).or(active_at.eq(at).and(id.lt(row))))
        }
        (Sort::Connections, Key::Count(count)) => query
            .filter(connection_count.le(count))
            .filter(connection_count.lt(count).or(connection_count.eq(count).and(id.lt(row)))),
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
    let search = LinkSearch::of(conn, workspace, &filter.query)?;
    let count = count(conn, workspace, filter, &search, now)?;
    let one_more = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, filter, &search, now).limit(one_more);
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
    Ok(wanted.edges(count, found, backwards))
}

/// How many links a filter shows. Whether one is full or over, time tells; all others are counted as they come and go.
fn count(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &InviteLinkFilter,
    search: &LinkSearch,
    now: UtcTime,
) -> QueryResult<usize> {
    let kept = match filter.state {
        None => Some(["kept"]),
        Some(InviteStateFilter::Deleted) => Some(["deleted"]),
        Some(_) => None,
    };
    let Some(states) = kept.filter(|_| search.is_empty()) else {
        let found: i64 = narrowed(workspace, filter, search, now).count().get_result(conn)?;
        return Ok(usize::try_from(found).unwrap_or(0));
    };
    let of =
        Counted { kind: filter.kind.map(Kind::as_str), connector: filter.connector.as_deref(), states: Some(&states) };
    counts::counted(conn, workspace, CountedList::InviteLinks, &of)
}

/// What these links are called.
pub fn names(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    ids: &[InviteLinkId],
) -> QueryResult<HashMap<InviteLinkId, String>> {
    let found: Vec<(InviteLinkId, String)> = invite_links::table
        .filter(of_workspace!(invite_links, workspace))
        .filter(invite_links::id.eq_any(ids.iter().map(InviteLinkId::as_str)))
        .select((invite_links::id, invite_links::name))
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// The links a filter shows, in no order yet.
fn narrowed<'a>(
    workspace: &'a WorkspaceId,
    filter: &'a InviteLinkFilter,
    search: &'a LinkSearch,
    now: UtcTime,
) -> Query<'a> {
    let mut query = search.narrow(match &search.rare {
        Some(ids) => invite_links::table
            .filter(of_workspace!(invite_links, workspace))
            .filter(invite_links::id.eq_any(ids.iter().map(InviteLinkId::as_str)))
            .into_boxed(),
        None => invite_links::table.filter(invite_links::workspace_id.eq(workspace)).into_boxed(),
    });
    if let Some(kind) = filter.kind {
        query = query.filter(invite_links::kind.eq(kind));
    }
    if let Some(connector) = &filter.connector {
        query = query.filter(invite_links::connector_slug.eq(connector));
    }
    // Rows that are named one by one are looked up by their ids. An index of what is not deleted looks cheaper to a PostgreSQL without
    // statistics, and is walked through for them; so it must not see that it would do.
    let kept = |query: Query<'a>| match &search.rare {
        Some(_) => query.filter(is_kept!(invite_links)),
        None => query.filter(invite_links::deleted_at.is_null()),
    };
    let Some(state) = filter.state else { return kept(query) };
    let full = || sql::<Bool>("coalesce(connection_count >= cap, connection_count < 0)");
    match state {
        InviteStateFilter::Deleted => query.filter(invite_links::deleted_at.is_not_null()),
        InviteStateFilter::Used => {
            // Its end comes before its being full, as in `LinkLife::state`.
            let is_running = invite_links::expires_at.gt(now).and(invite_links::expiry_noted_at.is_null());
            kept(query).filter(invite_links::used_at.is_not_null().or(full().and(is_running)))
        }
        InviteStateFilter::Expired => kept(query)
            .filter(invite_links::used_at.is_null())
            .filter(invite_links::expires_at.le(now).or(invite_links::expiry_noted_at.is_not_null())),
        InviteStateFilter::Active => kept(query)
            .filter(invite_links::used_at.is_null())
            .filter(invite_links::expires_at.gt(now))
            .filter(invite_links::expiry_noted_at.is_null())
            .filter(diesel::dsl::not(full())),
    }
}

/// So few hits of a word are looked up one by one; more are met soon enough by whoever walks along the list.
const FEW: usize = 500;

/// What a search has to look at.
#[derive(Default)]
struct LinkSearch {
    /// All hits of a word that has few.
    rare: Option<Vec<InviteLinkId>>,
    /// The other words, as the ranges that hold whatever begins with them.
    words: Vec<(Vec<u8>, Vec<u8>)>,
}

impl LinkSearch {
    fn of(conn: &mut Conn, workspace: &WorkspaceId, text: &str) -> QueryResult<Self> {
        let mut search = Self::default();
        for word in search::words([text]) {
            let (from, to) = search::range(&word);
            let hits: Vec<InviteLinkId> = if search.rare.is_some() {
                Vec::new()
            } else {
                invite_link_words::table
                    .filter(invite_link_words::workspace_id.eq(workspace))
                    .filter(invite_link_words::word.ge(&from))
                    .filter(invite_link_words::word.lt(&to))
                    .order((invite_link_words::word, invite_link_words::invite_link_id))
                    .select(invite_link_words::invite_link_id)
                    .limit(i64::try_from(FEW).unwrap_or(0) + 1)
                    .load(conn)?
            };
            if search.rare.is_none() && hits.len() <= FEW {
                search.rare = Some(hits);
            } else {
                search.words.push((from, to));
            }
        }
        Ok(search)
    }

    fn is_empty(&self) -> bool {
        self.rare.is_none() && self.words.is_empty()
    }

    /// Narrows a query to what has all words but the rare one. Whether a link has a word is asked of each by itself: the OFFSET keeps a
    /// database from turning the question round and fetching all that have it.
    fn narrow<'a>(&'a self, mut query: Query<'a>) -> Query<'a> {
        for (from, to) in &self.words {
            let has = sql::<Bool>(
                "EXISTS (SELECT 1 FROM invite_link_words AS w WHERE w.invite_link_id = invite_links.id AND w.word >= ",
            )
            .bind::<Binary, _>(from)
            .sql(" AND w.word < ")
            .bind::<Binary, _>(to)
            .sql(" LIMIT 1 OFFSET 0)");
            query = query.filter(has);
        }
        query
    }
}
