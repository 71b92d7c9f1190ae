//! Who works at what: the jobs of every feature, the sweep that comes round, and the queues of webhooks, validations and runs beside them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::base::error::AppResult;
use crate::console::retention;
use crate::features::work::{runs, validations};
use crate::features::{
    accounts, catalogue, connections, extraction_engine, idempotency, installs, invite_links, oauth, setup_links,
    webhooks,
};
use crate::platform::app::App;
use crate::platform::db::{counts, dialect};
use crate::platform::jobs::{self, BackgroundJob, Job, Outcome, Registry};

/// Connections of before there was a search by words that a sweep catches up with.
const WORDS_AT_ONCE: i64 = 500;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// When nothing is left to forget.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// Every kind of job there is.
pub fn registry() -> Registry {
    let features = [
        accounts::jobs,
        extraction_engine::jobs,
        invite_links::jobs,
        oauth::jobs,
        runs::jobs,
        setup_links::jobs,
        webhooks::jobs,
    ];
    features
        .into_iter()
        .fold(Registry::default().with::<Sweep>().with::<RetentionSweep>(), |registry, jobs| jobs(registry))
}

/// Does every job that is due now, once; says how many were tried.
///
/// # Errors
/// The database cannot be asked; a job that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    jobs::run_due(app, &registry()).await
}

/// Works until `stop` resolves, jobs, webhooks, validations, runs and installations side by side; the folder of connector files is watched meanwhile.
pub async fn run_until(app: Arc<App>, stop: impl Future<Output = ()>) {
    let (tell, told) = watch::channel(false);
    let stop = async {
        stop.await;
        // Without a receiver the others have stopped already.
        let _ = tell.send(true);
    };
    let registry = registry();
    tokio::join!(
        stop,
        jobs::run_until(&app, &registry, told.clone()),
        webhooks::run_until(Arc::clone(&app), told.clone()),
        validations::run_until(Arc::clone(&app), told.clone()),
        runs::run_until(Arc::clone(&app), told.clone()),
        installs::run_until(Arc::clone(&app), told.clone()),
        oauth::grants::watch_until(Arc::clone(&app), told.clone()),
        catalogue::watch_until(Arc::clone(&app), told),
    );
}

/// Notes what has expired and deletes what is over; every minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep;

impl Job for Sweep {
    const KINDS: &'static [&'static str] = &["sweep"];
    const RECURS: bool = true;

    fn kind(&self) -> &'static str {
        "sweep"
    }

    fn payload(&self) -> &str {
        ""
    }

    fn read(_: &str, _: &str) -> Option<Self> {
        Some(Self)
    }
}

impl BackgroundJob for Sweep {
    async fn perform(self, app: Arc<App>) -> AppResult<Outcome> {
        setup_links::sweep(&app).await?;
        invite_links::sweep(&app).await?;
        accounts::sweep(&app).await?;
        webhooks::sweep(&app).await?;
        app.write(move |tx| {
            connections::note_some_words(tx.conn, WORDS_AT_ONCE)?;
            idempotency::sweep(tx.conn, tx.now)?;
            oauth::sign_ins::sweep(tx.conn, tx.now)?;
            oauth::grants::sweep(tx)
        })
        .await?;
        Ok(Outcome::Again { after: SWEEP_EVERY })
    }
}

/// Forgets what was kept long enough, and lets the database learn how its rows are spread; every hour, and sooner while much is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionSweep;

impl Job for RetentionSweep {
    const KINDS: &'static [&'static str] = &["retention_sweep"];
    const RECURS: bool = true;

    fn kind(&self) -> &'static str {
        "retention_sweep"
    }

    fn payload(&self) -> &str {
        ""
    }

    fn read(_: &str, _: &str) -> Option<Self> {
        Some(Self)
    }
}

impl BackgroundJob for RetentionSweep {
    async fn perform(self, app: Arc<App>) -> AppResult<Outcome> {
        let all_done = retention::sweep(&app).await?;
        app.write(|tx| Ok(dialect::optimize(tx.conn)?)).await?;
        app.write(|tx| Ok(counts::fold(tx.conn)?)).await?;
        Ok(Outcome::Again { after: if all_done { FORGET_EVERY } else { SWEEP_EVERY } })
    }
}
