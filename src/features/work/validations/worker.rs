//! What a validation does: check, search for streams, end with what was found.

use std::sync::Arc;

use tokio::sync::watch;

use super::kept::{self, KeptStreams, MarkPorts};
use super::start::{self, TestValues};
use super::store::{Validation, ValidationDetails, ValidationResult};
use super::{TIME_LIMIT, found};
use crate::base::error::{AppError, AppResult};
use crate::connectors::Connector;
use crate::engines::{CHECK_LIMIT, Catalog, DISCOVER_LIMIT, Engines, Failure, FailureReason, question_limit};
use crate::features::connections::{self, Connection};
use crate::features::webhooks;
use crate::features::work::WorkKind;
use crate::features::work::connector_config::AskError;
use crate::features::work::ending::{end, finish};
use crate::features::work::store::Ending;
use crate::features::work::supervisor::{ConnectorSide, Supervisor};
use crate::features::work::worker::{self, CannotBegin};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::tx::Tx;

const TOO_LONG: &str = "It took too long and was stopped. Is the system reachable from this server?";

/// Does every validation that waits, once; says how many there were.
///
/// # Errors
/// The database cannot be asked; a validation that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    worker::run_due::<ValidationDetails>(app).await
}

/// Works until the channel says stop.
pub async fn run_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    worker::run_until::<ValidationDetails>(app, stopped).await;
}

/// What a validation checks.
struct ValidationInput {
    connection: Connection,
    connector: Arc<Connector>,
    checked: TestValues,
    /// Stands for what the streams depend on, where they are kept.
    mark: Option<String>,
    /// Streams that were found before, when they count still.
    kept: Option<KeptStreams>,
}

impl ValidationInput {
    /// The mark of what is stored at the end: a connector may have changed its own details while it was asked, which is no news to it.
    fn mark_now(&self, tx: &mut Tx<'_>, engines: &Engines, version: Option<i64>) -> AppResult<Option<String>> {
        let now = connections::find_by_id(tx.conn, &self.connection.workspace_id, &self.connection.id)?;
        let Some(now) = now.filter(|now| self.mark.is_some() && Some(now.version) == version) else {
            return Ok(self.mark.clone());
        };
        let (values, ports) = (now.open_values(tx.keys)?, MarkPorts { engines, keys: tx.keys });
        kept::mark(tx.conn, ports, &self.connector, &now, &values)
    }
}

fn read_input(conn: &mut Conn, app: &App, validation: &Validation) -> Result<ValidationInput, CannotBegin> {
    let (workspace, id) = (&validation.workspace_id, &validation.connection_id);
    let connection = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let checked = match &validation.details.sealed_config {
        Some(sealed) => start::test_values(sealed.clone(), &validation.id, workspace, &app.keys)?,
        None => TestValues { values: connection.open_values(&app.keys)?, sign_in: None },
    };
    if connection.deleted_at.is_some() {
        return Err(CannotBegin::ConnectionDeleted);
    }
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let connector = connector.ok_or(CannotBegin::ConnectorGone)?;
    let (mut mark, mut kept) = (None, None);
    if validation.details.setup_link_id.is_none() {
        let ports = MarkPorts { engines: &app.engines, keys: &app.keys };
        mark = kept::mark(conn, ports, &connector, &connection, &checked.values)?;
        if let Some(mark) = mark.as_deref().filter(|_| validation.details.anew == 0) {
            kept = kept::find(conn, &app.keys, validation, mark)?;
        }
    }
    Ok(ValidationInput { connection, connector, checked, mark, kept })
}

impl WorkKind for ValidationDetails {
    const NAME: &'static str = "validations";
    const AT_ONCE: usize = 8;
    const MOST_LINES: i32 = 2_000;

    async fn perform(app: Arc<App>, validation: Validation) -> AppResult<()> {
        let Some(input) = worker::prepared(&app, &validation, read_input).await? else { return Ok(()) };
        let version = validation.details.setup_link_id.is_none().then_some(input.connection.version);
        let (mut supervisor, side) = Supervisor::new(&app, validation, "Starting".to_owned(), version);
        greet(&mut supervisor, &input.connector);
        match tokio::time::timeout(TIME_LIMIT, supervisor.attend(&mut (), ask(&app, &input, side))).await {
            Ok(attended) => match attended? {
                Some(Err(AskError::App(error))) => Err(error),
                Some(Err(AskError::Failure(failure))) => settle(supervisor, input, Err(failure)).await,
                Some(Ok(answer)) => settle(supervisor, input, Ok(answer)).await,
                None => Ok(()),
            },
            Err(_) => give_up(supervisor).await,
        }
    }

    fn note_step(step: &mut String, words: String) {
        *step = words;
    }

