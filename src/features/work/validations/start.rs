//! Asking for a validation, and stopping one.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::store::{self, End, NewRow, Validation};
use super::{LONGEST_QUEUE, Of, SEALED_CONFIG};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::ids::{OauthSignInId, SetupLinkId, ValidationId, WorkspaceId};
use crate::connectors::Connector;
use crate::features::connections::{Connection, ConnectionState};
use crate::features::oauth;
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::tx::Tx;
use crate::schema::form::{Submission, Values, complete};

/// How long somebody waits before they ask again when too many wait already.
const COME_BACK: std::time::Duration = std::time::Duration::from_secs(30);

/// Why nothing can be checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Required fields without a value, as dot paths.
    Missing(Vec<String>),
    /// Fields whose value breaks a rule of the connector, as dot paths.
    Wrong(Vec<String>),
    /// It came through an invite link and no member has accepted it yet.
    Waiting,
}

/// Whether the connector can be given a configuration at all.
fn judge(connector: &Connector, values: &Values) -> Result<(), Refused> {
    let done = complete(&connector.spec, values);
    if !done.missing.is_empty() {
        return Err(Refused::Missing(done.missing.iter().map(|field| field.path.dot()).collect()));
    }
    // What only the sign-in has is judged when it is there.
    let plain = Value::Object(values.plain.clone());
    let wrong = |path: &&FieldPath| {
        let secret = values.secrets.get(*path).map(|secret| secret.expose_secret());
        !secret.or_else(|| plain.pointer(path.as_str())?.as_str()).is_some_and(oauth::is_mark)
    };
    let wrong: Vec<String> =
        done.problems.iter().map(|problem| &problem.path).filter(wrong).map(FieldPath::dot).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Refused::Wrong(wrong)) }
}

/// Queues a check of the stored values. One that goes on already is stopped: the values of now are what counts.
///
/// # Errors
/// [`AppError::TooMany`] when too many wait, [`AppError::NotFound`] when the connection was deleted meanwhile.
pub fn start(
    tx: &mut Tx<'_>,
    connection: &Connection,
    connector: &Connector,
    actor: &Actor,
) -> AppResult<Result<Validation, Refused>> {
    if connection.state() == ConnectionState::Deleted {
        return Err(AppError::NotFound);
    }
    if connection.is_waiting() {
        return Ok(Err(Refused::Waiting));
    }
    if let Err(refused) = judge(connector, &connection.open_values(tx.keys)?) {
        return Ok(Err(refused));
    }
    queue(tx, connection, None, actor, None).map(Ok)
}

/// What a recipient wants to have checked before they send it.
pub struct NewTest<'a> {
    /// The draft.
    pub connection: &'a Connection,
    /// Its connector.
    pub connector: &'a Connector,
    /// The link they opened.
    pub link: &'a SetupLinkId,
    /// Their name, possibly empty.
    pub name: &'a str,
    /// The connector as it was asked: without the questions that signing in answers.
    pub asked: &'a Connector,
    /// What they typed; what members filled in and everybody sees is under it.
    pub submission: &'a Submission,
    /// Who has signed in with the provider, and what that puts under what they typed.
    pub signed_in: Option<(&'a OauthSignInId, &'a Submission)>,
}

/// What is checked by a test, kept sealed until it is over.
#[derive(Serialize, Deserialize)]
struct Kept {
    plain: Map<String, Value>,
    secrets: BTreeMap<FieldPath, String>,
    #[serde(default)]
    sign_in: Option<String>,
}

/// What a test checks.
pub(super) struct Tested {
    pub(super) values: Values,
    /// The sign-in that has the tokens.
    pub(super) sign_in: Option<OauthSignInId>,
}

