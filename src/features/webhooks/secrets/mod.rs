//! What signs: one secret a workspace, `whsec_…`. A new one takes over at once; the old one signs beside it for a day, so that
//! receivers can change over without losing a webhook.
//!
//! Invariants: secrets are stored sealed; a secret is shown in the answer that made it and never again.

mod store;

use time::Duration;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::crypto::sign::SigningSecret;
use crate::base::error::AppResult;
use crate::base::ids::{WebhookSecretId, WorkspaceId};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

/// How long the old secret still signs.
pub const OVERLAP: Duration = Duration::hours(24);

/// A secret as pages may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretTimes {
    /// When the current one was made.
    pub made: UtcTime,
    /// Until when the one before it signs, too.
    pub old_until: Option<UtcTime>,
}

sealed_column!(
    /// Signing secrets.
    pub SEALED_SIGNING_SECRETS = webhook_secrets[id].sealed
);

/// Makes the workspace's signing secret, or a new one in the place of the old. It is in the answer and nowhere else.
///
/// # Errors
/// Only internal ones.
pub fn make_secret(tx: &mut Tx<'_>, workspace: &WorkspaceId, actor: Actor) -> AppResult<SigningSecret> {
    let secret = SigningSecret::new(tx.rng);
    store::end_all(tx.conn, workspace, tx.now + OVERLAP)?;
    insert(tx, workspace, &secret)?;
    let entry =
        Entry { workspace, connection: None, setup_link: None, event: Event::SigningSecretMade, actor, detail: "" };
    tx.record(&entry)?;
    Ok(secret)
}

fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, secret: &SigningSecret) -> AppResult<()> {
    let id = WebhookSecretId::new(tx.now, tx.rng);
    let sealed = tx.keys.seal(secret.as_bytes(), SEALED_SIGNING_SECRETS.at(&id, workspace), tx.rng)?;
    Ok(store::insert(tx.conn, &id, workspace, &sealed, tx.now)?)
}

/// The secrets that sign now, the newest first. Without any, one is made that nobody has seen: webhooks are never sent unsigned, and an
/// owner who wants to check signatures makes a new one.
pub(super) fn signing(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> AppResult<Vec<SigningSecret>> {
    if store::living(tx.conn, workspace, tx.now)?.is_empty() {
        insert(tx, workspace, &SigningSecret::new(tx.rng))?;
    }
    let rows = store::living(tx.conn, workspace, tx.now)?;
    rows.into_iter()
        .map(|row| {
            Ok(SigningSecret::from_bytes(
                tx.keys.open(&Sealed::from_bytes(row.sealed), SEALED_SIGNING_SECRETS.at(&row.id, workspace))?,
            ))
        })
        .collect()
}

/// What a page may say of the workspace's secret; `None` when none was made yet.
///
/// # Errors
/// The database cannot be asked.
pub fn secret_times(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> AppResult<Option<SecretTimes>> {
    let rows = store::living(conn, workspace, now)?;
    let old_until = rows.iter().filter_map(|row| row.ends_at).max();
    Ok(rows.iter().find(|row| row.ends_at.is_none()).map(|row| SecretTimes { made: row.created_at, old_until }))
}

/// Forgets secrets that sign nothing any more.
pub(super) fn forget_ended(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    Ok(store::delete_ended(conn, now)?)
}
