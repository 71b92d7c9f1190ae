//! Asking for a validation, and stopping one.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::store::{self, FindStreams, NewValidation, Validation};
use super::{LONGEST_QUEUE, SEALED_CONFIG};
use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed, exposed};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::ids::{ConnectionId, OauthSignInId, SetupLinkId, ValidationId, WorkspaceId};
use crate::connectors::Connector;
use crate::engines::Engines;
use crate::features::connections::{Connection, ConnectionState};
use crate::features::oauth;
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::sequence::Sequence;
use crate::platform::tx::Tx;
use crate::schema::form::{Submission, Values, complete, shown_path};

/// How long a program waits before it asks again when too many wait already.
pub const COME_BACK: std::time::Duration = std::time::Duration::from_secs(30);

/// What [`StartValidationError::QueueFull`] says.
pub const QUEUE_FULL: &str = "20 validations of this workspace wait already. Try again when some are done.";

/// Why nothing can be checked yet.
#[derive(Debug, thiserror::Error)]
pub enum StartValidationError {
    /// It has nothing to do with the values: the connection is gone, the database refuses.
    #[error(transparent)]
    App(#[from] AppError),
    /// Required fields without a value, as dot paths.
    #[error("required fields have no value")]
    Missing(Vec<String>),
    /// Fields whose value breaks a rule of the connector, as dot paths.
    #[error("fields do not fit the rules of the connector")]
    Wrong(Vec<String>),
    /// It came through an invite link and no member has accepted it yet.
    #[error("no member has accepted the connection yet")]
    Waiting,
    /// Too many of the workspace wait already.
    #[error("{QUEUE_FULL}")]
    QueueFull,
    /// Nothing installed here can ask the real system; what to install.
    #[error("{0}")]
    CannotBeChecked(String),
}

impl From<diesel::result::Error> for StartValidationError {
    fn from(error: diesel::result::Error) -> Self {
        Self::App(error.into())
    }
}

/// Whether the connector can be given a configuration at all.
///
/// # Errors
/// [`StartValidationError::Missing`] or [`StartValidationError::Wrong`], with the fields.
pub fn judge(connector: &Connector, values: &Values) -> Result<(), StartValidationError> {
    let done = complete(&connector.spec, values);
    if !done.missing.is_empty() {
        return Err(StartValidationError::Missing(done.missing.iter().map(|field| field.path.dot()).collect()));
    }
    // What only the sign-in has is judged when it is there.
    let plain = Value::Object(values.plain.clone());
    let wrong = |path: &&FieldPath| {
        let stored = values.secrets.iter().find(|(key, _)| shown_path(&values.plain, key) == **path);
        let secret = stored.map(|(_, secret)| secret.expose_secret());
        !secret.or_else(|| plain.pointer(path.as_str())?.as_str()).is_some_and(oauth::is_mark)
    };
    let wrong: Vec<String> =
        done.problems.iter().map(|problem| &problem.path).filter(wrong).map(FieldPath::dot).collect();
    if wrong.is_empty() { Ok(()) } else { Err(StartValidationError::Wrong(wrong)) }
}

/// What an operator does so that the details of this connector can be checked here.
pub fn what_to_install(connector: &Connector) -> String {
    format!(
        "Nothing installed here can ask {} whether the details work, so there is no validation and finalising needs none. The operator can {}.",
        connector.name(),
        connector.how_to_install()
    )
}

/// Queues a check of the stored values. One that goes on already is stopped: the values of now are what counts. What refuses it has
/// written nothing.
///
/// # Errors
/// [`AppError::NotFound`] when the connection was deleted meanwhile; the others say what keeps the values from being checked.
pub fn start(
    tx: &mut Tx<'_>,
    connection: &Connection,
    connector: &Connector,
    engines: &Engines,
    streams: FindStreams,
    actor: &Actor,
) -> Result<Validation, StartValidationError> {
    if connection.state() == ConnectionState::Deleted {
        return Err(AppError::NotFound.into());
    }
    if connection.is_waiting() {
        return Err(StartValidationError::Waiting);
    }
    if !engines.ability(connector).check {
        return Err(StartValidationError::CannotBeChecked(what_to_install(connector)));
    }
    judge(connector, &connection.open_values(tx.keys)?)?;
    queue(tx, connection, actor, streams, None)
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
    /// The sign-in with the provider, when there was one.
    pub signed_in: Option<SignedInTest<'a>>,
}

/// A sign-in that waits at the link, for a test of what was typed beside it.
pub struct SignedInTest<'a> {
    /// It has the tokens.
    pub sign_in: &'a OauthSignInId,
    /// What it puts under what was typed.
    pub submission: &'a Submission,
}

