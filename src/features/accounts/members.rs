//! What is done to members. Rights are judged again inside the transaction: since the request began, the one who acts may have
//! lost theirs.

use super::links::{self, AccountLinkRow};
use super::store::{self, MemberRow};
use super::{Acting, MemberCard, Role, identities, memberships, sessions};
use crate::base::clock::UtcTime;
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

/// Gives a member another role. Invitations they have sent to a role that is not theirs to give any more are withdrawn.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such member. [`AppError::Forbidden`]: not for this role to decide.
/// [`AppError::Conflict`]: nobody would be an owner any more.
pub fn change_role(tx: &mut Tx<'_>, who: &Acting, id: &MemberId, role: Role) -> AppResult<()> {
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
    withdraw_invitations(tx, who, &member, Some(role))?;
    who.note(tx, Event::RoleChanged, &format!("{}: {} to {}", member.name, member.role.as_str(), role.as_str()))
}

/// Removes a member, and with them every way in that stands on their word: their sessions open this workspace no more, links to choose a new
/// password that they were sent are closed, and the invitations they have sent are withdrawn. Other memberships of the same person go on;
/// without any, their sessions end. Whoever may remove an owner is an owner and stays, so one is always left.
///
/// # Errors
/// As [`change_role`]; [`AppError::Conflict`] when somebody removes themselves.
pub fn remove(tx: &mut Tx<'_>, who: &Acting, id: &MemberId) -> AppResult<()> {
    let member = locked(tx.conn, who, id)?;
    if member.id == who.member {
        return Err(AppError::Conflict(ONESELF));
    }
    store::remove_member(tx.conn, &who.workspace, &member, tx.now)?;
    shut_out(tx, &who.workspace, id, None)?;
    if let Some(identity) = identities::of_member(tx.conn, id)? {
        links::revoke_resets(tx.conn, &identity.id, tx.now)?;
    }
    withdraw_invitations(tx, who, &member, None)?;
    who.note(tx, Event::MemberRemoved, &member.name)
}

/// Withdraws the invitations that end with a member's new role, or with their membership (`None`). Each is written down.
fn withdraw_invitations(tx: &mut Tx<'_>, who: &Acting, of: &MemberRow, role: Option<Role>) -> AppResult<()> {
    for link in ending_invitations(tx.conn, &who.workspace, of, role, tx.now)? {
        if links::revoke_invitation(tx.conn, &who.workspace, &link.id, tx.now)? {
            who.note(tx, Event::InvitationWithdrawn, &link.email)?;
        }
    }
    Ok(())
}

/// The invitations that end when a member has that role from now on: those they have sent and may not give any more. With none they are a
/// member no more, and what was sent to their own address would lead them back: that ends, too.
fn ending_invitations(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    of: &MemberRow,
    role: Option<Role>,
    now: UtcTime,
) -> AppResult<Vec<AccountLinkRow>> {
    let open = links::open_invitations_of(conn, workspace, &of.id, &of.email, now)?;
    let stays = |link: &AccountLinkRow| role.is_some_and(|role| role.may_handle(link.role));
    Ok(open.into_iter().filter(|link| !stays(link)).collect())
}

/// A member whom somebody is about to remove, or to give another role.
pub struct HandledMember {
    /// Who.
    pub card: MemberCard,
    /// What they are now.
    pub role: Role,
    /// When they came.
    pub since: UtcTime,
    /// The addresses whose invitations end with it.
    pub ending_invitations: Vec<String>,
}

/// A member whom the acting one may handle, as they are before they get that role, or are removed (`None`).
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such member. [`AppError::Forbidden`]: not for this role to decide, or removing oneself.
pub fn handled_member(
    conn: &mut Conn,
    who: &Acting,
    id: &MemberId,
    role: Option<Role>,
    now: UtcTime,
) -> AppResult<HandledMember> {
    let member = store::find_living(conn, &who.workspace, id)?.ok_or(AppError::NotFound)?;
    let own = role_now(conn, who)?;
    let may = own.may_handle(member.role) && role.map_or(member.id != who.member, |role| own.may_handle(role));
    if !may {
        return Err(AppError::Forbidden);
    }
    let ending = ending_invitations(conn, &who.workspace, &member, role, now)?;
    Ok(HandledMember {
        role: member.role,
        since: member.created_at,
        ending_invitations: ending.into_iter().map(|link| link.email).collect(),
        card: member.into(),
    })
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
