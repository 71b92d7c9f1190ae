//! The end of being a draft, and changes that the connector itself makes.
//!
//! Invariant: a draft becomes a source or destination by one conditional UPDATE that names the version of the values that was judged;
//! finalising counts as a change of them, so whoever read the draft before it writes nothing into it afterwards. From then on every setup link of it is dead, because a link opens drafts only.

mod store;

use std::sync::Arc;

use super::{Apply, Connection, Filler, apply, find_by_id};
use crate::activity::{self, Actor, Entry, Event};
use crate::app::App;
use crate::clock::UtcTime;
use crate::connectors::spec_form::Submission;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::ids::{ConnectionId, WorkspaceId};
use crate::rng::Rng;

/// Makes a draft final, if its values are still those that were read.
///
/// # Errors
/// [`AppError::Conflict`] when they changed meanwhile, or it is final already.
pub fn finalise(conn: &mut Conn, read: &Connection, actor: Actor, now: UtcTime, rng: &Rng) -> AppResult<()> {
    if !store::finalise(conn, read, now)? {
        return Err(AppError::Conflict("The connection changed while it was being finalised. Look at it again."));
    }
    let entry = Entry {
        workspace: &read.workspace_id,
        connection: Some(&read.id),
        setup_link: None,
        event: Event::Finalised,
        actor,
        detail: "",
    };
    Ok(activity::record(conn, &entry, now, rng)?)
}

/// The version of the values before and after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Before.
    pub before: i64,
    /// After.
    pub after: i64,
}

/// Merges what a connector changed in its own configuration, such as a refresh token that works once.
///
/// # Errors
/// The connection is gone, or its connector.
pub async fn take_over(
    app: &Arc<App>,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    submission: Submission,
) -> AppResult<Versions> {
    let (app_here, workspace, id, now) = (Arc::clone(app), workspace.clone(), id.clone(), app.clock.now());
    app.db
        .write(move |conn| {
            let before = find_by_id(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let connector = app_here.connectors.find(before.kind, &before.connector_slug).ok_or(AppError::NotFound)?;
            let change = Apply {
                workspace: &workspace,
                connection: &id,
                connector,
                submission: &submission,
                by: Filler::Connector,
                name: connector.name(),
                then: None,
            };
            let after = apply(conn, &change, &app_here.keys, now, &app_here.rng)?.connection;
            let entry = Entry {
                workspace: &workspace,
                connection: Some(&id),
                setup_link: None,
                event: Event::ConfigUpdated,
                actor: Actor::System,
                detail: "",
            };
            activity::record(conn, &entry, now, &app_here.rng)?;
            Ok(Versions { before: before.version, after: after.version })
        })
        .await
}
