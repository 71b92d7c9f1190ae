//! What every link that opens something has in common: its states and the moves between them.
//!
//! Invariants: a link that is not open never becomes open again; what happened first is the reason that is shown.

use crate::base::clock::UtcTime;

/// The times a link's row keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTimes {
    /// From this moment on nobody can use it.
    pub expires_at: UtcTime,
    /// When it was spent.
    pub used_at: Option<UtcTime>,
    /// When a member withdrew it.
    pub revoked_at: Option<UtcTime>,
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
    /// Its time ran out.
    Expired {
        /// When.
        at: UtcTime,
    },
}

impl LinkTimes {
    /// The state at a moment. A link that was used or revoked in time never counts as expired.
    pub fn state(&self, now: UtcTime) -> LinkState {
        match (self.used_at, self.revoked_at) {
            (Some(at), _) => LinkState::Used { at },
            (None, Some(at)) => LinkState::Revoked { at },
            (None, None) if now >= self.expires_at => LinkState::Expired { at: self.expires_at },
            (None, None) => LinkState::Open { until: self.expires_at },
        }
    }
}

impl LinkState {
    /// Whether it still opens something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// One word for lists: Open, Used, Revoked, Expired.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open { .. } => "Open",
            Self::Used { .. } => "Used",
            Self::Revoked { .. } => "Revoked",
            Self::Expired { .. } => "Expired",
        }
    }

    /// The tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Open { .. } => "info",
            Self::Used { .. } => "ok",
            Self::Revoked { .. } | Self::Expired { .. } => "",
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
        let open = LinkTimes { expires_at: at(100), used_at: None, revoked_at: None };
        assert_eq!(open.state(at(99)), LinkState::Open { until: at(100) });
        assert_eq!(open.state(at(100)), LinkState::Expired { at: at(100) });
        assert_eq!(LinkTimes { used_at: Some(at(50)), ..open }.state(at(200)), LinkState::Used { at: at(50) });
        assert_eq!(LinkTimes { revoked_at: Some(at(50)), ..open }.state(at(200)), LinkState::Revoked { at: at(50) });
    }

    proptest! {
        #[test]
        fn a_dead_link_stays_dead(expires in 0..1_000_i64, used in proptest::option::of(0..1_000_i64), revoked in proptest::option::of(0..1_000_i64), now in 0..1_000_i64, later in 0..1_000_i64) {
            let link = LinkTimes { expires_at: at(expires), used_at: used.map(at), revoked_at: revoked.map(at) };
            if !link.state(at(now)).is_open() {
                prop_assert!(!link.state(at(now + later)).is_open());
            }
        }
    }
}
