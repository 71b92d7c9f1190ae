//! Inviting somebody by mail, and their answer.

use super::links::{self, INVITATION_LIFETIME, NewLink, OpenAccountLink, Purpose, sealed_at};
use super::members::role_now;
use super::sessions::Browser;
use super::store::{self, NewMember};
use super::{AccountMail, Acting, Role, sign_in_provider};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, PlainToken};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{AccountLinkId, MemberId};
use crate::base::rng::Rng;
use crate::platform::activity::Event;
use crate::platform::db::Conn;
use crate::platform::jobs;

/// Whom to invite, as what.
pub(super) struct NewInvitation {
    /// The nonce of the form it came from: the same form sent twice makes one invitation.
    pub(super) nonce: String,
    /// Where the mail goes, checked and in lower case.
    pub(super) email: String,
    /// What they will be.
    pub(super) role: Role,
}

/// What became of it.
pub(super) enum Invited {
    /// The invitation is made; the token is shown once and mailed.
    Made {
        /// What opens it.
        token: PlainToken,
        /// Until when.
        until: UtcTime,
    },
    /// This form was sent before; its link was shown then.
    MadeBefore,
    /// The address belongs to a member already.
    IsMember,
}

/// Invites somebody; an earlier invitation to the same address stops working.
///
/// # Errors
/// [`AppError::Forbidden`] when the one who invites may not give that role.
pub(super) fn invite(
    conn: &mut Conn,
    who: &Acting,
    new: &NewInvitation,
    keys: &KeyRing,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<Invited> {
    if !role_now(conn, who)?.may_handle(new.role) {
        return Err(AppError::Forbidden);
    }
    let id = AccountLinkId::from_text(&new.nonce);
    if links::invitation_of(conn, &who.workspace, &id)?.is_some() {
        return Ok(Invited::MadeBefore);
    }
    if store::credentials_of_email(conn, &new.email)?.is_some_and(|member| member.workspace_id == who.workspace) {
        return Ok(Invited::IsMember);
    }
    links::revoke_invitations_to(conn, &who.workspace, &new.email, now)?;
    let token = PlainToken::new(rng, "");
    let until = now + INVITATION_LIFETIME;
    let link = NewLink {
        id: &id,
        workspace: &who.workspace,
        purpose: Purpose::Join,
        email: &new.email,
        role: new.role,
        member: None,
        token: &token.hash(),
        sealed_token: &keys.seal(token.expose().as_bytes(), sealed_at(&id, &who.workspace), rng)?,
        created_by: Some(&who.member),
        expires_at: until,
    };
    if !link.insert(conn, now)? {
        return Ok(Invited::MadeBefore);
    }
    jobs::enqueue(conn, &AccountMail(id.clone()), now, rng)?;
    who.note(conn, Event::MemberInvited, &format!("{} as {}", new.email, new.role.as_str()), now, rng)?;
    Ok(Invited::Made { token, until })
}

/// Withdraws an invitation; nothing happens when it was answered already.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such invitation. [`AppError::Forbidden`]: its role is not for this member to handle.
pub(super) fn withdraw(conn: &mut Conn, who: &Acting, id: &AccountLinkId, now: UtcTime, rng: &Rng) -> AppResult<()> {
    let link = links::invitation_of(conn, &who.workspace, id)?.ok_or(AppError::NotFound)?;
    if !role_now(conn, who)?.may_handle(link.role) {
        return Err(AppError::Forbidden);
    }
    if links::revoke_invitation(conn, &who.workspace, id, now)? {
        who.note(conn, Event::InvitationWithdrawn, &link.email, now, rng)?;
    }
    Ok(())
}

/// Makes the invited person a member and signs them in; `None` when somebody used or withdrew the link meanwhile.
///
/// # Errors
/// [`AppError::Conflict`] when a member of this installation has the address already, or the workspace takes no passwords; the link is
/// not spent then.
pub(super) fn accept(
    conn: &mut Conn,
    link: &OpenAccountLink,
    (name, password_hash): (&str, &str),
    browser: &Browser,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<Option<PlainToken>> {
    let workspace = &link.workspace.id;
    if sign_in_provider::passwords_off(conn, workspace)?.is_some() {
        return Err(AppError::Conflict(
            "This workspace takes no passwords. Open the invitation again to sign in its way.",
        ));
    }
    if !links::redeem(conn, workspace, &link.row.id, now)? {
        return Ok(None);
    }
    let id = MemberId::new(now, rng);
    let member = NewMember { id: &id, workspace, email: &link.row.email, name, password_hash, role: link.row.role };
    if !member.insert(conn, now)? {
        return Err(AppError::Conflict(
            "This email address has an account here already. Sign in with it, or ask to be invited at another address.",
        ));
    }
    let joined = Acting { workspace: workspace.clone(), member: id.clone(), name: name.to_owned() };
    joined.note(conn, Event::MemberJoined, link.row.role.as_str(), now, rng)?;
    Ok(Some(browser.sign_in(conn, workspace, &id, now, rng)?))
}
