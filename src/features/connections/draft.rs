//! The verbs of a draft: make, fill in, rename, delete.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::store::{self, NewConnection};
use super::{Connection, ConnectionState, FieldOrigin, Filler, SEALED_SECRETS, listing};
use crate::base::clock::UtcTime;
use crate::base::crypto::KeyRing;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::ids::{ConnectionId, MemberId, WorkspaceId};
use crate::connectors::Connector;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;
use crate::schema::form::{KnownValues, Submission, Values, kept_elsewhere, missing_required, overview, without};

const TAIL_ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
/// A write that finds the row changed since it was read is done again this often.
const MOST_TRIES: usize = 20;

/// What a new draft needs.
pub struct NewDraft<'a> {
    /// Whose it will be.
    pub workspace: &'a WorkspaceId,
    /// Of which type.
    pub connector: &'a Connector,
    /// Its name; empty: the connector's name.
    pub description: &'a str,
    /// Who makes it.
    pub creator: Option<&'a MemberId>,
    /// The actor for the activity log.
    pub actor: Actor,
    /// The nonce of the form it came from, so that sending it twice makes one.
    pub form_nonce: Option<&'a str>,
}

/// Makes an empty draft. A form that was sent before gives the draft it made then.
pub fn create_draft(tx: &mut Tx<'_>, new: NewDraft<'_>) -> AppResult<Connection> {
    if let Some(nonce) = new.form_nonce
        && let Some(made) = store::find_by_form_nonce(tx.conn, new.workspace, nonce)?
    {
        return Ok(made);
    }
    let id = ConnectionId::new(tx.now, tx.rng);
    let slug = free_slug(tx, new.workspace, &new.connector.file.slug)?;
    let description = if new.description.is_empty() { new.connector.name() } else { new.description };
    let missing = missing_required(&new.connector.spec, &KnownValues::default()).len();
    NewConnection {
        id: &id,
        workspace_id: new.workspace,
        kind: new.connector.file.kind,
        connector_slug: &new.connector.file.slug,
        slug: &slug,
        description,
        missing_count: i32::try_from(missing).unwrap_or(i32::MAX),
        form_nonce: new.form_nonce,
        created_by: new.creator,
        now: tx.now,
    }
    .insert(tx.conn)?;
    listing::note_words(tx.conn, new.workspace, &id, [description, &slug])?;
    let entry = Entry {
        workspace: new.workspace,
        connection: Some(&id),
        setup_link: None,
        event: Event::ConnectionCreated,
        actor: new.actor,
        detail: new.connector.name(),
    };
    tx.record(&entry)?;
    store::find_by_id(tx.conn, new.workspace, &id)?.ok_or(AppError::NotFound)
}

fn free_slug(tx: &mut Tx<'_>, workspace: &WorkspaceId, connector: &str) -> AppResult<String> {
    for length in [4, 4, 6, 8, 12] {
        let slug = format!("{connector}-{}", tx.rng.text(TAIL_ALPHABET, length));
        if !store::slug_is_taken(tx.conn, workspace, &slug)? {
            return Ok(slug);
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("no free name for a connection was found")))
}

/// A submission on its way into a draft.
pub struct Apply<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceId,
    /// The draft.
    pub connection: &'a ConnectionId,
    /// Its connector.
    pub connector: &'a Connector,
    /// What was handed over.
    pub submission: &'a Submission,
    /// Who filled it in.
    pub by: Filler,
    /// Their name, possibly empty.
    pub name: &'a str,
    /// A second submission to put on top, made for another shape of the same connector's form (one with fewer questions).
    pub then: Option<(&'a Connector, &'a Submission)>,
    /// Whether who does this has every stored secret anyway. Only then do those that are not given again stay when an address changes.
    pub has_secrets: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct Applied {
    /// The draft as it is now.
    pub connection: Connection,
}

/// Merges a submission into the draft as it is now and seals its secrets.
///
/// # Errors
/// [`AppError::Conflict`] when the connection takes no values any more.
pub fn apply(tx: &mut Tx<'_>, apply: &Apply<'_>) -> AppResult<Applied> {
    for _ in 0..MOST_TRIES {
        let read = store::find_by_id(tx.conn, apply.workspace, apply.connection)?.ok_or(AppError::NotFound)?;
        let takes = match read.state() {
            ConnectionState::Draft => true,
            // Its owner reconnects it, its connector renews a token; somebody outside is done with it.
            ConnectionState::Finalised => apply.by != Filler::Recipient,
            ConnectionState::Deleted => false,
        };
        if !takes {
            return Err(AppError::Conflict("This connection takes no more details."));
        }
        let misdirected = apply.misdirected_secrets(&read.known_to_members());
        let titles = titles_of(&misdirected, apply, &read);
        if let Some(connection) = write_merged(tx, apply, (read, &misdirected))? {
            note_taken_out(tx, &connection, &titles)?;
            return Ok(Applied { connection });
        }
    }
    Err(AppError::Internal(anyhow::anyhow!("the draft kept changing under the writer")))
}

/// The draft as it was written; `None` when somebody changed it since it was read.
fn write_merged(
    tx: &mut Tx<'_>,
    apply: &Apply<'_>,
    (mut read, misdirected): (Connection, &BTreeSet<FieldPath>),
) -> AppResult<Option<Connection>> {
    let mut values = Values { secrets: open_secrets(&read, tx.keys)?, plain: std::mem::take(&mut read.config) };
    apply.submission.merge_into(&apply.connector.spec, &mut values);
    if let Some((connector, submission)) = apply.then {
        submission.merge_into(&connector.spec, &mut values);
    }
    values.secrets.retain(|path, _| !misdirected.contains(path));
    let mut after = read;
    after.config = values.plain;
    after.secret_paths = values.secrets.keys().cloned().collect();
    after.origins = origins_after(&after, apply, tx.now);
    let missing = missing_required(&apply.connector.spec, &after.known_to_members()).len();
    after.missing_count = i32::try_from(missing).unwrap_or(i32::MAX);
    after.sealed_secrets = if values.secrets.is_empty() {
        None
    } else {
        Some(tx.keys.seal(
            &secret_bytes(&values.secrets)?,
            SEALED_SECRETS.at(&after.id, &after.workspace_id),
            tx.rng,
        )?)
    };
    let written = store::replace_contents(tx.conn, &after, tx.now)?;
    after.version += 1;
    after.updated_at = tx.now;
    Ok(written.then_some(after))
}

