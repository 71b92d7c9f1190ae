//! The verbs of a draft: make, fill in, rename, finalise, delete.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::merge::{Apply, ApplyError, DraftChange, open_secrets};
use super::{
    Approval, Connection, ConnectionState, FieldOrigin, Filler, Revision, SEALED_SECRETS, listing, revisions, store,
};
use crate::base::clock::UtcTime;
use crate::base::crypto::KeyRing;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::ids::{ConnectionId, MemberId, WorkspaceId};
use crate::connectors::Connector;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;
use crate::schema::form::{KnownValues, Merged, Values, missing_required, overview, shown_path, value_at, without};

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
    let file = &new.connector.file;
    let missing = missing_required(&new.connector.spec, &KnownValues::default()).len();
    let description = if new.description.is_empty() { new.connector.name() } else { new.description };
    let made = Connection {
        id: ConnectionId::new(tx.now, tx.rng),
        workspace_id: new.workspace.clone(),
        kind: file.kind,
        connector_slug: file.slug.clone(),
        slug: free_slug(tx, new.workspace, &file.slug)?,
        description: description.to_owned(),
        config: serde_json::Map::new(),
        secret_paths: BTreeSet::new(),
        secret_revisions: BTreeMap::new(),
        sealed_secrets: None,
        origins: BTreeMap::new(),
        missing_count: i32::try_from(missing).unwrap_or(i32::MAX),
        version: 0,
        created_by: new.creator.cloned(),
        created_at: tx.now,
        updated_at: tx.now,
        finalised_at: None,
        deleted_at: None,
        invite_link_id: None,
        identity: String::new(),
        approval: Approval::None,
        jump_server: None,
    };
    store::insert(tx.conn, &made, new.form_nonce)?;
    revisions::insert(tx.conn, &Revision { created_at: tx.now, ..Revision::of(&made) })?;
    listing::note_words(tx.conn, new.workspace, &made.id, [&made.description, &made.slug])?;
    let entry = Entry {
        workspace: new.workspace,
        connection: Some(&made.id),
        setup_link: None,
        event: Event::ConnectionCreated,
        actor: new.actor,
        detail: new.connector.name(),
    };
    tx.record(&entry)?;
    Ok(made)
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

/// What became of it.
#[derive(Debug)]
pub struct Applied {
    /// The draft as it is now.
    pub connection: Connection,
}

/// Merges a submission into the draft as it is now and seals its secrets.
///
/// # Errors
/// [`ApplyError::Closed`] when the connection takes no values any more.
pub fn apply(tx: &mut Tx<'_>, apply: &Apply<'_>) -> Result<Applied, ApplyError> {
    let read = read_again(tx, apply)?;
    apply_to(tx, read, apply).map(|connection| Applied { connection })
}

/// [`apply`] to a connection that is at hand: it is read again only when somebody changed it since.
///
/// # Errors
/// As [`apply`].
pub fn apply_to(tx: &mut Tx<'_>, mut read: Connection, apply: &Apply<'_>) -> Result<Connection, ApplyError> {
    for _ in 0..MOST_TRIES {
        let takes = match read.state() {
            ConnectionState::Draft => true,
            // Its owner reconnects it, its connector renews a token; somebody outside is done with it.
            ConnectionState::Finalised => apply.by != Filler::Recipient,
            ConnectionState::Deleted => false,
        };
        if !takes {
            return Err(ApplyError::Closed);
        }
        let change = apply.change(tx.keys, &read)?;
        let (taken_out, removed) =
            (titles_of(&change.misdirected, apply, &read), titles_of(&change.removed, apply, &read));
        if let Some(connection) = write_merged(tx, apply, read, change)? {
            // Who changed an address may not even know of the secrets, so it is nobody's deed.
            note_gone(tx, &connection, Event::SecretsTakenOut, Actor::System, &taken_out)?;
            note_gone(tx, &connection, Event::SecretsRemoved, apply.actor.clone(), &removed)?;
            if apply.by == Filler::Recipient {
                store::note_unseen(tx.conn, &connection, tx.now).map_err(AppError::from)?;
            }
            return Ok(connection);
        }
        read = read_again(tx, apply)?;
    }
    Err(AppError::Internal(anyhow::anyhow!("the draft kept changing under the writer")).into())
}

