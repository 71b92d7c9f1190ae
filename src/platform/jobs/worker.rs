//! Claim, commit, work, record; each lane by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use super::ended::JobEnd;
use super::store::{self, JobFailure, JobRow};
use super::{LEASE, Lane, MOST_ATTEMPTS, Outcome, Registry, backoff};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::JobId;
use crate::platform::app::App;

const AT_ONCE: usize = 20;
const PAUSE: Duration = Duration::from_secs(1);
/// What is under way when the server stops has this long to end; what has not by then is done again when its lease is over.
const GRACE: Duration = Duration::from_secs(5);

/// Does everything that is due now, once, lane after lane; says how many jobs were tried.
///
/// # Errors
/// The database cannot be asked; a job that fails is no error here.
pub async fn run_due(app: &Arc<App>, registry: &Registry) -> AppResult<usize> {
    let now = app.clock.now();
    app.db.write(move |conn| Ok(store::pull_in(conn, now)?)).await?;
    let mut tried = 0;
    for lane in Lane::ALL {
        release_lost(app, *lane, &[]).await?;
        let due = app.db.read(move |conn| Ok(store::due(conn, *lane, AT_ONCE, now)?)).await?;
        for id in due {
            if let Some(row) = claim(app, id).await? {
                work(app, registry, row).await?;
                tried += 1;
            }
        }
    }
    Ok(tried)
}

/// Works at every lane until the channel says stop; looks for jobs every second.
pub async fn run_until(app: &Arc<App>, registry: &Registry, stopped: watch::Receiver<bool>) {
    let lanes = Lane::ALL.iter().map(|lane| LanePool::new(*lane).run(app, registry, stopped.clone()));
    futures_util::future::join_all(lanes).await;
}

/// Makes free what a worker has claimed and not brought to an end for as long as this process watches: it died. What `ours` names is done
/// here, however long it takes.
async fn release_lost(app: &Arc<App>, lane: Lane, ours: &[JobId]) -> AppResult<()> {
    let held = app.db.read(move |conn| Ok(store::held(conn, lane)?)).await?;
    let (at, limit) = (app.clock.monotonic(), LEASE.unsigned_abs());
    let mut lost = app.lease_watch.look_at_claims(lane.as_str(), held, JobRow::claim_name, at, limit);
    lost.retain(|row| !ours.contains(&row.id));
    if lost.is_empty() {
        return Ok(());
    }
    app.db.write(move |conn| Ok(lost.iter().try_for_each(|row| store::release(conn, row))?)).await
}

async fn claim(app: &Arc<App>, id: JobId) -> AppResult<Option<JobRow>> {
    let now = app.clock.now();
    app.db.write(move |conn| Ok(store::claim(conn, &id, now)?)).await
}

/// The jobs of a lane that are under way.
struct LanePool {
    lane: Lane,
    tasks: JoinSet<()>,
    /// Which job each of them does.
    ids: HashMap<Id, JobId>,
    /// The latest moment this lane has seen.
    seen: Option<UtcTime>,
}

impl LanePool {
    fn new(lane: Lane) -> Self {
        Self { lane, tasks: JoinSet::new(), ids: HashMap::new(), seen: None }
    }

    async fn run(mut self, app: &Arc<App>, registry: &Registry, mut stopped: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.fill(app, registry).await {
                tracing::error!(error = %error, lane = self.lane.as_str(), "the worker cannot look for jobs");
            }
            tokio::select! {
                // An error means that the sender is gone: that is a stop, too.
                _ = stopped.wait_for(|stop| *stop) => break,
                () = self.one_done(), if !self.tasks.is_empty() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        let rest = async {
            while !self.tasks.is_empty() {
                self.one_done().await;
            }
        };
        if tokio::time::timeout(GRACE, rest).await.is_err() {
            self.tasks.shutdown().await;
        }
    }

    /// Takes what is due and fits.
    async fn fill(&mut self, app: &Arc<App>, registry: &Registry) -> AppResult<()> {
        self.mind_the_clock(app).await?;
        let ours: Vec<JobId> = self.ids.values().cloned().collect();
        release_lost(app, self.lane, &ours).await?;
        let room = self.lane.places().saturating_sub(self.tasks.len());
        if room == 0 {
            return Ok(());
        }
        let (lane, now) = (self.lane, app.clock.now());
        let due = app.db.read(move |conn| Ok(store::due(conn, lane, room, now)?)).await?;
        for id in due {
            let Some(row) = claim(app, id.clone()).await? else { continue };
            let (app, registry) = (Arc::clone(app), registry.clone());
            let task = self.tasks.spawn(async move {
                if let Err(error) = work(&app, &registry, row).await {
                    tracing::error!(error = %error, "a job cannot be recorded; its lease will end");
                }
            });
            self.ids.insert(task.id(), id);
        }
        Ok(())
    }

    /// At the start, and whenever the clock went back, what waits for a moment that will not come soon is called in.
    async fn mind_the_clock(&mut self, app: &Arc<App>) -> AppResult<()> {
        let now = app.clock.now();
        if self.seen.is_none_or(|seen| now < seen) {
            app.db.write(move |conn| Ok(store::pull_in(conn, now)?)).await?;
        }
        self.seen = Some(now);
        Ok(())
    }

    async fn one_done(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return,
        };
        self.ids.remove(&id);
    }
}

