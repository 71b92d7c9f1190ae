//! Where a running extraction is looked after: records into the output, counts, state, log, lease, the wish to stop it.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::mpsc;

use super::MOST_LINES;
use super::files::Folder;
use super::store::{self, Run, Tally};
use crate::app::App;
use crate::connections;
use crate::connectors::spec_form::Submission;
use crate::error::{AppError, AppResult};
use crate::jobs::{LogBuffer, WORK_BEAT};
use crate::oauth::Lent;
use crate::runtimes::{Canceller, Event, Record};

pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) run: Run,
    pub(super) tally: Tally,
    pub(super) state: Option<Value>,
    log: LogBuffer,
    canceller: Canceller,
    folder: Option<Folder>,
    /// Why the output took no more records.
    pub(super) broken: Option<anyhow::Error>,
    /// Of which sign-in the tokens are that the connector was given.
    pub(super) lent: Arc<OnceLock<Lent>>,
}

impl Desk {
    pub(super) fn new(app: &Arc<App>, run: Run, tally: Tally, canceller: Canceller, folder: Folder) -> Self {
        Self {
            app: Arc::clone(app),
            run,
            tally,
            state: None,
            log: LogBuffer::new(MOST_LINES),
            canceller,
            folder: Some(folder),
            broken: None,
            lent: Arc::default(),
        }
    }

    pub(super) fn say(&mut self, level: &str, text: &str) {
        self.log.say(self.app.clock.now(), level, text);
    }

    /// Waits until the source is read; `None` when the run is ours no more.
    pub(super) async fn attend<T>(
        &mut self,
        mut inbox: mpsc::Receiver<Event>,
        reading: impl Future<Output = T>,
    ) -> AppResult<Option<T>> {
        tokio::pin!(reading);
        let mut beat = tokio::time::interval(WORK_BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let answer = loop {
            tokio::select! {
                answer = &mut reading => break answer,
                Some(event) = inbox.recv() => self.hear(event).await?,
                _ = beat.tick() => if !self.keep().await? {
                    self.save_changes(&mut inbox).await?;
                    return Ok(None);
                },
            }
        };
        while let Some(event) = inbox.recv().await {
            self.hear(event).await?;
        }
        Ok(self.keep().await?.then_some(answer))
    }

    /// The run is not ours any more; what the connector changed until now counts all the same.
    async fn save_changes(&self, inbox: &mut mpsc::Receiver<Event>) -> AppResult<()> {
        inbox.close();
        while let Ok(event) = inbox.try_recv() {
            if let Event::ConfigUpdate(submission) = event {
                self.take_over(&submission).await?;
            }
        }
        Ok(())
    }

    async fn take_over(&self, submission: &Submission) -> AppResult<()> {
        let at = (&self.run.workspace_id, &self.run.connection_id);
        connections::take_over(&self.app, at, self.lent.get(), submission).await.map(|_| ())
    }

    async fn hear(&mut self, event: Event) -> AppResult<()> {
        match event {
            Event::Log { level, text } => self.say(level.as_str(), &text),
            Event::Progress(words) => self.say("info", &words),
            Event::State(state) => self.state = Some(state),
            Event::ConfigUpdate(submission) => {
                self.take_over(&submission).await?;
                self.say("info", "The connector updated its configuration.");
            }
            Event::Records(records) => self.write(records).await,
        }
        Ok(())
    }

    async fn write(&mut self, records: Vec<Record>) {
        let Some(mut folder) = self.folder.take() else { return };
        for record in &records {
            if let Some(count) = self.tally.streams.get_mut(record.stream) {
                count.records += 1;
                count.bytes += i64::try_from(record.data.len()).unwrap_or(0);
            }
        }
        let written = tokio::task::spawn_blocking(move || folder.write(&records).map(|()| folder)).await;
        match written.map_err(anyhow::Error::from).flatten() {
            Ok(folder) => self.folder = Some(folder),
            Err(error) => {
                self.broken = Some(error);
                self.canceller.cancel();
            }
        }
    }

    /// The output, when it took everything.
    pub(super) fn folder(&mut self) -> Option<Folder> {
        self.folder.take()
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
