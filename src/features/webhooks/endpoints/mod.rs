//! Endpoints: receivers of a whole workspace that subscribe to events.

pub mod pages;
mod store;

pub use store::EndpointRow;
pub(super) use store::{disable, find_any, subscribed};

use super::validate::{self, FieldProblem};
use super::{EventKind, deliveries};
use crate::base::error::{AppError, AppResult};
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{WebhookEndpointId, WorkspaceId};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// Most endpoints a workspace may have: every event is sent to each of them.
pub const MOST: usize = 20;
/// Most characters of a description.
pub const LONGEST_DESCRIPTION: usize = 80;

/// An endpoint as it was given, read and found in order.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Where it is.
    pub url: HttpsUrl,
    /// What it is, in the words of who adds it; possibly empty.
    pub description: String,
    /// What it wants to hear.
    pub events: Vec<EventKind>,
}

impl NewEndpoint {
    /// Judges what was given, without asking the DNS.
    ///
    /// # Errors
    /// Everything that is wrong, a field once.
    pub fn parse(url: &str, description: &str, events: &[String]) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let url = validate::address(url.trim()).map_err(|problem| problems.push(problem)).ok();
        let description = description.trim().to_owned();
        if description.chars().count() > LONGEST_DESCRIPTION || description.chars().any(char::is_control) {
            problems.push(FieldProblem {
                field: "description",
                code: "description_invalid",
                sentence: "Name must be one line of up to 80 characters",
            });
        }
        let events: Vec<EventKind> =
            EventKind::ALL.iter().copied().filter(|kind| events.iter().any(|name| name == kind.as_str())).collect();
        if events.is_empty() {
            problems.push(FieldProblem {
                field: "events",
                code: "events_missing",
                sentence: "Choose at least one event",
            });
        }
        match url {
            Some(url) if problems.is_empty() => Ok(Self { url, description, events }),
            _ => Err(problems),
        }
    }
}

/// Adds an endpoint. The same id twice adds one; `false` when the workspace has too many.
///
/// # Errors
/// The database refuses.
pub fn add(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
    new: &NewEndpoint,
    actor: Actor,
) -> AppResult<bool> {
    let there = store::list(tx.conn, workspace)?;
    if there.iter().any(|row| &row.id == id) {
        return Ok(true);
    }
    if there.len() >= MOST {
        return Ok(false);
    }
    store::insert(tx.conn, workspace, id, new, tx.now)?;
    note(tx, workspace, Event::EndpointAdded, &new.url.host(), actor).map(|()| true)
}

/// Changes an endpoint; what waits to be sent goes to its new address. An endpoint that was off is on again.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such endpoint.
pub fn change(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
    new: &NewEndpoint,
    actor: Actor,
) -> AppResult<()> {
    if !store::update(tx.conn, workspace, id, new)? {
        return Err(AppError::NotFound);
    }
    deliveries::redirect_endpoint(tx.conn, id, &new.url)?;
    note(tx, workspace, Event::EndpointChanged, &new.url.host(), actor)
}

/// Deletes an endpoint; what waits to be sent is not sent.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such endpoint.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &WebhookEndpointId, actor: Actor) -> AppResult<()> {
    let row = find(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
    store::mark_deleted(tx.conn, workspace, id, tx.now)?;
    deliveries::disable_endpoint(tx.conn, id, None, tx.now)?;
    note(tx, workspace, Event::EndpointDeleted, &row.host(), actor)
}

/// The endpoints of a workspace, the newest first.
///
/// # Errors
/// The database cannot be asked.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> AppResult<Vec<EndpointRow>> {
    Ok(store::list(conn, workspace)?)
}

/// One of them.
///
/// # Errors
/// The database cannot be asked.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &WebhookEndpointId) -> AppResult<Option<EndpointRow>> {
    Ok(store::list(conn, workspace)?.into_iter().find(|row| &row.id == id))
}

fn note(tx: &mut Tx<'_>, workspace: &WorkspaceId, event: Event, host: &str, actor: Actor) -> AppResult<()> {
    let entry = Entry { workspace, connection: None, setup_link: None, event, actor, detail: host };
    tx.record(&entry)
}

impl EndpointRow {
    /// What it wants to hear. Names that this version does not know are left out.
    pub fn events(&self) -> Vec<EventKind> {
        self.events.split(' ').filter_map(EventKind::parse).collect()
    }

    /// Its host, for people.
    pub fn host(&self) -> String {
        HttpsUrl::parse(&self.url).map(|url| url.host()).unwrap_or_default()
    }
}
