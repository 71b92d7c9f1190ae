//! Inviting somebody by mail, and their answer.

use time::Duration;

use super::identities::Identity;
use super::links::{
    self, AccountLinkPurpose, INVITATION_LIFETIME, NewAccountLink, OpenAccountLink, SEALED_LINK_TOKENS,
};
use super::members::role_now;
use super::sessions::{Browser, OpenSession, SignInProof};
use super::store::{self, NewMember};
use super::{AccountMail, Acting, Role, identities, memberships, sessions, sign_in_provider};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{AccountLinkId, IdentityId, MemberId};
use crate::platform::activity::Event;
use crate::platform::tx::Tx;

/// What is said to who answers with a password where none opens anything.
pub(super) const NO_PASSWORDS: &str =
    "This workspace takes no passwords. Open the invitation again to sign in its way.";
const NOT_THEM: &str = "You are not signed in any more as whom the invitation is for. Open it again.";

/// Whom to invite, as what.
pub(super) struct NewInvitation {
    /// The nonce of the form it came from: the same form sent twice makes one invitation.
    pub(super) nonce: String,
    /// Where the mail goes, checked and in lower case.
    pub(super) email: String,
    /// What they will be.
    pub(super) role: Role,
}

/// An address is invited once in so long: whoever has it may not want to hear of us.
const REST: Duration = Duration::HOUR;
const DAY: Duration = Duration::DAY;
/// A workspace sends so many invitations a day.
pub(super) const MOST_A_DAY: i64 = 200;

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
    /// The address belongs to a member of this workspace already.
    IsMember,
    /// Somebody invited that address a moment ago.
    Resting {
        /// From when on it can be invited again.
        again: UtcTime,
    },
    /// The workspace has sent as many invitations as it may in a day.
    TooMany,
}

/// Invites somebody; an earlier invitation to the same address stops working. Whether the address is known elsewhere in the installation
/// changes nothing, so whoever invites does not learn it.
///
/// # Errors
/// [`AppError::Forbidden`] when the one who invites may not give that role.
pub(super) fn invite(tx: &mut Tx<'_>, who: &Acting, new: &NewInvitation) -> AppResult<Invited> {
    // Of many at once, each sees those before; and whoever is just being removed invites nobody.
    store::lock_members(tx.conn, &who.workspace)?;
    if !role_now(tx.conn, who)?.may_handle(new.role) {
        return Err(AppError::Forbidden);
    }
    let id = AccountLinkId::from_text(&new.nonce);
    if links::invitation_of(tx.conn, &who.workspace, &id)?.is_some() {
        return Ok(Invited::MadeBefore);
    }
    if store::living_of_email(tx.conn, &who.workspace, &new.email)?.is_some() {
        return Ok(Invited::IsMember);
    }
    let last = links::last_invitation_to(tx.conn, &who.workspace, &new.email)?;
    if let Some(again) = last.map(|last| last + REST).filter(|again| *again > tx.now && *again <= tx.now + REST) {
        return Ok(Invited::Resting { again });
    }
    if links::invitations_since(tx.conn, &who.workspace, tx.now - DAY)? >= MOST_A_DAY {
        return Ok(Invited::TooMany);
    }
    links::revoke_invitations_to(tx.conn, &who.workspace, &new.email, tx.now)?;
    let token = PlainToken::new(tx.rng, "");
    let until = tx.now + INVITATION_LIFETIME;
    let link = NewAccountLink {
        id: &id,
        workspace: &who.workspace,
        purpose: AccountLinkPurpose::Join,
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

/// Who answers an invitation.
pub(super) enum Invitee {
    /// Somebody new.
    New {
        /// What they call themselves.
        name: String,
        /// Of the password they have chosen.
        password_hash: String,
    },
    /// Somebody known here, who has typed their password on the page.
    Known {
        /// As they were when the password was judged.
        identity: Identity,
        /// What they call themselves.
        name: String,
    },
    /// Somebody who has signed in before, by the session of their browser.
    SignedIn,
}

/// What answering came to.
pub(super) enum Joined {
    /// They are in; the token begins a session.
    Begun(PlainToken),
    /// They are in, and their session goes on.
    GoesOn,
    /// Somebody used or withdrew the link meanwhile.
    Closed,
}

/// Makes the invited person a member.
///
/// # Errors
/// [`AppError::Conflict`] when they are a member already, are not who was invited, or the workspace takes no passwords; the link is not
/// spent then.
pub(super) fn accept(
    tx: &mut Tx<'_>,
    link: &OpenAccountLink,
    invitee: Invitee,
    browser: &Browser,
) -> AppResult<Joined> {
    let workspace = &link.workspace.id;
    if sign_in_provider::passwords_off(tx.conn, workspace)?.is_some() {
        return Err(AppError::Conflict(NO_PASSWORDS));
    }
    let session = match &browser.session {
        Some(token) if matches!(invitee, Invitee::SignedIn) => sessions::find(tx.conn, token, browser.life, tx.now)?,
        _ => None,
    };
    // Whoever invited may be losing their role at this moment: the one who is first counts.
    store::lock_members(tx.conn, workspace)?;
    if !links::stands(tx.conn, &link.row)? || !links::redeem(tx.conn, workspace, &link.row.id, tx.now)? {
        return Ok(Joined::Closed);
    }
    let AcceptedBy { identity, name } = identify(tx, &link.row.email, invitee, session.as_ref())?;
    let (id, role) = (MemberId::new(tx.now, tx.rng), link.row.role);
    let member = NewMember { id: &id, workspace, identity: &identity, name: &name, role, password_opens: true };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::Conflict("You are a member of this workspace already. The invitation is not used up."));
    }
    let joined = Acting { workspace: workspace.clone(), member: id.clone(), name };
    joined.note(tx, Event::MemberJoined, role.as_str())?;
    let Some(session) = session else {
        return Ok(Joined::Begun(browser.sign_in(tx, workspace, &id, SignInProof::Password)?));
    };
    sessions::choose(tx.conn, &session.id, workspace, &id)?;
    memberships::note_opened(tx.conn, &id, tx.now)?;
    Ok(Joined::GoesOn)
}

/// Who becomes a member, and what they are called there.
struct AcceptedBy {
    identity: Identity,
    name: String,
}

fn identify(tx: &mut Tx<'_>, email: &str, invitee: Invitee, session: Option<&OpenSession>) -> AppResult<AcceptedBy> {
    match invitee {
        Invitee::New { name, password_hash } => {
            let identity = Identity { id: IdentityId::new(tx.now, tx.rng), email: email.to_owned(), password_hash };
            if !identities::insert(tx.conn, &identity, tx.now)? {
                return Err(AppError::Conflict(
                    "An account with this email address was made a moment ago. Open the invitation again.",
                ));
            }
            Ok(AcceptedBy { identity, name })
        }
        Invitee::Known { identity, name } => {
            let is_same =
                identity.email == email && identities::find(tx.conn, &identity.id)?.as_ref() == Some(&identity);
            if is_same { Ok(AcceptedBy { identity, name }) } else { Err(AppError::Conflict(NOT_THEM)) }
        }
        Invitee::SignedIn => {
            let session = session.filter(|session| session.by_password() && session.email == email);
            let session = session.ok_or(AppError::Conflict(NOT_THEM))?;
            let identity = identities::find(tx.conn, &session.identity_id)?.ok_or(AppError::NotFound)?;
            let name = memberships::newest(tx.conn, &identity.id)?.map(|newest| newest.name).unwrap_or_default();
            Ok(AcceptedBy { identity, name })
        }
    }
}
