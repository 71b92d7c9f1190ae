//! A new password for somebody who cannot sign in: a link to their address, used once.

use time::Duration;

use super::links::{self, NewLink, OpenAccountLink, Purpose, RESET_LIFETIME, SEALED_LINK_TOKENS};
use super::{AccountMail, Acting, sessions, sign_in_provider, store};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::AccountLinkId;
use crate::platform::activity::Event;
use crate::platform::tx::Tx;

/// So long after one mail no other is sent, so that nobody's mailbox is flooded by strangers.
const QUIET: Duration = Duration::minutes(2);

/// Queues a mail with a link if the address is a member's of a workspace that takes passwords; whoever asks is not told whether it is.
///
/// # Errors
/// Only internal ones.
pub(super) fn request(tx: &mut Tx<'_>, email: &str) -> AppResult<()> {
    let Some(member) = store::credentials_of_email(tx.conn, email)? else { return Ok(()) };
    if sign_in_provider::passwords_off(tx.conn, &member.workspace_id)?.is_some() {
        return Ok(());
    }
    if links::recent_resets(tx.conn, &member.workspace_id, &member.id, tx.now - QUIET)? > 0 {
        return Ok(());
    }
    let (id, token) = (AccountLinkId::new(tx.now, tx.rng), PlainToken::new(tx.rng, ""));
    let link = NewLink {
        id: &id,
        workspace: &member.workspace_id,
        purpose: Purpose::Reset,
        email: &member.email,
        role: member.role,
        member: Some(&member.id),
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
    let member = store::credentials_of(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
    if !store::set_password(tx.conn, workspace, id, &member.password_hash, password_hash)? {
        return Err(AppError::Conflict(
            "Your password was changed a moment ago. Try to sign in, or ask for a new link.",
        ));
    }
    sessions::end_all(tx.conn, workspace, id)?;
    links::revoke_resets(tx.conn, workspace, id, tx.now)?;
    let who = Acting { workspace: workspace.clone(), member: id.clone(), name: member.name };
    who.note(tx, Event::PasswordChanged, "through a link sent by mail")?;
    Ok(true)
}
