//! Between "Continue with …" and "Send": somebody outside goes to the provider's own page and comes back, and what came of it waits,
//! sealed, until they send it.
//!
//! Invariants: a sign-in belongs to one browser (a cookie) at one link; a state is spent by one conditional UPDATE, in the browser that
//! began, within ten minutes, before the code is shown to anybody; nothing is saved for a link that closed meanwhile; what was typed
//! beside it comes back; everything is deleted when it is sent, when the link closes, and after some hours.

mod asked;
mod authorize;
mod borrow;
mod browser;
mod callback;
mod link_sign_in;
mod panel;
mod pending;
pub mod return_pages;
mod store;

pub use asked::{answers_only, with_sign_in};
pub use authorize::{AuthorizeForm, authorize, keep};
pub use borrow::borrowed;
pub use link_sign_in::{ACCOUNT_FIELD, CompletedSignIn, LinkSignIn, PlanError, signed_in_at};
pub use panel::{Asked, Panel, panel};
pub use pending::{SEALED_SIGN_INS, forget, sweep};

use time::Duration;

use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::error::AppResult;
use crate::base::ids::{InviteLinkId, SetupLinkId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::platform::db::Conn;

/// A state works for so long.
pub const ATTEMPT: Duration = Duration::minutes(10);
/// What came of a sign-in waits so long to be sent.
pub const KEPT: Duration = Duration::hours(4);

text_enum! {
    /// The kinds of links somebody can sign in at.
    pub enum LinkKind {
        /// A setup link.
        Setup = "setup",
        /// An invite link: each chosen account becomes a connection.
        Invite = "invite",
    }
}

/// The link somebody signs in at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRef {
    /// Its kind.
    pub kind: LinkKind,
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub workspace: WorkspaceId,
}

impl LinkRef {
    /// A setup link.
    pub fn setup(id: &SetupLinkId, workspace: &WorkspaceId) -> Self {
        Self { kind: LinkKind::Setup, id: id.as_str().to_owned(), workspace: workspace.clone() }
    }

    /// An invite link.
    pub fn invite(id: &InviteLinkId, workspace: &WorkspaceId) -> Self {
        Self { kind: LinkKind::Invite, id: id.as_str().to_owned(), workspace: workspace.clone() }
    }

    /// Whether each account that is chosen here becomes a connection of its own, whatever the connector takes at once.
    fn takes_each_account(&self) -> bool {
        self.kind == LinkKind::Invite
    }
}

/// One browser at one link: what a pending sign-in belongs to.
struct BrowserAtLink<'a> {
    link: &'a LinkRef,
    browser: &'a TokenHash,
}

/// Whether a link still opens, as the links themselves answer: asked before a code is exchanged, and again in the transaction that saves
/// what came of it. The composition root gives it, because links know sign-ins and not the other way round.
#[derive(Clone, Copy)]
pub struct LinkIsOpen(pub fn(&mut Conn, &LinkRef, UtcTime) -> AppResult<bool>);
