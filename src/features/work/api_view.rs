//! What the API shows of every piece of work.

use schemars::JsonSchema;
use serde::Serialize;

use super::store::{Work, WorkTable};
use crate::platform::jobs::WorkState;
use crate::platform::web::failure_out::FailureOut;

/// Where a validation or a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ValidationStatus")]
pub enum WorkStatus {
    /// It waits for its turn, or runs.
    InProgress,
    /// The details work.
    Success,
    /// Of an extraction: some streams could not be read to their end; those are `incomplete`.
    Partial,
    /// They do not, or nobody can say; `error` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl From<WorkState> for WorkStatus {
    fn from(state: WorkState) -> Self {
        match state {
            WorkState::Queued | WorkState::InProgress => Self::InProgress,
            WorkState::Success => Self::Success,
            WorkState::Partial => Self::Partial,
            WorkState::Failed => Self::Failed,
            WorkState::Cancelled => Self::Cancelled,
        }
    }
}

/// Why it failed; `None` when it did not. The code is the stored one, whatever this version knows of it.
pub fn failure<K: WorkTable>(work: &Work<K>) -> Option<FailureOut> {
    work.failure().map(|failure| FailureOut::new(&failure, work.reason.as_deref().unwrap_or("failed")))
}
