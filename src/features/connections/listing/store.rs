use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::{ConnectionFilter, ConnectionStateFilter};
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, InviteLinkId, WorkspaceId};
use crate::base::search;
use crate::connectors::Kind;
use crate::features::connections::store::ConnectionRow;
use crate::features::connections::{Approval, Connection};
use crate::platform::db::Conn;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};
use crate::platform::db::schema::{connection_words, connections};

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
    /// The invite link it came through.
    pub invite_link_id: Option<InviteLinkId>,
    /// Who authorised it, possibly empty.
    pub identity: String,
    /// Whether a member has to accept it.
    pub approval: Approval,
    /// Since when something that came from outside was looked at by nobody of the workspace.
    pub unseen_at: Option<UtcTime>,
}

/// The workspace's connections, last changed first; at most `limit`.
pub fn list(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    limit: i64,
) -> QueryResult<Vec<ListRow>> {
    let search = WordSearch::of(conn, workspace, &filter.query)?;
    let mut query = narrowed(workspace, filter, &search);
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
pub fn count(conn: &mut Conn, workspace: &WorkspaceId, filter: &ConnectionFilter) -> QueryResult<usize> {
    let search = WordSearch::of(conn, workspace, &filter.query)?;
    let found: i64 = narrowed(workspace, filter, &search).count().get_result(conn)?;
    Ok(usize::try_from(found).unwrap_or(0))
}

/// One page of the workspace's connections, newest first; `count` is how many there are in all. Ids sort by the time they were
/// made, and nothing changes them, so no row moves while somebody turns the pages.
pub fn page(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    wanted: &PageRequest,
    count: usize,
) -> QueryResult<Page<Connection>> {
    let one_more = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let search = WordSearch::of(conn, workspace, &filter.query)?;
    let query = narrowed(workspace, filter, &search).limit(one_more);
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(connections::id.desc()), false),
        Some(PageCursor::After(id)) => {
            (query.filter(connections::id.lt(id.clone())).order(connections::id.desc()), false)
        }
        Some(PageCursor::Before(id)) => {
            (query.filter(connections::id.gt(id.clone())).order(connections::id.asc()), true)
        }
    };
    let found: Vec<ConnectionRow> = query.select(ConnectionRow::as_select()).load(conn)?;
    let cut = wanted.edges(count, found, backwards);
    let rows = cut.rows.into_iter().map(ConnectionRow::read).collect::<QueryResult<_>>()?;
    Ok(Page { count, has_before: cut.has_before, has_after: cut.has_after, rows })
}

/// The connections a filter shows, in no order yet. Conditions that indexes are made for stand here as they stand there: a database
/// uses such an index only when it can read the condition.
fn narrowed<'a>(
    workspace: &'a WorkspaceId,
    filter: &'a ConnectionFilter,
    search: &'a WordSearch,
) -> connections::BoxedQuery<'a, MultiBackend> {
    let mut query = connections::table
        .filter(connections::workspace_id.eq(workspace))
        .filter(connections::deleted_at.is_null())
        .into_boxed();
    query = found_by(query, workspace, search);
    if let Some(kind) = filter.kind {
        query = query.filter(connections::kind.eq(kind));
    }
    if let Some(connector) = &filter.connector {
        query = query.filter(connections::connector_slug.eq(connector));
    }
    if let Some(link) = &filter.invite_link {
        query = query.filter(connections::invite_link_id.eq(link));
    }
    query = match filter.draft {
        None => query,
        Some(true) => query.filter(connections::finalised_at.is_null()),
        Some(false) => query.filter(connections::finalised_at.is_not_null()),
    };
    let literally = diesel::dsl::sql::<Bool>;
    match filter.state {
        None => query,
        Some(ConnectionStateFilter::Missing) => {
            query.filter(connections::finalised_at.is_null()).filter(literally("missing_count > 0"))
        }
        Some(ConnectionStateFilter::FilledIn) => {
            query.filter(connections::finalised_at.is_null()).filter(literally("missing_count = 0"))
        }
        Some(ConnectionStateFilter::Finalised) => query.filter(connections::finalised_at.is_not_null()),
        Some(ConnectionStateFilter::Waiting) => query.filter(literally("approval = 'waiting'")),
    }
}

