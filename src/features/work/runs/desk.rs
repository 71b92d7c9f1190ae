//! Where a running extraction is looked after: records into the output, counts, state, log, lease, the wish to stop it.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use super::MOST_LINES;
use super::sink::{Fault, Sink};
use super::store::{self, Run, Tally};
use crate::base::error::{AppError, AppResult};
use crate::engines::{Cancel, Canceller, ConnectorEvent, Record};
use crate::features::oauth::TokenLease;
use crate::features::work::take_over;
use crate::platform::app::App;
use crate::platform::jobs::{LogBuffer, WORK_BEAT};
use crate::schema::form::Submission;

/// So many beats (a minute) an output may hear nothing.
const MOST_SILENT: u32 = 120;

pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) run: Run,
    pub(super) tally: Tally,
    pub(super) state: Option<Value>,
    log: LogBuffer,
    canceller: Canceller,
    cancel: Cancel,
    beat: Interval,
    pub(super) sink: Option<Sink>,
    /// Beats since the output was last used.
    silent: u32,
    /// Why the output took no more records.
    pub(super) broken: Option<Fault>,
    /// Of which sign-in the tokens are that the connector was given.
    pub(super) token_lease: Arc<OnceLock<TokenLease>>,
}

/// How something ended that was waited for.
pub(super) enum Waited<T> {
    Done(T),
    /// Somebody wants the run to stop; it was dropped.
    Stopped,
    /// The run is ours no more; it was dropped.
    Lost,
}

impl Desk {
    pub(super) fn new(app: &Arc<App>, run: Run, tally: Tally, canceller: Canceller) -> Self {
        let mut beat = tokio::time::interval(WORK_BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            app: Arc::clone(app),
            run,
            tally,
            state: None,
            log: LogBuffer::new(MOST_LINES),
            cancel: canceller.listen(),
            canceller,
            beat,
            sink: None,
            silent: 0,
            broken: None,
            token_lease: Arc::default(),
        }
    }

    pub(super) fn say(&mut self, level: &str, text: &str) {
        self.log.say(self.app.clock.now(), level, text);
    }

    /// From now on records go there.
    pub(super) fn take_in(&mut self, mut sink: Sink) {
        sink.notes().iter().for_each(|note| self.say("warn", note));
        self.sink = Some(sink);
    }

    /// Waits until the source is read; `None` when the run is ours no more.
    pub(super) async fn attend<T>(
        &mut self,
        mut inbox: mpsc::Receiver<ConnectorEvent>,
        reading: impl Future<Output = T>,
    ) -> AppResult<Option<T>> {
        tokio::pin!(reading);
        let answer = loop {
            tokio::select! {
                answer = &mut reading => break answer,
                Some(event) = inbox.recv() => if !self.hear(event).await? {
                    self.save_changes(&mut inbox).await?;
                    return Ok(None);
                },
                _ = self.beat.tick() => {
                    self.nudge().await;
                    if !self.keep().await? {
                        self.save_changes(&mut inbox).await?;
                        return Ok(None);
                    }
                }
            }
        };
        while let Some(event) = inbox.recv().await {
            if !self.hear(event).await? {
                self.save_changes(&mut inbox).await?;
                return Ok(None);
            }
        }
        Ok(self.keep().await?.then_some(answer))
    }

    /// The run is not ours any more; what the connector changed until now counts all the same.
    async fn save_changes(&self, inbox: &mut mpsc::Receiver<ConnectorEvent>) -> AppResult<()> {
        inbox.close();
        while let Ok(event) = inbox.try_recv() {
            if let ConnectorEvent::ConfigUpdate(submission) = event {
                self.take_over(&submission).await?;
            }
        }
        Ok(())
    }

    async fn take_over(&self, submission: &Submission) -> AppResult<()> {
        let at = (&self.run.workspace_id, &self.run.connection_id);
        take_over::take_over(&self.app, at, self.token_lease.get(), submission).await.map(|_| ())
    }

    /// Waits for something that may take long, and keeps the run meanwhile.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> AppResult<Waited<T>> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(Waited::Done(done)),
                _ = self.beat.tick() => if !self.keep().await? { return Ok(Waited::Lost) },
                () = self.cancel.cancelled() => return Ok(Waited::Stopped),
            }
        }
    }

    /// `false` when the run is ours no more.
    async fn hear(&mut self, event: ConnectorEvent) -> AppResult<bool> {
        match event {
            ConnectorEvent::Log { level, text } => self.say(level.as_str(), &text),
            ConnectorEvent::Progress(words) => self.say("info", &words),
            ConnectorEvent::State(state) => self.state = Some(state),
            ConnectorEvent::ConfigUpdate(submission) => {
                self.take_over(&submission).await?;
                self.say("info", "The connector updated its configuration.");
            }
            ConnectorEvent::Records(records) => return self.write(records).await,
        }
        Ok(true)
    }

    /// Sees from time to time that an output that gets nothing is still there.
    async fn nudge(&mut self) {
        self.silent += 1;
        let Some(sink) = self.sink.as_ref().filter(|_| self.silent >= MOST_SILENT) else { return };
        self.silent = 0;
        if let Err(fault) = sink.nudge().await {
            self.sink = None;
            self.broken = Some(fault);
            self.canceller.cancel();
        }
    }

    async fn write(&mut self, records: Vec<Record>) -> AppResult<bool> {
        let Some(sink) = self.sink.take() else { return Ok(true) };
        self.silent = 0;
        for record in &records {
            if let Some(count) = self.tally.streams.get_mut(record.stream) {
                count.records += 1;
                count.bytes += i64::try_from(record.data.len()).unwrap_or(0);
            }
        }
        match self.beside(sink.write(records)).await? {
            Waited::Done(Ok(sink)) => self.sink = Some(sink),
            Waited::Done(Err(fault)) => {
                self.broken = Some(fault);
                self.canceller.cancel();
            }
            Waited::Stopped => {}
            Waited::Lost => return Ok(false),
        }
        Ok(true)
    }

    /// Writes down what was said and counted, renews the lease and passes a wish to stop on; `false` when the run is ours no more.
    pub(super) async fn keep(&mut self) -> AppResult<bool> {
        let (id, tally, lines, now) = (self.run.id.clone(), self.tally.clone(), self.log.drain(), self.app.clock.now());
        let kept = self
            .app
            .db
            .write(move |conn| {
                let kept = store::keep(conn, &id, &tally, now)?;
                store::append(conn, &id, &lines)?;
                Ok::<_, AppError>(kept)
            })
            .await?;
        if matches!(kept, Some(Some(_)) | None) {
            self.canceller.cancel();
        }
        Ok(kept.is_some())
    }
}
