//! What must happen later: rows written in the transaction of the deed, done by a worker that claims (a lease), commits,
//! works, and records. A worker that dies loses its lease, and another does the job again: every job must bear that.

mod registry;
mod store;
mod turns;
mod work;
mod worker;
mod worker_pool;

pub use registry::Registry;
pub use store::{ensure_recurring, forget_failed};
pub use turns::{QueueHead, next_turn};
pub use work::{INTERRUPTED, INTERRUPTED_REASON, LogBuffer, LogLine, WORK_BEAT, WORK_LEASE, WorkState};
pub use worker::{run_due, run_until};
pub use worker_pool::{ClaimedTasks, Queue, Task, run_queue_due, run_queue_until};

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::AppResult;
use crate::platform::app::App;
use crate::platform::email::{EmailMessage, Mailer};

/// A thing to do later, as the feature that does it knows it. The payload is ids, never data.
pub trait Job: Sized + Send + 'static {
    /// The names it has in the database: one, or one for each of its variants.
    const KINDS: &'static [&'static str];
    /// Whether it comes round for ever. Such a job is never given up: nobody would put it back.
    const RECURS: bool = false;

    /// Its name in the database, one of [`Self::KINDS`].
    fn kind(&self) -> &'static str;
    /// What it is to be done to.
    fn payload(&self) -> &str;
    /// The job that was written down so.
    fn read(kind: &str, payload: &str) -> Option<Self>;
    /// Does it. An error is a try that failed.
    fn perform(self, app: Arc<App>) -> impl Future<Output = AppResult<Outcome>> + Send;
}

/// Declares a job about one row: `job!(/// What it does. Name(IdType), "kind", perform)`, where `perform` is
/// `async fn(&Arc<App>, IdType) -> AppResult<Outcome>`.
macro_rules! job {
    ($(#[$doc:meta])* $name:ident($id:ty), $kind:literal, $perform:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub $id);

        impl $crate::platform::jobs::Job for $name {
            const KINDS: &'static [&'static str] = &[$kind];

            fn kind(&self) -> &'static str {
                $kind
            }

            fn payload(&self) -> &str {
                self.0.as_str()
            }

            fn read(_: &str, payload: &str) -> Option<Self> {
                Some(Self(<$id>::from_text(payload)))
            }

            async fn perform(
                self,
                app: std::sync::Arc<$crate::platform::app::App>,
            ) -> $crate::base::error::AppResult<$crate::platform::jobs::Outcome> {
                $perform(&app, self.0).await
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

/// Sends mails one after the other. One that is not taken is a retry of them all.
pub async fn send_emails(mailer: &Mailer, messages: Vec<EmailMessage>) -> Outcome {
    for message in messages {
        if let Err(error) = mailer.send(message).await {
            return Outcome::Retry { reason: error.to_string() };
        }
    }
    Outcome::Done
}

/// A job is tried this often before it is given up.
pub const MOST_ATTEMPTS: i32 = 8;
/// How long a worker owns a job it has claimed.
pub const LEASE: time::Duration = time::Duration::seconds(120);

/// How long to wait before the next try: half a minute, then four times as long each time, at most eight hours.
pub fn backoff(attempts: i32) -> time::Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(8);
    time::Duration::seconds((30 * 4_i64.saturating_pow(exponent)).min(8 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<i64> = (1..=9).map(|attempt| backoff(attempt).whole_seconds()).collect();
        assert_eq!(waits, [30, 120, 480, 1_920, 7_680, 28_800, 28_800, 28_800, 28_800]);
    }
}
