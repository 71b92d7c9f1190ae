//! Claim, read, write, record.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::watch;

use super::desk::{Desk, Waited};
use super::sink::Output;
use super::store::{self, Run, StreamCount, Tally};
use super::{TIME_LIMIT, files, record, schedule};
use crate::base::error::{AppError, AppResult};
use crate::connectors::Connector;
use crate::engines::{
    Cancel, Canceller, Catalog, ChosenStream, EngineRequest, EventSender, Failure, LoadTable, Loading, ReadEnd,
    SyncType,
};
use crate::features::connections::{self, Connection};
use crate::features::oauth::TokenLease;
use crate::features::outputs::{self, Place};
use crate::features::streams::{StreamChoice, find_plan};
use crate::features::work::connector_config;
use crate::features::work::validations::{self, Of};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{Piece, Taking, Trade, run_trade_due, run_trade_until};
use crate::schema::form::Values;

/// What is stored does not open, or the database does not answer.
const UNREADABLE: &str = "What is stored cannot be read. The operator finds the reason in the server's log.";

const TRADE: Trade = Trade { name: "runs", at_once: 4, take };

/// Does every run that waits or is due by the clock, once; says how many there were.
///
/// # Errors
/// The database cannot be asked; a run that fails is no error here.
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
        schedule::queue_due(&app).await?;
        let limit = i64::try_from(room).unwrap_or(1);
        let due = app.db.read(move |conn| Ok(store::due(conn, limit)?)).await?;
        let mut pieces: Vec<Piece> = Vec::new();
        for id in due {
            let now = app.clock.now();
            match app.db.write(move |conn| Ok(store::claim(conn, &id, now)?)).await {
                Ok(claimed) => {
                    let app = Arc::clone(&app);
                    pieces.extend(claimed.map(|run| Box::pin(work(app, run)) as Piece));
                }
                Err(error) if pieces.is_empty() => return Err(error),
                // What is ours already is worked at.
                Err(_) => break,
            }
        }
        Ok(pieces)
    })
}

/// What a run reads, and where to.
pub(super) struct About {
    pub(super) connection: Connection,
    connector: Arc<Connector>,
    values: Values,
    pub(super) choices: Vec<StreamChoice>,
    chosen: Vec<ChosenStream>,
    state: Option<Value>,
    pub(super) output: Output,
}

/// What is read; or the sentence that says why nothing can be.
fn prepare(conn: &mut Conn, app: &App, run: &Run) -> AppResult<Result<About, &'static str>> {
    let (workspace, id) = (&run.workspace_id, &run.connection_id);
    let connection = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let of = Of { workspace, connection: id };
    let found = validations::last_success(conn, of)?.map(|success| success.found(&app.keys)).transpose()?;
    let plan = find_plan(conn, workspace, id)?.unwrap_or_default();
    let state = if run.from_start == 1 { None } else { store::sync_state(conn, id)? };
    let choices: Vec<StreamChoice> = plan.enabled().cloned().collect();
    let output = match outputs::place(conn, workspace, &run.output_layer, &app.keys)? {
        Some(Place::Files) => Output::Files(files::place(workspace.as_str(), &connection.slug, run.id.as_str())),
        Some(Place::Postgres { name, address, target }) => Output::Postgres { name, address, target },
        None => return Ok(Err("The output layer of this source is not there any more. Choose another one.")),
    };
    gather(app, connection, choices, found.unwrap_or_default(), (state, output))
}

fn gather(
    app: &App,
    connection: Connection,
    choices: Vec<StreamChoice>,
    found: Catalog,
    (state, output): (Option<Value>, Output),
) -> AppResult<Result<About, &'static str>> {
    if connection.deleted_at.is_some() {
        return Ok(Err("The connection was deleted."));
    }
    let Some(connector) = app.connectors.find(connection.kind, &connection.connector_slug).cloned() else {
        return Ok(Err("The connector of this connection is not installed any more."));
    };
    let values = connection.open_values(&app.keys)?;
    let chosen: Option<Vec<ChosenStream>> =
        choices.iter().map(|choice| choice.of(&found).map(|stream| choice.chosen(stream))).collect();
    let Some(chosen) = chosen else {
        return Ok(Err("The source does not offer every chosen stream any more. Choose the streams again."));
    };
    Ok(Ok(About { connection, connector, values, choices, chosen, state, output }))
}

