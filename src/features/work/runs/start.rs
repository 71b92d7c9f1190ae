//! Starting a run.

use super::LONGEST_QUEUE;
use super::store::{self, NewRunRow, Run};
use crate::base::error::AppError;
use crate::base::ids::RunId;
use crate::connectors::{Connector, Kind};
use crate::features::connections::{Connection, ConnectionState, WAITING};
use crate::features::extraction_engine::{AirbyteTarget, EngineKind, Route, route};
use crate::features::outputs::{self, NoOutput};
use crate::features::streams::{Plan, find_plan};
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::sequence::Sequence;
use crate::platform::tx::Tx;

/// What [`StartRunError::ConnectorGone`] says.
pub(super) const CONNECTOR_GONE: &str = "The connector of this connection is not installed any more.";
/// What [`StartRunError::NotFromStart`] says.
pub(super) const NOT_FROM_START: &str = "Airbyte extracts this source and keeps how far it came. To read everything again, refresh the connection in Airbyte.";
/// What [`StartRunError::SameMoment`] says.
pub(super) const SAME_MOMENT: &str = "An extraction of this source was started at the same moment.";

/// Why a run does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartRunError {
    /// It has nothing to do with the source: the database refuses.
    #[error(transparent)]
    App(#[from] AppError),
    /// It came through an invite link and no member has accepted it yet.
    #[error("{WAITING}")]
    Waiting,
    /// Its connector is gone.
    #[error("{CONNECTOR_GONE}")]
    ConnectorGone,
    /// It is no source that was finalised.
    #[error("Only a finalised source can be extracted. Finalise it first.")]
    NotFinalised,
    /// No stream is chosen.
    #[error("No stream is chosen. Choose at least one.")]
    NoStreams,
    /// Nothing installed here can read it; what to install.
    #[error("{0}")]
    NothingReads(String),
    /// Airbyte keeps how far it came, and forgets that only there.
    #[error("{NOT_FROM_START}")]
    NotFromStart,
    /// Its records have no place to go.
    #[error("{0}")]
    NoOutput(NoOutput),
    /// One goes on already.
    #[error("An extraction of this source goes on already ({0}). Wait for it, or cancel it.")]
    Going(RunId),
    /// Somebody else was faster, and theirs is over already.
    #[error("{SAME_MOMENT}")]
    SameMoment,
    /// Too many of the workspace wait.
    #[error("200 extractions of this workspace wait already. Try again when some are done.")]
    QueueFull,
}

impl From<diesel::result::Error> for StartRunError {
    fn from(error: diesel::result::Error) -> Self {
        Self::App(error.into())
    }
}

/// What a new run needs.
pub struct NewRun<'a> {
    /// The source.
    pub connection: &'a Connection,
    /// `manual` or `cron`.
    pub trigger: &'static str,
    /// Who starts it.
    pub actor: &'a Actor,
    /// Read everything again, whatever earlier runs have read.
    pub from_start: bool,
}

/// Queues a run.
///
/// # Errors
/// What keeps it from starting; all but [`StartRunError::SameMoment`] have written nothing.
pub fn start(tx: &mut Tx<'_>, new: &NewRun<'_>, app: &App) -> Result<Run, StartRunError> {
    let (workspace, connection) = (&new.connection.workspace_id, &new.connection.id);
    let connector = app.connectors.find(new.connection.kind, &new.connection.connector_slug);
    let connector = connector.ok_or(StartRunError::ConnectorGone)?;
    let plan = find_plan(tx.conn, workspace, connection)?.unwrap_or_default();
    let route = route(tx.conn, app, new.connection, &connector, &plan.output)?;
    may_start(new, &plan, &connector, app, &route)?;
    let output = match &route {
        Route::Here(_) => plan.output.clone(),
        Route::Airbyte(target) => target.output(),
    };
    let is_given = matches!(route, Route::Airbyte(AirbyteTarget::Given(_)));
    let refusal = if is_given { None } else { outputs::refusal(tx.conn, app, workspace, &output)? };
    if let Some(why) = refusal {
        return Err(StartRunError::NoOutput(why));
    }
    if let Some(going) = store::going(tx.conn, workspace, connection)? {
        return Err(StartRunError::Going(going.id));
    }
    if store::queued(tx.conn, workspace)? >= LONGEST_QUEUE {
        return Err(StartRunError::QueueFull);
    }
    let number = tx.next_number(Sequence::Runs)?;
    let id = RunId::new(tx.now, tx.rng);
    let row = NewRunRow {
        id: &id,
        number,
        workspace,
        connection,
        trigger: new.trigger,
        actor: new.actor,
        output: &output,
        from_start: new.from_start,
        engine: if route.is_airbyte() { EngineKind::Airbyte } else { EngineKind::Local },
        now: tx.now,
    };
    if !row.insert(tx.conn)? {
        // Somebody else was faster; who that is can be seen now.
        let faster = store::going(tx.conn, workspace, connection)?;
        return Err(faster.map_or(StartRunError::SameMoment, |faster| StartRunError::Going(faster.id)));
    }
    Ok(Run::find(tx.conn, workspace, &id)?.ok_or(AppError::NotFound)?)
}

fn may_start(
    new: &NewRun<'_>,
    plan: &Plan,
    connector: &Connector,
    app: &App,
    route: &Route,
) -> Result<(), StartRunError> {
    let connection = new.connection;
    if connection.is_waiting() {
        return Err(StartRunError::Waiting);
    }
    if connection.state() != ConnectionState::Finalised || connection.kind != Kind::Source {
        return Err(StartRunError::NotFinalised);
    }
    let reads = app.engines.ability(connector).read;
    if !reads && !route.is_airbyte() {
        return Err(StartRunError::NothingReads(what_to_install(connector)));
    }
    if route.is_airbyte() && new.from_start {
        return Err(StartRunError::NotFromStart);
    }
    // What streams there are is known where something here can tell; else Airbyte reads all it finds.
    if reads && plan.enabled().next().is_none() { Err(StartRunError::NoStreams) } else { Ok(()) }
}

/// What an operator does so that records of this connector can be read here.
pub fn what_to_install(connector: &Connector) -> String {
    format!(
        "Nothing installed here can read records from {}. The operator can {}; or hand the source off to an engine of your own.",
        connector.name(),
        connector.how_to_install()
    )
}
