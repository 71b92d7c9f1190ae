//! The first part of a run there: the source stands there as it is here, and its job is started.

use std::sync::Arc;

use super::order;
use super::store::DueRun;
use super::{RemoteRun, store};
use crate::base::error::AppResult;
use crate::engines::airbyte_api::{AirbyteApi, AirbyteFault};
use crate::engines::{Failure, FailureReason, Turn};
use crate::features::extraction_engine::objects::{self, CarryError, CarryOrder};
use crate::features::work::worker::CannotBegin;
use crate::platform::app::App;

/// How the start of a job came out.
pub(super) enum BegunJob {
    /// It goes on there.
    Job(RemoteRun, i64),
    /// Nobody can tell yet; why.
    Later(RemoteRun, String),
    /// It cannot be.
    Failed(Failure),
}

/// Starts the job of a run, or finds the one that a try has started whose answer was lost. `lines` takes what is worth one of the log.
pub(super) async fn begin(app: &Arc<App>, run: &DueRun, lines: &mut Vec<String>) -> AppResult<BegunJob> {
    let mut remote = run.remote();
    let (here, workspace, source) = (Arc::clone(app), run.workspace_id.clone(), run.connection_id.clone());
    let read = app.db.read(move |conn| Ok(order::read(conn, &here, &workspace, &source)));
    let order = match read.await? {
        Ok(order) => order,
        Err(CannotBegin::Unreadable(error)) => return Err(error),
        Err(why) => return Ok(BegunJob::Failed(why.failure())),
    };
    let carried = match objects::carry(app, &order).await {
        Ok(carried) => carried,
        Err(CarryError::App(error)) => return Err(error),
        Err(CarryError::Busy) => {
            return Ok(BegunJob::Later(remote, "Another worker makes the source in Airbyte.".to_owned()));
        }
        Err(CarryError::NotPossible(words)) => {
            return Ok(BegunJob::Failed(Failure::new(FailureReason::NotPossible, words).on(Turn::Owner)));
        }
        Err(CarryError::Fault(fault)) => return Ok(of_fault(remote, &fault)),
    };
    lines.extend(carried.anew.iter().map(|what| {
        format!("Somebody had deleted the {what} in Airbyte; it was made there anew, and Airbyte reads it from the beginning.")
    }));
    let place = order.setting.place();
    if remote.link != carried.link || remote.place != place {
        remote = RemoteRun { place, link: carried.link, destination: carried.destination, before: None };
    }
    match start(app, run, &mut remote, &order).await? {
        Ok(job) => Ok(BegunJob::Job(remote, job)),
        Err(fault) => Ok(of_fault(remote, &fault)),
    }
}

fn of_fault(remote: RemoteRun, fault: &AirbyteFault) -> BegunJob {
    if fault.is_for_now() { BegunJob::Later(remote, fault.words()) } else { BegunJob::Failed(fault.failure()) }
}

/// The number of the job: of the one that an earlier try has started, or of a new one.
async fn start(
    app: &Arc<App>,
    run: &DueRun,
    remote: &mut RemoteRun,
    order: &CarryOrder,
) -> AppResult<Result<i64, AirbyteFault>> {
    let account = order.setting.account(&app.keys)?;
    let api = match AirbyteApi::sign_in(&app.connector_http, &account).await {
        Ok(api) => api,
        Err(fault) => return Ok(Err(fault)),
    };
    let newest = match api.newest_job(&remote.link).await {
        Ok(newest) => newest.map_or(0, |job| job.id),
        Err(fault) => return Ok(Err(fault)),
    };
    match remote.before {
        Some(before) if newest > before => return Ok(Ok(newest)),
        Some(_) => {}
        None => {
            // Written down before the job is asked for: whoever takes over knows which one is ours.
            remote.before = Some(newest);
            let (id, known) = (run.id.clone(), remote.clone());
            app.write(move |tx| Ok(store::remember(tx.conn, &id, &known)?)).await?;
        }
    }
    Ok(api.start_job(&remote.link).await.map(|job| job.id))
}
