//! What waits for one browser at one link, sealed as a whole: tokens, account names and what was typed are nobody's business before
//! they are sent.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::store::{self, SignInRow};
use super::{BrowserAtLink, LinkKind};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed, exposed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthSignInId;
use crate::connectors::Kind;
use crate::connectors::provider::Inputs;
use crate::features::oauth::provider_client::{Account, Identified, Tokens, as_text};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// So many browsers have something at one link at once; more would let a stranger fill the table.
const MOST_BROWSERS: i64 = 20;
const MOST_TRIES: usize = 10;

/// Everything that waits.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PendingSignIn {
    /// The link's page, with its token.
    pub(super) return_to: String,
    pub(super) kind: Kind,
    pub(super) connector: String,
    pub(super) resume: Resume,
    /// What was answered before leaving.
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) signed_in: Option<ProviderGrant>,
    /// What went wrong on the last way.
    pub(super) error: Option<SignInError>,
}

/// What was typed beside the button.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Resume {
    pub(super) typed: BTreeMap<String, Vec<String>>,
    #[serde(serialize_with = "exposed::map")]
    pub(super) secrets: BTreeMap<String, SecretString>,
    pub(super) chosen: Vec<String>,
    pub(super) search: String,
}

/// What the provider said.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProviderGrant {
    #[serde(with = "as_text")]
    pub(super) tokens: Tokens,
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
pub(super) enum SignInError {
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

fn bytes(pending: &PendingSignIn) -> AppResult<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(pending).map(Zeroizing::new).map_err(AppError::internal)
}

/// What the key is gone of counts as none.
pub(super) fn open(row: &SignInRow, keys: &KeyRing) -> AppResult<Option<PendingSignIn>> {
    let plain = keys.open(&Sealed::from_bytes(row.sealed.clone()), SEALED_SIGN_INS.at(&row.id, &row.workspace_id));
    plain.ok().map(|plain| serde_json::from_slice(&plain)).transpose().map_err(AppError::internal)
}

/// Puts what `make` gives in the place of what this browser had at this link.
///
/// # Errors
/// [`AppError::Conflict`] when too many browsers are at the link.
pub(super) fn put(
    tx: &mut Tx<'_>,
    at: &BrowserAtLink<'_>,
    until: UtcTime,
    make: impl Fn(Option<PendingSignIn>) -> PendingSignIn,
) -> AppResult<OauthSignInId> {
    for _ in 0..MOST_TRIES {
        let Some(row) = store::find(tx.conn, at, tx.now)? else {
            return first(tx, at, until, &make(None));
        };
        let pending = make(open(&row, tx.keys)?);
        let sealed = tx.keys.seal(&bytes(&pending)?, SEALED_SIGN_INS.at(&row.id, &row.workspace_id), tx.rng)?;
        if store::replace(tx.conn, &row, &sealed, until)? {
            return Ok(row.id);
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("a sign-in kept changing under the writer")))
}

fn first(tx: &mut Tx<'_>, at: &BrowserAtLink<'_>, until: UtcTime, pending: &PendingSignIn) -> AppResult<OauthSignInId> {
    // What is over keeps its place until the sweep; this browser's goes now.
    store::delete_expired_at(tx.conn, at.link, tx.now)?;
    if store::count(tx.conn, at.link)? >= MOST_BROWSERS {
        return Err(AppError::Conflict("Too many people are signing in with this link at once. Try again later."));
    }
    let id = OauthSignInId::new(tx.now, tx.rng);
    let sealed = tx.keys.seal(&bytes(pending)?, SEALED_SIGN_INS.at(&id, &at.link.workspace), tx.rng)?;
    store::insert(tx.conn, &id, at, &sealed, tx.now, until)?;
    Ok(id)
}

/// Changes what waits; `false` when it is gone.
pub(super) fn change(
    tx: &mut Tx<'_>,
    id: &OauthSignInId,
    until: UtcTime,
    change: impl Fn(&mut PendingSignIn),
) -> AppResult<bool> {
    for _ in 0..MOST_TRIES {
        let Some(row) = store::find_by_id(tx.conn, id, tx.now)? else { return Ok(false) };
        let Some(mut pending) = open(&row, tx.keys)? else { return Ok(false) };
        change(&mut pending);
        let sealed = tx.keys.seal(&bytes(&pending)?, SEALED_SIGN_INS.at(&row.id, &row.workspace_id), tx.rng)?;
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
pub fn forget(conn: &mut Conn, kind: LinkKind, id: &str) -> AppResult<()> {
    Ok(store::delete_at(conn, kind, id)?)
}

/// Forgets what waited too long.
///
/// # Errors
/// The database refuses.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    Ok(store::delete_before(conn, now)?)
}
