//! Validations: one check of a connection's values against the real system, with its log and the streams that were found.
//!
//! Why a row of its own: a check takes up to minutes, people leave the page, servers are killed. So it waits in a queue, a worker
//! holds it with a lease, its log grows row by row, and past ones stay.
//!
//! Invariants: a validation speaks of one version of the connection's values, so whether the values of now were ever found good is
//! decidable; nothing stays in progress longer than a lease without a live worker; a recipient's test sees only what that recipient
//! may know, proves nothing for finalising, and its values are erased when it is over; no log line and no message holds a secret.

mod api_view;
mod found;
mod kept;
pub mod pages;

mod start;
mod store;
mod worker;

pub use api_view::ValidationOut;
pub use pages::word;
pub use start::{
    COME_BACK, NewTest, QUEUE_FULL, SignedInTest, StartValidationError, cancel_all, judge, start, start_test,
    what_to_install,
};
pub use store::{
    FindStreams, Newest, Validation, ValidationDetails, carry_over, count_by_state, count_up_to, current_success,
    forget, forgettable, last_success, latest, links_tried_with, list, newest_of,
};
pub use worker::{run_due, run_until};

use crate::platform::jobs::WorkState;
use crate::platform::sealed::sealed_column;

/// A check and the search for streams have limits of their own; with the wait for a free place it never takes longer than this.
pub const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(1_200);
/// More validations than this do not wait at once in one workspace.
pub const LONGEST_QUEUE: i64 = 20;

sealed_column!(
    /// Values that a recipient's test checks.
    pub SEALED_CONFIG = validations[id].sealed_config
);
sealed_column!(
    /// The streams that were found.
    pub SEALED_FOUND = validations[id].sealed_found
);

/// How a connection stands with its validations, for pages and for finalising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There was none since the values changed.
    None,
    /// One waits or runs.
    Going,
    /// The values of now were found good.
    Good,
    /// The real system said no to these values.
    Bad,
    /// The last one brought no answer about these values: it was stopped, or failed for another reason than they.
    Unanswered,
}

impl Standing {
    /// The same where nothing can be checked any more: what was asked once says nothing of what to do next.
    #[must_use]
    pub fn where_checked(self, is_checked: bool) -> Self {
        if is_checked { self } else { Self::None }
    }
}

/// How the values of now stand, from the newest validation of the owner.
pub fn standing(newest: Option<&Validation>, version: i64) -> Standing {
    standing_of(newest.map(Newest::of), version)
}

/// The same, from what a list knows.
pub fn standing_of(newest: Option<Newest>, version: i64) -> Standing {
    match newest {
        Some(newest) if !newest.state.is_over() => Standing::Going,
        Some(newest) if newest.version != Some(version) => Standing::None,
        Some(newest) if newest.state == WorkState::Success => Standing::Good,
        Some(newest) if newest.says_no => Standing::Bad,
        Some(_) => Standing::Unanswered,
        None => Standing::None,
    }
}
