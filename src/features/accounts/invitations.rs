//! Inviting somebody by mail, and their answer.

use super::links::{self, INVITATION_LIFETIME, NewLink, OpenAccountLink, Purpose, SEALED_LINK_TOKENS};
use super::members::role_now;
use super::sessions::Browser;
use super::store::{self, NewMember};
use super::{AccountMail, Acting, Role, sign_in_provider};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{AccountLinkId, MemberId};
use crate::platform::activity::Event;
use crate::platform::tx::Tx;

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
pub(super) fn invite(tx: &mut Tx<'_>, who: &Acting, new: &NewInvitation) -> AppResult<Invited> {
    if !role_now(tx.conn, who)?.may_handle(new.role) {
        return Err(AppError::Forbidden);
    }
    let id = AccountLinkId::from_text(&new.nonce);
    if links::invitation_of(tx.conn, &who.workspace, &id)?.is_some() {
        return Ok(Invited::MadeBefore);
    }
    if store::credentials_of_email(tx.conn, &new.email)?.is_some_and(|member| member.workspace_id == who.workspace) {
        return Ok(Invited::IsMember);
    }
    links::revoke_invitations_to(tx.conn, &who.workspace, &new.email, tx.now)?;
    let token = PlainToken::new(tx.rng, "");
    let until = tx.now + INVITATION_LIFETIME;
    let link = NewLink {
        id: &id,
        workspace: &who.workspace,
        purpose: Purpose::Join,
        email: &new.email,
        role: new.role,
        member: None,
        token: &token.hash(),
        sealed_token: &tx.keys.seal(token.expose().as_bytes(), SEALED_LINK_TOKENS.at(&id, &who.workspace), tx.rng)?,
        created_by: Some(&who.member),
        expires_at: until,
    };
    if !link.insert(tx.conn, tx.now)? {
        return Ok(Invited::MadeBefore);
    }
    tx.enqueue(&AccountMail(id.clone()))?;
    who.note(tx, Event::MemberInvited, &format!("{} as {}", new.email, new.role.as_str()))?;
    Ok(Invited::Made { token, until })
}

/// Withdraws an invitation; nothing happens when it was answered already.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such invitation. [`AppError::Forbidden`]: its role is not for this member to handle.
pub(super) fn withdraw(tx: &mut Tx<'_>, who: &Acting, id: &AccountLinkId) -> AppResult<()> {
    let link = links::invitation_of(tx.conn, &who.workspace, id)?.ok_or(AppError::NotFound)?;
    if !role_now(tx.conn, who)?.may_handle(link.role) {
        return Err(AppError::Forbidden);
    }
    if links::revoke_invitation(tx.conn, &who.workspace, id, tx.now)? {
        who.note(tx, Event::InvitationWithdrawn, &link.email)?;
    }
    Ok(())
}

/// Makes the invited person a member and signs them in; `None` when somebody used or withdrew the link meanwhile.
///
/// # Errors
/// [`AppError::Conflict`] when a member of this installation has the address already, or the workspace takes no passwords; the link is
/// not spent then.
pub(super) fn accept(
    tx: &mut Tx<'_>,
    link: &OpenAccountLink,
    (name, password_hash): (&str, &str),
    browser: &Browser,
) -> AppResult<Option<PlainToken>> {
    let workspace = &link.workspace.id;
    if sign_in_provider::passwords_off(tx.conn, workspace)?.is_some() {
        return Err(AppError::Conflict(
            "This workspace takes no passwords. Open the invitation again to sign in its way.",
        ));
    }
    if !links::redeem(tx.conn, workspace, &link.row.id, tx.now)? {
        return Ok(None);
    }
    let id = MemberId::new(tx.now, tx.rng);
    let member = NewMember { id: &id, workspace, email: &link.row.email, name, password_hash, role: link.row.role };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::Conflict(
            "This email address has an account here already. Sign in with it, or ask to be invited at another address.",
        ));
    }
    let joined = Acting { workspace: workspace.clone(), member: id.clone(), name: name.to_owned() };
    joined.note(tx, Event::MemberJoined, link.row.role.as_str())?;
    Ok(Some(browser.sign_in(tx, workspace, &id)?))
}
