//! Where a piece of work is looked after while its connector is busy: its log, its lease, the wish to stop it, what the connector
//! changes in its own configuration.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use super::connector_config::AskError;
use super::store::{Kept, Work};
use super::{WorkKind, connector_config, take_over};
use crate::base::error::AppResult;
use crate::base::ids::OauthSignInId;
use crate::connectors::Connector;
use crate::engines::{Cancel, Canceller, ConnectorEvent, EngineRequest, EventSender, Failure, HostKey, Record, Turn};
use crate::features::connections::{Connection, note_host_key};
use crate::features::oauth::TokenLease;
use crate::platform::app::App;
use crate::platform::jobs::{LogBuffer, WORK_BEAT};
use crate::schema::form::{FinalConfig, Submission, Values};

/// Looks after one piece of work.
pub(super) struct Supervisor<K: WorkKind> {
    pub(super) app: Arc<App>,
    pub(super) work: Work<K>,
    pub(super) progress: K::Progress,
    /// The version of the connection's values that is worked with. `None`: the connector was given others, so nothing that it changes is
    /// kept.
    pub(super) version: Option<i64>,
    log: LogBuffer,
    beat: Interval,
    inbox: mpsc::Receiver<ConnectorEvent>,
    canceller: Canceller,
    cancel: Cancel,
    token_lease: Arc<OnceLock<TokenLease>>,
}

/// What whoever asks the connector holds of it. The work's inbox ends when this is dropped.
pub(super) struct ConnectorSide {
    events: EventSender,
    cancel: Cancel,
    token_lease: Arc<OnceLock<TokenLease>>,
}

/// Where records go, and how far they came.
pub(super) trait RecordIntake<K: WorkKind> {
    /// Takes records; `false` when the work is ours no more.
    async fn records(&mut self, _: &mut Supervisor<K>, _: Vec<Record>) -> AppResult<bool> {
        Ok(true)
    }

    /// Everything taken until now is covered by this state.
    fn state(&mut self, _: Value) {}

    /// Comes round with every beat.
    async fn beat(&mut self, _: &mut Supervisor<K>) {}
}

/// For work that reads no records.
impl<K: WorkKind> RecordIntake<K> for () {}

/// How something ended that was waited for.
pub(super) enum Waited<T> {
    Done(T),
    /// Somebody wants the work to stop; it was dropped.
    Stopped,
    /// The work is ours no more; it was dropped.
    Lost,
}

