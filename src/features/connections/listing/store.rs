use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text, Timestamp};

use super::{ConnectionFilter, ConnectionStateFilter};
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, InviteLinkId, WorkspaceId};
use crate::base::search;
use crate::connectors::Kind;
use crate::features::connections::store::ConnectionRow;
use crate::features::connections::{Approval, Connection};
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::counts::{self, Counted, CountedList};
use crate::platform::db::cursor::{ListDirection, Page, PageCursor, PageRequest};
use crate::platform::db::schema::{connection_words, connections};
use crate::platform::db::{Conn, of_workspace};

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
    let search = Search::of(conn, workspace, &filter.query)?;
    if let Some(rare) = &search.rare {
        let limit = usize::try_from(limit).unwrap_or(0);
        let ids = newest_hits(conn, workspace, filter, &search, rare, limit)?;
        let rows: Vec<ListRow> = named(workspace, &ids).select(ListRow::as_select()).load(conn)?;
        return Ok(in_order(&ids, rows, |row| &row.id));
    }
    narrowed(filter, &search)
        .filter(connections::workspace_id.eq(workspace))
        .order((connections::updated_at.desc(), connections::id.desc()))
        .limit(limit)
        .select(ListRow::as_select())
        .load(conn)
}

/// One page of the workspace's connections, newest first, with how many there are in all. Ids sort by the time they were made, and
/// nothing changes them, so no row moves while somebody turns the pages.
pub fn page(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    wanted: &PageRequest,
) -> QueryResult<Page<Connection>> {
    let search = Search::of(conn, workspace, &filter.query)?;
    let cut = match &search.rare {
        Some(rare) => {
            let found = all_hits(conn, workspace, filter, &search, rare)?;
            let cut = wanted.cut(found, ListDirection::Falling, ToString::to_string);
            let rows: Vec<ConnectionRow> = named(workspace, &cut.rows).select(ConnectionRow::as_select()).load(conn)?;
            let rows = in_order(&cut.rows, rows, ConnectionRow::id);
            Page { count: cut.count, has_before: cut.has_before, has_after: cut.has_after, rows }
        }
        None => walked(conn, workspace, filter, wanted, &search)?,
    };
    let rows = cut.rows.into_iter().map(ConnectionRow::read).collect::<QueryResult<_>>()?;
    Ok(Page { count: cut.count, has_before: cut.has_before, has_after: cut.has_after, rows })
}

/// One page of a list that is walked along in the order of an index.
fn walked(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    wanted: &PageRequest,
    search: &Search,
) -> QueryResult<Page<ConnectionRow>> {
    let shown = || narrowed(filter, search).filter(connections::workspace_id.eq(workspace));
    let count = match search.is_empty().then(|| kept_count(filter)).flatten() {
        Some(states) => {
            let of = Counted {
                kind: filter.kind.map(Kind::as_str),
                connector: filter.connector.as_deref(),
                states: Some(&states),
            };
            counts::counted(conn, workspace, CountedList::Connections, &of)?
        }
        None => {
            let found: i64 = shown().count().get_result(conn)?;
            usize::try_from(found).unwrap_or(0)
        }
    };
    let query = shown().limit(i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1));
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(connections::id.desc()), false),
        Some(PageCursor::After(id)) => {
            (query.filter(connections::id.lt(id.clone())).order(connections::id.desc()), false)
        }
        Some(PageCursor::Before(id)) => {
            (query.filter(connections::id.gt(id.clone())).order(connections::id.asc()), true)
        }
    };
    Ok(wanted.edges(count, query.select(ConnectionRow::as_select()).load(conn)?, backwards))
}

/// The states whose counts are kept and make up what a filter shows; `None` when it asks for what nobody counts. They are the words of
/// the triggers of `list_counts`.
fn kept_count(filter: &ConnectionFilter) -> Option<Vec<&'static str>> {
    if filter.invite_link.is_some() || filter.state == Some(ConnectionStateFilter::Waiting) {
        return None;
    }
    let all = [
        ("missing", ConnectionStateFilter::Missing, true),
        ("filled_in", ConnectionStateFilter::FilledIn, true),
        ("finalised", ConnectionStateFilter::Finalised, false),
    ];
    let shown = all.into_iter().filter(|(_, state, is_draft)| {
        filter.state.is_none_or(|wanted| wanted == *state) && filter.draft.is_none_or(|draft| draft == *is_draft)
    });
    Some(shown.map(|(name, ..)| name).collect())
}

