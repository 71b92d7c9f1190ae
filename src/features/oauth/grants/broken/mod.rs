//! Grants that give no access, for the list of failures: those that providers have ended, and those whose tokens could not be renewed.

mod store;

use super::GrantState;
use super::jobs::users;
use super::store::GrantRow;
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// A grant that gives no access.
pub struct BrokenGrant {
    row: GrantRow,
    /// What people call the provider's account.
    pub identity_label: String,
    /// Its provider has ended it; otherwise its tokens ended and could not be renewed so far.
    pub is_ended: bool,
    /// When its tokens were renewed for the last time, or when they ended.
    pub since: Option<UtcTime>,
    /// The connections that live on it.
    pub users: Vec<GrantUser>,
}

/// A connection that lives on a grant.
pub struct GrantUser {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub description: String,
}

impl BrokenGrant {
    /// The provider's name for people.
    pub fn provider_name(&self, app: &App) -> String {
        self.row.block(app).map_or_else(|| self.row.provider.clone(), |block| block.name.clone())
    }
}

/// A renewal that is late by so much has failed, and more than once.
const OVERDUE: time::Duration = time::Duration::minutes(30);

/// How many grants of a workspace give no access, at most so many for each of the reasons.
///
/// # Errors
/// The database cannot be asked.
pub fn count_broken(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime, most: i64) -> AppResult<usize> {
    Ok(store::count(conn, workspace, now - OVERDUE, most)?)
}

/// The grants of a workspace that give no access: somebody has to sign in again, or their tokens could not be renewed.
///
/// # Errors
/// The database cannot be asked.
pub fn list_broken(conn: &mut Conn, workspace: &WorkspaceId, limit: i64, now: UtcTime) -> AppResult<Vec<BrokenGrant>> {
    let mut found = Vec::new();
    for row in store::list(conn, workspace, now - OVERDUE, limit)? {
        let users = users(conn, &row)?.into_iter();
        let users = users.map(|user| GrantUser { slug: user.slug, description: user.description }).collect();
        let is_ended = row.state == GrantState::NeedsReconnecting;
        let since = if is_ended { row.refreshed_at } else { row.expires_at };
        found.push(BrokenGrant { identity_label: row.identity_label.clone(), is_ended, since, users, row });
    }
    Ok(found)
}