    fn ended(tx: &mut Tx<'_>, validation: &Validation, ending: &Ending<Self>) -> AppResult<()> {
        // What a recipient tried out is theirs until they send it.
        if validation.details.setup_link_id.is_some() || ending.state == WorkState::Cancelled {
            return Ok(());
        }
        let (workspace, id) = (&validation.workspace_id, &validation.connection_id);
        let connection = connections::find_by_id(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
        let succeeded = ending.state == WorkState::Success;
        tx.record(&Entry {
            workspace,
            connection: Some(id),
            setup_link: None,
            event: if succeeded { Event::Validated } else { Event::ValidationFailed },
            actor: Actor::System,
            detail: &ending.message,
        })?;
        let failure = ending
            .failure
            .map(|failure| webhooks::ValidationFault { code: failure.reason.as_str(), turn: failure.turn.as_str() });
        tx.tell(&webhooks::WebhookEvent::ValidationFinished {
            connection: &connection,
            validation: &validation.id,
            failure,
            streams: ending.result.stream_count,
        })
    }
}

fn greet(supervisor: &mut Supervisor<ValidationDetails>, connector: &Connector) {
    supervisor.say("info", &format!("Checking the details of {}", connector.name()));
}

/// The configuration with tokens that live, the check with it, and the search for streams where they can be told.
async fn ask(app: &App, input: &ValidationInput, side: ConnectorSide) -> Result<Catalog, AskError> {
    let TestValues { values, sign_in } = &input.checked;
    let config = side.config(app, &input.connection, &input.connector, sign_in.as_ref(), values.clone()).await?;
    let request = |time_limit| side.request(&input.connection, &input.connector, &config, time_limit);
    app.engines.check(&request(question_limit(&input.connector, CHECK_LIMIT))).await?;
    let catalog = match &input.kept {
        _ if !app.engines.ability(&input.connector).discover => Catalog::default(),
        Some(kept) => kept.catalog.clone(),
        None => app.engines.discover(&request(question_limit(&input.connector, DISCOVER_LIMIT))).await?,
    };
    if found::fits(&catalog) { Ok(catalog) } else { Err(found::too_large().into()) }
}

/// Records what the connector answered.
async fn settle(
    mut supervisor: Supervisor<ValidationDetails>,
    input: ValidationInput,
    answer: Result<Catalog, Failure>,
) -> AppResult<()> {
    let discovers = supervisor.app.engines.ability(&input.connector).discover;
    match &answer {
        Ok(catalog) if let Some(kept) = input.kept.as_ref().filter(|_| discovers) => {
            let (streams, read) = (streams_in_words(catalog.streams.len()), kept.found_at.words());
            supervisor.say("info", &format!("Done: {streams} when they were read ({read}); nothing has changed since"));
        }
        Ok(catalog) if discovers => {
            supervisor.say("info", &format!("Done: {}", streams_in_words(catalog.streams.len())));
        }
        Ok(_) => supervisor.say("info", "Done"),
        Err(failure) => supervisor.say_failure(failure),
    }
    supervisor.keep().await?;
    let Supervisor { app, work: validation, version, .. } = supervisor;
    let engines = app.engines.clone();
    app.write(move |tx| {
        let ending = match answer {
            Ok(catalog) => {
                let found_mark = input.mark_now(tx, &engines, version)?;
                let found_at = Some(input.kept.as_ref().map_or(tx.now, |kept| kept.found_at)).filter(|_| discovers);
                let sealed = found::pack(tx, &validation, &catalog)?;
                let streams = catalog.streams.len();
                let words = if discovers {
                    format!("The details work: {}.", streams_in_words(streams))
                } else {
                    "The details work.".to_owned()
                };
                let result = ValidationResult::found(version, &sealed, streams).kept_as(found_at, found_mark);
                Ending::success(words, result)
            }
            Err(failure) => Ending { result: ValidationResult::nothing(version), ..Ending::of_failure(failure) },
        };
        finish(tx, &validation, &ending).map(|_| ())
    })
    .await
}

async fn give_up(mut supervisor: Supervisor<ValidationDetails>) -> AppResult<()> {
    let failure = Failure::new(FailureReason::Timeout, TOO_LONG);
    supervisor.say_failure(&failure);
    supervisor.keep().await?;
    let ending = Ending::of_failure(failure);
    let ending = Ending { result: ValidationResult::nothing(supervisor.version), ..ending };
    end(&supervisor.app, &supervisor.work, ending).await.map(|_| ())
}

/// "1 stream found", "42 streams found".
fn streams_in_words(count: usize) -> String {
    match count {
        0 => "no streams found".to_owned(),
        1 => "1 stream found".to_owned(),
        more => format!("{more} streams found"),
    }
}