/// The connections a filter shows, in no order yet, of whatever workspace. Conditions that indexes are made for stand here as they stand
/// there: a database uses such an index only when it can read the condition.
fn narrowed<'a>(filter: &'a ConnectionFilter, search: &'a Search) -> connections::BoxedQuery<'a, MultiBackend> {
    let mut query = connections::table.filter(connections::deleted_at.is_null()).into_boxed();
    query = search.narrow(query);
    if let Some(kind) = filter.kind {
        query = query.filter(connections::kind.eq(kind));
    }
    if let Some(connector) = &filter.connector {
        query = query.filter(connections::connector_slug.eq(connector));
    }
    if let Some(link) = &filter.invite_link {
        query = query.filter(connections::invite_link_id.eq(link));
    }
    if let Some((at, id)) = &filter.before {
        let older =
            connections::updated_at.lt(*at).or(connections::updated_at.eq(*at).and(connections::id.lt(id.clone())));
        // Said twice: an index begins where the first condition says, and cannot read the second.
        query = query.filter(connections::updated_at.le(*at)).filter(older);
    }
    query = match filter.draft {
        None => query,
        Some(true) => query.filter(connections::finalised_at.is_null()),
        Some(false) => query.filter(connections::finalised_at.is_not_null()),
    };
    match filter.state {
        None => query,
        Some(ConnectionStateFilter::Missing) => {
            query.filter(connections::finalised_at.is_null()).filter(sql::<Bool>("missing_count > 0"))
        }
        Some(ConnectionStateFilter::FilledIn) => {
            query.filter(connections::finalised_at.is_null()).filter(sql::<Bool>("missing_count = 0"))
        }
        Some(ConnectionStateFilter::Finalised) => query.filter(connections::finalised_at.is_not_null()),
        Some(ConnectionStateFilter::Waiting) => query.filter(sql::<Bool>("approval = 'waiting'")),
    }
}

/// So few hits of a word are looked up one by one; more are met soon enough by whoever walks along the list.
const FEW: i64 = 2_000;

/// The words that begin with a word of a search: from the first on, before the second.
type WordRange = (Vec<u8>, Vec<u8>);

/// What a search has to look at.
#[derive(Default)]
struct Search {
    /// A word with few hits.
    rare: Option<WordRange>,
    /// The other words.
    words: Vec<WordRange>,
    /// A text without any word, to be looked for as it stands.
    text: String,
}

impl Search {
    fn of(conn: &mut Conn, workspace: &WorkspaceId, text: &str) -> QueryResult<Self> {
        let mut search = Self::default();
        for word in search::words([text]) {
            let (from, to) = search::range(&word);
            if search.rare.is_some() || has_many_hits(conn, workspace, &from, &to)? {
                search.words.push((from, to));
            } else {
                search.rare = Some((from, to));
            }
        }
        if search.rare.is_none() && search.words.is_empty() {
            text.clone_into(&mut search.text);
        }
        Ok(search)
    }

    fn is_empty(&self) -> bool {
        self.rare.is_none() && self.words.is_empty() && self.text.is_empty()
    }

