//! How many rows a list has. The databases count themselves, by triggers, in the table `list_counts`: whoever writes a row cannot forget
//! to count it, and no list is walked through to be counted.
//!
//! Invariants: the sum over all rows of `list_counts` for a list, kind, connector and state is the number of its rows, for whoever
//! sees the same moment. Every session of PostgreSQL counts in rows of its own, so that no two writers wait for each other; the sweep
//! folds them together. The table is copied by nobody: the triggers fill it (`copy/`).

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::list_counts;
use super::{Conn, dialect};
use crate::base::ids::WorkspaceId;

/// A list that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedList {
    /// Connections that are not deleted: by kind, connector, and whether something is missing, nothing is, or they are final.
    Connections,
    /// Invite links: by kind, connector, and whether they were deleted.
    InviteLinks,
    /// Runs, by their state.
    Runs,
    /// Validations, by their state.
    Validations,
}

impl CountedList {
    /// Its name in the table, and the name of the table whose rows are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::InviteLinks => "invite_links",
            Self::Runs => "runs",
            Self::Validations => "validations",
        }
    }
}

/// Which rows of a list are counted; all, where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted<'a> {
    /// Only those of this kind.
    pub kind: Option<&'a str>,
    /// Only those of this connector.
    pub connector: Option<&'a str>,
    /// Only those in one of these states.
    pub states: Option<&'a [&'a str]>,
}

/// How many rows of a workspace a list has.
///
/// # Errors
/// The database cannot be asked.
pub fn counted(conn: &mut Conn, workspace: &WorkspaceId, list: CountedList, of: &Counted<'_>) -> QueryResult<usize> {
    let mut query = list_counts::table
        .filter(list_counts::workspace_id.eq(workspace))
        .filter(list_counts::list.eq(list.name()))
        .select(diesel::dsl::sql::<BigInt>("CAST(COALESCE(sum(amount), 0) AS BIGINT)"))
        .into_boxed();
    if let Some(kind) = of.kind {
        query = query.filter(list_counts::kind.eq(kind));
    }
    if let Some(connector) = of.connector {
        query = query.filter(list_counts::connector_slug.eq(connector));
    }
    if let Some(states) = of.states {
        query = query.filter(list_counts::state.eq_any(states.iter().copied()));
    }
    let found: i64 = query.get_result(conn)?;
    Ok(usize::try_from(found).unwrap_or(0))
}

/// How many rows of all workspaces a list has in each state, by state; nothing about states that none has.
///
/// # Errors
/// The database cannot be asked.
pub fn by_state(conn: &mut Conn, list: CountedList) -> QueryResult<Vec<(String, i64)>> {
    let found: Vec<(String, i64)> = list_counts::table
        .filter(list_counts::list.eq(list.name()))
        .group_by(list_counts::state)
        .order(list_counts::state)
        .select((list_counts::state, diesel::dsl::sql::<BigInt>("CAST(sum(amount) AS BIGINT)")))
        .load(conn)?;
    Ok(found.into_iter().filter(|(_, count)| *count != 0).collect())
}

/// Adds up what sessions have counted that may be gone by now, so that adding up a list stays short.
///
/// # Errors
/// The database cannot be asked.
pub fn fold(conn: &mut Conn) -> QueryResult<()> {
    dialect::fold_counts(conn)
}
