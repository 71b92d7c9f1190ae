//! What is done to members. Rights are judged again inside the transaction: since the request began, the one who acts may have
//! lost theirs.

use super::store::{self, MemberRow};
use super::{Acting, Role, identities, links, memberships, sessions};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{IdentityId, MemberId, SessionId, WorkspaceId};
use crate::platform::activity::Event;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

const LAST_OWNER: &str = "A workspace always has an owner. Make somebody else an owner first.";
const ONESELF: &str = "You cannot remove yourself. Ask another owner or admin of your workspace.";

/// The role of the one who acts, as it is now.
///
/// # Errors
/// [`AppError::Forbidden`] when they are no member any more.
pub(super) fn role_now(conn: &mut Conn, who: &Acting) -> AppResult<Role> {
    let member = store::find_living(conn, &who.workspace, &who.member)?;
    Ok(member.ok_or(AppError::Forbidden)?.role)
}

/// Gives a member another role.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such member. [`AppError::Forbidden`]: not for this role to decide.
/// [`AppError::Conflict`]: nobody would be an owner any more.
pub(super) fn change_role(tx: &mut Tx<'_>, who: &Acting, id: &MemberId, role: Role) -> AppResult<()> {
    let member = locked(tx.conn, who, id)?;
    if !role_now(tx.conn, who)?.may_handle(role) {
        return Err(AppError::Forbidden);
    }
    if member.role == role {
        return Ok(());
    }
    if member.role == Role::Owner && store::owners_of(tx.conn, &who.workspace)?.len() == 1 {
        return Err(AppError::Conflict(LAST_OWNER));
    }
    store::set_role(tx.conn, &who.workspace, id, role)?;
    who.note(tx, Event::RoleChanged, &format!("{}: {} to {}", member.name, member.role.as_str(), role.as_str()))
}

/// Removes a member: their sessions open this workspace no more. Other memberships of the same person go on; without any, their sessions
/// end. Whoever may remove an owner is an owner and stays, so one is always left.
///
/// # Errors
/// As [`change_role`]; [`AppError::Conflict`] when somebody removes themselves.
pub(super) fn remove(tx: &mut Tx<'_>, who: &Acting, id: &MemberId) -> AppResult<()> {
    let member = locked(tx.conn, who, id)?;
    if member.id == who.member {
        return Err(AppError::Conflict(ONESELF));
    }
    store::remove_member(tx.conn, &who.workspace, &member, tx.now)?;
    shut_out(tx, &who.workspace, id, None)?;
    who.note(tx, Event::MemberRemoved, &member.name)
}

/// Takes a workspace's opening from the sessions of one of its members, but for `keep`. Sessions and password links of somebody who has
/// no other workspace end altogether.
pub(super) fn shut_out(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    member: &MemberId,
    keep: Option<&SessionId>,
) -> AppResult<()> {
    let Some(identity) = identities::of_member(tx.conn, member)? else { return Ok(()) };
    sessions::forget_vouchers(tx.conn, &identity.id, workspace, keep)?;
    let elsewhere = memberships::list(tx.conn, &identity.id, None)?.iter().any(|one| &one.workspace_id != workspace);
    if elsewhere {
        return Ok(());
    }
    match keep {
        Some(keep) => {
            let reach = sessions::SessionReach { identity: identity.id.clone(), within: None };
            sessions::end_others(tx.conn, &reach, keep)?;
        }
        None => sessions::end_all(tx.conn, &identity.id)?,
    }
    Ok(links::revoke_resets(tx.conn, &identity.id, tx.now)?)
}

/// A member whose role the acting one may handle, while nobody else changes the workspace's members.
fn locked(conn: &mut Conn, who: &Acting, id: &MemberId) -> AppResult<MemberRow> {
    store::lock_members(conn, &who.workspace)?;
    let member = store::find_living(conn, &who.workspace, id)?.ok_or(AppError::NotFound)?;
    if role_now(conn, who)?.may_handle(member.role) { Ok(member) } else { Err(AppError::Forbidden) }
}

/// Somebody's own new password.
pub(super) struct PasswordChange {
    /// Whose.
    pub(super) identity: IdentityId,
    /// The hash they proved to know the password of.
    pub(super) old_hash: String,
    pub(super) new_hash: String,
    /// The session that stays.
    pub(super) keep: SessionId,
}

/// Sets somebody's own new password: every other session ends, in whatever workspace. `false` when their password is not the old one any
/// more.
pub(super) fn change_password(tx: &mut Tx<'_>, who: &Acting, change: &PasswordChange) -> AppResult<bool> {
    if !identities::set_password(tx.conn, &change.identity, &change.old_hash, &change.new_hash)? {
        return Ok(false);
    }
    let reach = sessions::SessionReach { identity: change.identity.clone(), within: None };
    sessions::end_others(tx.conn, &reach, &change.keep)?;
    links::revoke_resets(tx.conn, &change.identity, tx.now)?;
    who.note(tx, Event::PasswordChanged, "")?;
    Ok(true)
}
