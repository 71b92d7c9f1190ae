//! Whoever comes by asks Airbyte how far a run is, and writes down what the answer is.

use std::sync::Arc;

use time::Duration;
use tokio::sync::watch;

use super::begin::{BegunJob, begin};
use super::store::{self, DueRun, Learned};
use super::{PATIENCE, PATIENCE_TO_BEGIN, RemoteRun, pause};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::RunId;
use crate::engines::airbyte_api::{AirbyteApi, AirbyteFault, AirbyteJob, AirbyteJobState};
use crate::engines::{Failure, FailureReason, Turn};
use crate::features::extraction_engine;
use crate::features::extraction_engine::objects::watch_holds;
use crate::features::work::ending::finish;
use crate::features::work::runs::records;
use crate::features::work::runs::store::{RunDetails, RunResult};
use crate::features::work::store::{Ending, WorkTable as _};
use crate::platform::app::App;
use crate::platform::jobs::{ClaimedTasks, Queue, Task, WorkState, run_queue_due, run_queue_until};
use crate::platform::tx::Tx;

/// Questions at the same time in one process: each waits for Airbyte, and costs nothing here.
const QUEUE: Queue = Queue { name: "airbyte_runs", at_once: 16, claim };
/// Making a source there takes no longer; after that another worker goes on with the run.
const BEGIN_LEASE: Duration = Duration::minutes(8);
/// A question takes no longer.
const LEASE: Duration = Duration::minutes(1);
/// Nothing is asked about later than this from now, whatever the clock says.
const FARTHEST: Duration = Duration::minutes(20);

/// Asks about every run whose time has come, once; says how many there were.
pub(in crate::features::work::runs) async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    run_queue_due(app, QUEUE).await
}

/// Asks until the channel says stop.
pub(in crate::features::work::runs) async fn run_until(app: Arc<App>, stopped: watch::Receiver<bool>) {
    run_queue_until(app, QUEUE, stopped).await;
}

fn claim(app: Arc<App>, room: usize) -> ClaimedTasks {
    Box::pin(async move {
        let (now, limit) = (app.clock.now(), i64::try_from(room).unwrap_or(0));
        if limit == 0 {
            return Ok(Vec::new());
        }
        watch_holds(&app).await?;
        let mut tasks: Vec<Task> = Vec::new();
        for run in app.db.read(move |conn| Ok(store::due(conn, now, now + FARTHEST, limit)?)).await? {
            let until = now + if run.remote_job.is_some() { LEASE } else { BEGIN_LEASE };
            let seen = run.clone();
            if app.write(move |tx| Ok(store::claim(tx.conn, &seen, until)?)).await? {
                tasks.push(Box::pin(look_after(Arc::clone(&app), run)));
            }
        }
        Ok(tasks)
    })
}

async fn look_after(app: Arc<App>, run: DueRun) {
    let id = run.id.clone();
    if let Err(error) = step(&app, run).await {
        tracing::error!(run = %id, error = %error, "a run of Airbyte cannot be looked after now; it is tried again");
    }
}

async fn step(app: &Arc<App>, mut run: DueRun) -> AppResult<()> {
    if run.state.is_over() {
        let id = run.id.clone();
        return app.write(move |tx| Ok(store::forget(tx.conn, &id)?)).await;
    }
    if run.state == WorkState::Queued {
        let id = run.id.clone();
        let taken = app.write(move |tx| Ok(RunDetails::claim(tx.conn, &id, tx.now)?)).await?;
        // Somebody stopped it at this moment: the next look finds that.
        let Some(taken) = taken else { return Ok(()) };
        run.started_at = taken.started_at;
    }
    let visit = Visit { app, remote: run.remote(), run };
    match visit.run.remote_job {
        None => visit.first().await,
        Some(job) => visit.next(job).await,
    }
}

/// One look at one run.
struct Visit<'a> {
    app: &'a Arc<App>,
    run: DueRun,
    remote: RemoteRun,
}

/// A line of a run's log.
struct Said {
    level: &'static str,
    text: String,
}

