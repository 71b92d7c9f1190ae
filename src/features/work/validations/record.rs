//! How a validation ends: its row, the connection's timeline and the webhooks, in one transaction.

use std::sync::Arc;

use super::found;
use super::store::{self, End, Validation};
use crate::base::error::{AppError, AppResult};
use crate::connectors::Kind;
use crate::engines::{Blame, Catalog, CheckOutcome, Failure};
use crate::features::{connections, webhooks};
use crate::platform::activity::{self, Actor, Entry};
use crate::platform::app::App;
use crate::platform::jobs::{INTERRUPTED, INTERRUPTED_REASON, WorkState};
use crate::platform::tx::Tx;

pub(super) const TOO_LONG: &str = "It took too long and was stopped. Is the system reachable from this server?";

const FAILED: End<'static> = End {
    state: WorkState::Failed,
    reason: None,
    blame: None,
    message: "",
    version: None,
    sealed_found: None,
    stream_count: 0,
};

/// "1 stream found", "42 streams found".
pub(super) fn streams_in_words(count: usize) -> String {
    match count {
        0 => "no streams found".to_owned(),
        1 => "1 stream found".to_owned(),
        more => format!("{more} streams found"),
    }
}

/// Records what the connector answered.
pub(super) async fn settle(
    app: &Arc<App>,
    validation: &Validation,
    version: Option<i64>,
    outcome: Result<(CheckOutcome, Catalog), Failure>,
) -> AppResult<()> {
    let (app_here, validation) = (Arc::clone(app), validation.clone());
    app.write(move |tx| {
        let kind = connections::find_by_id(tx.conn, &validation.workspace_id, &validation.connection_id)?
            .map(|connection| connection.kind);
        match outcome {
            Ok((checked, catalog)) => {
                let packed =
                    found::pack(&catalog, (&validation.workspace_id, &validation.id), &app_here.keys, &app_here.rng)?;
                let message = success_words(kind, checked, catalog.streams.len());
                let end = End {
                    state: WorkState::Success,
                    message: &message,
                    version,
                    sealed_found: Some(packed.as_bytes()),
                    stream_count: i32::try_from(catalog.streams.len()).unwrap_or(i32::MAX),
                    ..FAILED
                };
                finish(tx, &validation, &end)
            }
            Err(failure) if failure.blame == Blame::Stopped => {
                let end = End { state: WorkState::Cancelled, message: "Stopped as asked.", version, ..FAILED };
                finish(tx, &validation, &end)
            }
            Err(failure) => {
                let end = End {
                    reason: Some(failure.reason.as_str()),
                    blame: Some(failure.blame.as_str()),
                    message: &failure.message,
                    version,
                    ..FAILED
                };
                finish(tx, &validation, &end)
            }
        }
    })
    .await
}

fn success_words(kind: Option<Kind>, checked: CheckOutcome, streams: usize) -> String {
    match (checked, kind, streams) {
        (CheckOutcome::SpecOnly, ..) => {
            "The details follow the connector's rules. Nobody was asked, because no program for it is installed here."
                .to_owned()
        }
        (CheckOutcome::Asked, Some(Kind::Source), _) => format!("The details work: {}.", streams_in_words(streams)),
        (CheckOutcome::Asked, ..) => "The details work.".to_owned(),
    }
}

/// Ends one that could not even begin.
pub(super) async fn refuse(app: &Arc<App>, validation: &Validation, sentence: &'static str) -> AppResult<()> {
    fail(app, validation, None, ("not_possible", Blame::Config.as_str()), sentence).await
}

/// Ends one whose time was up.
pub(super) async fn time_out(app: &Arc<App>, validation: &Validation, version: Option<i64>) -> AppResult<()> {
    fail(app, validation, version, ("timeout", Blame::Moment.as_str()), TOO_LONG).await
}

async fn fail(
    app: &Arc<App>,
    validation: &Validation,
    version: Option<i64>,
    (reason, blame): (&'static str, &'static str),
    sentence: &'static str,
) -> AppResult<()> {
    let validation = validation.clone();
    app.write(move |tx| {
        let end = End { reason: Some(reason), blame: Some(blame), message: sentence, version, ..FAILED };
        finish(tx, &validation, &end)
    })
    .await
}

/// Ends those whose worker has died.
pub(super) async fn end_abandoned(app: &Arc<App>) -> AppResult<()> {
    let now = app.clock.now();
    let abandoned = app.db.read(move |conn| Ok(store::abandoned(conn, now)?)).await?;
    for validation in abandoned {
        fail(app, &validation, None, (INTERRUPTED_REASON, Blame::Moment.as_str()), INTERRUPTED).await?;
    }
    Ok(())
}

fn finish(tx: &mut Tx<'_>, validation: &Validation, end: &End<'_>) -> AppResult<()> {
    if !store::end(tx.conn, &validation.id, end, tx.now)? {
        return Ok(());
    }
    // What a recipient tried out is theirs until they send it.
    if validation.setup_link_id.is_some() || end.state == WorkState::Cancelled {
        return Ok(());
    }
    let connection = connections::find_by_id(tx.conn, &validation.workspace_id, &validation.connection_id)?
        .ok_or(AppError::NotFound)?;
    let event = match end.state {
        WorkState::Success => activity::Event::Validated,
        _ => activity::Event::ValidationFailed,
    };
    let entry = Entry {
        workspace: &validation.workspace_id,
        connection: Some(&validation.connection_id),
        setup_link: None,
        event,
        actor: Actor::System,
        detail: end.message,
    };
    tx.record(&entry)?;
    let told = webhooks::Event::ValidationFinished {
        connection: &connection,
        validation: &validation.id,
        succeeded: end.state == WorkState::Success,
        streams: end.stream_count,
    };
    tx.tell(&told)
}
