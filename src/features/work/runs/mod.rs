//! Runs: one extraction of a source each. Started by hand, by a program or by the clock; a worker reads the chosen streams and puts the
//! records into the output.
//!
//! Invariants: of one source at most one run goes on at a time; the state that the next incremental run starts from is saved in the
//! transaction that calls the run a success, and only then are its files complete, so nothing is skipped and nothing half-written is
//! believed; a failed or stopped run leaves no records behind and the state as it was. Another database cannot share that transaction:
//! its own ends a moment earlier, and should the server die between the two, the next run takes away what the lost one has added.

pub mod api;
mod api_view;
mod files;
mod fingerprint;
mod history;
mod input;
mod intake;
pub mod pages;
mod position;
mod preview;
mod record;
pub mod records;
mod remote;
mod schedule;
mod sink;
mod start;
mod store;
mod worker;

pub use files::forget_records;
pub use preview::next_reading;
pub use remote::{carry_later, jobs};
pub use start::{NewRun, StartRunError, start};
pub use store::{
    OldRun, Run, RunDetails, StreamCount, StreamCounts, count_by_state, count_up_to, forget, forget_logs, forget_state,
    forgettable, forgettable_logs, going, going_into, into_output, latest, list, page,
};
pub use worker::{end_lost, lost, run_due, run_until};

use crate::platform::jobs::WorkState;

/// More runs than this do not wait at once in one workspace.
pub const LONGEST_QUEUE: i64 = 200;
/// A run that takes longer is stopped.
pub const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// The word for a state of a run.
pub fn word(state: WorkState) -> &'static str {
    match state {
        WorkState::Queued => "Waiting",
        WorkState::InProgress => "Extracting",
        WorkState::Success => "Done",
        WorkState::Partial => "Done in part",
        WorkState::Failed => "Failed",
        WorkState::Cancelled => "Cancelled",
    }
}

/// "1 record", "1204 records".
pub fn records(count: i64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}

/// "1 stream", "12 streams".
fn streams(count: usize) -> String {
    if count == 1 { "1 stream".to_owned() } else { format!("{count} streams") }
}