/// Does a job that is ours, and writes down what it came to.
async fn work(app: &Arc<App>, registry: &Registry, row: JobRow) -> AppResult<()> {
    let ended = guarded(perform(Arc::clone(app), registry.clone(), row.clone())).await;
    record(app, registry, row, ended).await
}

/// A job that panics has failed; the worker goes on.
async fn guarded(job: impl Future<Output = JobEnd> + Send + 'static) -> JobEnd {
    // Whoever drops the future ends the job with it: no task goes on behind the back of a worker that was stopped.
    let mut task = JoinSet::new();
    task.spawn(job);
    match task.join_next().await {
        Some(Ok(ended)) => ended,
        _ => Outcome::Retry { reason: "it panicked; the log says where".to_owned() }.into(),
    }
}

async fn perform(app: Arc<App>, registry: Registry, row: JobRow) -> JobEnd {
    let Some(kind) = registry.find(&row.kind) else {
        return Outcome::GiveUp { reason: format!("no job is called {}", row.kind) }.into();
    };
    // A claim counts as a try, so this many workers took it and none of them lived to say how it went.
    if row.attempts > MOST_ATTEMPTS && !kind.recurs {
        return Outcome::GiveUp { reason: "none of its tries came to an end".to_owned() }.into();
    }
    let name = row.kind.clone();
    let Some(work) = kind.start(row, app) else {
        return Outcome::GiveUp { reason: format!("the payload of {name} cannot be read") }.into();
    };
    work.await.unwrap_or_else(|error| Outcome::Retry { reason: error.to_string() }.into())
}

async fn record(app: &Arc<App>, registry: &Registry, row: JobRow, ended: JobEnd) -> AppResult<()> {
    let kind = registry.find(&row.kind);
    let recurs = kind.is_some_and(|kind| kind.recurs);
    let given_up = row.attempts >= MOST_ATTEMPTS && !recurs;
    let wait = if recurs { backoff(row.attempts).min(time::Duration::MINUTE) } else { backoff(row.attempts) };
    let JobEnd { outcome, noting, mut subject, shown_receiver } = ended;
    let Some(outcome) = outcome else { return Ok(()) };
    if let Outcome::Retry { reason } | Outcome::GiveUp { reason } = &outcome {
        tracing::warn!(job = %row.id, kind = %row.kind, attempt = row.attempts, reason = %reason, "a job failed");
    }
    app.write(move |tx| {
        let (now, reason) = (
            tx.now,
            match outcome {
                Outcome::Done => {
                    noting.map_or(Ok(()), |noting| noting(tx))?;
                    return Ok(store::delete(tx.conn, &row.id)?);
                }
                Outcome::Again { after } => {
                    let after = after.try_into().unwrap_or(time::Duration::MINUTE);
                    return Ok(store::reset(tx.conn, &row, after, tx.now)?);
                }
                Outcome::Retry { reason } if !given_up => {
                    return Ok(store::postpone(tx.conn, &row, wait, &reason, tx.now)?);
                }
                Outcome::Retry { reason } | Outcome::GiveUp { reason } => reason,
            },
        );
        if let (None, Some(kind)) = (&subject, kind) {
            subject = kind.subject(&row, tx.conn)?;
        }
        let failure = JobFailure { reason: &reason, subject: subject.as_ref(), shown_receiver: &shown_receiver };
        Ok(store::fail(tx.conn, &row, &failure, now)?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_tried_again() {
        let ended = guarded(async { panic!("broken") }).await;
        assert!(matches!(ended.outcome, Some(Outcome::Retry { reason }) if !reason.contains("broken")));
        assert_eq!(guarded(async { Outcome::Done.into() }).await.outcome, Some(Outcome::Done));
    }
}
