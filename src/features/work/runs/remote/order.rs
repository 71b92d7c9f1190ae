//! What is to stand in Airbyte for a source, read as it is here now.

use crate::base::error::AppError;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Kind;
use crate::features::connections::{self, ConnectionState};
use crate::features::extraction_engine::objects::{CarryDestination, CarryOrder};
use crate::features::extraction_engine::{self, AirbyteTarget, Route, route};
use crate::features::outputs::{self, NoOutput};
use crate::features::streams::find_plan;
use crate::features::work::validations;
use crate::features::work::worker::CannotBegin;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// What is said when the workspace does not want it any more.
const NOT_WANTED: &str = "Extractions of this workspace do not run on Airbyte any more.";

/// Reads it.
pub(super) fn read(
    conn: &mut Conn,
    app: &App,
    workspace: &WorkspaceId,
    id: &ConnectionId,
) -> Result<CarryOrder, CannotBegin> {
    let source = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    if source.state() == ConnectionState::Deleted {
        return Err(CannotBegin::ConnectionDeleted);
    }
    let connector = app.connectors.find(source.kind, &source.connector_slug).ok_or(CannotBegin::ConnectorGone)?;
    let plan = find_plan(conn, workspace, id)?.unwrap_or_default();
    let success = validations::last_success(conn, workspace, id)?;
    let catalog = success.map(|success| success.found(&app.keys)).transpose()?.unwrap_or_default();
    let target = match route(conn, app, &source, &connector, &plan.output)? {
        Route::Airbyte(target) => target,
        Route::Here(why) => return Err(CannotBegin::NotThere(why.unwrap_or_else(|| NOT_WANTED.to_owned()))),
    };
    let setting = extraction_engine::find(conn, workspace)?.ok_or(AppError::NotFound)?;
    let destination = match target {
        AirbyteTarget::Given(id) => CarryDestination::Given(id),
        AirbyteTarget::Ours(slug) => {
            if let Some(why) = outputs::refusal(conn, app, workspace, &plan.output)? {
                return Err(CannotBegin::NoOutput(why));
            }
            let found = connections::find_of_kind(conn, workspace, Kind::Destination, &slug)?;
            let found = found.ok_or(CannotBegin::NoOutput(NoOutput::UnknownDestination(slug)))?;
            let connector = app.connectors.find(found.kind, &found.connector_slug);
            CarryDestination::Ours(Box::new(found), connector.ok_or(CannotBegin::ConnectorGone)?)
        }
    };
    Ok(CarryOrder { setting, source, connector, plan, catalog, destination })
}
