//! Where the next extraction of a source runs, and why not elsewhere.

use super::counterpart::{Counterpart, Publication};
use super::{EngineKind, EngineSetting, store};
use crate::base::error::AppResult;
use crate::connectors::{Connector, Kind};
use crate::features::connections::{Connection, find_of_kind};
use crate::features::oauth;
use crate::features::streams::Output;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// What comes before the id of a destination of Airbyte where an output is named; no slug of a layer has a colon.
const AIRBYTE: &str = "airbyte:";

/// Where an extraction runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Here; with the reason where the workspace wants it elsewhere.
    Here(Option<String>),
    /// On the workspace's Airbyte, into this.
    Airbyte(AirbyteTarget),
}

impl Route {
    /// Whether it is Airbyte.
    pub fn is_airbyte(&self) -> bool {
        matches!(self, Self::Airbyte(_))
    }
}

/// Where Airbyte puts the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AirbyteTarget {
    /// Into a destination there, by its id.
    Given(String),
    /// Into a finalised destination of ours, by its slug, which is made there.
    Ours(String),
}

impl AirbyteTarget {
    /// How runs name it.
    pub fn output(&self) -> Output {
        match self {
            Self::Given(id) => Output::Layer(format!("{AIRBYTE}{id}")),
            Self::Ours(slug) => Output::Destination(slug.clone()),
        }
    }
}

/// Where the next extraction of a source runs that is to go to an output.
///
/// # Errors
/// The database cannot be asked.
pub fn route(
    conn: &mut Conn,
    app: &App,
    connection: &Connection,
    connector: &Connector,
    output: &Output,
) -> AppResult<Route> {
    let setting = store::find(conn, &connection.workspace_id)?.filter(|set| set.kind == EngineKind::Airbyte);
    let Some(setting) = setting.filter(|_| connection.kind == Kind::Source) else { return Ok(Route::Here(None)) };
    if let Some(reason) = unknown_there(connector) {
        return Ok(Route::Here(Some(reason)));
    }
    if oauth::grants::of_connection(conn, &connection.workspace_id, &connection.id)?.is_some() {
        let provider = connector.oauth().map_or_else(|| connector.name(), |block| block.name.as_str());
        return Ok(Route::Here(Some(format!(
            "Somebody signed in with {provider} for it. That access is kept alive here and given to no other engine."
        ))));
    }
    Ok(match target(conn, app, connection, output, &setting)? {
        Ok(target) => Route::Airbyte(target),
        Err(reason) => Route::Here(Some(reason)),
    })
}

/// Why Airbyte has no connector that a source can be made with.
fn unknown_there(connector: &Connector) -> Option<String> {
    let name = connector.name();
    match Counterpart::of(connector) {
        None => Some(format!(
            "Airbyte has no connector that takes the settings of {name} as they are here, or none that is known here."
        )),
        Some(Counterpart { repository: None, .. } | Counterpart { program: Publication::Manifest(_), .. }) => Some(
            format!("The connector for {name} is known to this installation alone; nobody publishes it for Airbyte."),
        ),
        Some(_) => None,
    }
}

fn target(
    conn: &mut Conn,
    app: &App,
    connection: &Connection,
    output: &Output,
    setting: &EngineSetting,
) -> AppResult<Result<AirbyteTarget, String>> {
    let slug = match output {
        Output::Destination(slug) => slug,
        Output::Files(_) | Output::Layer(_) => {
            let given = setting.destination.clone().map(AirbyteTarget::Given);
            let what = if output.is_files() { "files of this server" } else { "an output layer of this server" };
            return Ok(given.ok_or_else(|| {
                format!(
                    "Its records go to {what}, and Airbyte cannot write there. Choose a destination for them, or have an owner name one of Airbyte under Settings, Extraction engine."
                )
            }));
        }
    };
    let found = find_of_kind(conn, &connection.workspace_id, Kind::Destination, slug)?;
    // What is not there any more is refused where the run starts, in the words for that.
    let Some(found) = found else { return Ok(Ok(AirbyteTarget::Ours(slug.clone()))) };
    if oauth::grants::of_connection(conn, &found.workspace_id, &found.id)?.is_some() {
        return Ok(Err(format!(
            "Its records go to the destination {}, which somebody signed in for. That access is kept alive here and given to no other engine.",
            found.description
        )));
    }
    let connector = app.connectors.find(found.kind, &found.connector_slug);
    Ok(match connector.and_then(|connector| destination_type(&connector)) {
        Some(_) => Ok(AirbyteTarget::Ours(slug.clone())),
        None => Err(format!(
            "Its records go to the destination {}, and Airbyte has none that takes its settings as they are here, or none that is known here.",
            found.description
        )),
    })
}

/// What Airbyte calls the sort of a destination, where it takes the settings of ours as they are.
pub(super) fn destination_type(connector: &Connector) -> Option<String> {
    // Of the destinations that are built in, PostgreSQL alone asks what Airbyte's asks.
    if !connector.is_custom && connector.file.slug != "postgres" {
        return None;
    }
    let repository = Counterpart::of(connector)?.repository?;
    repository.rsplit('/').next()?.strip_prefix("destination-").map(str::to_owned)
}
