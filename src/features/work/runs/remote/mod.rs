//! Runs that the workspace's own Airbyte does: a run of ours is one job there. Nobody here is busy with one meanwhile; whoever comes by asks
//! how far it is, and writes down what the answer is.
//!
//! Invariants: two who ask about the same run bring it to one end; a job is started once, also when the answer to its start was lost; a run
//! whose Airbyte does not answer, or refuses the token, is not called dead: it says since when nobody can tell, and is asked about again,
//! for a day; one that was cancelled is cancelled there before it is over here.

mod begin;
mod jobs;
mod order;
mod poll;
mod store;

pub use jobs::{carry_later, jobs};
pub(super) use poll::{run_due, run_until};

use time::Duration;

use crate::base::clock::UtcTime;

/// Where a run stands in another engine, beside the number of its job.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct RemoteRun {
    /// In which Airbyte.
    place: String,
    /// The connection there.
    link: String,
    /// The destination there.
    destination: String,
    /// The last job of that connection before this run asked for one; `None`: it has not asked. 0: there was none.
    before: Option<i64>,
}

/// How long a run waits for an Airbyte that does not answer before its job is started.
const PATIENCE_TO_BEGIN: Duration = Duration::minutes(15);
/// How long one waits whose job was started.
const PATIENCE: Duration = Duration::hours(24);

/// How long until a run is asked about again: the longer it goes on, or nobody answers, the seldomer.
fn pause(since: UtcTime, now: UtcTime) -> Duration {
    let gone: Duration = now - since;
    (gone / 8_i32).clamp(Duration::seconds(5), Duration::seconds(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_asked_about_seldomer() {
        let at = |second: i64| UtcTime::from_unix(second).unwrap();
        let pauses: Vec<i64> = [0, 10, 80, 160, 9_000].map(|second| pause(at(0), at(second)).whole_seconds()).to_vec();
        assert_eq!(pauses, [5, 5, 10, 20, 30]);
        assert_eq!(pause(at(90), at(0)).whole_seconds(), 5, "a clock that went back hurries nothing");
    }
}