/// So few hits are looked up one by one; more are met soon enough by whoever walks along the list.
const FEW: usize = 500;

/// What a search has to look at.
struct WordSearch {
    /// The words, as the ranges that hold whatever begins with them.
    words: Vec<(Vec<u8>, Vec<u8>)>,
    /// All hits of one word, when they are few.
    few: Option<Vec<ConnectionId>>,
    /// A text without any word, to be looked for as it stands.
    text: String,
}

impl WordSearch {
    fn of(conn: &mut Conn, workspace: &WorkspaceId, text: &str) -> QueryResult<Self> {
        let mut words: Vec<(Vec<u8>, Vec<u8>)> = search::words([text]).iter().map(|word| search::range(word)).collect();
        let text = if words.is_empty() { text.to_owned() } else { String::new() };
        let mut few = None;
        for at in 0..words.len() {
            let Some((from, to)) = words.get(at) else { continue };
            let hits: Vec<ConnectionId> = connection_words::table
                .filter(connection_words::workspace_id.eq(workspace))
                .filter(connection_words::word.ge(from))
                .filter(connection_words::word.lt(to))
                .select(connection_words::connection_id)
                .limit(i64::try_from(FEW).unwrap_or(0) + 1)
                .load(conn)?;
            if hits.len() <= FEW {
                few = Some(hits);
                words.swap_remove(at);
                break;
            }
        }
        Ok(Self { words, few, text })
    }
}

/// Narrows a query to what a search finds.
fn found_by<'a>(
    mut query: connections::BoxedQuery<'a, MultiBackend>,
    workspace: &'a WorkspaceId,
    search: &'a WordSearch,
) -> connections::BoxedQuery<'a, MultiBackend> {
    if !search.text.is_empty() {
        let escaped = search.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let contains = diesel::dsl::sql::<Bool>("description LIKE ").bind::<Text, _>(format!("%{escaped}%"));
        query = query.filter(contains.sql(" ESCAPE '\\'"));
    }
    if let Some(few) = &search.few {
        query = query.filter(connections::id.eq_any(few.iter().map(ConnectionId::as_str)));
    }
    for (from, to) in &search.words {
        let found = connection_words::table
            .filter(connection_words::workspace_id.eq(workspace.as_str()))
            .filter(connection_words::word.ge(from))
            .filter(connection_words::word.lt(to))
            .select(connection_words::connection_id);
        query = query.filter(connections::id.eq_any(found));
    }
    query
}

/// Notes the words a connection is found by, in the place of those before. Its slug begins with its connector's.
pub(in crate::features::connections) fn note_words(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    texts: [&str; 2],
) -> QueryResult<()> {
    diesel::delete(connection_words::table.filter(connection_words::connection_id.eq(id))).execute(conn)?;
    for word in search::words(texts) {
        diesel::insert_into(connection_words::table)
            .values((
                connection_words::workspace_id.eq(workspace),
                connection_words::word.eq(word),
                connection_words::connection_id.eq(id),
            ))
            .execute(conn)?;
    }
    diesel::update(connections::table.find(id)).set(connections::words_noted.eq(1)).execute(conn).map(|_| ())
}

/// Notes the words of some connections that were made before words were noted; says how many.
pub fn note_some_words(conn: &mut Conn, limit: i64) -> QueryResult<usize> {
    let without: Vec<(ConnectionId, WorkspaceId, String, String)> = connections::table
        .filter(diesel::dsl::sql::<Bool>("words_noted = 0"))
        .limit(limit)
        .select((connections::id, connections::workspace_id, connections::description, connections::slug))
        .load(conn)?;
    for (id, workspace, description, slug) in &without {
        note_words(conn, workspace, id, [description, slug])?;
    }
    Ok(without.len())
}
