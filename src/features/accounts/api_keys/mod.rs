//! API keys: what programs show instead of a password. A key belongs to a workspace, may do what its scopes say, and is shown once.
//!
//! Invariants: only the hash and the first eight characters are stored; a revoked or expired key never works again; that a key was
//! made or revoked is in the activity log.

pub mod guard;
mod make;
pub mod pages;
mod store;

pub use make::{NewApiKey, authenticate, create, list, note_use, revoke};
pub use store::{ApiKeyRow, KnownKey};

/// How every key begins, so that people and secret scanners know one.
pub const PREFIX: &str = "vst_";
/// How many characters of a key stay visible.
const SHOWN: usize = 8;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $words:literal;)+) => {
        /// One thing a key may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Scope { $($(#[$doc])* $name),+ }

        impl Scope {
            /// All scopes, in the order of the form.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name in the API, in commands and in the database.
            pub fn as_str(&self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What it allows, for people.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words),+ }
            }
        }
    };
}

scopes! {
    /// Look at sources.
    SourcesRead, "sources:read", "Read sources";
    /// Make, change and delete sources.
    SourcesWrite, "sources:write", "Change sources";
    /// Look at destinations.
    DestinationsRead, "destinations:read", "Read destinations";
    /// Make, change and delete destinations.
    DestinationsWrite, "destinations:write", "Change destinations";
    /// Look at setup links.
    LinksRead, "links:read", "Read setup links";
    /// Make and revoke setup links.
    LinksWrite, "links:write", "Make and revoke setup links";
    /// Start validations.
    ValidationsWrite, "validations:write", "Start validations";
    /// Look at extractions.
    RunsRead, "runs:read", "Read extractions";
    /// Start and stop extractions.
    RunsWrite, "runs:write", "Start and stop extractions";
    /// Fetch stored credentials.
    CredentialsRead, "credentials:read", "Fetch stored credentials";
    /// Look at invite links.
    InviteLinksRead, "invite_links:read", "Read invite links";
    /// Make, change and delete invite links.
    InviteLinksWrite, "invite_links:write", "Change invite links";
    /// Add, change, try and delete output layers.
    OutputLayersWrite, "output_layers:write", "Change output layers";
}

impl Scope {
    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// How often it is noted that a key was used.
pub const NOTED_EVERY: time::Duration = time::Duration::minutes(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_as_themselves() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert_eq!((Scope::ALL.len(), Scope::parse("sources:admin")), (13, None));
    }
}
