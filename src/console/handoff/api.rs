//! `/api/v1/sources/{slug}/hand-off/`

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HandOffEngine, HandOffInput, hand_off};
use crate::base::error::AppError;
use crate::connectors::Kind;
use crate::features::accounts::api_keys::guard::{ApiKey, Read, Sources};
use crate::features::connections::find_of_kind;
use crate::features::streams::find_plan;
use crate::platform::app::App;
use crate::platform::web::api::{ApiQuery, ApiResult, json};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::Code;

/// For which engine.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HandOffFormat")]
enum Format {
    /// Bodies for Airbyte's API.
    Airbyte,
    /// Airbyte by Terraform.
    Terraform,
    /// Meltano, or a Singer tap.
    Meltano,
    /// dlt.
    Dlt,
}

/// What is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOffQuery {
    /// For which engine; Airbyte when left out.
    format: Option<Format>,
}

/// One file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOffFile")]
struct FileOut {
    /// Its name.
    name: String,
    /// Its text. Secrets are references.
    text: String,
}

/// A secret, or text with a `$` in it, the engine has to be given.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOffReference")]
struct ReferenceOut {
    /// Where it stands in the configuration, as a dot path.
    field: String,
    /// The name to give it under.
    name: String,
}

/// A source as configuration of another engine.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOff")]
struct HandOffOut {
    /// What to do with the files.
    advice: String,
    /// The files.
    files: Vec<FileOut>,
    /// The secrets they refer to, and plain text that the engine would expand.
    secrets: Vec<ReferenceOut>,
}

/// `GET /api/v1/sources/{slug}/hand-off/`
pub async fn show(
    app: web::Data<App>,
    key: ApiKey<Read<Sources>>,
    slug: web::Path<String>,
    query: ApiQuery<HandOffQuery>,
) -> ApiResult {
    let engine = match query.0.format.unwrap_or(Format::Airbyte) {
        Format::Airbyte => HandOffEngine::AirbyteApi,
        Format::Terraform => HandOffEngine::AirbyteTerraform,
        Format::Meltano => HandOffEngine::Meltano,
        Format::Dlt => HandOffEngine::Dlt,
    };
    let (workspace, slug) = (key.workspace.clone(), slug.into_inner());
    let found = app.db.read(move |conn| {
        let connection = find_of_kind(conn, &workspace, Kind::Source, &slug)?.ok_or(AppError::NotFound)?;
        let plan = find_plan(conn, &workspace, &connection.id)?.unwrap_or_default();
        Ok((connection, plan))
    });
    let (connection, plan) = found.await?;
    if connection.finalised_at.is_none() {
        return Err(AppError::Conflict("Only a finalised source can be handed off. Finalise it first.").into());
    }
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    let done = hand_off(engine, &HandOffInput { connection: &connection, connector: &connector, plan: &plan });
    let out = HandOffOut {
        advice: engine.advice().to_owned(),
        files: done.files.into_iter().map(|file| FileOut { name: file.name.to_owned(), text: file.text }).collect(),
        secrets: done.references.into_iter().map(|one| ReferenceOut { field: one.field, name: one.name }).collect(),
    };
    json(StatusCode::OK, &out)
}

/// What the document says of it.
pub fn operation() -> Operation {
    Operation::new("sources", "hand_off_source", "Hand a source off")
        .query::<HandOffQuery>()
        .answers::<HandOffOut>(200)
        .refuses(&[Code::Conflict])
        .about("A finalised source as configuration of an engine of your own. Secrets are references, never values.")
}