/// What is checked by a test, as it is sealed until it is over.
#[derive(Serialize, Deserialize)]
struct SealedTest {
    plain: Map<String, Value>,
    #[serde(serialize_with = "exposed::map")]
    secrets: BTreeMap<FieldPath, SecretString>,
    #[serde(default)]
    sign_in: Option<String>,
}

/// What a test checks.
pub(super) struct TestValues {
    pub(super) values: Values,
    /// The sign-in that has the tokens.
    pub(super) sign_in: Option<OauthSignInId>,
}

/// Queues a check of what a recipient typed; nothing of it is put on the draft. What they do not see is left out: who may name a host
/// could have everybody's passwords sent there.
///
/// # Errors
/// As [`start`].
pub fn start_test(tx: &mut Tx<'_>, test: &NewTest<'_>, engines: &Engines) -> Result<Validation, StartValidationError> {
    if !engines.ability(test.connector).check {
        return Err(StartValidationError::CannotBeChecked(what_to_install(test.connector)));
    }
    let mut values = test.connection.values_shown();
    if let Some(signed_in) = &test.signed_in {
        signed_in.submission.merge_into(&test.connector.spec, &mut values);
    }
    test.submission.merge_into(&test.asked.spec, &mut values);
    judge(test.connector, &values)?;
    let kept = SealedTest {
        secrets: values.secrets,
        plain: values.plain,
        sign_in: test.signed_in.as_ref().map(|signed_in| signed_in.sign_in.to_string()),
    };
    let typed = Zeroizing::new(serde_json::to_vec(&kept).map_err(AppError::internal)?);
    let actor = Actor::Recipient { name: test.name.to_owned() };
    queue(tx, test.connection, &actor, FindStreams::Anew, Some(LinkTest { link: test.link, typed: &typed }))
}

/// The values a test checks.
pub(super) fn test_values(
    sealed: Vec<u8>,
    id: &ValidationId,
    workspace: &WorkspaceId,
    keys: &KeyRing,
) -> AppResult<TestValues> {
    let bytes = keys.open(&Sealed::from_bytes(sealed), SEALED_CONFIG.at(id, workspace))?;
    let kept: SealedTest = serde_json::from_slice(&bytes).map_err(AppError::internal)?;
    let secrets = kept.secrets.into_iter().map(|(path, text)| (path, SecretString::from(text))).collect();
    let sign_in = kept.sign_in.as_deref().map(OauthSignInId::from_text);
    Ok(TestValues { values: Values { plain: kept.plain, secrets }, sign_in })
}

/// What makes a validation a test of a link.
struct LinkTest<'a> {
    link: &'a SetupLinkId,
    /// What was typed, as it is sealed.
    typed: &'a [u8],
}

fn queue(
    tx: &mut Tx<'_>,
    connection: &Connection,
    actor: &Actor,
    streams: FindStreams,
    test: Option<LinkTest<'_>>,
) -> Result<Validation, StartValidationError> {
    if store::queued(tx.conn, &connection.workspace_id)? >= LONGEST_QUEUE {
        return Err(StartValidationError::QueueFull);
    }
    let (workspace, setup_link) = (&connection.workspace_id, test.as_ref().map(|test| test.link));
    for going in store::going(tx.conn, workspace, &connection.id, setup_link)? {
        going.cancel(tx.conn, tx.now)?;
    }
    let number = tx.next_number(Sequence::Validations)?;
    let id = ValidationId::new(tx.now, tx.rng);
    let at = SEALED_CONFIG.at(&id, workspace);
    let sealed = test.map(|test| tx.keys.seal(test.typed, at, tx.rng)).transpose().map_err(AppError::from)?;
    NewValidation {
        id: &id,
        number,
        workspace,
        connection: &connection.id,
        setup_link,
        actor,
        sealed_config: sealed.as_ref().map(Sealed::as_bytes),
        streams,
        now: tx.now,
    }
    .insert(tx.conn)?;
    Ok(Validation::find(tx.conn, workspace, &id)?.ok_or(AppError::NotFound)?)
}

/// Stops whatever waits or goes on for a connection, tests of recipients too.
///
/// # Errors
/// The database refuses.
pub fn cancel_all(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId, now: UtcTime) -> AppResult<()> {
    for going in store::all_going(conn, workspace, connection)? {
        going.cancel(conn, now)?;
    }
    Ok(())
}
