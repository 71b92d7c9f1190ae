use std::collections::HashSet;

use diesel::prelude::*;

use super::{Entry, Event};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{ActivityId, ConnectionId, SetupLinkId, WorkspaceId};
use crate::platform::db::schema::activity;
use crate::platform::db::{Conn, ForgetScope, count_up_to};
use crate::platform::tx::Tx;

/// One line of a timeline.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = activity)]
pub struct ActivityRow {
    /// When.
    pub at: UtcTime,
    /// What.
    pub event: Event,
    /// `member`, `recipient`, `scanner`, `program` or `system`.
    pub actor: String,
    /// The actor's name, possibly empty.
    pub actor_name: String,
    /// A short text for people.
    pub detail: String,
}

impl Tx<'_> {
    /// Writes down that something happened now.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn record(&mut self, entry: &Entry<'_>) -> AppResult<()> {
        self.record_at(entry, self.now)
    }

    /// Writes down that something happened at another moment: a link that ran out is noted with the end of its time.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn record_at(&mut self, entry: &Entry<'_>, at: UtcTime) -> AppResult<()> {
        diesel::insert_into(activity::table)
            .values((
                activity::id.eq(ActivityId::new(at, self.rng)),
                activity::workspace_id.eq(entry.workspace),
                activity::connection_id.eq(entry.connection),
                activity::setup_link_id.eq(entry.setup_link),
                activity::at.eq(at),
                activity::event.eq(entry.event),
                activity::actor.eq(entry.actor.kind()),
                activity::actor_name.eq(entry.actor.name()),
                activity::detail.eq(entry.detail),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}

/// What happened to a connection, newest first, at most `limit` rows.
pub fn timeline(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    limit: i64,
) -> QueryResult<Vec<ActivityRow>> {
    activity::table
        .filter(activity::workspace_id.eq(workspace))
        .filter(activity::connection_id.eq(connection))
        .order((activity::at.desc(), activity::id.desc()))
        .limit(limit)
        .select(ActivityRow::as_select())
        .load(conn)
}

/// Whether this happened to the link at or after `since`, by an actor of that name.
pub fn was_noted_since(
    conn: &mut Conn,
    link: &SetupLinkId,
    event: Event,
    actor_name: &str,
    since: UtcTime,
) -> QueryResult<bool> {
    let found: Option<ActivityId> = activity::table
        .filter(activity::setup_link_id.eq(link))
        .filter(activity::event.eq(event))
        .filter(activity::actor_name.eq(actor_name))
        .filter(activity::at.ge(since))
        .select(activity::id)
        .first(conn)
        .optional()?;
    Ok(found.is_some())
}

/// Up to `limit` rows that are to be forgotten.
pub fn forgettable(conn: &mut Conn, scope: &ForgetScope, limit: i64) -> QueryResult<Vec<ActivityId>> {
    let query = activity::table.filter(activity::workspace_id.eq(scope.workspace())).into_boxed();
    let query = match scope {
        ForgetScope::Before { moment, .. } => {
            query.filter(activity::at.lt(*moment)).order((activity::at, activity::id))
        }
        ForgetScope::OfConnection { connection, .. } => {
            query.filter(activity::connection_id.eq(connection)).order((activity::at, activity::id))
        }
    };
    query.limit(limit).select(activity::id).load(conn)
}

/// Forgets rows; says how many.
pub fn forget(conn: &mut Conn, _: &ForgetScope, gone: &[ActivityId]) -> QueryResult<usize> {
    diesel::delete(activity::table.filter(activity::id.eq_any(gone.iter().map(ActivityId::as_str)))).execute(conn)
}

count_up_to!(
    /// How many rows a workspace has, at most so many.
    count_up_to, activity
);

/// Those of these links that a timeline speaks of.
pub fn links_told_of(conn: &mut Conn, links: &[SetupLinkId]) -> QueryResult<HashSet<SetupLinkId>> {
    let told: Vec<Option<SetupLinkId>> = activity::table
        .filter(activity::setup_link_id.eq_any(links.iter().map(SetupLinkId::as_str)))
        .select(activity::setup_link_id)
        .distinct()
        .load(conn)?;
    Ok(told.into_iter().flatten().collect())
}
