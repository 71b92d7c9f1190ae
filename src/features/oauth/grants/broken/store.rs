use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::ids::{OauthGrantId, WorkspaceId};
use crate::features::oauth::grants::GrantState;
use crate::features::oauth::grants::store::GrantRow;
use crate::platform::db::Conn;
use crate::platform::db::schema::{oauth_grants, oauth_uses};

/// The grants of a workspace that connections live on, in a state.
macro_rules! lived_on {
    ($workspace:expr, $state:expr) => {
        oauth_grants::table
            .filter(oauth_grants::workspace_id.eq($workspace))
            .filter(oauth_grants::state.eq($state))
            .filter(diesel::dsl::exists(oauth_uses::table.filter(oauth_uses::grant_id.eq(oauth_grants::id))))
    };
}

/// Those that give no access: their providers have ended them, or their tokens ended before `overdue` and were not renewed. Two questions,
/// each with an index of its own.
pub(super) fn list(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    overdue: UtcTime,
    limit: i64,
) -> QueryResult<Vec<GrantRow>> {
    let ended = lived_on!(workspace, GrantState::NeedsReconnecting).order(oauth_grants::id).limit(limit);
    let mut found: Vec<GrantRow> = ended.select(GrantRow::as_select()).load(conn)?;
    let late = lived_on!(workspace, GrantState::Works).filter(oauth_grants::expires_at.lt(overdue));
    let late: Vec<GrantRow> =
        late.order(oauth_grants::expires_at).limit(limit).select(GrantRow::as_select()).load(conn)?;
    found.extend(late);
    Ok(found)
}

/// How many these are, at most so many of each kind.
pub(super) fn count(conn: &mut Conn, workspace: &WorkspaceId, overdue: UtcTime, most: i64) -> QueryResult<usize> {
    let ended = lived_on!(workspace, GrantState::NeedsReconnecting).limit(most);
    let ended: Vec<OauthGrantId> = ended.select(oauth_grants::id).load(conn)?;
    let late = lived_on!(workspace, GrantState::Works).filter(oauth_grants::expires_at.lt(overdue)).limit(most);
    let late: Vec<OauthGrantId> = late.select(oauth_grants::id).load(conn)?;
    Ok(ended.len() + late.len())
}
