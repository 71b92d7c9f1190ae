//! What is done to members. Rights are judged again inside the transaction: since the request began, the one who acts may have
//! lost theirs.

use super::store::{self, MemberRow};
use super::{Acting, Role, links, sessions};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SessionId};
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

/// Removes a member, ends their sessions and closes what could bring them back. Whoever may remove an owner is an owner and stays, so
/// one is always left.
///
/// # Errors
/// As [`change_role`]; [`AppError::Conflict`] when somebody removes themselves.
pub(super) fn remove(tx: &mut Tx<'_>, who: &Acting, id: &MemberId) -> AppResult<()> {
    let member = locked(tx.conn, who, id)?;
    if member.id == who.member {
        return Err(AppError::Conflict(ONESELF));
    }
    store::remove_member(tx.conn, &who.workspace, &member, tx.now)?;
    sessions::end_all(tx.conn, &who.workspace, id)?;
    links::revoke_resets(tx.conn, &who.workspace, id, tx.now)?;
    who.note(tx, Event::MemberRemoved, &member.name)
}

/// A member whose role the acting one may handle, while nobody else changes the workspace's members.
fn locked(conn: &mut Conn, who: &Acting, id: &MemberId) -> AppResult<MemberRow> {
    store::lock_members(conn, &who.workspace)?;
    let member = store::find_living(conn, &who.workspace, id)?.ok_or(AppError::NotFound)?;
    if role_now(conn, who)?.may_handle(member.role) { Ok(member) } else { Err(AppError::Forbidden) }
}

/// A member's own new password.
pub(super) struct PasswordChange {
    /// The hash they proved to know the password of.
    pub(super) old_hash: String,
    pub(super) new_hash: String,
    /// The session that stays.
    pub(super) keep: SessionId,
}

/// A member's own new password: every other session ends. `false` when their password is not the old one any more.
pub(super) fn change_password(tx: &mut Tx<'_>, who: &Acting, change: &PasswordChange) -> AppResult<bool> {
    if !store::set_password(tx.conn, &who.workspace, &who.member, &change.old_hash, &change.new_hash)? {
        return Ok(false);
    }
    sessions::end_others(tx.conn, &who.workspace, &who.member, &change.keep)?;
    links::revoke_resets(tx.conn, &who.workspace, &who.member, tx.now)?;
    who.note(tx, Event::PasswordChanged, "")?;
    Ok(true)
}
