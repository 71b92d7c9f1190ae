//! What waits for one browser at one link, sealed as a whole: tokens, account names and what was typed are nobody's business before
//! they are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::store::{self, SignInRow};
use super::{Door, DoorKind};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthSignInId;
use crate::connectors::Kind;
use crate::connectors::provider::Inputs;
use crate::features::oauth::wire::{Account, Identified};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// So many browsers have something at one link at once; more would let a stranger fill the table.
const MOST_BROWSERS: i64 = 20;
const MOST_TRIES: usize = 10;

/// Everything that waits.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Folder {
    /// The link's page, with its token.
    pub(super) return_to: String,
    pub(super) kind: Kind,
    pub(super) connector: String,
    pub(super) resume: Resume,
    /// What was answered before leaving.
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) signed_in: Option<Held>,
    /// What went wrong on the last way.
    pub(super) trouble: Option<Trouble>,
}

/// What was typed beside the button.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Resume {
    pub(super) typed: BTreeMap<String, Vec<String>>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) chosen: Vec<String>,
    pub(super) search: String,
}

/// What the provider said.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Held {
    /// Tokens, as [`crate::features::oauth::wire::Tokens::to_text`] writes them.
    pub(super) tokens: String,
    pub(super) inputs: Inputs,
    pub(super) identity: Option<Identified>,
    /// `None` when nobody can know.
    pub(super) granted: Option<Vec<String>>,
    pub(super) accounts: Vec<Account>,
    /// Why the accounts could not be listed.
    pub(super) accounts_failed: bool,
    /// There were more accounts than are listed.
    pub(super) accounts_cut: bool,
    /// Seconds since 1970.
    pub(super) at: i64,
}

/// Why a way to the provider led nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trouble {
    /// The person did not agree.
    Denied,
    /// The provider refused for a reason of its own.
    Refused,
    /// The provider did not answer, or said that it cannot now.
    Down,
    /// The provider's answer made no sense.
    Garbled,
    /// There was no refresh token although the connector lives on one.
    NoLastingAccess,
    /// The operator's app is not set up as the provider wants it.
    App,
}

sealed_column!(
    /// What waits for a browser at a link.
    pub SEALED_SIGN_INS = oauth_sign_ins[id].sealed
);

fn bytes(folder: &Folder) -> AppResult<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(folder).map(Zeroizing::new).map_err(AppError::internal)
}

/// A folder of which the key is gone counts as none.
pub(super) fn open(row: &SignInRow, keys: &KeyRing) -> Option<Folder> {
    let plain =
        keys.open(&Sealed::from_bytes(row.sealed.clone()), SEALED_SIGN_INS.at(&row.id, &row.workspace_id)).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// Where a folder is put.
pub(super) struct Shelf<'a> {
    pub(super) door: &'a Door,
    pub(super) browser: &'a TokenHash,
    pub(super) until: UtcTime,
    pub(super) now: UtcTime,
}

/// Puts what `make` gives in the place of what this browser had at this link.
///
/// # Errors
/// [`AppError::Conflict`] when too many browsers are at the link.
pub(super) fn put(
    tx: &mut Tx<'_>,
    shelf: &Shelf<'_>,
    make: impl Fn(Option<Folder>) -> Folder,
) -> AppResult<OauthSignInId> {
    for _ in 0..MOST_TRIES {
        let Some(row) = store::find(tx.conn, shelf.door, shelf.browser, shelf.now)? else {
            return first(tx, shelf, &make(None));
        };
        let folder = make(open(&row, tx.keys));
        let sealed = tx.keys.seal(&bytes(&folder)?, SEALED_SIGN_INS.at(&row.id, &row.workspace_id), tx.rng)?;
        if store::replace(tx.conn, &row, &sealed, shelf.until)? {
            return Ok(row.id);
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("a sign-in kept changing under the writer")))
}

fn first(tx: &mut Tx<'_>, shelf: &Shelf<'_>, folder: &Folder) -> AppResult<OauthSignInId> {
    // What is over keeps its place until the sweep; this browser's goes now.
    store::delete_expired_at(tx.conn, shelf.door, shelf.now)?;
    if store::count(tx.conn, shelf.door)? >= MOST_BROWSERS {
        return Err(AppError::Conflict("Too many people are signing in with this link at once. Try again later."));
    }
    let id = OauthSignInId::new(shelf.now, tx.rng);
    let sealed = tx.keys.seal(&bytes(folder)?, SEALED_SIGN_INS.at(&id, &shelf.door.workspace), tx.rng)?;
    store::insert(tx.conn, &id, shelf.door, shelf.browser, &sealed, (shelf.now, shelf.until))?;
    Ok(id)
}

/// Changes a folder that is there; `false` when it is gone.
pub(super) fn change(
    tx: &mut Tx<'_>,
    id: &OauthSignInId,
    (now, until): (UtcTime, UtcTime),
    change: impl Fn(&mut Folder),
) -> AppResult<bool> {
    for _ in 0..MOST_TRIES {
        let Some(row) = store::find_by_id(tx.conn, id, now)? else { return Ok(false) };
        let Some(mut folder) = open(&row, tx.keys) else { return Ok(false) };
        change(&mut folder);
        let sealed = tx.keys.seal(&bytes(&folder)?, SEALED_SIGN_INS.at(&row.id, &row.workspace_id), tx.rng)?;
        if store::replace(tx.conn, &row, &sealed, until)? {
            return Ok(true);
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("a sign-in kept changing under the writer")))
}

/// Forgets what waits at a link that was closed.
///
/// # Errors
/// The database refuses.
pub fn forget(conn: &mut Conn, kind: DoorKind, id: &str) -> AppResult<()> {
    Ok(store::delete_at(conn, kind, id)?)
}

/// Forgets what waited too long.
///
/// # Errors
/// The database refuses.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    Ok(store::delete_before(conn, now)?)
}
