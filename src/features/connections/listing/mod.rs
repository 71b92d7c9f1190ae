//! Lists of connections: what they are narrowed to, and how they are found by words.
//!
//! Invariants: every connection made or renamed notes its words in the same transaction; one that was made before words were noted
//! is caught up by the sweep; a page is read in the order of an index. A search begins with the hits of a word that has few, or, where every
//! word has many, walks along the list, where it soon meets some.

mod store;

pub(super) use store::note_words;
pub use store::{ListRow, list, note_some_words, page};

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, InviteLinkId};
use crate::connectors::Kind;

/// Which connections a list shows.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter {
    /// Words the description, slug or connector must have, each from its beginning; a text without any word is looked for as it stands.
    pub query: String,
    /// Only these.
    pub state: Option<ConnectionStateFilter>,
    /// Only sources, or only destinations.
    pub kind: Option<Kind>,
    /// Only those of this connector.
    pub connector: Option<String>,
    /// Only drafts, or only what is none any more.
    pub draft: Option<bool>,
    /// Only those that came through this invite link.
    pub invite_link: Option<InviteLinkId>,
    /// Only older than this place: (changed at, id) of the last row seen.
    pub before: Option<(UtcTime, ConnectionId)>,
}

/// The states one can filter by without asking anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStateFilter {
    /// Drafts with something missing.
    Missing,
    /// Drafts with nothing missing.
    FilledIn,
    /// Finalised ones.
    Finalised,
    /// Those that wait until a member accepts them.
    Waiting,
}
