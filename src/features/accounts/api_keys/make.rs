//! Making, listing and revoking keys.

use super::store::{self, ApiKeyRow, KnownKey};
use super::{PREFIX, SHOWN, Scope};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::AppResult;
use crate::base::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::features::accounts::notes::note;
use crate::platform::activity::{Actor, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    /// Its id; the same id twice makes one key.
    pub id: ApiKeyId,
    /// The workspace it opens.
    pub workspace: &'a WorkspaceId,
    /// What it is for, in the words of who makes it.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// From when on it does not work; `None`: until it is revoked.
    pub expires_at: Option<UtcTime>,
    /// The member who makes it; `None`: a command.
    pub created_by: Option<&'a MemberId>,
    /// Who is said to have made it in the activity log.
    pub actor: Actor,
}

/// Makes a key; it exists in the answer and nowhere else. `None` when a key of that id was made before.
///
/// # Errors
/// Only internal ones.
pub fn create(tx: &mut Tx<'_>, new: &NewApiKey<'_>) -> AppResult<Option<PlainToken>> {
    let token = PlainToken::new(tx.rng, PREFIX);
    let shown: String = token.expose().chars().take(SHOWN).collect();
    if !store::insert(tx.conn, new, &token.hash(), &shown, tx.now)? {
        return Ok(None);
    }
    note(tx, new.workspace, new.actor.clone(), Event::ApiKeyCreated, new.name)?;
    Ok(Some(token))
}

/// The keys of a workspace, revoked ones too, the newest first.
///
/// # Errors
/// The database cannot be asked.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> AppResult<Vec<ApiKeyRow>> {
    Ok(store::list(conn, workspace)?)
}

/// Revokes a key; `false` when it was revoked already, `None` when the workspace has no such key.
///
/// # Errors
/// The database cannot be asked.
pub fn revoke(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ApiKeyId, actor: Actor) -> AppResult<Option<bool>> {
    let Some(key) = store::find(tx.conn, workspace, id)? else { return Ok(None) };
    if !store::revoke(tx.conn, workspace, id, tx.now)? {
        return Ok(Some(false));
    }
    note(tx, workspace, actor, Event::ApiKeyRevoked, &key.name)?;
    Ok(Some(true))
}

/// The key a program shows; `None` when it is unknown, revoked or expired.
///
/// # Errors
/// The database cannot be asked.
pub fn authenticate(conn: &mut Conn, shown: &PlainToken, now: UtcTime) -> AppResult<Option<KnownKey>> {
    Ok(store::find_working(conn, &shown.hash(), now)?)
}

/// Notes that a key was used now.
///
/// # Errors
/// The database cannot be asked.
pub fn note_use(conn: &mut Conn, key: &ApiKeyId, now: UtcTime) -> AppResult<()> {
    Ok(store::touch(conn, key, now)?)
}
