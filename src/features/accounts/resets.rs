//! A new password for somebody who cannot sign in: a link to their address, used once.

use time::Duration;

use super::links::{self, NewLink, OpenAccountLink, Purpose, RESET_LIFETIME, sealed_at};
use super::{AccountMail, Acting, sessions, sign_in_provider, store};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, PlainToken};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::AccountLinkId;
use crate::base::rng::Rng;
use crate::platform::activity::Event;
use crate::platform::db::Conn;
use crate::platform::jobs;

/// So long after one mail no other is sent, so that nobody's mailbox is flooded by strangers.
const QUIET: Duration = Duration::minutes(2);

/// Queues a mail with a link if the address is a member's of a workspace that takes passwords; whoever asks is not told whether it is.
///
/// # Errors
/// Only internal ones.
pub(super) fn request(conn: &mut Conn, email: &str, keys: &KeyRing, now: UtcTime, rng: &Rng) -> AppResult<()> {
    let Some(member) = store::credentials_of_email(conn, email)? else { return Ok(()) };
    if sign_in_provider::passwords_off(conn, &member.workspace_id)?.is_some() {
        return Ok(());
    }
    if links::recent_resets(conn, &member.workspace_id, &member.id, now - QUIET)? > 0 {
        return Ok(());
    }
    let (id, token) = (AccountLinkId::new(now, rng), PlainToken::new(rng, ""));
    let link = NewLink {
        id: &id,
        workspace: &member.workspace_id,
        purpose: Purpose::Reset,
        email: &member.email,
        role: member.role,
        member: Some(&member.id),
        token: &token.hash(),
        sealed_token: &keys.seal(token.expose().as_bytes(), sealed_at(&id, &member.workspace_id), rng)?,
        created_by: None,
        expires_at: now + RESET_LIFETIME,
    };
    link.insert(conn, now)?;
    Ok(jobs::enqueue(conn, &AccountMail(id), now, rng)?)
}

/// Sets the password chosen through a link and ends every session; `false` when the link was used or closed meanwhile.
///
/// # Errors
/// [`AppError::Conflict`] when the password was changed in the same moment; the link is not spent then.
pub(super) fn choose(
    conn: &mut Conn,
    link: &OpenAccountLink,
    password_hash: &str,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<bool> {
    let workspace = &link.workspace.id;
    if !links::redeem(conn, workspace, &link.row.id, now)? {
        return Ok(false);
    }
    let id = link.row.member_id.as_ref().ok_or(AppError::NotFound)?;
    let member = store::credentials_of(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    if !store::set_password(conn, workspace, id, &member.password_hash, password_hash)? {
        return Err(AppError::Conflict(
            "Your password was changed a moment ago. Try to sign in, or ask for a new link.",
        ));
    }
    sessions::end_all(conn, workspace, id)?;
    links::revoke_resets(conn, workspace, id, now)?;
    let who = Acting { workspace: workspace.clone(), member: id.clone(), name: member.name };
    who.note(conn, Event::PasswordChanged, "through a link sent by mail", now, rng)?;
    Ok(true)
}
