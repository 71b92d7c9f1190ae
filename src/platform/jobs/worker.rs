//! Claim, commit, work, record.

use std::sync::Arc;
use std::time::Duration;

use super::store::{self, JobRow};
use super::{MOST_ATTEMPTS, Outcome, Registry, backoff};
use crate::base::error::AppResult;
use crate::platform::app::App;

const AT_ONCE: i64 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// Does everything that is due now, once; says how many jobs were tried.
///
/// # Errors
/// The database cannot be asked; a job that fails is no error here.
pub async fn run_due(app: &Arc<App>, registry: &Registry) -> AppResult<usize> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| Ok(store::due(conn, now, AT_ONCE)?)).await?;
    let mut tried = 0;
    for id in due {
        if let Some(row) = app.db.write(move |conn| Ok(store::claim(conn, &id, now)?)).await? {
            let outcome = guarded(perform(Arc::clone(app), registry.clone(), row.clone())).await;
            record(app, registry, row, outcome).await?;
            tried += 1;
        }
    }
    Ok(tried)
}

/// Works until `stop` resolves; looks for jobs every second.
pub async fn run_until(app: &Arc<App>, registry: &Registry, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        match run_due(app, registry).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(error = %error, "the worker cannot look for jobs"),
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// A job that panics has failed; the worker goes on.
async fn guarded(job: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    let ended = tokio::task::spawn(job).await;
    ended.unwrap_or_else(|_| Outcome::Retry { reason: "it panicked; the log says where".to_owned() })
}

async fn perform(app: Arc<App>, registry: Registry, row: JobRow) -> Outcome {
    let Some(kind) = registry.find(&row.kind) else {
        return Outcome::GiveUp { reason: format!("no job is called {}", row.kind) };
    };
    // A claim counts as a try, so this many workers took it and none of them lived to say how it went.
    if row.attempts > MOST_ATTEMPTS && !kind.recurs {
        return Outcome::GiveUp { reason: "none of its tries came to an end".to_owned() };
    }
    let Some(work) = kind.start(&row.kind, &row.payload, app) else {
        return Outcome::GiveUp { reason: format!("the payload of {} cannot be read", row.kind) };
    };
    work.await.unwrap_or_else(|error| Outcome::Retry { reason: error.to_string() })
}

async fn record(app: &Arc<App>, registry: &Registry, row: JobRow, outcome: Outcome) -> AppResult<()> {
    let now = app.clock.now();
    let recurs = registry.find(&row.kind).is_some_and(|kind| kind.recurs);
    let given_up = row.attempts >= MOST_ATTEMPTS && !recurs;
    let wait = if recurs { backoff(row.attempts).min(time::Duration::MINUTE) } else { backoff(row.attempts) };
    if let Outcome::Retry { reason } | Outcome::GiveUp { reason } = &outcome {
        tracing::warn!(job = %row.id, kind = %row.kind, attempt = row.attempts, reason = %reason, "a job failed");
    }
    app.db
        .write(move |conn| {
            match outcome {
                Outcome::Done => store::delete(conn, &row.id)?,
                Outcome::Again { after } => {
                    store::reset(conn, &row.id, now + after.try_into().unwrap_or(time::Duration::MINUTE))?
                }
                Outcome::Retry { reason } if given_up => store::fail(conn, &row.id, now, &reason)?,
                Outcome::Retry { reason } => store::postpone(conn, &row.id, now + wait, Some(&reason))?,
                Outcome::GiveUp { reason } => store::fail(conn, &row.id, now, &reason)?,
            }
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_tried_again() {
        let outcome = guarded(async { panic!("broken") }).await;
        assert!(matches!(outcome, Outcome::Retry { reason } if !reason.contains("broken")));
        assert_eq!(guarded(async { Outcome::Done }).await, Outcome::Done);
    }
}
