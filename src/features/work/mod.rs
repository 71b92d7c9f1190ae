//! Work with a connector that takes long, of two kinds: validations check a connection's credentials, runs extract its records.
//!
//! Both live the same life. A piece of work waits in the table of its kind; a worker claims it for a lease that its `supervisor` renews
//! at every beat; people may ask it to stop; what its connector says becomes rows of a log; it ends once, and what follows from the end
//! is written in the same transaction. What is left behind by a server that died is ended by a worker that has watched it for the time of a
//! lease without a sign of life: no clock but the watcher's own says so.
//!
//! Invariants: nothing stays in progress longer than a lease without a live worker, as long as one looks; no step of a clock and no pause
//! of a machine ends work that lives; of two that end the same work one wins, and only the winner draws consequences; what was asked for
//! later has the greater number; no log line and no message holds a secret.

pub mod api_view;
pub mod connector_config;
mod ending;
mod former_members;
mod live_pages;
pub mod log;
pub mod runs;
mod store;
mod supervisor;
pub mod take_over;
pub mod validations;
mod worker;

pub use former_members::forget_member;
pub use log::follow as follow_log;
pub use store::Work;

use std::sync::Arc;

use crate::base::error::AppResult;
use crate::platform::app::App;
use crate::platform::tx::Tx;
use store::{Ending, WorkTable};

/// What one kind of work does, beside what all work does.
trait WorkKind: WorkTable {
    /// Its name in the operator's log, and its queue's.
    const NAME: &'static str;
    /// Pieces at the same time in this process.
    const AT_ONCE: usize;
    /// Lines of a log that are kept.
    const MOST_LINES: i32;

    /// Queues what the clock asks for.
    fn queue_due(_: &Arc<App>) -> impl Future<Output = AppResult<()>> + Send {
        async { Ok(()) }
    }

    /// Does a piece of work and writes its end down.
    fn perform(app: Arc<App>, work: Work<Self>) -> impl Future<Output = AppResult<()>> + Send;

    /// Notes in the progress what the connector says it does.
    fn note_step(_: &mut Self::Progress, _: String) {}

    /// What follows from an end, in its transaction.
    ///
    /// # Errors
    /// Only internal ones; then it has not ended.
    fn ended(tx: &mut Tx<'_>, work: &Work<Self>, ending: &Ending<Self>) -> AppResult<()>;

    /// Takes away what one has left whose worker died; its end is written.
    fn clear_away(_: &Arc<App>, _: &Work<Self>) -> impl Future<Output = AppResult<()>> + Send {
        async { Ok(()) }
    }
}
