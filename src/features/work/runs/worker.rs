//! What a run does: open the output, read into it, record how it ended.

use std::sync::Arc;

use tokio::sync::watch;

use super::input::RunInput;
use super::intake::RunIntake;
use super::record::{self, Reading};
use super::store::{Run, RunDetails};
use super::{TIME_LIMIT, files, remote, schedule};
use crate::base::error::AppResult;
use crate::connectors::Kind;
use crate::engines::{FailureReason, ReadEnd};
use crate::features::connections;
use crate::features::work::WorkKind;
use crate::features::work::connector_config::AskError;
use crate::features::work::store::Ending;
use crate::features::work::supervisor::{ConnectorSide, Supervisor, Waited};
use crate::features::work::{ending, worker};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::jobs::WorkState;
use crate::platform::tx::Tx;

/// Does every run that waits or is due by the clock, once; says how many there were.
///
/// # Errors
/// The database cannot be asked; a run that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    Ok(worker::run_due::<RunDetails>(app).await? + remote::run_due(app).await?)
}

/// Looks at all runs that go on; gives those whose worker was lost, as they are seen now.
///
/// # Errors
/// The database cannot be asked.
pub async fn lost(app: &Arc<App>) -> AppResult<Vec<Run>> {
    ending::lost::<RunDetails>(app).await
}

/// Ends a run whose worker was lost, unless the worker has shown a sign since.
///
/// # Errors
/// The database refuses.
pub async fn end_lost(app: &Arc<App>, run: &Run) -> AppResult<()> {
    ending::end_lost(app, run).await
}

/// Works until the channel says stop.
pub async fn run_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    let beside = remote::run_until(Arc::clone(&app), stopped.clone());
    tokio::join!(worker::run_until::<RunDetails>(app, stopped), beside);
}

impl WorkKind for RunDetails {
    const NAME: &'static str = "runs";
    const AT_ONCE: usize = 4;
    const MOST_LINES: i32 = 5_000;

    async fn queue_due(app: &Arc<App>) -> AppResult<()> {
        schedule::queue_due(app).await
    }

    async fn perform(app: Arc<App>, run: Run) -> AppResult<()> {
        let Some(mut input) = worker::prepared(&app, &run, RunInput::read).await? else { return Ok(()) };
        let loading = input.loading(&run);
        let version = Some(input.connection.version);
        let (mut supervisor, side) = Supervisor::new(&app, run, input.no_counts(), version);
        let opened = supervisor.beside(input.output.open(&app, input.tables(), loading)).await?;
        input.output.note_host_key(&app, &supervisor.work.workspace_id).await?;
        let mut sink = match opened {
            Waited::Done(Ok(sink)) => sink,
            Waited::Done(Err(fault)) => return record::broken(supervisor, &input.output, fault).await,
            Waited::Stopped => return record::stopped(supervisor, &input.output).await,
            Waited::Lost => {
                input.output.forget(&app.config.storage.data_dir);
                return Ok(());
            }
        };
        sink.notes().iter().for_each(|note| supervisor.say("warn", note));
        input.fit(&mut sink);
        supervisor.say("info", &input.greeting());
        for (stream, restart) in input.position.notes() {
            supervisor.say("info", &format!("{stream} is read from the beginning, because {}.", restart.reason()));
        }
        let mut intake = RunIntake::new(sink);
        match supervisor.attend(&mut intake, read(&app, &input, side)).await? {
            Some(outcome) => Reading { supervisor, intake, input: &input }.settle(outcome).await,
            None => {
                input.output.forget(&app.config.storage.data_dir);
                Ok(())
            }
        }
    }

    fn ended(tx: &mut Tx<'_>, run: &Run, ending: &Ending<Self>) -> AppResult<()> {
        let event = match ending.state {
            WorkState::Success => Event::RunSucceeded,
            WorkState::Partial => Event::RunPartial,
            WorkState::Failed => Event::RunFailed,
            _ => return Ok(()),
        };
        tx.record(&Entry {
            workspace: &run.workspace_id,
            connection: Some(&run.connection_id),
            setup_link: None,
            event,
            actor: Actor::System,
            detail: &ending.message,
        })?;
        let of_destination = ending.failure.as_ref().filter(|one| one.reason == FailureReason::DestinationFailed);
        if of_destination.is_some() { tell_destination(tx, run, &ending.message) } else { Ok(()) }
    }

    async fn clear_away(app: &Arc<App>, run: &Run) -> AppResult<()> {
        let (workspace, id) = (run.workspace_id.clone(), run.connection_id.clone());
        let found = app.db.read(move |conn| Ok(connections::find_by_id(conn, &workspace, &id)?)).await?;
        if let Some(connection) = found {
            files::forget_run(&app.config.storage.data_dir, run, &connection.slug);
        }
        Ok(())
    }
}

/// Writes down with the destination that records could not go there: whoever looks after it is not always whoever looks after the source.
fn tell_destination(tx: &mut Tx<'_>, run: &Run, message: &str) -> AppResult<()> {
    let output = run.details.output();
    let Some(slug) = output.destination() else { return Ok(()) };
    let workspace = &run.workspace_id;
    let found = connections::find_of_kind(tx.conn, workspace, Kind::Destination, slug)?;
    let (Some(destination), Some(source)) = (found, connections::find_by_id(tx.conn, workspace, &run.connection_id)?)
    else {
        return Ok(());
    };
    let detail = format!("{}: {message}", source.description);
    tx.record(&Entry {
        workspace,
        connection: Some(&destination.id),
        setup_link: None,
        event: Event::DestinationFailed,
        actor: Actor::System,
        detail: &detail,
    })
}

/// Reads with tokens that live.
async fn read(app: &App, input: &RunInput, side: ConnectorSide) -> Result<ReadEnd, AskError> {
    let config = side.config(app, &input.connection, &input.connector, None, input.values.clone()).await?;
    let request = side.request(&input.connection, &input.connector, &config, TIME_LIMIT);
    Ok(app.engines.read(&request, &input.chosen, input.position.state.as_ref()).await?)
}
