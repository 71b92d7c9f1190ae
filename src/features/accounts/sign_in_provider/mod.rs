//! A workspace's own identity provider: members sign in there (OpenID Connect), and passwords can be switched off.
//!
//! Why: an organisation that has one place to sign in wants no second set of passwords, and somebody who leaves shall be out
//! everywhere at once.
//!
//! Invariants: a provider speaks for the members of its own workspace and for nobody else. It is offered only after an owner has signed
//! in with these very details, and only then can passwords be switched off; whoever changes the details puts both back, so nobody
//! is locked out by a slip. A person is known by issuer and subject once they were seen; before, by an address the provider vouches
//! for. A member who was removed stays out, unless they are invited again. The client secret is stored sealed and goes to the issuer it
//! was typed for only. A state is used once, within ten minutes, in the browser that began.

mod admit;
mod domains;
mod http;
mod protocol;
mod refusal;
mod settings;
pub mod settings_pages;
mod store;
pub mod visitor_pages;
mod way;

pub use settings::allow_passwords_by_command;
pub(super) use settings::untie;
pub(super) use store::{
    Offer, delete_expired as delete_expired_attempts, identity_of, offers, only_providers, passwords_off,
};

use time::Duration;

use self::domains::Domains;
use super::Role;
use super::fields::{is_address, lower_email};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{SignInProviderId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::platform::sealed::sealed_column;

/// How long somebody may take at the provider.
const ATTEMPT_LIFETIME: Duration = Duration::minutes(10);
/// Most characters of a subject (OpenID Connect Core 1.0, section 2, `sub`).
const LONGEST_SUBJECT: usize = 255;

text_enum! {
    /// What becomes of people the provider knows and the workspace does not.
    pub(in crate::features::accounts) enum Newcomers {
        /// They have to be invited first.
        Refused = "refuse" => "Refuse them",
        /// They become viewers.
        Viewers = "viewer" => "Let them in as viewers",
        /// They become members.
        Members = "member" => "Let them in as members",
    }
}

impl Newcomers {
    fn means(self) -> &'static str {
        match self {
            Self::Refused => "Only people who are members already, or invited, get in",
            Self::Viewers => Role::Viewer.means(),
            Self::Members => Role::Member.means(),
        }
    }

    /// What a newcomer becomes; `None` when they are refused.
    fn role(self) -> Option<Role> {
        match self {
            Self::Refused => None,
            Self::Viewers => Some(Role::Viewer),
            Self::Members => Some(Role::Member),
        }
    }
}

/// A workspace's identity provider as it is set up.
#[derive(Debug, Clone)]
struct Provider {
    id: SignInProviderId,
    workspace_id: WorkspaceId,
    /// What members call it.
    label: String,
    /// The issuer's address, exactly as its tokens name it.
    issuer: String,
    client_id: String,
    /// `None`: the provider gave none.
    client_secret: Option<Sealed>,
    /// Whose addresses may come; empty: all the provider vouches for.
    domains: Domains,
    newcomers: Newcomers,
    /// Names issuer, client id and secret as they are now; changes with them.
    revision: String,
    /// When an owner signed in with these details.
    tested_at: Option<UtcTime>,
    /// Since when it is the only way in.
    passwords_off_at: Option<UtcTime>,
}

sealed_column!(
    /// Client secrets.
    pub SEALED_CLIENT_SECRETS = sign_in_providers[id].sealed_client_secret
);
sealed_column!(
    /// Secrets of an attempt, for as long as it lives.
    SEALED_ATTEMPTS = sign_in_attempts[id].sealed_secret
);

/// What the provider says of a person, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    /// Never changes and is never given to somebody else.
    subject: String,
    email: Email,
    /// Their name, possibly empty.
    name: String,
}

/// What the provider says of a person's address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Email {
    /// Nothing, or no address.
    None,
    /// An address it does not vouch for.
    Unverified,
    /// An address it vouches for, in lower case.
    Verified(String),
}

impl Email {
    /// Takes a provider's word about an address; what does not say that it was verified, was not.
    fn judged(address: Option<&str>, is_verified: Option<bool>) -> Self {
        match address.map(lower_email).filter(|address| is_address(address)) {
            None => Self::None,
            Some(_) if is_verified != Some(true) => Self::Unverified,
            Some(address) => Self::Verified(address),
        }
    }

    fn verified(&self) -> Option<&str> {
        match self {
            Self::Verified(address) => Some(address),
            Self::None | Self::Unverified => None,
        }
    }
}