async fn work(app: Arc<App>, run: Run) {
    let id = run.id.clone();
    if let Err(error) = try_work(&app, run).await {
        tracing::error!(run = %id, error = %error, "a run cannot be recorded; its lease will end");
    }
}

async fn try_work(app: &Arc<App>, run: Run) -> AppResult<()> {
    let (here, row) = (Arc::clone(app), run.clone());
    let about = match app.db.read(move |conn| prepare(conn, &here, &row)).await {
        Ok(Ok(about)) => about,
        Ok(Err(sentence)) => return record::refuse(app, &run, sentence).await,
        Err(error) => {
            tracing::error!(run = %run.id, error = %error, "what is to be read cannot be told");
            return record::refuse(app, &run, UNREADABLE).await;
        }
    };
    let (events, inbox) = EventSender::channel();
    let (canceller, cancel) = Canceller::new();
    let loading = about.loading(&run);
    let mut desk = Desk::new(app, run, tally(&about.choices), canceller);
    desk.say("info", &greeting(&about));
    match desk.beside(about.output.open(app, about.tables(), loading)).await? {
        Waited::Done(Ok(sink)) => desk.take_in(sink),
        Waited::Done(Err(fault)) => return record::broken(desk, &about.output, fault).await,
        Waited::Stopped => return record::stopped(desk, &about.output).await,
        Waited::Lost => return Ok(()),
    }
    let token_lease = Arc::clone(&desk.token_lease);
    match desk.attend(inbox, read(app, &about, &token_lease, (events, cancel))).await? {
        Some(outcome) => record::settle(desk, &about, outcome?).await,
        None => {
            about.output.forget(&app.config.storage.data_dir);
            Ok(())
        }
    }
}

impl About {
    fn tables(&self) -> Vec<LoadTable> {
        let from_start = self.state.is_none();
        let both = self.choices.iter().zip(&self.chosen);
        both.map(|(choice, chosen)| LoadTable::new(&choice.table_name, chosen, from_start)).collect()
    }

    /// Whether the records of this incremental stream take the place of all that its table holds.
    pub(super) fn begins_anew(&self, stream: usize) -> bool {
        let is_incremental = self.choices.get(stream).is_some_and(|one| one.sync_type == SyncType::Incremental);
        is_incremental && self.state.is_none() && matches!(self.output, Output::Postgres { .. })
    }

    fn loading(&self, run: &Run) -> Loading {
        Loading {
            source_id: self.connection.id.to_string(),
            source: self.connection.slug.clone(),
            run: run.id.to_string(),
            began: run.started_at.unwrap_or(run.created_at).iso(),
        }
    }
}

/// Reads with tokens that live.
async fn read(
    app: &App,
    about: &About,
    token_lease: &OnceLock<TokenLease>,
    (events, cancel): (EventSender, Cancel),
) -> AppResult<Result<ReadEnd, Failure>> {
    let given = connector_config::current(app, &about.connection, &about.connector, about.values.clone()).await?;
    let given = match given {
        Ok(given) => given,
        Err(failure) => return Ok(Err(failure)),
    };
    given.token_lease.into_iter().for_each(|tokens| drop(token_lease.set(tokens)));
    let job =
        EngineRequest { connector: &about.connector, config: &given.config, events, cancel, time_limit: TIME_LIMIT };
    Ok(app.engines.read(&job, &about.chosen, about.state.as_ref()).await)
}

fn greeting(about: &About) -> String {
    let how = if about.state.is_some() { "continuing where the last one ended" } else { "from the beginning" };
    let count = about.chosen.len();
    let streams = if count == 1 { "1 stream".to_owned() } else { format!("{count} streams") };
    format!("Reading {streams} of {}, {how}", about.connector.name())
}

fn tally(choices: &[StreamChoice]) -> Tally {
    let zero = |choice: &StreamChoice| StreamCount {
        stream: choice.full_name(),
        table: choice.table_name.clone(),
        records: 0,
        bytes: 0,
        incomplete: false,
    };
    Tally { streams: choices.iter().map(zero).collect() }
}
