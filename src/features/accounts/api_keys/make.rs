//! Making, listing and revoking keys.

use super::store::{self, ApiKeyRow, KnownKey, NewApiKey};
use super::{PREFIX, SHOWN, Scope};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::AppResult;
use crate::base::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::features::accounts::MemberCard;
use crate::features::accounts::notes::note;
use crate::platform::activity::{Actor, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

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

/// The keys a member has made that work now, the newest first.
///
/// # Errors
/// The database cannot be asked.
pub fn working_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    now: UtcTime,
) -> AppResult<Vec<ApiKeyRow>> {
    let all = store::list(conn, workspace)?.into_iter();
    Ok(all.filter(|key| key.created_by.as_ref() == Some(member) && key.works(now)).collect())
}

/// Makes another member the one who answers for a key; programs go on using it. What only owners' keys may do does not come with it: nobody
/// gets more by it than whoever made the key could give. `false` when it was revoked meanwhile.
///
/// # Errors
/// The database refuses.
pub fn hand_over(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    key: &ApiKeyRow,
    to: &MemberCard,
    actor: Actor,
) -> AppResult<bool> {
    let scopes: Vec<Scope> = key.scopes().into_iter().filter(|scope| !scope.is_of_owners()).collect();
    if !store::hand_over(tx.conn, workspace, &key.id, &to.id, &scopes)? {
        return Ok(false);
    }
    note(tx, workspace, actor, Event::ApiKeyHandedOver, &format!("{}, to {}", key.name, to.name))?;
    Ok(true)
}

/// The key a program shows; `None` when it is unknown, revoked or expired.
///
/// # Errors
/// The database cannot be asked.
pub fn authenticate(conn: &mut Conn, shown: &PlainToken, now: UtcTime) -> AppResult<Option<KnownKey>> {
    Ok(store::find_working(conn, &shown.hash(), now)?)
}

/// Whether a key that was shown a while ago would still open this: for answers that take long.
///
/// # Errors
/// The database cannot be asked.
pub fn still_allows(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &ApiKeyId,
    scope: Scope,
    now: UtcTime,
) -> AppResult<bool> {
    let key = store::find(conn, workspace, id)?;
    Ok(key.is_some_and(|key| key.works(now) && key.scopes().contains(&scope)))
}

/// Notes that a key was used now.
///
/// # Errors
/// The database cannot be asked.
pub fn note_use(conn: &mut Conn, key: &ApiKeyId, now: UtcTime) -> AppResult<()> {
    Ok(store::touch(conn, key, now)?)
}
