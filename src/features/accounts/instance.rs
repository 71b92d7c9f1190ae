//! Who answers for the whole installation among those who sign in.
//!
//! The owners of its first workspace do: whoever set the product up made that one, and its owners say who else is one. Owners of other
//! workspaces are guests of the machine. What changes the server itself is decided by [`owns_instance`] alone.

use diesel::QueryResult;

use super::store::first_workspace;
use super::{MemberCard, Role, owners_of};
use crate::base::ids::WorkspaceId;
use crate::platform::db::Conn;

/// Whether somebody who acts in a workspace with this role is an owner of the instance. Who is one, too, and acts in another workspace at the
/// moment is none there: what they do is written down where they do it.
///
/// # Errors
/// The database cannot be asked.
pub fn owns_instance(conn: &mut Conn, workspace: &WorkspaceId, role: Role) -> QueryResult<bool> {
    Ok(role == Role::Owner && first_workspace(conn)?.as_ref() == Some(workspace))
}

/// The owners of the instance, for members of their own workspace; nobody else is told who they are.
///
/// # Errors
/// The database cannot be asked.
pub fn instance_owners(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<MemberCard>> {
    if first_workspace(conn)?.as_ref() == Some(workspace) { owners_of(conn, workspace) } else { Ok(Vec::new()) }
}
