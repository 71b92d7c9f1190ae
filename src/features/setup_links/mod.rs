//! Setup links: a secret URL for somebody outside, bound to one draft. It dies when it is used, revoked, expired, or when
//! the draft is finalised or deleted.
//!
//! Invariants: whoever ends a draft closes its links in the same transaction ([`close_all`]), so a link's row says its state; only the
//! token's hash is stored; GET and HEAD change nothing; redeeming is one conditional UPDATE in the transaction that also merges the values,
//! writes the activity row and queues the mail; a link reaches its own draft only; a link to sign in again reaches its connection's access
//! only, whether the connection is finished or not; a link that names what it asks for changes nothing else.

pub mod api;
mod asks;
mod guard;
mod jobs;
mod lifetime;
mod make;
mod opened;
pub mod owner_pages;
pub mod receipt_pages;
pub mod recipient_pages;
mod reconnect;
mod restored;
mod share_view;
mod store;
mod submit;
mod try_out;

pub use asks::LinkAsks;
pub use jobs::{SubmissionMail, jobs, sweep};
pub use lifetime::{LIFETIMES, LifetimeError, LinkLifetime};
pub use make::{NewSetupLink, close_all, hand_over, is_open, made_by_form, make, revoke};
pub use owner_pages::{CreatedLink, created};
pub use restored::close_restored;
pub use share_view::{ShareForm, ShareInput, ShareView};
pub use store::{SetupLinkRow, count_up_to, forget, forgettable, list, open_counts, open_of};

use crate::base::clock::UtcTime;
use crate::base::text_column::text_enum;
use crate::features::connections::{Connection, ConnectionState};
use crate::platform::link_state::{LinkEnd, LinkState, LinkTimes};

/// Most characters of a note to the recipient.
pub const LONGEST_NOTE: usize = 280;
/// Most characters of the recipient's name.
pub const LONGEST_RECIPIENT: usize = 80;

/// A setup link with the draft it opens.
#[derive(Clone)]
pub struct SetupLink {
    /// The link.
    pub row: SetupLinkRow,
    /// Its draft.
    pub connection: Connection,
}

/// Why a link does not open, in the order of what to say first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedReason {
    /// Details were sent with it.
    Used(UtcTime),
    /// A member withdrew it.
    Revoked,
    /// The connection is finished and needs nothing more.
    Finished,
    /// The draft was deleted.
    Deleted,
    /// The installation was restored from a copy that is older than what became of the link.
    Restored,
    /// Its time ran out.
    Expired(UtcTime),
}

text_enum! {
    /// What a link is for.
    pub enum LinkPurpose {
        /// To fill in a draft.
        Fill = "fill",
        /// To sign in again with the same account of the provider, for a draft or for a connection that is finished.
        Reconnect = "reconnect",
        /// To sign in again with any account.
        ReconnectAny = "reconnect_any",
    }
}

impl LinkPurpose {
    /// Whether somebody only signs in again.
    pub fn is_reconnect(self) -> bool {
        self != Self::Fill
    }
}

/// Whether a link opens, from its own times, what it is for, and what became of its connection.
///
/// # Errors
/// The reason why it does not.
pub fn check_open(
    times: LinkTimes,
    purpose: LinkPurpose,
    connection: ConnectionState,
    now: UtcTime,
) -> Result<UtcTime, ClosedReason> {
    // A connection that is finished still loses its access, and gets it back this way.
    let draft = match connection {
        ConnectionState::Finalised if purpose.is_reconnect() => ConnectionState::Draft,
        other => other,
    };
    match (times.state(now), draft) {
        (LinkState::Used { at }, _) => Err(ClosedReason::Used(at)),
        (LinkState::Revoked { .. }, _) => Err(ClosedReason::Revoked),
        // It had ended before its draft did, and was seen to.
        (LinkState::Expired { at }, _) if times.expiry_noted_at.is_some() => Err(ClosedReason::Expired(at)),
        (LinkState::Closed { end: LinkEnd::Finished, .. }, _) => Err(ClosedReason::Finished),
        (LinkState::Closed { end: LinkEnd::Deleted, .. }, _) => Err(ClosedReason::Deleted),
        (LinkState::Closed { end: LinkEnd::Restored, .. }, _) => Err(ClosedReason::Restored),
        (_, ConnectionState::Finalised) => Err(ClosedReason::Finished),
        (_, ConnectionState::Deleted) => Err(ClosedReason::Deleted),
        (LinkState::Expired { at }, ConnectionState::Draft) => Err(ClosedReason::Expired(at)),
        (LinkState::Open { until }, ConnectionState::Draft) => Ok(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::link_state::LinkClosing;

    #[test]
    fn every_end_has_its_reason() {
        let at = |seconds| UtcTime::from_unix(seconds).unwrap();
        let open = LinkTimes::until(at(100));
        let noted = LinkTimes { expiry_noted_at: Some(at(101)), ..open };
        let closed = |end| LinkTimes { closed: Some(LinkClosing { at: at(20), end }), ..open };
        let used = LinkTimes { used_at: Some(at(10)), ..open };
        let revoked = LinkTimes { revoked_at: Some(at(10)), ..open };
        use ConnectionState::{Deleted, Draft, Finalised};
        for (times, draft, now, expected) in [
            (open, Draft, 50, Ok(at(100))),
            (open, Draft, 100, Err(ClosedReason::Expired(at(100)))),
            (open, Finalised, 50, Err(ClosedReason::Finished)),
            (open, Deleted, 50, Err(ClosedReason::Deleted)),
            (open, Finalised, 150, Err(ClosedReason::Finished)),
            (used, Draft, 50, Err(ClosedReason::Used(at(10)))),
            (used, Finalised, 150, Err(ClosedReason::Used(at(10)))),
            (revoked, Deleted, 50, Err(ClosedReason::Revoked)),
            (noted, Finalised, 150, Err(ClosedReason::Expired(at(100)))),
            (noted, Deleted, 50, Err(ClosedReason::Expired(at(100)))),
            (closed(LinkEnd::Finished), Finalised, 150, Err(ClosedReason::Finished)),
            (closed(LinkEnd::Finished), Deleted, 50, Err(ClosedReason::Finished)),
            (closed(LinkEnd::Deleted), Deleted, 50, Err(ClosedReason::Deleted)),
            (closed(LinkEnd::Restored), Draft, 50, Err(ClosedReason::Restored)),
        ] {
            assert_eq!(check_open(times, LinkPurpose::Fill, draft, at(now)), expected);
        }
        assert_eq!(check_open(open, LinkPurpose::Reconnect, Finalised, at(50)), Ok(at(100)));
        assert_eq!(check_open(open, LinkPurpose::ReconnectAny, Deleted, at(50)), Err(ClosedReason::Deleted));
    }
}
