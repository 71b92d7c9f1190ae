//! How a run ends: its records are there for everybody, then one transaction saves the state, the row and the timeline.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::desk::{Desk, Waited};
use super::files;
use super::sink::{Fault, Output};
use super::store::{self, End, Run, StreamCount, Tally};
use super::worker::About;
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::engines::{Blame, Failure, ReadEnd};
use crate::features::connections;
use crate::features::outputs::FILES;
use crate::features::streams::StreamChoice;
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::jobs::{INTERRUPTED, INTERRUPTED_REASON, WorkState};
use crate::platform::tx::Tx;

pub(super) const NO_PLACE: &str =
    "The server cannot write into its data folder. Its operator finds the reason in the log.";

#[derive(Serialize)]
struct ManifestStream<'a> {
    file: String,
    #[serde(flatten)]
    count: &'a StreamCount,
    #[serde(flatten)]
    choice: &'a StreamChoice,
}

#[derive(Serialize)]
struct Manifest<'a> {
    run: &'a str,
    source: &'a str,
    connector: &'a str,
    started_at: String,
    ended_at: String,
    streams: Vec<ManifestStream<'a>>,
    /// Where the next incremental run starts from.
    state: Option<&'a Value>,
}

/// Ends a run whose records have no place to go.
pub(super) async fn broken(mut desk: Desk, output: &Output, fault: Fault) -> AppResult<()> {
    desk.say("error", &fault.message);
    fail(desk, output, ("output_failed", fault.blame.as_str()), &fault.message, WorkState::Failed).await
}

/// Ends a run that somebody wanted to stop.
pub(super) async fn stopped(mut desk: Desk, output: &Output) -> AppResult<()> {
    desk.say("warn", "Stopped as asked; the records read so far are dropped.");
    fail(desk, output, ("cancelled", Blame::Stopped.as_str()), "Stopped as asked.", WorkState::Cancelled).await
}

/// Records how reading ended.
pub(super) async fn settle(mut desk: Desk, about: &About, outcome: Result<ReadEnd, Failure>) -> AppResult<()> {
    if let Some(fault) = desk.broken.take() {
        return broken(desk, &about.output, fault).await;
    }
    match outcome {
        Ok(end) => {
            for index in &end.incomplete {
                if let Some(count) = desk.tally.streams.get_mut(*index) {
                    count.incomplete = true;
                    let name = count.stream.clone();
                    desk.say("warn", &format!("{name} could not be read to the end"));
                }
            }
            if let Some(sentence) = half_a_table(about, &end.incomplete) {
                desk.say("error", &sentence);
                let why = ("not_read_whole", Blame::Moment.as_str());
                return fail(desk, &about.output, why, &sentence, WorkState::Failed).await;
            }
            succeed(desk, about, end.incomplete).await
        }
        Err(failure) if failure.blame == Blame::Stopped => stopped(desk, &about.output).await,
        Err(failure) => {
            if let Some(detail) = &failure.detail {
                desk.say("debug", detail);
            }
            desk.say("error", &failure.message);
            let why = (failure.reason.as_str(), failure.blame.as_str());
            fail(desk, &about.output, why, &failure.message, WorkState::Failed).await
        }
    }
}

/// Why the run cannot count: records that began anew and broke off would take the place of a table that is whole.
fn half_a_table(about: &About, incomplete: &[usize]) -> Option<String> {
    let at_stake = |index: &&usize| about.begins_anew(**index);
    let choice = incomplete.iter().find(at_stake).and_then(|index| about.choices.get(*index))?;
    Some(format!(
        "{} was read from the beginning, but not to its end, so nothing was written: its table {} stays as it was. Try again; the \
         log says what the connector met.",
        choice.full_name(),
        choice.table_name
    ))
}

async fn succeed(mut desk: Desk, about: &About, incomplete: Vec<usize>) -> AppResult<()> {
    let now = desk.app.clock.now();
    let manifest = serde_json::to_value(manifest(&desk, about, now)).map_err(AppError::internal)?;
    // Without a place for records somebody has stopped the run while it was written to.
    let Some(sink) = desk.sink.take() else { return stopped(desk, &about.output).await };
    let mut ready = match desk.beside(sink.prepare(manifest, incomplete)).await? {
        Waited::Done(Ok(ready)) => ready,
        Waited::Done(Err(fault)) => return broken(desk, &about.output, fault).await,
        Waited::Stopped => return stopped(desk, &about.output).await,
        Waited::Lost => {
            about.output.forget(&desk.app.config.storage.data_dir);
            return Ok(());
        }
    };
    ready.notes().iter().for_each(|note| desk.say("info", note));
    if !desk.keep().await? {
        about.output.forget(&desk.app.config.storage.data_dir);
        return Ok(());
    }
    if let Err(fault) = ready.commit().await {
        return broken(desk, &about.output, fault).await;
    }
    let words = in_words(&desk.tally);
    desk.say("info", &format!("Done: {words}"));
    desk.keep().await?;
    write_down(desk, &about.output, words).await
}

