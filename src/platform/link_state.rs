//! What every link that opens something has in common: its states and the moves between them.
//!
//! Invariants: a link that is not open never becomes open again, whatever the clock does; what happened first is the reason that is
//! shown.

use crate::base::clock::UtcTime;
use crate::base::text_column::text_enum;

/// The times a link's row keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTimes {
    /// From this moment on nobody can use it.
    pub expires_at: UtcTime,
    /// When it was spent.
    pub used_at: Option<UtcTime>,
    /// When a member withdrew it.
    pub revoked_at: Option<UtcTime>,
    /// When it was noted that its time had run out: from then on it is expired even if the clock is put back.
    pub expiry_noted_at: Option<UtcTime>,
    /// When and why it was closed because what it opens needs it no more.
    pub closed: Option<LinkClosing>,
}

/// A link's end that is nobody's deed towards the link itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkClosing {
    /// When.
    pub at: UtcTime,
    /// Why.
    pub end: LinkEnd,
}

text_enum! {
    /// Why a link was closed although nobody used or withdrew it.
    pub enum LinkEnd {
        /// What it opens is finished.
        Finished = "finished",
        /// What it opens was deleted.
        Deleted = "deleted",
        /// The installation was restored from a copy, in which it may have been used or withdrawn meanwhile.
        Restored = "restored",
    }
}

/// Where a link is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Open {
        /// Until then.
        until: UtcTime,
    },
    /// It was spent.
    Used {
        /// When.
        at: UtcTime,
    },
    /// A member withdrew it.
    Revoked {
        /// When.
        at: UtcTime,
    },
    /// It was closed with what it opens.
    Closed {
        /// When.
        at: UtcTime,
        /// Why.
        end: LinkEnd,
    },
    /// Its time ran out.
    Expired {
        /// When.
        at: UtcTime,
    },
}

impl LinkTimes {
    /// A link to which nothing has happened yet.
    pub fn until(expires_at: UtcTime) -> Self {
        Self { expires_at, used_at: None, revoked_at: None, expiry_noted_at: None, closed: None }
    }

    /// The state at a moment. A link that was used or revoked in time never counts as expired.
    pub fn state(&self, now: UtcTime) -> LinkState {
        match (self.used_at, self.revoked_at, self.closed) {
            (Some(at), _, _) => LinkState::Used { at },
            (None, Some(at), _) => LinkState::Revoked { at },
            (None, None, Some(LinkClosing { at, end })) => LinkState::Closed { at, end },
            (None, None, None) if self.expiry_noted_at.is_some() || now >= self.expires_at => {
                LinkState::Expired { at: self.expires_at }
            }
            (None, None, None) => LinkState::Open { until: self.expires_at },
        }
    }
}

impl LinkState {
    /// Whether it still opens something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// One word for lists: Open, Used, Revoked, Closed, Expired.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open { .. } => "Open",
            Self::Used { .. } => "Used",
            Self::Revoked { .. } => "Revoked",
            Self::Closed { .. } => "Closed",
            Self::Expired { .. } => "Expired",
        }
    }

    /// The tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Open { .. } => "info",
            Self::Used { .. } => "ok",
            Self::Revoked { .. } | Self::Closed { .. } | Self::Expired { .. } => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix(seconds).unwrap()
    }

    #[test]
    fn the_first_end_is_the_one_that_shows() {
        let open = LinkTimes::until(at(100));
        let closed = LinkClosing { at: at(50), end: LinkEnd::Finished };
        assert_eq!(open.state(at(99)), LinkState::Open { until: at(100) });
        assert_eq!(open.state(at(100)), LinkState::Expired { at: at(100) });
        assert_eq!(LinkTimes { used_at: Some(at(50)), ..open }.state(at(200)), LinkState::Used { at: at(50) });
        assert_eq!(LinkTimes { revoked_at: Some(at(50)), ..open }.state(at(200)), LinkState::Revoked { at: at(50) });
        let is_closed = LinkState::Closed { at: at(50), end: LinkEnd::Finished };
        for now in [10, 99, 200] {
            assert_eq!(LinkTimes { closed: Some(closed), ..open }.state(at(now)), is_closed);
            let noted = LinkTimes { expiry_noted_at: Some(at(101)), ..open };
            assert_eq!(noted.state(at(now)), LinkState::Expired { at: at(100) });
            assert_eq!(LinkTimes { closed: Some(closed), ..noted }.state(at(now)), is_closed);
        }
        assert_eq!(
            LinkTimes { closed: Some(closed), used_at: Some(at(9)), ..open }.state(at(9)),
            LinkState::Used { at: at(9) }
        );
    }

    #[test]
    fn every_state_has_a_word_of_its_own_and_one_is_open() {
        let (at, end) = (at(1), LinkEnd::Deleted);
        let all = [
            LinkState::Open { until: at },
            LinkState::Used { at },
            LinkState::Revoked { at },
            LinkState::Closed { at, end },
            LinkState::Expired { at },
        ];
        assert_eq!(all.map(LinkState::word), ["Open", "Used", "Revoked", "Closed", "Expired"]);
        assert_eq!(all.map(LinkState::tone), ["info", "ok", "", "", ""]);
        assert_eq!(all.map(LinkState::is_open), [true, false, false, false, false]);
    }

    proptest! {
        #[test]
        fn a_dead_link_stays_dead(expires in 0..1_000_i64, used in proptest::option::of(0..1_000_i64), revoked in proptest::option::of(0..1_000_i64), noted in proptest::option::of(0..1_000_i64), closed in proptest::option::of(0..1_000_i64), now in 0..1_000_i64, other in 0..1_000_i64) {
            let closed = closed.map(|closed| LinkClosing { at: at(closed), end: LinkEnd::Finished });
            let link = LinkTimes { expires_at: at(expires), used_at: used.map(at), revoked_at: revoked.map(at), expiry_noted_at: noted.map(at), closed };
            let state = link.state(at(now));
            // What was seen to be dead is dead at any other time of the clock, for the same reason: an expiry counts once it is noted.
            let seen = match state {
                LinkState::Expired { at } => LinkTimes { expiry_noted_at: Some(at), ..link },
                _ => link,
            };
            if !state.is_open() {
                prop_assert_eq!(seen.state(at(other)), state);
            }
        }
    }
}
