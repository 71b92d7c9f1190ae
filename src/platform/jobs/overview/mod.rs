//! What waits and what was given up: for members of the workspace a job belongs to, and for the operator's figures.

mod store;

pub use store::{FailedJob, count_failed, dismiss_failed, job_counts, lane_ages, list_failed, try_failed_again};

use super::Lane;

/// Jobs by kind.
pub struct JobCounts {
    /// Those that are still to be done.
    pub waiting: Vec<(String, i64)>,
    /// Those that were given up.
    pub failed: Vec<(String, i64)>,
}

/// How late a lane is.
pub struct LaneAge {
    /// The lane.
    pub lane: Lane,
    /// For how long its oldest job has been due.
    pub age: time::Duration,
}
