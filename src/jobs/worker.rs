//! Claim, commit, work, record.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::store::{self, JobRow};
use super::{Job, MOST_ATTEMPTS, Outcome, backoff};
use crate::app::App;
use crate::error::AppResult;
use crate::{accounts, connections, idempotency, invite_links, oauth, runs, setup_links, validations, webhooks};

const AT_ONCE: i64 = 20;
/// Connections of before there was a search by words that a sweep catches up with.
const WORDS_AT_ONCE: i64 = 500;
const PAUSE: Duration = Duration::from_secs(1);
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Does everything that is due now, once; says how many jobs were tried.
///
/// # Errors
/// The database cannot be asked; a job that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| Ok(store::due(conn, now, AT_ONCE)?)).await?;
    let mut tried = 0;
    for id in due {
        if let Some(row) = app.db.write(move |conn| Ok(store::claim(conn, &id, now)?)).await? {
            let outcome = guarded(perform(Arc::clone(app), row.clone())).await;
            record(app, row, outcome).await?;
            tried += 1;
        }
    }
    Ok(tried)
}

/// Works until `stop` resolves, jobs and webhooks side by side; looks for work every second.
pub async fn run_until(app: Arc<App>, stop: impl Future<Output = ()>) {
    let (tell, told) = watch::channel(false);
    let jobs = async {
        run_jobs_until(&app, stop).await;
        // Without a receiver the webhooks have stopped already.
        let _ = tell.send(true);
    };
    tokio::join!(
        jobs,
        webhooks::run_until(Arc::clone(&app), told.clone()),
        validations::run_until(Arc::clone(&app), told.clone()),
        runs::run_until(Arc::clone(&app), told),
    );
}

async fn run_jobs_until(app: &Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        match run_due(app).await {
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

async fn perform(app: Arc<App>, row: JobRow) -> Outcome {
    let Some(job) = Job::read(&row.kind, &row.payload) else {
        return Outcome::GiveUp { reason: format!("no job is called {}", row.kind) };
    };
    // A claim counts as a try, so this many workers took it and none of them lived to say how it went.
    if row.attempts > MOST_ATTEMPTS && !job.recurs() {
        return Outcome::GiveUp { reason: "none of its tries came to an end".to_owned() };
    }
    let done = match job {
        Job::SubmissionMail(link) => setup_links::send_submission_mail(&app, link).await,
        Job::AccountMail(link) => accounts::send_account_mail(&app, link).await,
        Job::WebhookGaveUpMail(delivery) => webhooks::send_gave_up_mail(&app, delivery).await,
        Job::InviteLinkMail(notice, link) => invite_links::send_notice(&app, notice, link).await,
        Job::RenewGrant(grant) => oauth::grants::refresh_by_job(&app, grant).await,
        Job::GiveBackGrant(grant) => oauth::grants::give_back(&app, grant).await,
        Job::ReconnectMail(grant) => oauth::grants::send_reconnect_mail(&app, grant).await,
        Job::Sweep => sweep(&app).await,
    };
    done.unwrap_or_else(|error| Outcome::Retry { reason: error.to_string() })
}

async fn sweep(app: &Arc<App>) -> AppResult<Outcome> {
    setup_links::sweep(app).await?;
    invite_links::sweep(app).await?;
    accounts::sweep(app).await?;
    webhooks::sweep(app).await?;
    let (now, rng) = (app.clock.now(), app.rng.clone());
    app.db
        .write(move |conn| {
            connections::note_some_words(conn, WORDS_AT_ONCE)?;
            idempotency::sweep(conn, now)?;
            oauth::sign_ins::sweep(conn, now)?;
            oauth::grants::sweep(conn, now, &rng)
        })
        .await?;
    Ok(Outcome::Again { after: SWEEP_EVERY })
}

async fn record(app: &Arc<App>, row: JobRow, outcome: Outcome) -> AppResult<()> {
    let now = app.clock.now();
    let recurs = Job::read(&row.kind, &row.payload).is_some_and(|job| job.recurs());
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
