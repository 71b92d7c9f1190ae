//! API keys: what programs show instead of a password. A key belongs to a workspace, may do what its scopes say, and is shown once.
//!
//! Invariants: only the hash and the first eight characters are stored; a revoked or expired key never works again; that a key was
//! made or revoked is in the activity log.

pub mod guard;
pub mod pages;
mod store;

pub use store::{ApiKeyRow, KnownKey};

use crate::accounts::note;
use crate::activity::{Actor, Event};
use crate::clock::UtcTime;
use crate::crypto::PlainToken;
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::rng::Rng;

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
    /// Fetch stored credentials.
    CredentialsRead, "credentials:read", "Fetch stored credentials";
    /// Look at invite links.
    InviteLinksRead, "invite_links:read", "Read invite links";
    /// Make, change and delete invite links.
    InviteLinksWrite, "invite_links:write", "Change invite links";
}

impl Scope {
    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    /// Its id; the same id twice makes one key.
    pub id: ApiKeyId,
    /// The workspace it opens.
    pub workspace: &'a WorkspaceId,
    /// What it is for, in the words of who makes it.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// From when on it does not work; `None`: until it is revoked.
    pub expires_at: Option<UtcTime>,
    /// The member who makes it; `None`: a command.
    pub created_by: Option<&'a MemberId>,
    /// Who is said to have made it in the activity log.
    pub actor: Actor,
}

/// Makes a key; it exists in the answer and nowhere else. `None` when a key of that id was made before.
///
/// # Errors
/// Only internal ones.
pub fn create(conn: &mut Conn, new: &NewApiKey<'_>, now: UtcTime, rng: &Rng) -> AppResult<Option<PlainToken>> {
    let token = PlainToken::new(rng, PREFIX);
    let shown: String = token.expose().chars().take(SHOWN).collect();
    if !store::insert(conn, new, &token.hash(), &shown, now)? {
        return Ok(None);
    }
    note(conn, new.workspace, new.actor.clone(), Event::ApiKeyCreated, new.name, (now, rng))?;
    Ok(Some(token))
}

/// The keys of a workspace, revoked ones too, the newest first.
///
/// # Errors
/// The database cannot be asked.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> AppResult<Vec<ApiKeyRow>> {
    Ok(store::list(conn, workspace)?)
}

/// Revokes a key; `false` when it was revoked already, `None` when the workspace has no such key.
///
/// # Errors
/// The database cannot be asked.
pub fn revoke(conn: &mut Conn, workspace: &WorkspaceId, id: &ApiKeyId, actor: Actor, now: UtcTime, rng: &Rng) -> AppResult<Option<bool>> {
    let Some(key) = store::find(conn, workspace, id)? else { return Ok(None) };
    if !store::revoke(conn, workspace, id, now)? {
        return Ok(Some(false));
    }
    note(conn, workspace, actor, Event::ApiKeyRevoked, &key.name, (now, rng))?;
    Ok(Some(true))
}

/// How often it is noted that a key was used.
pub const NOTED_EVERY: time::Duration = time::Duration::minutes(1);

/// The key a program shows; `None` when it is unknown, revoked or expired.
///
/// # Errors
/// The database cannot be asked.
pub fn authenticate(conn: &mut Conn, shown: &PlainToken, now: UtcTime) -> AppResult<Option<KnownKey>> {
    Ok(store::find_working(conn, &shown.hash(), now)?)
}

/// Notes that a key was used now.
///
/// # Errors
/// The database cannot be asked.
pub fn note_use(conn: &mut Conn, key: &ApiKeyId, now: UtcTime) -> AppResult<()> {
    Ok(store::touch(conn, key, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_as_themselves() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert_eq!((Scope::ALL.len(), Scope::parse("sources:admin")), (10, None));
    }
}