fn read_again(tx: &mut Tx<'_>, apply: &Apply<'_>) -> AppResult<Connection> {
    store::find_by_id(tx.conn, apply.workspace, apply.connection)?.ok_or(AppError::NotFound)
}

/// The draft as it was written; `None` when somebody changed it since it was read.
fn write_merged(
    tx: &mut Tx<'_>,
    apply: &Apply<'_>,
    read: Connection,
    change: DraftChange,
) -> AppResult<Option<Connection>> {
    let DraftChange { merged: Merged { mut values, mut state, changed, .. }, misdirected, .. } = change;
    values.secrets.retain(|path, _| !misdirected.contains(path));
    state.secrets.retain(|path, _| !misdirected.contains(path));
    let mut after = read;
    after.config = values.plain;
    after.secret_paths = state.secrets.keys().cloned().collect();
    after.secret_revisions = state.secrets;
    after.origins = origins_after(&after, apply, &changed, tx.now);
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
    let Some(written) = store::replace_contents(tx.conn, after, tx.now)? else { return Ok(None) };
    let revision = Revision { by: apply.by, name: apply.name.to_owned(), changed, ..Revision::of(&written) };
    revisions::insert(tx.conn, &revision)?;
    Ok(Some(written))
}

/// What the form calls these fields.
fn titles_of(paths: &BTreeSet<FieldPath>, apply: &Apply<'_>, read: &Connection) -> Vec<String> {
    if paths.is_empty() {
        return Vec::new();
    }
    let answers = overview(&apply.connector.spec, &read.known_to_members());
    let title = |path: &FieldPath| {
        let known = answers.iter().find(|answer| answer.key == *path);
        known.map_or_else(|| shown_path(&read.config, path).dot(), |answer| answer.title.clone())
    };
    paths.iter().map(title).collect()
}

/// Writes down that secrets went.
fn note_gone(tx: &mut Tx<'_>, of: &Connection, event: Event, actor: Actor, titles: &[String]) -> AppResult<()> {
    if titles.is_empty() {
        return Ok(());
    }
    let entry = entry(of, event, actor, "");
    tx.record(&Entry { detail: &titles.join(", "), ..entry })
}

/// Who filled in what: new fields get this filler, fields that are gone are forgotten.
fn origins_after(
    after: &Connection,
    apply: &Apply<'_>,
    changed: &BTreeSet<FieldPath>,
    now: UtcTime,
) -> BTreeMap<FieldPath, FieldOrigin> {
    let mut origins = after.origins.clone();
    for path in changed {
        let origin = FieldOrigin { by: apply.by, name: apply.name.to_owned(), at: now.unix() };
        origins.insert(path.clone(), origin);
    }
    // The root is a choice itself, in some connectors.
    let is_root = |path: &FieldPath| path.as_str().is_empty() && !after.config.is_empty();
    origins.retain(|path, _| {
        after.secret_paths.contains(path) || value_at(&after.config, path).is_some() || is_root(path)
    });
    origins
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

/// Makes a draft final, if its values are still those that were read: one conditional UPDATE names the version that was judged, and
/// counts it up, so that whoever read the draft before writes nothing into it afterwards. From then on every setup link of it is dead,
/// because a link opens drafts only.
///
/// # Errors
/// [`AppError::Conflict`] when they changed meanwhile, or it is final already.
pub fn finalise(tx: &mut Tx<'_>, read: &Connection, actor: Actor) -> AppResult<()> {
    if !store::finalise(tx.conn, read, tx.now)? {
        return Err(AppError::Conflict("The connection changed while it was being finalised. Look at it again."));
    }
    let revision = Revision { number: read.version + 1, created_at: tx.now, ..Revision::of(read) };
    revisions::insert(tx.conn, &revision)?;
    let entry = entry(read, Event::Finalised, actor, "");
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
    revisions::drop_all(tx.conn, &connection.id)?;
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
