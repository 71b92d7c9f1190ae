//! What owners do to the workspace's provider. Rights are judged again inside the transaction.

use secrecy::{ExposeSecret as _, SecretString};

use super::super::notes::note;
use super::super::store as members;
use super::super::{Acting, Role, links, sessions};
use super::domains::Domains;
use super::{Newcomers, Provider, secret_at, store};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, PlainToken, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SessionId, SignInProviderId, WorkspaceId};
use crate::base::rng::Rng;
use crate::features::accounts::members::role_now;
use crate::platform::activity::{Actor, Event};
use crate::platform::db::Conn;

const NOT_TESTED: &str = "Test the sign-in with your own account first. Passwords can be switched off only after that.";

/// What an owner typed, checked.
#[derive(Clone)]
pub(super) struct NewDetails {
    pub(super) label: String,
    /// As the provider calls itself.
    pub(super) issuer: String,
    pub(super) client_id: String,
    /// `None` keeps the one there is.
    pub(super) client_secret: Option<SecretString>,
    pub(super) domains: Domains,
    pub(super) newcomers: Newcomers,
}

/// What saving came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
    /// Works as before.
    AsBefore,
    /// Has to be tested before anybody is offered it.
    Untested,
}

fn as_owner(conn: &mut Conn, who: &Acting) -> AppResult<()> {
    members::lock_members(conn, &who.workspace)?;
    if role_now(conn, who)? == Role::Owner { Ok(()) } else { Err(AppError::Forbidden) }
}

/// Sets the provider up, or changes it. Other details than those that were tested are untested, and passwords work again until they are
/// tested, so that a slip locks nobody out.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner.
pub(super) fn save(
    conn: &mut Conn,
    who: &Acting,
    new: &NewDetails,
    keys: &KeyRing,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<Saved> {
    as_owner(conn, who)?;
    let old = store::find(conn, &who.workspace)?;
    let id = old.as_ref().map_or_else(|| SignInProviderId::new(now, rng), |old| old.id.clone());
    let typed = new.client_secret.as_ref().map(|secret| secret.expose_secret().as_bytes());
    let sealed: Option<Sealed> =
        typed.map(|secret| keys.seal(secret, secret_at(&id, &who.workspace), rng)).transpose()?;
    let same =
        old.as_ref().filter(|old| old.issuer == new.issuer && old.client_id == new.client_id && sealed.is_none());
    let kept = old.as_ref().filter(|old| old.issuer == new.issuer).and_then(|old| old.client_secret.clone());
    let provider = Provider {
        id,
        workspace_id: who.workspace.clone(),
        label: new.label.clone(),
        issuer: new.issuer.clone(),
        client_id: new.client_id.clone(),
        client_secret: sealed.or(kept),
        domains: new.domains.clone(),
        newcomers: new.newcomers,
        revision: same.map_or_else(|| PlainToken::new(rng, "").expose().to_owned(), |old| old.revision.clone()),
        tested_at: same.and_then(|old| old.tested_at),
        passwords_off_at: same.and_then(|old| old.passwords_off_at),
    };
    match &old {
        None => store::insert(conn, &provider, now)?,
        Some(_) => store::update(conn, &provider)?,
    }
    who.note(conn, Event::SignInProviderSaved, &provider.label, now, rng)?;
    if old.is_some_and(|old| old.passwords_off_at.is_some()) && provider.passwords_off_at.is_none() {
        who.note(conn, Event::PasswordsOn, "because the sign-in provider was changed", now, rng)?;
    }
    Ok(if provider.tested_at.is_some() { Saved::AsBefore } else { Saved::Untested })
}

/// Makes the provider the only way in: every session but this one ends, and links to choose a password close.
///
/// # Errors
/// [`AppError::Conflict`] when this owner has not signed in through it yet. [`AppError::Forbidden`] for who is no owner.
pub(super) fn switch_passwords_off(
    conn: &mut Conn,
    who: &Acting,
    keep: &SessionId,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<()> {
    as_owner(conn, who)?;
    if store::identity_of(conn, &who.workspace, &who.member)?.is_none() {
        return Err(AppError::Conflict(NOT_TESTED));
    }
    if !store::switch_off(conn, &who.workspace, now)? {
        let is_off = store::passwords_off(conn, &who.workspace)?.is_some();
        return if is_off { Ok(()) } else { Err(AppError::Conflict(NOT_TESTED)) };
    }
    for member in members::list_members(conn, &who.workspace)? {
        links::revoke_resets(conn, &who.workspace, &member.id, now)?;
        if member.id == who.member {
            sessions::end_others(conn, &who.workspace, &member.id, keep)?;
        } else {
            sessions::end_all(conn, &who.workspace, &member.id)?;
        }
    }
    Ok(who.note(conn, Event::PasswordsOff, "", now, rng)?)
}

/// Lets passwords open the workspace again.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner.
pub(super) fn switch_passwords_on(conn: &mut Conn, who: &Acting, now: UtcTime, rng: &Rng) -> AppResult<()> {
    as_owner(conn, who)?;
    if store::switch_on(conn, &who.workspace)? {
        who.note(conn, Event::PasswordsOn, "", now, rng)?;
    }
    Ok(())
}

/// The same from the server's own machine, when nobody can sign in any more; `false` when passwords are on.
///
/// # Errors
/// Only internal ones.
pub fn allow_passwords_by_command(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<bool> {
    let changed = store::switch_on(conn, workspace)?;
    if changed {
        note(conn, workspace, Actor::System, Event::PasswordsOn, "by a command on the server", (now, rng))?;
    }
    Ok(changed)
}

/// Removes the provider; its client secret is gone, and passwords work again.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner.
pub(super) fn remove(conn: &mut Conn, who: &Acting, now: UtcTime, rng: &Rng) -> AppResult<()> {
    as_owner(conn, who)?;
    let Some(old) = store::find(conn, &who.workspace)? else { return Ok(()) };
    store::delete(conn, &who.workspace)?;
    who.note(conn, Event::SignInProviderRemoved, &old.label, now, rng)?;
    if old.passwords_off_at.is_some() {
        who.note(conn, Event::PasswordsOn, "because the sign-in provider was removed", now, rng)?;
    }
    Ok(())
}

/// Forgets who a member is at the provider, so that they are recognised by their address again.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such member. [`AppError::Forbidden`] for who is no owner.
pub(in crate::features::accounts) fn untie(
    conn: &mut Conn,
    who: &Acting,
    member: &MemberId,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<()> {
    as_owner(conn, who)?;
    let member = members::find_living(conn, &who.workspace, member)?.ok_or(AppError::NotFound)?;
    if store::forget(conn, &who.workspace, &member.id)? {
        who.note(conn, Event::IdentityUntied, &member.name, now, rng)?;
    }
    Ok(())
}