    /// Narrows a query to what has all words but the rare one. Whether a connection has a word is asked of each by itself: the OFFSET
    /// keeps a database from turning the question round and fetching all that have it.
    fn narrow<'a>(
        &'a self,
        mut query: connections::BoxedQuery<'a, MultiBackend>,
    ) -> connections::BoxedQuery<'a, MultiBackend> {
        if !self.text.is_empty() {
            let escaped = self.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let contains = sql::<Bool>("description LIKE ").bind::<Text, _>(format!("%{escaped}%"));
            query = query.filter(contains.sql(" ESCAPE '\\'"));
        }
        for (from, to) in &self.words {
            let has = sql::<Bool>(
                "EXISTS (SELECT 1 FROM connection_words AS w WHERE w.connection_id = connections.id AND w.word >= ",
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

/// Whether a word has more hits than are looked up one by one.
fn has_many_hits(conn: &mut Conn, workspace: &WorkspaceId, from: &[u8], to: &[u8]) -> QueryResult<bool> {
    let beyond: Option<i32> = connection_words::table
        .filter(connection_words::workspace_id.eq(workspace))
        .filter(connection_words::word.ge(from))
        .filter(connection_words::word.lt(to))
        .order((connection_words::word, connection_words::connection_id))
        .select(1.into_sql::<diesel::sql_types::Integer>())
        .limit(1)
        .offset(FEW)
        .get_result(conn)
        .optional()?;
    Ok(beyond.is_some())
}

/// When the connection of a hit last changed, or nothing where the filter leaves it out. It is asked of each hit by itself, so that no
/// database begins with the connections and looks for words.
fn changed_at<'a>(
    workspace: &'a WorkspaceId,
    filter: &'a ConnectionFilter,
    search: &'a Search,
) -> connections::BoxedQuery<'a, MultiBackend, Timestamp> {
    narrowed(filter, search)
        .filter(sql::<Bool>("connections.id = connection_words.connection_id"))
        .filter(of_workspace!(connections, workspace))
        .select(connections::updated_at)
}

/// The hits of a word; a connection with several words that begin with it is hit several times.
fn hits<'a>(workspace: &'a WorkspaceId, (from, to): &'a WordRange) -> connection_words::BoxedQuery<'a, MultiBackend> {
    connection_words::table
        .filter(connection_words::workspace_id.eq(workspace))
        .filter(connection_words::word.ge(from))
        .filter(connection_words::word.lt(to))
        .into_boxed()
}

/// What a filter shows of the hits of a rare word, newest first by their ids.
fn all_hits(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    search: &Search,
    rare: &WordRange,
) -> QueryResult<Vec<ConnectionId>> {
    let mut found: Vec<ConnectionId> = hits(workspace, rare)
        .filter(changed_at(workspace, filter, search).single_value().is_not_null())
        .order(connection_words::connection_id.desc())
        .select(connection_words::connection_id)
        .load(conn)?;
    found.dedup();
    Ok(found)
}

/// What a filter shows of the hits of a rare word, last changed first, at most `limit`.
fn newest_hits(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    filter: &ConnectionFilter,
    search: &Search,
    rare: &WordRange,
    limit: usize,
) -> QueryResult<Vec<ConnectionId>> {
    let mut looked_at = limit;
    loop {
        let found: Vec<(ConnectionId, Option<UtcTime>)> = hits(workspace, rare)
            .select((connection_words::connection_id, changed_at(workspace, filter, search).single_value()))
            .order((sql::<Bool>("2 DESC NULLS LAST"), connection_words::connection_id.desc()))
            .limit(i64::try_from(looked_at).unwrap_or(i64::MAX))
            .load(conn)?;
        let were_all = found.len() < looked_at;
        let mut shown: Vec<ConnectionId> =
            found.into_iter().filter(|(_, changed)| changed.is_some()).map(|(id, _)| id).collect();
        shown.dedup();
        if were_all || shown.len() >= limit {
            shown.truncate(limit);
            return Ok(shown);
        }
        // Some were hit several times.
        looked_at = looked_at.saturating_mul(4);
    }
}

/// The connections of these ids.
fn named<'a>(workspace: &'a WorkspaceId, ids: &'a [ConnectionId]) -> connections::BoxedQuery<'a, MultiBackend> {
    connections::table
        .filter(of_workspace!(connections, workspace))
        .filter(connections::id.eq_any(ids.iter().map(ConnectionId::as_str)))
        .into_boxed()
}

/// Rows in the order of these ids.
fn in_order<T>(ids: &[ConnectionId], mut rows: Vec<T>, id_of: impl Fn(&T) -> &ConnectionId) -> Vec<T> {
    rows.sort_by_key(|row| ids.iter().position(|id| id == id_of(row)));
    rows
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
        .filter(sql::<Bool>("words_noted = 0"))
        .limit(limit)
        .select((connections::id, connections::workspace_id, connections::description, connections::slug))
        .load(conn)?;
    for (id, workspace, description, slug) in &without {
        note_words(conn, workspace, id, [description, slug])?;
    }
    Ok(without.len())
}
