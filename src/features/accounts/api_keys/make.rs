//! Making, listing and revoking keys.

use super::store::{self, ApiKeyRow, KnownKey};
use super::{PREFIX, SHOWN, Scope};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::AppResult;
use crate::base::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::base::rng::Rng;
use crate::features::accounts::notes::note;
use crate::platform::activity::{Actor, Event};
use crate::platform::db::Conn;

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
pub fn create(conn: &mut Conn, new: &NewApiKey<'_>, now: UtcTime, rng: &Rng) -> AppResult<Option<PlainToken>> {
    let token = PlainToken::new(rng, PREFIX);
    let shown: String = token.expose().chars().take(SHOWN).collect();
    if !store::insert(conn, new, &token.hash(), &shown, now)? {
        return Ok(None);
    }
    note(conn, new.workspace, new.actor.clone(), Event::ApiKeyCreated, new.name, (now, rng))?;
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
pub fn revoke(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &ApiKeyId,
    actor: Actor,
    now: UtcTime,
    rng: &Rng,
) -> AppResult<Option<bool>> {
    let Some(key) = store::find(conn, workspace, id)? else { return Ok(None) };
    if !store::revoke(conn, workspace, id, now)? {
        return Ok(Some(false));
    }
    note(conn, workspace, actor, Event::ApiKeyRevoked, &key.name, (now, rng))?;
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
