//! API keys: what programs show instead of a password. A key belongs to a workspace, may do what its scopes say, and is shown once.
//!
//! Invariants: only the hash and the first eight characters are stored; a revoked or expired key never works again; that a key was
//! made or revoked is in the activity log.

pub mod guard;
mod make;
pub mod pages;
mod store;

pub use make::{authenticate, create, hand_over, list, note_use, revoke, still_allows, working_of};
pub use store::{ApiKeyRow, KnownKey, NewApiKey};

use crate::base::text_column::text_enum;

/// How every key begins, so that people and secret scanners know one.
pub const PREFIX: &str = "vst_";
/// How many characters of a key stay visible.
const SHOWN: usize = 8;

text_enum! {
    /// One thing a key may do.
    pub enum Scope {
        /// Look at sources.
        SourcesRead = "sources:read" => "Read sources",
        /// Make, change and delete sources.
        SourcesWrite = "sources:write" => "Change sources",
        /// Look at destinations.
        DestinationsRead = "destinations:read" => "Read destinations",
        /// Make, change and delete destinations.
        DestinationsWrite = "destinations:write" => "Change destinations",
        /// Look at setup links.
        LinksRead = "links:read" => "Read setup links",
        /// Make and revoke setup links.
        LinksWrite = "links:write" => "Make and revoke setup links",
        /// Start validations.
        ValidationsWrite = "validations:write" => "Start validations",
        /// Look at extractions.
        RunsRead = "runs:read" => "Read extractions",
        /// Start and stop extractions.
        RunsWrite = "runs:write" => "Start and stop extractions",
        /// Look at records of extractions and download them.
        RecordsRead = "records:read" => "Look at records of extractions and download them",
        /// Fetch stored credentials.
        CredentialsRead = "credentials:read" => "Fetch stored credentials",
        /// Look at invite links.
        InviteLinksRead = "invite_links:read" => "Read invite links",
        /// Make, change and delete invite links.
        InviteLinksWrite = "invite_links:write" => "Change invite links",
        /// Add, change, try and delete output layers.
        OutputLayersWrite = "output_layers:write" => "Change output layers",
        /// Say where extractions run; only with a key that an owner has made.
        EngineWrite = "extraction_engine:write" => "Change where extractions run (keys of owners)",
    }
}

impl Scope {
    /// Whether it only works with a key whose maker is an owner.
    pub fn is_of_owners(self) -> bool {
        self == Self::EngineWrite
    }
}

/// How often it is noted that a key was used.
pub const NOTED_EVERY: time::Duration = time::Duration::minutes(1);
