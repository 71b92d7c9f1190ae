//! What owners do to the setting.

use secrecy::ExposeSecret as _;

use super::store::{self, EngineChange};
use super::validate::EngineDetails;
use super::{EngineKind, EngineSetting, SEALED_ENGINE_SECRETS};
use crate::base::crypto::Sealed;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ExtractionEngineId, WorkspaceId};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;

const CHANGED: &str = "Somebody else changed where extractions run at the same moment. Look at it again.";

/// Sets where extractions run, in the place of what was read. A blank secret keeps the one there is, for the same origin only.
///
/// # Errors
/// [`AppError::Conflict`] when somebody else changed it meanwhile.
pub(super) fn save(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    before: Option<&EngineSetting>,
    details: &EngineDetails,
    actor: Actor,
) -> AppResult<EngineSetting> {
    let id = before.map_or_else(|| ExtractionEngineId::new(tx.now, tx.rng), |before| before.id.clone());
    let at = SEALED_ENGINE_SECRETS.at(&id, workspace);
    let given = details.secret.as_ref().map(|secret| secret.expose_secret().as_bytes());
    let given: Option<Sealed> = given.map(|secret| tx.keys.seal(secret, at, tx.rng)).transpose()?;
    match before {
        None => {
            if store::find(tx.conn, workspace)?.is_some() {
                return Err(AppError::Conflict(CHANGED));
            }
            store::insert(tx.conn, workspace, &id, details, given.as_ref(), tx.now)?;
        }
        Some(before) => {
            let same = given.is_none() && before.url == details.url && before.client_id == details.client_id;
            let same = same && before.airbyte_workspace == details.airbyte_workspace;
            let same = same && before.destination == details.destination;
            let kept = before.sealed.clone().map(Sealed::from_bytes).filter(|_| !details.url.is_empty());
            let sealed = given.or(kept);
            let tested_at = before.tested_at.filter(|_| same);
            let change = EngineChange { details, sealed: sealed.as_ref(), tested_at };
            if !store::replace(tx.conn, before, &change, tx.now)? {
                return Err(AppError::Conflict(CHANGED));
            }
        }
    }
    note(tx, workspace, Event::ExtractionEngineSaved, details.kind, actor)?;
    store::find(tx.conn, workspace)?.ok_or(AppError::NotFound)
}

/// Forgets everything that was set: extractions run here. What was made in Airbyte stays there.
///
/// # Errors
/// The database refuses.
pub(super) fn remove(tx: &mut Tx<'_>, workspace: &WorkspaceId, actor: Actor) -> AppResult<()> {
    if store::delete(tx.conn, workspace)? {
        note(tx, workspace, Event::ExtractionEngineRemoved, EngineKind::Local, actor)?;
    }
    Ok(())
}

fn note(tx: &mut Tx<'_>, workspace: &WorkspaceId, event: Event, kind: EngineKind, actor: Actor) -> AppResult<()> {
    tx.record(&Entry { workspace, connection: None, setup_link: None, event, actor, detail: kind.as_str() })
}
