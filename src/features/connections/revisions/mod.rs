//! Revisions: every state of a connection's values under its number, so that a form that was shown is read against what it showed, whatever
//! others have sent meanwhile.
//!
//! Invariants: a revision is written by whoever writes the values, in the same transaction, and never changed; it holds no secret, only
//! which were set and since when; it goes with its connection. Its number stands in a form under a mark of ours, so that nobody can
//! claim to have seen what they were not shown.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(super) use store::{drop_all, insert};
pub use store::{find_revision, forget_old, old_revisions};

use super::{Connection, FieldOrigin, Filler, known_to};
use crate::base::clock::UtcTime;
use crate::base::crypto::{Marker, PlainToken};
use crate::base::error::AppResult;
use crate::base::forms::FieldPath;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::platform::app::App;
use crate::schema::form::{DraftState, KnownValues, REFERENCE};

/// The form field that carries the number of the revision a form was shown with.
pub const REVISION_FIELD: &str = "_revision";

/// The number of a revision that never was.
const NEVER: i64 = -1;

/// One state of a connection's values.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Of which connection.
    pub connection_id: ConnectionId,
    /// Its number: the connection's version at that time.
    pub number: i64,
    /// Who made it.
    pub by: Filler,
    /// Their name, possibly empty.
    pub name: String,
    /// When it was made.
    pub created_at: UtcTime,
    /// Values that are no secrets, as a tree.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Which secrets were set.
    pub secret_paths: BTreeSet<FieldPath>,
    /// The revision that set each; 0 where none is known.
    pub secret_revisions: BTreeMap<FieldPath, i64>,
    /// Who had filled in which field, and when.
    pub origins: BTreeMap<FieldPath, FieldOrigin>,
    /// The fields that changed with it.
    pub changed: BTreeSet<FieldPath>,
}

/// What somebody saw when they decided on a change.
#[derive(Debug, Clone, Default)]
pub enum Shown {
    /// What is there by the time the change is written: they did not say what they saw.
    #[default]
    Now,
    /// This revision.
    Revision(Box<Revision>),
    /// A revision that nobody knows any more: whatever is there counts as changed by others.
    Lost,
}

impl Revision {
    /// The state a connection is in.
    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            workspace_id: connection.workspace_id.clone(),
            connection_id: connection.id.clone(),
            number: connection.version,
            by: Filler::Member,
            name: String::new(),
            created_at: connection.updated_at,
            config: connection.config.clone(),
            secret_paths: connection.secret_paths.clone(),
            secret_revisions: connection.secret_revisions.clone(),
            origins: connection.origins.clone(),
            changed: BTreeSet::new(),
        }
    }

    /// The same to compare.
    #[must_use]
    pub fn state(&self) -> DraftState {
        let since = |path: &FieldPath| (path.clone(), self.secret_revisions.get(path).copied().unwrap_or_default());
        DraftState { plain: self.config.clone(), secrets: self.secret_paths.iter().map(since).collect() }
    }

    /// What a member's page showed of it.
    #[must_use]
    pub fn known_to_members(&self) -> KnownValues {
        self.state().known()
    }

    /// What a recipient's page showed of it.
    #[must_use]
    pub fn known_to_recipients(&self) -> KnownValues {
        known_to(self.known_to_members(), &self.origins)
    }
}

impl Shown {
    /// What a form was shown with, as the form says it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn in_form(app: &App, connection: &Connection, said: Option<&str>) -> AppResult<Self> {
        match said.and_then(|said| read_mark(&app.form_marks, &connection.id, said)) {
            Some(number) => Self::revision(app, connection, number).await,
            None => Ok(Self::Lost),
        }
    }

    /// The revision of that number.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn revision(app: &App, connection: &Connection, number: i64) -> AppResult<Self> {
        if number == connection.version {
            return Ok(Self::Revision(Box::new(Revision::of(connection))));
        }
        let id = connection.id.clone();
        let found = app.db.read(move |conn| Ok(find_revision(conn, &id, number)?)).await?;
        Ok(found.map_or(Self::Lost, |revision| Self::Revision(Box::new(revision))))
    }

    /// The revision, when it is known.
    #[must_use]
    pub fn known(&self) -> Option<&Revision> {
        match self {
            Self::Revision(revision) => Some(revision),
            Self::Now | Self::Lost => None,
        }
    }

    /// The connection as a form that comes back shows it: as it was shown before, so that what others changed since is told when it is
    /// sent, and is not passed over because the form came back for another reason.
    #[must_use]
    pub fn on(&self, now: &Connection) -> Connection {
        match self {
            Self::Now => now.clone(),
            Self::Lost => Connection { version: NEVER, ..now.clone() },
            Self::Revision(shown) => Connection {
                config: shown.config.clone(),
                secret_paths: shown.secret_paths.clone(),
                secret_revisions: shown.secret_revisions.clone(),
                origins: shown.origins.clone(),
                version: shown.number,
                ..now.clone()
            },
        }
    }

    /// What a change is compared with, when this is what is there now.
    pub(super) fn base(&self, current: &DraftState) -> DraftState {
        match self {
            Self::Now => current.clone(),
            Self::Revision(revision) => revision.state(),
            Self::Lost => DraftState::default(),
        }
    }
}

/// What a form carries of the revision it shows.
#[must_use]
pub fn revision_mark(marks: &Marker, connection: &Connection) -> String {
    let number = connection.version.to_string();
    let mark = marks.text(&[b"revision", connection.id.as_str().as_bytes(), number.as_bytes()]);
    format!("{number}.{mark}")
}

fn read_mark(marks: &Marker, connection: &ConnectionId, said: &str) -> Option<i64> {
    let (number, mark) = said.split_once('.')?;
    let is_ours = marks.matches(mark, &[b"revision", connection.as_str().as_bytes(), number.as_bytes()]);
    number.parse().ok().filter(|_| is_ours)
}

/// What programs are given in the place of a connection's secrets: another text each time a secret is set.
#[must_use]
pub fn references(connection: &ConnectionId, state: &DraftState) -> BTreeMap<FieldPath, String> {
    let reference = |(path, since): (&FieldPath, &i64)| {
        let named = PlainToken::presented(&format!("reference {connection} {since} {path}"));
        let text = URL_SAFE_NO_PAD.encode(named.hash().as_bytes().get(..16).unwrap_or_default());
        (path.clone(), format!("{REFERENCE}{text}"))
    };
    state.secrets.iter().map(reference).collect()
}