impl Apply<'_> {
    /// The stored secrets that must not go where the connection leads from now on.
    fn misdirected_secrets(&self, stored: &KnownValues) -> BTreeSet<FieldPath> {
        if self.has_secrets {
            return BTreeSet::new();
        }
        let then = self.then.map(|(connector, submission)| (&connector.spec, submission));
        let steps: Vec<_> = [(&self.connector.spec, self.submission)].into_iter().chain(then).collect();
        kept_elsewhere(&self.connector.spec, stored, &steps)
    }
}

/// What the form calls these fields.
fn titles_of(paths: &BTreeSet<FieldPath>, apply: &Apply<'_>, read: &Connection) -> Vec<String> {
    if paths.is_empty() {
        return Vec::new();
    }
    let answers = overview(&apply.connector.spec, &read.known_to_members());
    let title = |path: &FieldPath| {
        let known = answers.iter().find(|answer| answer.path == *path);
        known.map_or_else(|| path.dot(), |answer| answer.title.clone())
    };
    paths.iter().map(title).collect()
}

/// Writes down that secrets were taken out. It is nobody's deed: whoever changed the address may not even know of them.
fn note_taken_out(tx: &mut Tx<'_>, of: &Connection, titles: &[String]) -> AppResult<()> {
    if titles.is_empty() {
        return Ok(());
    }
    let entry = entry(of, Event::SecretsTakenOut, Actor::System, "");
    tx.record(&Entry { detail: &titles.join(", "), ..entry })
}

/// Who filled in what: new fields get this filler, fields that are gone are forgotten.
fn origins_after(after: &Connection, apply: &Apply<'_>, now: UtcTime) -> BTreeMap<FieldPath, FieldOrigin> {
    let mut origins = after.origins.clone();
    let then = apply.then.map(|(_, submission)| submission.provided()).unwrap_or_default();
    for field in apply.submission.provided().into_iter().chain(then) {
        let origin = FieldOrigin { by: apply.by, name: apply.name.to_owned(), at: now.unix() };
        origins.insert(field.path, origin);
    }
    let tree = serde_json::Value::Object(after.config.clone());
    origins.retain(|path, _| after.secret_paths.contains(path) || tree.pointer(&path.to_string()).is_some());
    origins
}

fn open_secrets(connection: &Connection, keys: &KeyRing) -> AppResult<BTreeMap<FieldPath, SecretString>> {
    let Some(sealed) = &connection.sealed_secrets else { return Ok(BTreeMap::new()) };
    let bytes = keys.open(sealed, SEALED_SECRETS.at(&connection.id, &connection.workspace_id))?;
    let texts: BTreeMap<FieldPath, String> = serde_json::from_slice(&bytes).map_err(AppError::internal)?;
    Ok(texts.into_iter().map(|(path, text)| (path, SecretString::from(text))).collect())
}

fn secret_bytes(secrets: &BTreeMap<FieldPath, SecretString>) -> AppResult<Zeroizing<Vec<u8>>> {
    let texts: BTreeMap<&FieldPath, &str> =
        secrets.iter().map(|(path, secret)| (path, secret.expose_secret())).collect();
    serde_json::to_vec(&texts).map(Zeroizing::new).map_err(AppError::internal)
}

impl Connection {
    /// All values with the secrets in the clear, for whoever must hand them to the connected system.
    ///
    /// # Errors
    /// The sealed value does not open.
    pub fn open_values(&self, keys: &KeyRing) -> AppResult<Values> {
        Ok(Values { plain: self.config.clone(), secrets: open_secrets(self, keys)? })
    }

    /// What a recipient sees: no secret, and nothing that another recipient sent. Only this may go where they want it to go.
    pub fn values_shown(&self) -> Values {
        let known = self.known_to_recipients();
        Values { plain: without(known.plain, &known.concealed), secrets: BTreeMap::new() }
    }
}

/// Changes a connection's name for people.
///
/// # Errors
/// [`AppError::NotFound`] when it was deleted meanwhile.
pub fn rename(tx: &mut Tx<'_>, connection: &Connection, description: &str, actor: Actor) -> AppResult<()> {
    if !store::set_description(tx.conn, connection, description, tx.now)? {
        return Err(AppError::NotFound);
    }
    listing::note_words(tx.conn, &connection.workspace_id, &connection.id, [description, &connection.slug])?;
    let entry = entry(connection, Event::DescriptionChanged, actor, description);
    tx.record(&entry)
}

/// Erases a connection: values and keys are gone at once.
///
/// # Errors
/// [`AppError::NotFound`] when it was deleted meanwhile.
pub fn erase(tx: &mut Tx<'_>, connection: &Connection, actor: Actor) -> AppResult<()> {
    if !store::erase(tx.conn, connection, true, tx.now)? {
        return Err(AppError::NotFound);
    }
    let entry = entry(connection, Event::ConnectionDeleted, actor, &connection.description);
    tx.record(&entry)
}

fn entry<'a>(connection: &'a Connection, event: Event, actor: Actor, detail: &'a str) -> Entry<'a> {
    Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor,
        detail,
    }
}
