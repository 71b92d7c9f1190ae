//! What owners do to the workspace's provider. Rights are judged again inside the transaction.

use secrecy::{ExposeSecret as _, SecretString};

use super::super::notes::note;
use super::super::store as members;
use super::super::{Acting, Role, sessions};
use super::domains::Domains;
use super::{Newcomers, Provider, SEALED_CLIENT_SECRETS, store};
use crate::base::crypto::{PlainToken, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, SessionId, SignInProviderId, WorkspaceId};
use crate::features::accounts::members::{role_now, shut_out};
use crate::platform::activity::{Actor, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

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
pub(super) fn save(tx: &mut Tx<'_>, who: &Acting, new: &NewDetails) -> AppResult<Saved> {
    as_owner(tx.conn, who)?;
    let old = store::find(tx.conn, &who.workspace)?;
    let id = old.as_ref().map_or_else(|| SignInProviderId::new(tx.now, tx.rng), |old| old.id.clone());
    let typed = new.client_secret.as_ref().map(|secret| secret.expose_secret().as_bytes());
    let sealed: Option<Sealed> =
        typed.map(|secret| tx.keys.seal(secret, SEALED_CLIENT_SECRETS.at(&id, &who.workspace), tx.rng)).transpose()?;
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
        revision: same.map_or_else(|| PlainToken::new(tx.rng, "").expose().to_owned(), |old| old.revision.clone()),
        tested_at: same.and_then(|old| old.tested_at),
        passwords_off_at: same.and_then(|old| old.passwords_off_at),
    };
    match &old {
        None => store::insert(tx.conn, &provider, tx.now)?,
        Some(_) => store::update(tx.conn, &provider)?,
    }
    who.note(tx, Event::SignInProviderSaved, &provider.label)?;
    if old.is_some_and(|old| old.passwords_off_at.is_some()) && provider.passwords_off_at.is_none() {
        who.note(tx, Event::PasswordsOn, "because the sign-in provider was changed")?;
    }
    Ok(if provider.tested_at.is_some() { Saved::AsBefore } else { Saved::Untested })
}

/// Makes the provider the only way in: no session but this one opens the workspace any more.
///
/// # Errors
/// [`AppError::Conflict`] when this owner has not signed in through it yet. [`AppError::Forbidden`] for who is no owner.
pub(super) fn switch_passwords_off(tx: &mut Tx<'_>, who: &Acting, keep: &SessionId) -> AppResult<()> {
    as_owner(tx.conn, who)?;
    if store::identity_of(tx.conn, &who.workspace, &who.member)?.is_none() {
        return Err(AppError::Conflict(NOT_TESTED));
    }
    if !store::switch_off(tx.conn, &who.workspace, tx.now)? {
        let is_off = store::passwords_off(tx.conn, &who.workspace)?.is_some();
        return if is_off { Ok(()) } else { Err(AppError::Conflict(NOT_TESTED)) };
    }
    for member in members::list_members(tx.conn, &who.workspace)? {
        shut_out(tx, &who.workspace, &member.id, Some(keep).filter(|_| member.id == who.member))?;
    }
    // The owner has shown that the provider knows them.
    sessions::vouch(tx.conn, keep, &who.workspace)?;
    who.note(tx, Event::PasswordsOff, "")
}

/// Lets passwords open the workspace again.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner.
pub(super) fn switch_passwords_on(tx: &mut Tx<'_>, who: &Acting) -> AppResult<()> {
    as_owner(tx.conn, who)?;
    if store::switch_on(tx.conn, &who.workspace)? {
        who.note(tx, Event::PasswordsOn, "")?;
    }
    Ok(())
}

/// The same from the server's own machine, when nobody can sign in any more; `false` when passwords are on.
///
/// # Errors
/// Only internal ones.
pub fn allow_passwords_by_command(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> AppResult<bool> {
    let changed = store::switch_on(tx.conn, workspace)?;
    if changed {
        note(tx, workspace, Actor::System, Event::PasswordsOn, "by a command on the server")?;
    }
    Ok(changed)
}

/// Removes the provider; its client secret is gone, and passwords work again.
///
/// # Errors
/// [`AppError::Forbidden`] for who is no owner.
pub(super) fn remove(tx: &mut Tx<'_>, who: &Acting) -> AppResult<()> {
    as_owner(tx.conn, who)?;
    let Some(old) = store::find(tx.conn, &who.workspace)? else { return Ok(()) };
    store::delete(tx.conn, &who.workspace)?;
    who.note(tx, Event::SignInProviderRemoved, &old.label)?;
    if old.passwords_off_at.is_some() {
        who.note(tx, Event::PasswordsOn, "because the sign-in provider was removed")?;
    }
    Ok(())
}

/// Forgets who a member is at the provider, so that they are recognised by their address again.
///
/// # Errors
/// [`AppError::NotFound`]: the workspace has no such member. [`AppError::Forbidden`] for who is no owner.
pub(in crate::features::accounts) fn untie(tx: &mut Tx<'_>, who: &Acting, member: &MemberId) -> AppResult<()> {
    as_owner(tx.conn, who)?;
    let member = members::find_living(tx.conn, &who.workspace, member)?.ok_or(AppError::NotFound)?;
    if store::forget(tx.conn, &who.workspace, &member.id)? {
        who.note(tx, Event::IdentityUntied, &member.name)?;
    }
    Ok(())
}
