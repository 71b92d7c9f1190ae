//! A submission merged into a draft as it is: against what whoever sent it was shown, with the secrets that must not go along taken out.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

use super::{Connection, FieldOrigin, Filler, SEALED_SECRETS, Shown, references, told};
use crate::base::crypto::KeyRing;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldError, FieldPath};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Connector;
use crate::platform::activity::Actor;
use crate::schema::form::{MergeRules, Merged, Submission, merge, misdirected};

const CHANGED: &str = "Somebody else changed the same fields meanwhile. Look at it again.";

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
    /// What they saw when they decided on it.
    pub shown: &'a Shown,
    /// The actor for the activity log, when a secret goes.
    pub actor: Actor,
}

/// Why a submission was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The connection takes no values any more: it was deleted, or somebody outside sent them and it is finalised.
    #[error("This connection takes no more details.")]
    Closed,
    /// Others changed the same fields, and to something else, since they were shown. Nothing is written.
    #[error("{CHANGED}")]
    Conflicts(Vec<FieldError>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<ApplyError> for AppError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Closed => Self::Conflict("This connection takes no more details."),
            ApplyError::Conflicts(_) => Self::Conflict(CHANGED),
            ApplyError::App(error) => error,
        }
    }
}

/// A draft as it shall be.
pub(super) struct DraftChange {
    pub(super) merged: Merged,
    /// Secrets that must not go where the connection leads from now on.
    pub(super) misdirected: BTreeSet<FieldPath>,
    /// Secrets that the change itself takes away.
    pub(super) removed: BTreeSet<FieldPath>,
}

impl Apply<'_> {
    /// Puts what was handed over on the draft as it was read.
    pub(super) fn change(&self, keys: &KeyRing, read: &Connection) -> Result<DraftChange, ApplyError> {
        let spec = &self.connector.spec;
        let current = read.draft_state();
        let base = self.shown.base(&current);
        let both = [&base, &current].map(|state| references(&read.id, state));
        let references = both.into_iter().flatten().map(|(path, reference)| (reference, path)).collect();
        let own = Self::fields_of(read, |origin| origin.by == Filler::Connector);
        let known = self.known_secrets(read);
        let rules = MergeRules {
            revision: read.version + 1,
            known_secrets: &known,
            references: &references,
            yields_but_for: (self.by == Filler::Connector).then_some(&own),
            knows_base: !matches!(self.shown, Shown::Lost),
        };
        let then = self.then.map(|(connector, submission)| (&connector.spec, submission));
        let steps: Vec<_> = [(spec, self.submission)].into_iter().chain(then).collect();
        let merged = merge(spec, &steps, &base, &current, open_secrets(read, keys)?, &rules)
            .map_err(|conflicts| ApplyError::Conflicts(told::to(self.by, read, spec, conflicts)))?;
        let misdirected = if self.has_secrets { BTreeSet::new() } else { misdirected(spec, &current, &merged) };
        let stays = |path: &&FieldPath| merged.state.secrets.contains_key(*path);
        let removed = read.secret_paths.iter().filter(|path| !stays(path)).cloned().collect();
        Ok(DraftChange { merged, misdirected, removed })
    }
}

/// A form that is sent twice is sent within this time (seconds).
const SENT_TWICE: i64 = 600;

impl Apply<'_> {
    fn fields_of(read: &Connection, is_theirs: impl Fn(&FieldOrigin) -> bool) -> BTreeSet<FieldPath> {
        read.origins.iter().filter(|(_, origin)| is_theirs(origin)).map(|(path, _)| path.clone()).collect()
    }

    /// The secrets whoever does this knows: all, or what they have just given themselves.
    fn known_secrets(&self, read: &Connection) -> BTreeSet<FieldPath> {
        if self.has_secrets {
            return read.secret_paths.clone();
        }
        let since = read.updated_at.unix() - SENT_TWICE;
        let by_me =
            |origin: &FieldOrigin| origin.by == Filler::Member && origin.name == self.name && origin.at >= since;
        if self.by == Filler::Member { Self::fields_of(read, by_me) } else { BTreeSet::new() }
    }
}

pub(super) fn open_secrets(connection: &Connection, keys: &KeyRing) -> AppResult<BTreeMap<FieldPath, SecretString>> {
    let Some(sealed) = &connection.sealed_secrets else { return Ok(BTreeMap::new()) };
    let bytes = keys.open(sealed, SEALED_SECRETS.at(&connection.id, &connection.workspace_id))?;
    let texts: BTreeMap<FieldPath, String> = serde_json::from_slice(&bytes).map_err(AppError::internal)?;
    Ok(texts.into_iter().map(|(path, text)| (path, SecretString::from(text))).collect())
}
