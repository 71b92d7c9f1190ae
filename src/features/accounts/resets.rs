//! A new password for somebody who cannot sign in: a link to their address, used once.

use time::Duration;

use super::links::{self, AccountLinkPurpose, NewAccountLink, OpenAccountLink, RESET_LIFETIME, SEALED_LINK_TOKENS};
use super::{AccountMail, Acting, identities, memberships, sessions, store};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::AccountLinkId;
use crate::platform::activity::Event;
use crate::platform::tx::Tx;

/// So long after one mail no other is sent, so that nobody's mailbox is flooded by strangers; twice as long after each further one of a day.
const QUIET: Duration = Duration::minutes(2);
/// So often it is doubled: always shorter than a link works, so that whoever's mailbox it is has one that does.
const DOUBLINGS: i64 = 4;

/// How long no other mail is sent after so many of a day.
fn quiet_after(mails: i64) -> Duration {
    let doublings = u32::try_from((mails - 1).clamp(0, DOUBLINGS)).unwrap_or(0);
    QUIET * 2_i32.pow(doublings)
}

/// Queues a mail with a link if the address is a member's of a workspace that takes passwords; whoever asks is not told whether it is.
/// The mail speaks of the one of those workspaces that they chose last.
///
/// # Errors
/// Only internal ones.
pub(super) fn request(tx: &mut Tx<'_>, email: &str) -> AppResult<()> {
    let Some(identity) = identities::of_email(tx.conn, email)? else { return Ok(()) };
    let all = memberships::list(tx.conn, &identity.id, None)?;
    let Some(member) = all.iter().filter(|one| one.only_provider().is_none()).max_by_key(|one| one.opened_at) else {
        return Ok(());
    };
    let today = links::recent_resets(tx.conn, &identity.id, tx.now - Duration::DAY)?;
    if links::recent_resets(tx.conn, &identity.id, tx.now - quiet_after(today))? > 0 {
        return Ok(());
    }
    let (id, token) = (AccountLinkId::new(tx.now, tx.rng), PlainToken::new(tx.rng, ""));
    let link = NewAccountLink {
        id: &id,
        workspace: &member.workspace_id,
        purpose: AccountLinkPurpose::Reset,
        email: &identity.email,
        role: member.role,
        member: Some(&member.member_id),
        token: &token.hash(),
        sealed_token: &tx.keys.seal(
            token.expose().as_bytes(),
            SEALED_LINK_TOKENS.at(&id, &member.workspace_id),
            tx.rng,
        )?,
        created_by: None,
        expires_at: tx.now + RESET_LIFETIME,
    };
    link.insert(tx.conn, tx.now)?;
    tx.enqueue(&AccountMail(id))
}

/// Sets the password chosen through a link and ends every session; `false` when the link was used or closed meanwhile.
///
/// # Errors
/// [`AppError::Conflict`] when the password was changed in the same moment; the link is not spent then.
pub(super) fn choose(tx: &mut Tx<'_>, link: &OpenAccountLink, password_hash: &str) -> AppResult<bool> {
    let workspace = &link.workspace.id;
    if !links::redeem(tx.conn, workspace, &link.row.id, tx.now)? {
        return Ok(false);
    }
    let id = link.row.member_id.as_ref().ok_or(AppError::NotFound)?;
    let identity = identities::of_member(tx.conn, id)?.ok_or(AppError::NotFound)?;
    if !identities::set_password(tx.conn, &identity.id, &identity.password_hash, password_hash)? {
        return Err(AppError::Conflict(
            "Your password was changed a moment ago. Try to sign in, or ask for a new link.",
        ));
    }
    memberships::let_password_open(tx.conn, &identity.id)?;
    sessions::end_all(tx.conn, &identity.id)?;
    links::revoke_resets(tx.conn, &identity.id, tx.now)?;
    let name = store::find_member(tx.conn, id)?.map(|member| member.name).unwrap_or_default();
    let who = Acting { workspace: workspace.clone(), member: id.clone(), name };
    who.note(tx, Event::PasswordChanged, "through a link for choosing a new one")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_come_less_and_less_often_and_one_of_them_always_works() {
        assert_eq!([1, 2, 3, 5, 9, 500].map(|mails| quiet_after(mails).whole_minutes()), [2, 4, 8, 32, 32, 32]);
        assert!(quiet_after(i64::MAX) < RESET_LIFETIME);
    }
}
