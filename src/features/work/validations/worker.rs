//! Claim, check, search for streams, record. What the connector says is written down as it comes.

use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, watch};

use super::store::{self, Validation};
use super::{MOST_LINES, TIME_LIMIT, found, record, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthSignInId;
use crate::connectors::{Connector, Kind};
use crate::engines::{
    CHECK_LIMIT, Cancel, Canceller, Catalog, CheckOutcome, ConnectorEvent, DISCOVER_LIMIT, EngineRequest, EventSender,
    Failure,
};
use crate::features::connections::{self, Connection};
use crate::features::oauth::TokenLease;
use crate::features::work::{connector_config, take_over};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{LogBuffer, Piece, Taking, Trade, WORK_BEAT, run_trade_due, run_trade_until};
use crate::schema::form::{FinalConfig, Submission, Values};

/// What is stored does not open, or the database does not answer.
const UNREADABLE: &str = "What is stored cannot be read. The operator finds the reason in the server's log.";

const TRADE: Trade = Trade { name: "validations", at_once: 8, take };

/// Does every validation that waits, once; says how many there were.
///
/// # Errors
/// The database cannot be asked; a validation that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    run_trade_due(app, TRADE).await
}

/// Works until the channel says stop.
pub async fn run_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    run_trade_until(app, TRADE, stopped).await;
}

fn take(app: Arc<App>, room: usize) -> Taking {
    Box::pin(async move {
        record::end_abandoned(&app).await?;
        let limit = i64::try_from(room).unwrap_or(1);
        let due = app.db.read(move |conn| Ok(store::due(conn, limit)?)).await?;
        let mut pieces: Vec<Piece> = Vec::new();
        for id in due {
            let now = app.clock.now();
            match app.db.write(move |conn| Ok(store::claim(conn, &id, now)?)).await {
                Ok(claimed) => {
                    let app = Arc::clone(&app);
                    pieces.extend(claimed.map(|(row, sealed)| Box::pin(work(app, row, sealed)) as Piece));
                }
                Err(error) if pieces.is_empty() => return Err(error),
                // What is ours already is worked at.
                Err(_) => break,
            }
        }
        Ok(pieces)
    })
}

/// What a validation checks.
struct About {
    connection: Connection,
    connector: Arc<Connector>,
    values: Values,
    /// The sign-in that a test borrows its tokens from.
    sign_in: Option<OauthSignInId>,
}

/// What is checked; or the sentence that says why it cannot be checked any more.
fn prepare(
    conn: &mut Conn,
    app: &App,
    validation: &Validation,
    sealed: Option<Vec<u8>>,
) -> AppResult<Result<About, &'static str>> {
    let (workspace, id) = (&validation.workspace_id, &validation.connection_id);
    let connection = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let (values, sign_in) = match sealed {
        Some(sealed) => {
            let tested = start::tested(sealed, &validation.id, workspace, &app.keys)?;
            (tested.values, tested.sign_in)
        }
        None => (connection.open_values(&app.keys)?, None),
    };
    Ok(match app.connectors.find(connection.kind, &connection.connector_slug).cloned() {
        _ if connection.deleted_at.is_some() => Err("The connection was deleted."),
        None => Err("The connector of this connection is not installed any more."),
        Some(connector) => Ok(About { connection, connector, values, sign_in }),
    })
}

async fn work(app: Arc<App>, validation: Validation, sealed: Option<Vec<u8>>) {
    let id = validation.id.clone();
    if let Err(error) = try_work(&app, validation, sealed).await {
        tracing::error!(validation = %id, error = %error, "a validation cannot be recorded; its lease will end");
    }
}

async fn try_work(app: &Arc<App>, validation: Validation, sealed: Option<Vec<u8>>) -> AppResult<()> {
    let (here, row) = (Arc::clone(app), validation.clone());
    let about = match app.db.read(move |conn| prepare(conn, &here, &row, sealed)).await {
        Ok(Ok(about)) => about,
        Ok(Err(sentence)) => return record::refuse(app, &validation, sentence).await,
        Err(error) => {
            tracing::error!(validation = %validation.id, error = %error, "what is to be validated cannot be read");
            return record::refuse(app, &validation, UNREADABLE).await;
        }
    };
    let (events, inbox) = EventSender::channel();
    let (canceller, cancel) = Canceller::new();
    let mut desk = Desk {
        app: Arc::clone(app),
        version: validation.setup_link_id.is_none().then_some(about.connection.version),
        validation,
        log: LogBuffer::new(MOST_LINES),
        step: "Starting".to_owned(),
        canceller,
        token_lease: Arc::default(),
    };
    desk.greet(&about);
    let token_lease = Arc::clone(&desk.token_lease);
    let asked = ask(app, &about, &token_lease, (events, cancel));
    let outcome = tokio::time::timeout(TIME_LIMIT, desk.attend(inbox, asked)).await;
    match outcome {
        Ok(attended) => {
            if let Some(outcome) = attended? {
                desk.end(about, outcome?).await?;
            }
            Ok(())
        }
        Err(_) => desk.give_up().await,
    }
}

/// What the check found, and what a source offers.
type Answered = Result<(CheckOutcome, Catalog), Failure>;

