//! Invite links: a secret URL for people outside, bound to one connector. Whoever opens it adds a connection of that type: one
//! link for one client, or for thirty.
//!
//! Why not a setup link: that one opens a draft that exists and dies with it; this one makes new connections, may be used again,
//! may have no end, and can be copied again, so its token is kept sealed beside its hash.
//!
//! Invariants: GET and HEAD change nothing; redeeming is one conditional UPDATE that covers state, end, one-use and cap, in the
//! transaction that also makes the connections, the activity rows and what is told; a one-use link makes the connections of one
//! submission; a link reaches nothing that it did not make; whoever may not see the token never gets it, and a deleted link has none.

pub mod api;
mod api_view;
mod expiry;
mod guard;
pub mod inbox_pages;
mod input;
mod jobs;
mod listing;
mod make;
pub mod owner_pages;
mod owner_view;
mod panel;
pub mod panel_pages;
pub mod receipt_pages;
pub mod recipient_pages;
mod restored;
mod store;
mod submissions;
mod submit;

pub use expiry::{Expiry, ExpiryError};
pub use input::LinkFields;
pub use jobs::{Notice, NoticeMail, jobs, sweep};
pub use listing::{InviteLinkCursor, InviteLinkFilter, InviteStateFilter, ListOrder, Sort, names, open_of, page, rows};
pub use make::{MadeInviteLink, NewInviteLink, change, copy_token, delete, hand_over, is_open, made_by_form, make};
pub use restored::close_restored;
pub use store::{InviteLink, SEALED_TOKENS, find};
pub use submissions::{forget as forget_submissions, forgettable as forgettable_submissions};

use crate::base::clock::UtcTime;
use crate::base::text_column::text_enum;
use crate::platform::link_state::{LinkState, LinkTimes};

/// Most characters of a link's name.
pub const LONGEST_NAME: usize = 80;
/// Most characters of the greeting.
pub const LONGEST_GREETING: usize = 80;
/// Most characters of the note to recipients.
pub const LONGEST_NOTE: usize = 280;
/// The largest cap.
pub const MOST_CONNECTIONS: i32 = 10_000;
/// A link that was not used for so long is offered to be deleted.
pub const LONG_UNUSED: time::Duration = time::Duration::days(90);

text_enum! {
    /// How often a link may be used.
    pub enum Usage {
        /// By one submission; the connections of its accounts count as one.
        Once = "once" => "One-use",
        /// Again and again.
        Reusable = "reusable" => "Reusable",
    }
}

/// What decides whether a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLife {
    /// Its end, its use and its deletion.
    pub times: LinkTimes,
    /// Most connections it may make.
    pub cap: Option<i32>,
    /// Connections it has made.
    pub made: i32,
}

/// Where an invite link is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteState {
    /// It works.
    Active,
    /// One-use, and used.
    Used(UtcTime),
    /// It has made as many connections as it may.
    Full,
    /// Its time ran out.
    Expired(UtcTime),
    /// A member deleted it.
    Deleted(UtcTime),
    /// The installation was restored from a copy.
    Restored(UtcTime),
}

impl LinkLife {
    /// The state at a moment. What a member did comes before what happened by itself.
    pub fn state(&self, now: UtcTime) -> InviteState {
        match self.times.state(now) {
            LinkState::Revoked { at } => InviteState::Deleted(at),
            LinkState::Used { at } => self.times.revoked_at.map_or(InviteState::Used(at), InviteState::Deleted),
            LinkState::Expired { at } => InviteState::Expired(at),
            LinkState::Open { .. } if self.left() == Some(0) => InviteState::Full,
            LinkState::Open { .. } => InviteState::Active,
            // Only a restored copy closes an invite link beside its members.
            LinkState::Closed { at, .. } => InviteState::Restored(at),
        }
    }

    /// How many connections it may still make; `None`: any number.
    pub fn left(&self) -> Option<i32> {
        self.cap.map(|cap| (cap - self.made).max(0))
    }
}

impl InviteState {
    /// One word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Used(_) => "Used",
            Self::Full => "Full",
            Self::Expired(_) => "Expired",
            Self::Deleted(_) => "Deleted",
            Self::Restored(_) => "Closed",
        }
    }

    /// The tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Active => "info",
            Self::Used(_) | Self::Full => "ok",
            Self::Expired(_) | Self::Deleted(_) | Self::Restored(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_state() {
        let at = |seconds| UtcTime::from_unix(seconds).unwrap();
        let open = LinkTimes::until(at(100));
        let life = |times, cap, made| LinkLife { times, cap, made };
        for (link, now, expected) in [
            (life(open, None, 7), 50, InviteState::Active),
            (life(open, Some(3), 2), 50, InviteState::Active),
            (life(open, Some(3), 3), 50, InviteState::Full),
            (life(open, Some(3), 9), 50, InviteState::Full),
            (life(open, Some(3), 3), 100, InviteState::Expired(at(100))),
            (life(LinkTimes { used_at: Some(at(9)), ..open }, None, 1), 150, InviteState::Used(at(9))),
            (
                life(LinkTimes { used_at: Some(at(9)), revoked_at: Some(at(20)), ..open }, None, 1),
                50,
                InviteState::Deleted(at(20)),
            ),
            (life(LinkTimes { revoked_at: Some(at(20)), ..open }, None, 0), 150, InviteState::Deleted(at(20))),
        ] {
            assert_eq!(link.state(at(now)), expected);
            let tone = match expected {
                InviteState::Active => "info",
                InviteState::Full | InviteState::Used(_) => "ok",
                _ => "",
            };
            assert_eq!(expected.tone(), tone);
        }
        assert_eq!((life(open, Some(3), 9).left(), life(open, None, 9).left()), (Some(0), None));
    }
}
