//! What must happen later: rows written in the transaction of the deed, done by a worker that claims (a lease), commits,
//! works, and records. A worker that dies loses its lease, and another does the job again: every job must bear that.
//!
//! Jobs wait in lanes (`lane.rs`), each with places of its own. The lease of a job begins with its own claim, never with that of a batch,
//! and lasts longer than the job may take. Whether it is over is judged by how long this process has watched the claim, never by what the
//! clock says. A mail is one job a receiver (`mail.rs`). What has failed for good stays as a row
//! (`overview/`), for whoever can act to see.

mod ended;
mod former_members;
mod lane;
mod mail;
mod overview;
mod registry;
mod store;
mod turns;
mod work;
mod worker;
mod worker_pool;

pub use former_members::{forget_job, forget_member};
pub use lane::Lane;
pub(crate) use mail::mail_job;
pub use mail::{MailJob, MailReceiver, PreparedMail};
pub use overview::{
    FailedJob, JobCounts, LaneAge, count_failed, dismiss_failed, job_counts, lane_ages, list_failed, try_failed_again,
};
pub use registry::Registry;
pub use store::{ensure_recurring, forget_failed, forgettable_failed};
pub use turns::{QueueHead, may_begin, next_turn};
pub use work::{INTERRUPTED, LogBuffer, LogLine, WORK_BEAT, WORK_LEASE, WorkState};
pub use worker::{run_due, run_until};
pub use worker_pool::{ClaimedTasks, Queue, Task, run_queue_due, run_queue_until};

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// A thing to do later, as the feature that does it knows it. The payload is ids, never data.
pub trait Job: Sized + Send + 'static {
    /// The names it has in the database: one, or one for each of its variants.
    const KINDS: &'static [&'static str];
    /// Whether it comes round for ever. Such a job is never given up: nobody would put it back.
    const RECURS: bool = false;
    /// Where it waits.
    const LANE: Lane = Lane::Upkeep;

    /// Its name in the database, one of [`Self::KINDS`].
    fn kind(&self) -> &'static str;
    /// What it is to be done to.
    fn payload(&self) -> &str;
    /// The job that was written down so.
    fn read(kind: &str, payload: &str) -> Option<Self>;
}

/// A job that is no mail.
pub trait BackgroundJob: Job {
    /// Does it. An error is a try that failed.
    fn perform(self, app: Arc<App>) -> impl Future<Output = AppResult<Outcome>> + Send;

    /// Who is told when it is given up, and what of; `None`: only the operator, by the log and the metrics.
    ///
    /// # Errors
    /// The database cannot be asked.
    fn subject(&self, conn: &mut Conn) -> AppResult<Option<JobSubject>> {
        let _ = conn;
        Ok(None)
    }
}

/// Whose a job is, and what it was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSubject {
    /// Whose.
    pub workspace: WorkspaceId,
    /// What it was to do, for members of the workspace.
    pub about: String,
}

/// Declares a job about one row: `job!(/// What it does. Name(IdType), "kind", perform)`, where `perform` is
/// `async fn(&Arc<App>, IdType) -> AppResult<Outcome>`; or, with where it waits and who is told when it is given up,
/// `job!(Name(IdType), "kind", perform, Lane::…, subject)`, where `subject` is `fn(&mut Conn, &IdType) -> AppResult<Option<JobSubject>>`.
macro_rules! job {
    ($(#[$doc:meta])* $name:ident($id:ty), $kind:literal, $perform:path) => {
        $crate::platform::jobs::job!(
            $(#[$doc])* $name($id), $kind, $perform, $crate::platform::jobs::Lane::Upkeep, |_, _| Ok(None)
        );
    };
    ($(#[$doc:meta])* $name:ident($id:ty), $kind:literal, $perform:path, $lane:expr, $subject:expr) => {
        $crate::platform::jobs::job!(@row $(#[$doc])* $name($id), $kind, $lane);

        impl $crate::platform::jobs::BackgroundJob for $name {
            async fn perform(
                self,
                app: std::sync::Arc<$crate::platform::app::App>,
            ) -> $crate::base::error::AppResult<$crate::platform::jobs::Outcome> {
                $perform(&app, self.0).await
            }

            fn subject(
                &self,
                conn: &mut $crate::platform::db::Conn,
            ) -> $crate::base::error::AppResult<Option<$crate::platform::jobs::JobSubject>> {
                let subject: fn(
                    &mut $crate::platform::db::Conn,
                    &$id,
                ) -> $crate::base::error::AppResult<Option<$crate::platform::jobs::JobSubject>> = $subject;
                subject(conn, &self.0)
            }
        }
    };
    (@row $(#[$doc:meta])* $name:ident($id:ty), $kind:literal, $lane:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub $id);

        impl $crate::platform::jobs::Job for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            const LANE: $crate::platform::jobs::Lane = $lane;

            fn kind(&self) -> &'static str {
                $kind
            }

            fn payload(&self) -> &str {
                self.0.as_str()
            }

            fn read(_: &str, payload: &str) -> Option<Self> {
                Some(Self(<$id>::from_text(payload)))
            }
        }
    };
}
pub(crate) use job;

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The job is over.
    Done,
    /// It failed, and trying again may help.
    Retry {
        /// For the operator; never a secret.
        reason: String,
    },
    /// It failed for good.
    GiveUp {
        /// For the operator; never a secret.
        reason: String,
    },
    /// It is done for now and comes again.
    Again {
        /// After this long.
        after: Duration,
    },
}

/// A job is tried this often before it is given up.
pub const MOST_ATTEMPTS: i32 = 8;
/// How long a worker owns a job it has claimed: longer than a mail server may take (`MailLimits`).
pub const LEASE: time::Duration = time::Duration::seconds(120);

/// How long to wait before the next try: half a minute, then four times as long each time, at most eight hours.
pub fn backoff(attempts: i32) -> time::Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(8);
    time::Duration::seconds((30 * 4_i64.saturating_pow(exponent)).min(8 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::config::MailLimits;

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<i64> = (1..=9).map(|attempt| backoff(attempt).whole_seconds()).collect();
        assert_eq!(waits, [30, 120, 480, 1_920, 7_680, 28_800, 28_800, 28_800, 28_800]);
    }

    #[test]
    fn a_lease_outlasts_the_slowest_mail_server() {
        let MailLimits { offer, answer } = MailLimits::default();
        assert!(LEASE > offer + answer + Duration::from_secs(15));
    }
}
