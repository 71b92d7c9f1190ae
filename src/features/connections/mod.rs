//! Connections: one configured source or destination of a workspace, a draft until it is finalised.
//!
//! Invariants: secret values exist only in the sealed column; `secret_paths` says which are set, so that no page needs to
//! open them; every change is merged into the row as it is *now*, inside the transaction, against the revision its maker was shown: what
//! they left alone stays as others made it, what two people changed to different values is refused, and a secret that goes is named in
//! the timeline. Stored paths name a row by its id.

mod arrivals;
mod draft;
mod former_members;
mod host_key;
mod listing;
mod merge;
mod questions;
mod revisions;
mod store;
mod told;

use std::collections::{BTreeMap, BTreeSet};

pub use arrivals::{Arriving, accept, arrive, find_waiting, of_invite_link, reject, waiting_count};
pub use draft::{Applied, NewDraft, apply, apply_to, create_draft, erase, finalise, rename};
pub use former_members::forget_member;
pub use host_key::{HostKeyProblem, accept_host_key, note_host_key};
pub use listing::{ConnectionFilter, ConnectionStateFilter, ListRow, list, note_some_words, page};
pub use merge::{Apply, ApplyError};
pub use questions::{QUESTIONS_FIELD, changed_questions};
pub use revisions::{
    REVISION_FIELD, Revision, Shown, find_revision, forget_old as forget_old_revisions, old_revisions, references,
    revision_mark,
};
pub use store::{
    count_by_connector, count_deleted_up_to, deleted_before, find, find_by_form_nonce, find_by_id, find_of_kind,
    forget_deleted, hold, is_unseen, note_seen,
};

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::forms::FieldPath;
use crate::base::ids::{ConnectionId, InviteLinkId, MemberId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::connectors::Kind;
use crate::engines::HostKey;
use crate::platform::sealed::sealed_column;
use crate::schema::form::{DraftState, KnownValues};

sealed_column!(
    /// Secret values of a connection.
    pub SEALED_SECRETS = connections[id].sealed_secrets
);

/// Most characters of a description.
pub const LONGEST_DESCRIPTION: usize = 120;

/// A connection as it is stored; secrets stay sealed.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Source or destination.
    pub kind: Kind,
    /// Which connector.
    pub connector_slug: String,
    /// Its name in URLs and the API: the connector's slug and a random tail.
    pub slug: String,
    /// Its name for people.
    pub description: String,
    /// Values that are no secrets, as a tree.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Which secrets are set.
    pub secret_paths: BTreeSet<FieldPath>,
    /// The revision that set each secret; 0 where none is known.
    pub secret_revisions: BTreeMap<FieldPath, i64>,
    /// The secrets.
    pub sealed_secrets: Option<Sealed>,
    /// Who filled in which field, and when.
    pub origins: BTreeMap<FieldPath, FieldOrigin>,
    /// How many required fields are still empty.
    pub missing_count: i32,
    /// Grows with every change, and is the number of the revision; a write that saw an older one is done again.
    pub version: i64,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
    /// When it was finalised.
    pub finalised_at: Option<UtcTime>,
    /// When it was deleted; its values are gone since.
    pub deleted_at: Option<UtcTime>,
    /// The invite link it came through.
    pub invite_link_id: Option<InviteLinkId>,
    /// Who authorised it, as they or their provider call them; possibly empty.
    pub identity: String,
    /// Whether a member has to accept it.
    pub approval: Approval,
    /// What is known of the jump server of its SSH tunnel, since the first contact.
    pub jump_server: Option<JumpServer>,
}

/// What is known of a jump server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JumpServer {
    /// The key it must have.
    pub known: HostKey,
    /// Another one that was shown since, and refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<HostKey>,
}

text_enum! {
    /// Whether a member has to accept a connection.
    #[derive(serde::Serialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Approval {
        /// Nobody has to.
        None = "none",
        /// It waits for somebody who does.
        Waiting = "waiting",
        /// A member accepted it.
        Accepted = "accepted",
        /// A member rejected it; its values are erased.
        Rejected = "rejected",
    }
}

/// Who filled in a field.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldOrigin {
    /// A member or somebody outside.
    pub by: Filler,
    /// Their name; for a recipient the one the asker gave, possibly empty.
    pub name: String,
    /// When, seconds since 1970.
    pub at: i64,
}

text_enum! {
    /// Who fills in fields.
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Filler {
        /// Somebody of the workspace.
        Member = "member",
        /// Somebody outside, through a link.
        Recipient = "recipient",
        /// The connector itself, which renewed a token.
        Connector = "connector",
    }
}

/// What a recipient's page may know of what members know.
fn known_to(members: KnownValues, origins: &BTreeMap<FieldPath, FieldOrigin>) -> KnownValues {
    let concealed = origins.iter().filter(|(_, origin)| origin.by == Filler::Recipient).map(|(path, _)| path.clone());
    KnownValues { concealed: concealed.collect(), ..members }
}

/// What a draft still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// It takes values.
    Draft,
    /// It is a source or destination now; setup links do nothing any more.
    Finalised,
    /// It is gone.
    Deleted,
}

/// What is said of a connection that no member has accepted yet.
pub const WAITING: &str = "This connection waits until a member accepts it.";

impl Connection {
    /// Whether a member has to accept it before anything is asked or read with its values.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.approval == Approval::Waiting
    }

    /// Where it is in its life.
    pub fn state(&self) -> ConnectionState {
        match (self.deleted_at, self.finalised_at) {
            (Some(_), _) => ConnectionState::Deleted,
            (None, Some(_)) => ConnectionState::Finalised,
            (None, None) => ConnectionState::Draft,
        }
    }

    /// Whether anything has been filled in yet.
    pub fn is_blank(&self) -> bool {
        self.config.is_empty() && self.secret_paths.is_empty()
    }

    /// What a member's page may know: everything but secret values.
    pub fn known_to_members(&self) -> KnownValues {
        KnownValues { plain: self.config.clone(), secret_paths: self.secret_paths.clone(), concealed: BTreeSet::new() }
    }

    /// What a recipient's page may know: what members filled in is shown, what other recipients sent is only said to exist.
    pub fn known_to_recipients(&self) -> KnownValues {
        known_to(self.known_to_members(), &self.origins)
    }

    /// Its values to compare.
    pub fn draft_state(&self) -> DraftState {
        Revision::of(self).state()
    }

    /// Who filled in a field, by its stored path; for a group or a list, whoever filled in the first thing inside it, and for what lies in
    /// one that was filled in as a whole, whoever did that.
    pub fn origin_of(&self, path: &FieldPath) -> Option<&FieldOrigin> {
        let inside = |at: &FieldPath, of: &FieldPath| at != of && at.is_within(of);
        let find =
            |is: &dyn Fn(&FieldPath) -> bool| self.origins.iter().find(|(at, _)| is(at)).map(|(_, origin)| origin);
        self.origins.get(path).or_else(|| find(&|at| inside(at, path))).or_else(|| find(&|at| inside(path, at)))
    }
}