impl<K: WorkKind> Supervisor<K> {
    pub(super) fn new(
        app: &Arc<App>,
        work: Work<K>,
        progress: K::Progress,
        version: Option<i64>,
    ) -> (Self, ConnectorSide) {
        let (events, inbox) = EventSender::channel();
        let (canceller, cancel) = Canceller::new();
        let token_lease = Arc::<OnceLock<TokenLease>>::default();
        let mut beat = tokio::time::interval(WORK_BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let side = ConnectorSide { events, cancel: cancel.clone(), token_lease: Arc::clone(&token_lease) };
        let (app, log) = (Arc::clone(app), LogBuffer::new(K::MOST_LINES));
        (Self { app, work, progress, version, log, beat, inbox, canceller, cancel, token_lease }, side)
    }

    pub(super) fn say(&mut self, level: &str, text: &str) {
        self.log.say(self.app.clock.now(), level, text);
    }

    /// Says why the connector failed.
    pub(super) fn say_failure(&mut self, failure: &Failure) {
        if let Some(detail) = &failure.detail {
            self.say("debug", detail);
        }
        self.say("error", &failure.message);
        if let Some(hint) = failure.operator_hint() {
            self.say("info", hint);
        }
        if failure.turn == Turn::Operator {
            let (reason, hint) = (failure.reason.as_str(), failure.operator_hint().unwrap_or_default());
            tracing::warn!(kind = K::NAME, work = %self.work.id, reason, hint, "{}", failure.message);
        }
    }

    /// Tells the connector to stop.
    pub(super) fn stop(&self) {
        self.canceller.cancel();
    }

    /// Waits for the connector's answer and looks after everything meanwhile; `None` when the work is ours no more.
    pub(super) async fn attend<T>(
        &mut self,
        intake: &mut impl RecordIntake<K>,
        asked: impl Future<Output = T>,
    ) -> AppResult<Option<T>> {
        tokio::pin!(asked);
        let answered = loop {
            tokio::select! {
                answer = &mut asked => break Some(answer),
                Some(event) = self.inbox.recv() => if !self.hear(intake, event).await? { break None },
                _ = self.beat.tick() => {
                    intake.beat(self).await;
                    if !self.keep().await? {
                        break None;
                    }
                }
            }
        };
        let mut is_ours = answered.is_some();
        while is_ours && let Some(event) = self.inbox.recv().await {
            is_ours = self.hear(intake, event).await?;
        }
        if is_ours && self.keep().await? {
            return Ok(answered);
        }
        self.save_changes().await?;
        Ok(None)
    }

    /// Waits for something that may take long, and keeps the work meanwhile.
    pub(super) async fn beside<T>(&mut self, waited_for: impl Future<Output = T>) -> AppResult<Waited<T>> {
        tokio::pin!(waited_for);
        loop {
            tokio::select! {
                biased;
                done = &mut waited_for => return Ok(Waited::Done(done)),
                _ = self.beat.tick() => if !self.keep().await? { return Ok(Waited::Lost) },
                () = self.cancel.cancelled() => return Ok(Waited::Stopped),
            }
        }
    }

    /// `false` when the work is ours no more.
    async fn hear(&mut self, intake: &mut impl RecordIntake<K>, event: ConnectorEvent) -> AppResult<bool> {
        match event {
            ConnectorEvent::Log { level, text } => self.say(level.as_str(), &text),
            ConnectorEvent::Progress(words) => {
                self.say("info", &words);
                K::note_step(&mut self.progress, words);
            }
            ConnectorEvent::ConfigUpdate(submission) => self.take_over(&submission).await?,
            ConnectorEvent::State(state) => intake.state(state),
            ConnectorEvent::HostKey(shown) => self.note_host_key(shown).await?,
            ConnectorEvent::Records(records) => return intake.records(self, records).await,
        }
        Ok(true)
    }

    /// A jump server has shown a key that was not known. A test of what is not sent yet keeps none.
    async fn note_host_key(&self, shown: HostKey) -> AppResult<()> {
        if self.version.is_none() {
            return Ok(());
        }
        let (workspace, connection) = (self.work.workspace_id.clone(), self.work.connection_id.clone());
        self.app.write(move |tx| note_host_key(tx, &workspace, &connection, &shown)).await
    }

    /// Nobody wants the answer any more; what the connector changed until now counts all the same.
    async fn save_changes(&mut self) -> AppResult<()> {
        self.inbox.close();
        while let Ok(event) = self.inbox.try_recv() {
            if let ConnectorEvent::ConfigUpdate(submission) = event {
                self.take_over(&submission).await?;
            }
        }
        Ok(())
    }

    /// The connector changed its configuration, for instance a refresh token that works once: kept at once, whatever becomes of the work.
    async fn take_over(&mut self, submission: &Submission) -> AppResult<()> {
        let Some(version) = self.version else {
            self.say("info", "The connector changed its configuration; a test keeps no changes.");
            return Ok(());
        };
        let (workspace, connection) = (&self.work.workspace_id, &self.work.connection_id);
        let lease = self.token_lease.get();
        let changed = take_over::take_over(&self.app, workspace, connection, lease, submission, version).await?;
        self.say("info", "The connector updated its configuration.");
        self.version = Some(if changed.before == version { changed.after } else { version });
        Ok(())
    }

    /// Writes down what was said and how far it is, renews the lease and passes a wish to stop on; `false` when the work is ours no more.
    pub(super) async fn keep(&mut self) -> AppResult<bool> {
        let (id, progress, lines) = (self.work.id.clone(), self.progress.clone(), self.log.drain());
        let kept = self
            .app
            .write(move |tx| {
                let kept = K::keep(tx.conn, &id, &progress, tx.now)?;
                K::append(tx.conn, &id, &lines)?;
                Ok(kept)
            })
            .await?;
        if kept != Kept::Ours {
            self.canceller.cancel();
        }
        Ok(kept != Kept::Lost)
    }
}

impl ConnectorSide {
    /// The configuration for the connected system, made of these values of a connection, with tokens that live; of a sign-in that waits at
    /// a link, when there is one.
    pub(super) async fn config(
        &self,
        app: &App,
        connection: &Connection,
        connector: &Connector,
        sign_in: Option<&OauthSignInId>,
        own: Values,
    ) -> Result<FinalConfig, AskError> {
        let made = match sign_in {
            Some(sign_in) => connector_config::for_test(app, connection, connector, sign_in, own).await?,
            None => connector_config::current(app, connection, connector, own).await?,
        };
        made.token_lease.into_iter().for_each(|lease| drop(self.token_lease.set(lease)));
        Ok(made.config)
    }

    /// What is asked of the connector.
    pub(super) fn request<'a>(
        &self,
        connection: &'a Connection,
        connector: &'a Connector,
        config: &'a FinalConfig,
        time_limit: Duration,
    ) -> EngineRequest<'a> {
        EngineRequest {
            connector,
            config,
            connection: connection.id.as_str(),
            host_key: connection.jump_server.as_ref().map(|server| &server.known),
            events: self.events.clone(),
            cancel: self.cancel.clone(),
            time_limit,
        }
    }
}
