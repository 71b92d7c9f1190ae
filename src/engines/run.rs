//! One run of a connector: who is told, what is hidden, when it ends.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::mask::Masks;
use super::{Cancel, ConnectorEvent, EventSender, Failure, FailureReason, HostKey, Level, Record};
use crate::connectors::Connector;
use crate::schema::form::{FinalConfig, LeftOut, left_out_of};

/// Most lines of a log that are passed on, and how many errors beyond them.
const MOST_LINES: usize = 2_000;
const MOST_ERRORS: usize = 100;
/// Most characters of one line, and of a failure's message.
const LONGEST_LINE: usize = 4_000;
const LONGEST_MESSAGE: usize = 2_000;

/// A request that has its slot.
pub(super) struct EngineRun<'a> {
    pub(super) connector: &'a Connector,
    pub(super) config: &'a FinalConfig,
    pub(super) host_key: Option<&'a HostKey>,
    /// The connection's id.
    pub(super) connection: &'a str,
    pub(super) sink: EventSink,
    pub(super) deadline: Deadline,
    pub(super) _slot: SemaphorePermit<'a>,
}

impl EngineRun<'_> {
    /// Says which settings stand in the configuration although the engine does not take them up.
    pub(super) async fn say_left_out(&self) -> Result<(), Failure> {
        for LeftOut { path, title, reason } in left_out_of(&self.connector.spec, self.config) {
            self.sink.log(Level::Warn, &format!("{title} ({}) is not used. {reason}", path.dot())).await?;
        }
        Ok(())
    }
}

/// The way out for everything a connector says. Clones count together.
#[derive(Clone)]
pub(super) struct EventSink {
    events: EventSender,
    masks: Arc<Masks>,
    lines: Arc<AtomicUsize>,
}

impl EventSink {
    pub(super) fn new(events: EventSender, masks: Masks) -> Self {
        Self { events, masks: Arc::new(masks), lines: Arc::default() }
    }

    pub(super) fn mask(&self, text: &str) -> String {
        self.masks.hide(text)
    }

    /// A line of the log; beyond the limit only errors, and then nothing any more.
    pub(super) async fn log(&self, level: Level, text: &str) -> Result<(), Failure> {
        let count = self.lines.fetch_add(1, Ordering::Relaxed);
        let text = match count {
            MOST_LINES => "There are more lines than are kept; from here on only errors are.".to_owned(),
            _ if count < MOST_LINES || (level == Level::Error && count < MOST_LINES + MOST_ERRORS) => {
                shortened(&self.masks.hide(text.trim_end()), LONGEST_LINE)
            }
            _ => return Ok(()),
        };
        if text.trim().is_empty() { Ok(()) } else { self.send(ConnectorEvent::Log { level, text }).await }
    }

    pub(super) async fn progress(&self, text: &str) -> Result<(), Failure> {
        self.send(ConnectorEvent::Progress(text.to_owned())).await
    }

    pub(super) async fn records(&self, records: Vec<Record>) -> Result<(), Failure> {
        if records.is_empty() { Ok(()) } else { self.send(ConnectorEvent::Records(records)).await }
    }

    pub(super) async fn send(&self, event: ConnectorEvent) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| Failure::cancelled())
    }

    /// The failure as it may be shown.
    pub(super) fn clean(&self, failure: Failure) -> Failure {
        Failure {
            message: shortened(&self.masks.hide(&failure.message), LONGEST_MESSAGE),
            detail: failure.detail.map(|detail| shortened(&self.masks.hide(&detail), LONGEST_LINE)),
            ..failure
        }
    }
}

/// What ends a run from outside.
#[derive(Clone)]
pub(super) struct Deadline {
    events: EventSender,
    cancel: Cancel,
    /// How long it may take.
    pub(super) time_limit: Duration,
    deadline: Instant,
}

impl Deadline {
    /// Counts from now.
    pub(super) fn from_now(events: EventSender, cancel: Cancel, time_limit: Duration) -> Self {
        Self { events, cancel, time_limit, deadline: Instant::now() + time_limit }
    }

    /// Does the work until it is done, cancelled, too late, or of no interest to anybody any more; it is dropped then.
    pub(super) async fn guard<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Failure::cancelled()),
            () = self.events.closed() => Err(Failure::cancelled()),
            done = timeout_at(self.deadline, work) => done.unwrap_or_else(|_| Err(self.too_late())),
        }
    }

    fn too_late(&self) -> Failure {
        let limit = self.time_limit.as_secs_f64().round();
        Failure::new(
            FailureReason::Timeout,
            format!(
                "There was no result within {limit} seconds, so it was stopped. The other side may be slow, or cannot be reached from here."
            ),
        )
    }
}

/// The beginning of a text that is too long, with a mark that there was more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}