/// Calls it a success, with everything that follows from it.
async fn write_down(mut desk: Desk, output: &Output, message: String) -> AppResult<()> {
    let (app, run, state) = (Arc::clone(&desk.app), desk.run.clone(), desk.state.take());
    let place = output.place().to_owned();
    let ours = app
        .write(move |tx| {
            let end = End { state: WorkState::Success, reason: None, blame: None, message: &message, place: &place };
            if !store::end(tx.conn, &run.id, &end, tx.now)? {
                return Ok(false);
            }
            if let Some(state) = &state {
                store::save_sync_state(tx.conn, &run, state, tx.now)?;
            }
            note(tx, &run, Event::RunSucceeded, &message)?;
            Ok(true)
        })
        .await?;
    if !ours {
        output.forget(&app.config.storage.data_dir);
    }
    Ok(())
}

fn manifest<'a>(desk: &'a Desk, about: &'a About, now: UtcTime) -> Manifest<'a> {
    let streams = desk.tally.streams.iter().zip(&about.choices).map(|(count, choice)| ManifestStream {
        file: files::file_name(&count.table),
        count,
        choice,
    });
    Manifest {
        run: desk.run.id.as_str(),
        source: &about.connection.slug,
        connector: &about.connection.connector_slug,
        started_at: desk.run.started_at.map(UtcTime::iso).unwrap_or_default(),
        ended_at: now.iso(),
        streams: streams.collect(),
        state: desk.state.as_ref(),
    }
}

/// "1204 records of 2 streams".
pub(super) fn in_words(tally: &Tally) -> String {
    let records = tally.records();
    let streams = tally.streams.len();
    let first = super::records(records);
    let second = if streams == 1 { "1 stream".to_owned() } else { format!("{streams} streams") };
    format!("{first} of {second}")
}

async fn fail(
    mut desk: Desk,
    output: &Output,
    (reason, blame): (&'static str, &'static str),
    message: &str,
    state: WorkState,
) -> AppResult<()> {
    desk.keep().await?;
    drop(desk.sink.take());
    output.forget(&desk.app.config.storage.data_dir);
    end_badly(&desk.app, &desk.run, (reason, blame), message, state).await
}

async fn end_badly(
    app: &Arc<App>,
    run: &Run,
    (reason, blame): (&'static str, &'static str),
    message: &str,
    state: WorkState,
) -> AppResult<()> {
    let (run, message) = (run.clone(), message.to_owned());
    app.write(move |tx| {
        let end = End { state, reason: Some(reason), blame: Some(blame), message: &message, place: "" };
        if store::end(tx.conn, &run.id, &end, tx.now)? && state == WorkState::Failed {
            note(tx, &run, Event::RunFailed, &message)?;
        }
        Ok(())
    })
    .await
}

/// Ends one that could not even begin.
pub(super) async fn refuse(app: &Arc<App>, run: &Run, sentence: &str) -> AppResult<()> {
    end_badly(app, run, ("not_possible", Blame::Operator.as_str()), sentence, WorkState::Failed).await
}

/// Ends those whose worker has died, and takes away what they had written.
pub(super) async fn end_abandoned(app: &Arc<App>) -> AppResult<()> {
    let now = app.clock.now();
    let abandoned = app.db.read(move |conn| Ok(store::abandoned(conn, now)?)).await?;
    for run in abandoned {
        let (workspace, id) = (run.workspace_id.clone(), run.connection_id.clone());
        let found = app.db.read(move |conn| Ok(connections::find_by_id(conn, &workspace, &id)?)).await?;
        let lost = run.clone();
        app.write(move |tx| end_lost(tx, &lost)).await?;
        if let Some(connection) = found {
            forget_lost(&run, &connection.slug, &app.config.storage.data_dir);
        }
    }
    Ok(())
}

/// Ends one whose worker has died.
pub(super) fn end_lost(tx: &mut Tx<'_>, run: &Run) -> AppResult<()> {
    let (reason, blame) = (Some(INTERRUPTED_REASON), Some(Blame::Moment.as_str()));
    let end = End { state: WorkState::Failed, reason, blame, message: INTERRUPTED, place: "" };
    if store::end(tx.conn, &run.id, &end, tx.now)? {
        note(tx, run, Event::RunFailed, INTERRUPTED)?;
    }
    Ok(())
}

/// Takes away what it had written.
pub(super) fn forget_lost(run: &Run, source: &str, data_dir: &Path) {
    if run.output_layer == FILES {
        files::forget(data_dir, &files::place(run.workspace_id.as_str(), source, run.id.as_str()));
    }
}

fn note(tx: &mut Tx<'_>, run: &Run, event: Event, detail: &str) -> AppResult<()> {
    let entry = Entry {
        workspace: &run.workspace_id,
        connection: Some(&run.connection_id),
        setup_link: None,
        event,
        actor: Actor::System,
        detail,
    };
    tx.record(&entry)
}
