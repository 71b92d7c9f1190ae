//! Finalised destinations of a workspace, as far as this installation can write to them.

use super::no_output::NoOutput;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::connectors::{Connector, Kind};
use crate::engines::{Failure, LoadPlace};
use crate::features::connections::{
    self, Connection, ConnectionFilter, ConnectionState, ConnectionStateFilter, find_of_kind,
};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::db::cursor::PageRequest;
use crate::schema::form::complete;

/// Most destinations that are offered, the newest ones; any other is named by its slug.
pub const MOST_OFFERED: usize = 200;

/// Most destinations of which it is said why they are not offered.
const MOST_CLOSED: usize = 5;

/// Destinations to choose among.
#[derive(Debug)]
pub struct OfferedDestinations {
    /// By name.
    pub shown: Vec<Connection>,
    /// There are others, which are older.
    pub has_more: bool,
    /// Why some of the newest are not among them, one sentence each.
    pub closed: Vec<String>,
}

/// The destinations of a workspace that records can be written to, by name.
///
/// # Errors
/// The database cannot be asked.
pub fn offered(conn: &mut Conn, app: &App, workspace: &WorkspaceId) -> AppResult<OfferedDestinations> {
    let filter = ConnectionFilter {
        kind: Some(Kind::Destination),
        state: Some(ConnectionStateFilter::Finalised),
        ..ConnectionFilter::default()
    };
    let wanted = PageRequest { cursor: None, limit: MOST_OFFERED };
    let found = connections::page(conn, workspace, &filter, &wanted)?;
    let has_more = found.has_after;
    let (mut shown, closed): (Vec<Connection>, Vec<Connection>) =
        found.rows.into_iter().partition(|one| can_be_written(app, one));
    let closed = closed.iter().take(MOST_CLOSED).map(|one| not_writable(app, one).to_string()).collect();
    shown.sort_by_cached_key(|one| (one.description.to_lowercase(), one.slug.clone()));
    Ok(OfferedDestinations { shown, has_more, closed })
}

/// Why records cannot go to one that nothing here writes to.
fn not_writable(app: &App, destination: &Connection) -> NoOutput {
    let connector = app.connectors.find(destination.kind, &destination.connector_slug);
    let how = connector.as_ref().and_then(|connector| connector.how_to_load());
    let connector = connector.map_or_else(|| destination.connector_slug.clone(), |known| known.name().to_owned());
    NoOutput::NotWritable { name: destination.description.clone(), connector, how }
}

/// Whether this installation can write to what it connects.
pub(super) fn can_be_written(app: &App, destination: &Connection) -> bool {
    let connector = app.connectors.find(destination.kind, &destination.connector_slug);
    connector.is_some_and(|connector| app.engines.ability(&connector).write)
}

/// The destination of that slug, when records can go there.
///
/// # Errors
/// The database cannot be asked.
pub(super) fn judged(
    conn: &mut Conn,
    app: &App,
    workspace: &WorkspaceId,
    slug: &str,
) -> AppResult<Result<Connection, NoOutput>> {
    let Some(found) = find_of_kind(conn, workspace, Kind::Destination, slug)? else {
        return Ok(Err(NoOutput::UnknownDestination(slug.to_owned())));
    };
    if found.state() != ConnectionState::Finalised {
        return Ok(Err(NoOutput::NotFinalised(found.description)));
    }
    if !can_be_written(app, &found) {
        return Ok(Err(not_writable(app, &found)));
    }
    Ok(Ok(found))
}

/// The same, kept as it is for the rest of the transaction: nobody deletes it before a source that is set to it is written down.
///
/// # Errors
/// The database refuses.
pub(super) fn held(
    conn: &mut Conn,
    app: &App,
    workspace: &WorkspaceId,
    slug: &str,
) -> AppResult<Result<Connection, NoOutput>> {
    let found = match judged(conn, app, workspace, slug)? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(match connections::hold(conn, &found)? {
        ConnectionState::Finalised => Ok(found),
        ConnectionState::Draft => Err(NoOutput::NotFinalised(found.description)),
        ConnectionState::Deleted => Err(NoOutput::UnknownDestination(slug.to_owned())),
    })
}

/// How to get to a destination, with its secrets as they are now.
///
/// # Errors
/// A secret does not open.
pub(super) fn target(app: &App, destination: &Connection) -> AppResult<Result<LoadPlace, NoOutput>> {
    let connector = app.connectors.find(destination.kind, &destination.connector_slug);
    let connector = connector.ok_or(AppError::NotFound)?;
    let values = destination.open_values(&app.keys)?;
    let name = || destination.description.clone();
    let Some(config) = complete(&connector.spec, &values).config else { return Ok(Err(NoOutput::Incomplete(name()))) };
    let known = destination.current_jump_server().map(|server| &server.known);
    let made = app.engines.target(&connector, &config, known, destination.id.as_str());
    Ok(made.map_err(|Failure { message, .. }| NoOutput::Refused { name: name(), message }))
}

/// The name of what a destination connects.
pub(super) fn connector_name(app: &App, destination: &Connection) -> String {
    let connector = app.connectors.find(destination.kind, &destination.connector_slug);
    connector.as_deref().map_or(&*destination.connector_slug, Connector::name).to_owned()
}