impl Visit<'_> {
    async fn first(mut self) -> AppResult<()> {
        if self.run.cancel_at.is_some() && self.remote.before.is_none() {
            return self.end(Ending::cancelled("Stopped before it began in Airbyte."), None, Vec::new()).await;
        }
        let mut lines = Vec::new();
        let begun = begin(self.app, &self.run, &mut lines).await?;
        let mut said: Vec<Said> = lines.into_iter().map(|text| Said { level: "warn", text }).collect();
        match begun {
            BegunJob::Job(remote, job) => {
                self.remote = remote;
                said.push(Said { level: "info", text: format!("Airbyte does it as its job {job}") });
                self.note(Some(job), None, said).await
            }
            BegunJob::Later(remote, words) => {
                self.remote = remote;
                if self.run.cancel_at.is_some() {
                    return self.end(Ending::cancelled("Stopped before Airbyte said that it began."), None, said).await;
                }
                self.wait(None, words, PATIENCE_TO_BEGIN).await
            }
            BegunJob::Failed(failure) => self.fail(failure, said).await,
        }
    }

    async fn next(self, job: i64) -> AppResult<()> {
        let workspace = self.run.workspace_id.clone();
        let setting = self.app.db.read(move |conn| Ok(extraction_engine::find(conn, &workspace)?)).await?;
        let Some(setting) = setting.filter(|set| set.place() == self.remote.place && set.has_secret()) else {
            let words =
                format!("The Airbyte that does it is not set here any more, so how its job {job} ends is not known.");
            return self.fail(Failure::new(FailureReason::NotPossible, words).on(Turn::Owner), Vec::new()).await;
        };
        let account = setting.account(&self.app.keys)?;
        let asked = async {
            let api = AirbyteApi::sign_in(&self.app.connector_http, &account).await?;
            if self.run.cancel_at.is_some() {
                // A job that is over cannot be cancelled any more: how it ended is asked next.
                match api.cancel_job(job).await {
                    Ok(()) | Err(AirbyteFault::Refused(_)) => {}
                    Err(fault) => return Err(fault),
                }
            }
            api.job(job).await
        };
        match asked.await {
            Ok(Some(found)) => self.hear(found).await,
            Ok(None) => {
                let words = format!("Airbyte does not know its job {job} any more, so how it ended is not known.");
                self.fail(Failure::new(FailureReason::EngineFailed, words), Vec::new()).await
            }
            Err(fault) => self.wait(Some(job), fault.words(), PATIENCE).await,
        }
    }

    /// What Airbyte says of the job.
    async fn hear(self, job: AirbyteJob) -> AppResult<()> {
        let said = |level| vec![Said { level, text: format!("Airbyte’s job {} {}", job.id, job.state.words()) }];
        match job.state {
            AirbyteJobState::Succeeded => {
                let place = format!("{}, destination {}", self.address(), self.remote.destination);
                let message = format!("{}, by job {} of Airbyte", records(job.records), job.id);
                self.end(Ending::success(message, RunResult { place }), Some(job), said("info")).await
            }
            AirbyteJobState::Failed => {
                let id = job.id;
                self.count(job).await?;
                let words = format!("Airbyte’s job {id} failed. Its log in Airbyte says why.");
                self.fail(Failure::new(FailureReason::EngineFailed, words), said("error")).await
            }
            AirbyteJobState::Cancelled => {
                let asked = self.run.cancel_at.is_some();
                let words = if asked { "Stopped as asked." } else { "Somebody stopped it in Airbyte." };
                self.end(Ending::cancelled(words), Some(job), said("warn")).await
            }
            AirbyteJobState::Pending
            | AirbyteJobState::Queued
            | AirbyteJobState::Running
            | AirbyteJobState::Incomplete => {
                self.count(job).await?;
                let level = if job.state == AirbyteJobState::Incomplete { "warn" } else { "info" };
                self.note(Some(job.id), None, said(level)).await
            }
        }
    }

    /// Where the public API begins.
    fn address(&self) -> &str {
        self.remote.place.split(' ').next().unwrap_or_default()
    }

    /// It cannot be asked about now: that is no end, until patience ends.
    async fn wait(self, job: Option<i64>, words: String, patience: Duration) -> AppResult<()> {
        let now = self.app.clock.now();
        let since = self.run.trouble_since.unwrap_or(now);
        if now - since >= patience {
            let whether = match job {
                Some(job) => format!("How its job {job} ends is not known."),
                None => "It was not begun, as far as anybody knows.".to_owned(),
            };
            let failure = Failure::new(FailureReason::EngineFailed, format!("{words} {whether}"));
            return self.fail(failure.on(Turn::Provider), Vec::new()).await;
        }
        let said = vec![Said { level: "warn", text: words.clone() }];
        self.note(job, Some((words, since)), said).await
    }

    async fn count(&self, job: AirbyteJob) -> AppResult<()> {
        let id = self.run.id.clone();
        self.app.write(move |tx| Ok(store::count(tx.conn, &id, job.records, job.bytes)?)).await
    }

    /// Writes down how it stands, and when it is asked about again.
    async fn note(self, job: Option<i64>, trouble: Option<(String, UtcTime)>, said: Vec<Said>) -> AppResult<()> {
        let now = self.app.clock.now();
        let since = trouble.as_ref().map(|(_, since)| *since).or(self.run.started_at).unwrap_or(now);
        // A wish to stop is passed on soon.
        let soon = self.run.cancel_at.is_some() && trouble.is_none();
        let next = now + if soon { Duration::seconds(5) } else { pause(since, now) };
        let (id, learned) = (self.run.id, Learned { remote: self.remote, job, poll_at: Some(next), trouble });
        self.app
            .write(move |tx| {
                store::note(tx.conn, &id, &learned)?;
                write_lines(tx, &id, &said)
            })
            .await
    }

    async fn fail(self, failure: Failure, mut said: Vec<Said>) -> AppResult<()> {
        said.push(Said { level: "error", text: failure.message.clone() });
        self.end(Ending::of_failure(failure), None, said).await
    }

    /// Ends it, unless it is over: of two who hear of its end one writes it down.
    async fn end(self, ending: Ending<RunDetails>, job: Option<AirbyteJob>, said: Vec<Said>) -> AppResult<()> {
        let DueRun { id, workspace_id, remote_job, .. } = self.run;
        let learned = Learned { remote: self.remote, job: remote_job, poll_at: None, trouble: None };
        self.app
            .write(move |tx| {
                let run = RunDetails::find(tx.conn, &workspace_id, &id)?.ok_or(AppError::NotFound)?;
                if run.state.is_over() {
                    return Ok(store::forget(tx.conn, &id)?);
                }
                if let Some(job) = job {
                    store::count(tx.conn, &id, job.records, job.bytes)?;
                }
                store::note(tx.conn, &id, &learned)?;
                write_lines(tx, &id, &said)?;
                finish(tx, &run, &ending).map(|_| ())
            })
            .await
    }
}

fn write_lines(tx: &mut Tx<'_>, id: &RunId, said: &[Said]) -> AppResult<()> {
    for one in said {
        if let Some(line) = store::line(tx.conn, id, tx.now, one.level, &one.text)? {
            RunDetails::append(tx.conn, id, &[line])?;
        }
    }
    Ok(())
}