/// Queues a check of what a recipient typed; nothing of it is put on the draft. What they do not see is left out: who may name a host
/// could have everybody's passwords sent there.
///
/// # Errors
/// As [`start`].
pub fn start_test(tx: &mut Tx<'_>, test: &NewTest<'_>) -> AppResult<Result<Validation, Refused>> {
    let mut values = test.connection.values_shown();
    if let Some((_, submission)) = test.signed_in {
        submission.merge_into(&test.connector.spec, &mut values);
    }
    test.submission.merge_into(&test.asked.spec, &mut values);
    if let Err(refused) = judge(test.connector, &values) {
        return Ok(Err(refused));
    }
    let kept = Kept {
        secrets: values.secrets.iter().map(|(path, text)| (path.clone(), text.expose_secret().to_owned())).collect(),
        plain: values.plain,
        sign_in: test.signed_in.map(|(id, _)| id.to_string()),
    };
    let bytes = Zeroizing::new(serde_json::to_vec(&kept).map_err(AppError::internal)?);
    let actor = Actor::Recipient { name: test.name.to_owned() };
    queue(tx, test.connection, Some(test.link), &actor, Some((&bytes, tx.keys))).map(Ok)
}

/// The values a test checks.
pub(super) fn tested(sealed: Vec<u8>, id: &ValidationId, workspace: &WorkspaceId, keys: &KeyRing) -> AppResult<Tested> {
    let bytes = keys.open(&Sealed::from_bytes(sealed), SEALED_CONFIG.at(id, workspace))?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(AppError::internal)?;
    let secrets = kept.secrets.into_iter().map(|(path, text)| (path, SecretString::from(text))).collect();
    let sign_in = kept.sign_in.as_deref().map(OauthSignInId::from_text);
    Ok(Tested { values: Values { plain: kept.plain, secrets }, sign_in })
}

fn queue(
    tx: &mut Tx<'_>,
    connection: &Connection,
    link: Option<&SetupLinkId>,
    actor: &Actor,
    tested: Option<(&[u8], &KeyRing)>,
) -> AppResult<Validation> {
    if store::queued(tx.conn)? >= LONGEST_QUEUE {
        return Err(AppError::TooMany { retry_after: COME_BACK });
    }
    let of = Of { workspace: &connection.workspace_id, connection: &connection.id };
    for going in store::going(tx.conn, of, link)? {
        cancel(tx.conn, &going, tx.now)?;
    }
    let id = ValidationId::new(tx.now, tx.rng);
    let sealed =
        tested.map(|(bytes, keys)| keys.seal(bytes, SEALED_CONFIG.at(&id, of.workspace), tx.rng)).transpose()?;
    NewRow {
        id: &id,
        of,
        setup_link: link,
        actor: (actor.kind(), actor.name()),
        sealed_config: sealed.as_ref().map(Sealed::as_bytes),
        now: tx.now,
    }
    .insert(tx.conn)?;
    store::find(tx.conn, of.workspace, &id)?.ok_or(AppError::NotFound)
}

/// Stops whatever waits or goes on for a connection, tests of recipients too.
///
/// # Errors
/// The database refuses.
pub fn cancel_all(conn: &mut Conn, of: Of<'_>, now: UtcTime) -> AppResult<()> {
    for going in store::all_going(conn, of)? {
        cancel(conn, &going, now)?;
    }
    Ok(())
}

/// Stops a validation: at once when nobody works at it, else its worker is asked to. One that is over stays as it is.
///
/// # Errors
/// The database refuses.
pub fn cancel(conn: &mut Conn, validation: &Validation, now: UtcTime) -> AppResult<()> {
    match validation.state_at(now) {
        WorkState::Queued => {
            let end = End {
                state: WorkState::Cancelled,
                reason: None,
                blame: None,
                message: "Stopped before it began.",
                version: None,
                sealed_found: None,
                stream_count: 0,
            };
            store::end(conn, &validation.id, &end, now)?;
        }
        WorkState::InProgress => store::ask_to_stop(conn, &validation.id, now)?,
        WorkState::Success | WorkState::Failed | WorkState::Cancelled => {}
    }
    Ok(())
}