/// The configuration with tokens that live, the check with it, and for a source the search for its streams.
async fn ask(
    app: &App,
    about: &About,
    token_lease: &OnceLock<TokenLease>,
    (events, cancel): (EventSender, Cancel),
) -> AppResult<Answered> {
    let own = about.values.clone();
    let given = match &about.sign_in {
        Some(sign_in) => connector_config::for_test(app, &about.connection, &about.connector, sign_in, own).await?,
        None => connector_config::current(app, &about.connection, &about.connector, own).await?,
    };
    let given = match given {
        Ok(given) => given,
        Err(failure) => return Ok(Err(failure)),
    };
    given.token_lease.into_iter().for_each(|tokens| drop(token_lease.set(tokens)));
    let answered = check_and_discover(app, about, &given.config, (&events, &cancel)).await;
    Ok(match answered {
        Ok((_, catalog)) if !found::fits(&catalog) => Err(found::too_large()),
        answered => answered,
    })
}

async fn check_and_discover(
    app: &App,
    about: &About,
    config: &FinalConfig,
    (events, cancel): (&EventSender, &Cancel),
) -> Answered {
    let job = |time_limit| EngineRequest {
        connector: &about.connector,
        config,
        events: events.clone(),
        cancel: cancel.clone(),
        time_limit,
    };
    let checked = app.engines.check(&job(CHECK_LIMIT)).await?;
    let catalog = match about.connector.file.kind {
        Kind::Source => app.engines.discover(&job(DISCOVER_LIMIT)).await?,
        Kind::Destination => Catalog::default(),
    };
    Ok((checked, catalog))
}

/// Where a running validation is looked after: its log, its lease, the wish to stop it, changes of the configuration.
struct Desk {
    app: Arc<App>,
    validation: Validation,
    /// The version of the stored values that is being checked; none for a test.
    version: Option<i64>,
    log: LogBuffer,
    step: String,
    canceller: Canceller,
    /// Of which sign-in the tokens are that the connector was given.
    token_lease: Arc<OnceLock<TokenLease>>,
}

impl Desk {
    fn say(&mut self, level: &str, text: &str) {
        self.log.say(self.app.clock.now(), level, text);
    }

    fn greet(&mut self, about: &About) {
        let name = about.connector.name();
        if self.app.engines.ability(&about.connector).checks {
            self.say("info", &format!("Checking the details of {name}"));
        } else {
            self.say(
                "warn",
                &format!("No program that asks {name} is installed here: the details are only checked against the connector's own rules."),
            );
        }
    }

    /// Waits for the answer and looks after everything meanwhile; `None` when the validation is ours no more.
    async fn attend<T>(
        &mut self,
        mut inbox: mpsc::Receiver<ConnectorEvent>,
        asked: impl Future<Output = T>,
    ) -> AppResult<Option<T>> {
        tokio::pin!(asked);
        let mut beat = tokio::time::interval(WORK_BEAT);
        let answer = loop {
            tokio::select! {
                answer = &mut asked => break answer,
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

    /// Nobody wants the verdict any more; what the connector changed until now counts all the same.
    async fn save_changes(&mut self, inbox: &mut mpsc::Receiver<ConnectorEvent>) -> AppResult<()> {
        inbox.close();
        while let Ok(event) = inbox.try_recv() {
            if let ConnectorEvent::ConfigUpdate(submission) = event {
                self.take_over(submission).await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, event: ConnectorEvent) -> AppResult<()> {
        match event {
            ConnectorEvent::Log { level, text } => self.say(level.as_str(), &text),
            ConnectorEvent::Progress(words) => {
                self.say("info", &words);
                self.step = words;
            }
            ConnectorEvent::ConfigUpdate(submission) => self.take_over(submission).await?,
            ConnectorEvent::Records(_) | ConnectorEvent::State(_) => {}
        }
        Ok(())
    }

    /// Writes down what was said, renews the lease and passes a wish to stop on; `false` when somebody else ended the validation.
    async fn keep(&mut self) -> AppResult<bool> {
        let (id, step, lines, now) =
            (self.validation.id.clone(), self.step.clone(), self.log.drain(), self.app.clock.now());
        let kept = self
            .app
            .db
            .write(move |conn| {
                let kept = store::keep(conn, &id, &step, now)?;
                store::append(conn, &id, &lines)?;
                Ok(kept)
            })
            .await?;
        if matches!(kept, Some(Some(_)) | None) {
            self.canceller.cancel();
        }
        Ok(kept.is_some())
    }

    /// The connector changed its configuration, for instance a refresh token that works once: kept at once, whatever becomes of the check.
    async fn take_over(&mut self, submission: Submission) -> AppResult<()> {
        let Some(version) = self.version else {
            self.say("info", "The connector changed its configuration; a test keeps no changes.");
            return Ok(());
        };
        let at = (&self.validation.workspace_id, &self.validation.connection_id);
        let changed = take_over::take_over(&self.app, at, self.token_lease.get(), &submission).await?;
        self.say("info", "The connector updated its configuration.");
        self.version = Some(if changed.before == version { changed.after } else { version });
        Ok(())
    }

    async fn end(mut self, about: About, outcome: Answered) -> AppResult<()> {
        match &outcome {
            Ok((_, catalog)) if about.connector.file.kind == Kind::Source => {
                self.say("info", &format!("Done: {}", record::streams_in_words(catalog.streams.len())));
            }
            Ok(_) => self.say("info", "Done"),
            Err(failure) => {
                if let Some(detail) = &failure.detail {
                    self.say("debug", detail);
                }
                self.say("error", &failure.message);
            }
        }
        self.keep().await?;
        record::settle(&self.app, &self.validation, self.version, outcome).await
    }

    async fn give_up(mut self) -> AppResult<()> {
        self.say("error", record::TOO_LONG);
        self.keep().await?;
        record::time_out(&self.app, &self.validation, self.version).await
    }
}
