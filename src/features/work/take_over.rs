//! What a connector changed in its own configuration, such as a refresh token that works once, is kept.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections::{Apply, ConnectionState, Filler, Shown, apply, find_by_id, find_revision};
use crate::features::oauth::{self, TokenLease};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

const SAVE_TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// The version of the values before and after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Before.
    pub before: i64,
    /// After.
    pub after: i64,
}

/// Keeps what a connector changed in its own configuration, such as a refresh token that works once: tokens of a sign-in in the grant
/// they were lent from, everything else in the connection. The old ones may be spent, so a hiccup of the database is waited for. `given` is the
/// version the connector was given; what people changed since stays theirs.
///
/// # Errors
/// The connection is gone, or its connector.
pub async fn take_over(
    app: &Arc<App>,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    token_lease: Option<&TokenLease>,
    submission: &Submission,
    given: i64,
) -> AppResult<Versions> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (app_here, workspace, id) = (Arc::clone(app), workspace.clone(), id.clone());
        let (token_lease, submission) = (token_lease.cloned(), submission.clone());
        let done = app
            .write(move |tx| {
                let change = TakenOver { workspace: &workspace, id: &id, token_lease: token_lease.as_ref(), given };
                keep(tx, &app_here, &change, submission)
            })
            .await;
        match done {
            Err(AppError::Internal(error) | AppError::Busy(error) | AppError::Away(error)) if tries < SAVE_TRIES => {
                tracing::warn!(error = %format!("{error:#}"), "saving what a connector changed");
            }
            other => return other,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whose configuration it is.
struct TakenOver<'a> {
    workspace: &'a WorkspaceId,
    id: &'a ConnectionId,
    token_lease: Option<&'a TokenLease>,
    given: i64,
}

fn keep(tx: &mut Tx<'_>, app: &App, of: &TakenOver<'_>, mut submission: Submission) -> AppResult<Versions> {
    let TakenOver { workspace, id, token_lease, given } = *of;
    let before = find_by_id(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
    if before.state() == ConnectionState::Deleted {
        return Ok(Versions { before: before.version, after: before.version });
    }
    let connector = app.connectors.find(before.kind, &before.connector_slug).ok_or(AppError::NotFound)?;
    oauth::take_renewed(tx, &before, &connector, token_lease, &mut submission)?;
    let mut after = before.version;
    if !submission.is_empty() {
        let given = find_revision(tx.conn, id, given)?;
        let change = Apply {
            workspace,
            connection: id,
            connector: &connector,
            submission: &submission,
            by: Filler::Connector,
            name: connector.name(),
            then: None,
            has_secrets: true,
            shown: &given.map_or(Shown::Now, |given| Shown::Revision(Box::new(given))),
            actor: Actor::System,
        };
        after = apply(tx, &change)?.connection.version;
    }
    let entry = Entry {
        workspace,
        connection: Some(id),
        setup_link: None,
        event: Event::ConfigUpdated,
        actor: Actor::System,
        detail: "",
    };
    tx.record(&entry)?;
    Ok(Versions { before: before.version, after })
}
