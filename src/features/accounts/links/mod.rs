//! Account links: sent by mail, used once, to join a workspace or to choose a new password.
//!
//! Invariants: an invitation is worth what whoever sent it may give now, so it ends with their membership or their role; looking at one changes
//! nothing; using it is one conditional UPDATE in the transaction of the deed; the token is
//! stored as its hash, and sealed beside it only until the mail is on its way.

mod guard;
mod store;

pub(super) use guard::{OpenAccountLink, closed_page, find as find_by_path, stands};
pub(super) use store::{
    AccountLinkRow, Invitation, NewAccountLink, drop_dead_tokens, drop_token, find, invitation_of, invitations_since,
    last_invitation_to, open_invitation_to, open_invitations_of, pending_invitations, recent_resets, redeem,
    revoke_all, revoke_invitation, revoke_invitations_to, revoke_resets,
};
pub use store::{count_up_to, forget, forgettable};

use time::Duration;

use crate::base::text_column::text_enum;
use crate::platform::sealed::sealed_column;

/// How long an invitation waits for its answer.
pub(super) const INVITATION_LIFETIME: Duration = Duration::days(7);
/// How long a link to choose a new password works.
pub(super) const RESET_LIFETIME: Duration = Duration::hours(1);
/// Invitations that were never answered stay in the list for so long after they were made.
pub(super) const LISTED_FOR: Duration = Duration::days(30);

text_enum! {
    /// What an account link is for.
    pub enum AccountLinkPurpose {
        /// To become a member.
        Join = "join",
        /// To choose a new password.
        Reset = "reset",
    }
}

sealed_column!(
    /// Tokens of account links whose mail waits.
    pub SEALED_LINK_TOKENS = account_links[id].sealed_token
);
