//! Members who left: an owner may have one of them forgotten.
//!
//! Invariants: only who has no membership of the workspace any more is forgotten in it; an identity that no membership names any more goes
//! with its sessions; rows that others refer to stay, and say "a former member".

mod store;

pub use store::FormerMemberRow;
pub(in crate::features::accounts) use store::list;

use super::{Acting, Role, WorkspaceCard, find_workspace, members};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::platform::activity::Event;
use crate::platform::db::Conn;
use crate::platform::former_member::FormerMember;
use crate::platform::tx::Tx;

const STILL_MEMBER: &str = "This person is a member of the workspace. Remove them first.";

/// Somebody who left, with what is to be known before they are forgotten.
pub struct LeftMember {
    /// Who.
    pub person: FormerMember,
    /// What they were called last.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Names they had that another member of the workspace has, too.
    pub shared: Vec<String>,
}

/// Somebody who left a workspace and was not forgotten.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such person; [`AppError::Conflict`] when they came back.
pub fn left_member(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId) -> AppResult<LeftMember> {
    let row = store::find(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let all = store::memberships(conn, workspace, &row)?;
    if all.iter().any(|one| one.removed_at.is_none()) {
        return Err(AppError::Conflict(STILL_MEMBER));
    }
    let (mut names, mut emails) = (Vec::new(), Vec::new());
    for one in &all {
        let earlier: Vec<String> = serde_json::from_str(&one.earlier_names).map_err(AppError::internal)?;
        names.extend(earlier.into_iter().chain([one.name.clone()]));
        emails.push(one.email.clone());
    }
    for list in [&mut names, &mut emails] {
        list.sort();
        list.dedup();
    }
    let ids: Vec<MemberId> = all.into_iter().map(|one| one.id).collect();
    let (shared, names) = store::borne_by_others(conn, workspace, &ids, names)?;
    let person = FormerMember { workspace: workspace.clone(), ids, names, emails };
    Ok(LeftMember { person, name: row.name, email: row.email, shared })
}

/// The workspace that somebody left; `None` for who is a member of it.
///
/// # Errors
/// The database cannot be asked.
pub fn left_workspace(conn: &mut Conn, id: &MemberId) -> diesel::QueryResult<Option<WorkspaceCard>> {
    let Some(workspace) = store::workspace_left_by(conn, id)? else { return Ok(None) };
    find_workspace(conn, &workspace)
}

/// Forgets who a member was: the rows of their memberships stay without a name, their sessions end unless another workspace knows them.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> diesel::QueryResult<()> {
    store::forget_links(conn, person)?;
    store::forget_provider(conn, person)?;
    let identities = store::blank(conn, person)?;
    for identity in identities {
        store::forget_identity(conn, &identity)?;
    }
    Ok(())
}

/// Only owners have somebody forgotten, and say so in the log of the workspace.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner any more.
pub fn note_forgotten(tx: &mut Tx<'_>, who: &Acting) -> AppResult<()> {
    if members::role_now(tx.conn, who)? != Role::Owner {
        return Err(AppError::Forbidden);
    }
    who.note(tx, Event::MemberForgotten, "")
}
