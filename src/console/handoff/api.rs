//! `/api/v1/sources/{slug}/hand-off/`

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::FinalisedSource;
use super::{HandOffEngine, hand_off, offers};
use crate::features::accounts::api_keys::guard::{ApiKey, Read, Sources};
use crate::platform::app::App;
use crate::platform::web::api::{ApiQuery, ApiResult, json};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};

/// For which engine.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "HandOffFormat")]
enum Format {
    /// Requests to Airbyte's API, and a script that sends them.
    Airbyte,
    /// Airbyte by Terraform.
    Terraform,
    /// Meltano with a Singer tap.
    Meltano,
    /// dlt.
    Dlt,
    /// Python with PyAirbyte.
    PyAirbyte,
    /// A program that speaks the Airbyte protocol.
    Protocol,
}

impl Format {
    fn of(engine: HandOffEngine) -> Self {
        match engine {
            HandOffEngine::AirbyteApi => Self::Airbyte,
            HandOffEngine::AirbyteTerraform => Self::Terraform,
            HandOffEngine::Meltano => Self::Meltano,
            HandOffEngine::Dlt => Self::Dlt,
            HandOffEngine::PyAirbyte => Self::PyAirbyte,
            HandOffEngine::Protocol => Self::Protocol,
        }
    }

    fn engine(self) -> HandOffEngine {
        match self {
            Self::Airbyte => HandOffEngine::AirbyteApi,
            Self::Terraform => HandOffEngine::AirbyteTerraform,
            Self::Meltano => HandOffEngine::Meltano,
            Self::Dlt => HandOffEngine::Dlt,
            Self::PyAirbyte => HandOffEngine::PyAirbyte,
            Self::Protocol => HandOffEngine::Protocol,
        }
    }
}

/// What is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOffQuery {
    /// For which engine; the first that is offered when left out.
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

/// A secret the engine has to be given.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOffReference")]
struct ReferenceOut {
    /// Where it stands in the configuration, as a dot path.
    field: String,
    /// The name to give it under.
    name: String,
}

/// An engine this source cannot be handed to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOffNotOffered")]
struct NotOfferedOut {
    /// The engine.
    format: Format,
    /// Why.
    reason: String,
}

/// A source as configuration of another engine.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandOff")]
struct HandOffOut {
    /// For which engine.
    format: Format,
    /// What to do with the files.
    advice: String,
    /// The files.
    files: Vec<FileOut>,
    /// The secrets they refer to.
    secrets: Vec<ReferenceOut>,
    /// What the engine cannot be told.
    notes: Vec<String>,
    /// All engines this source can be handed to.
    offered: Vec<Format>,
    /// The others.
    not_offered: Vec<NotOfferedOut>,
}

/// `GET /api/v1/sources/{slug}/hand-off/`
pub async fn show(
    app: web::Data<App>,
    key: ApiKey<Read<Sources>>,
    slug: web::Path<String>,
    query: ApiQuery<HandOffQuery>,
) -> ApiResult {
    let source = FinalisedSource::find(&app, key.workspace.clone(), slug.into_inner()).await?;
    let (offered, not) = offers(&source.input());
    let wanted = query.0.format.map(Format::engine).or_else(|| offered.first().copied());
    let engine = wanted.unwrap_or(HandOffEngine::Protocol);
    let done = hand_off(engine, &source.input()).map_err(|reason| Problem::new(Code::Conflict, reason))?;
    let out = HandOffOut {
        format: Format::of(engine),
        advice: engine.advice().to_owned(),
        files: done.files.into_iter().map(|file| FileOut { name: file.name.to_owned(), text: file.text }).collect(),
        secrets: done.references.into_iter().map(|one| ReferenceOut { field: one.field, name: one.name }).collect(),
        notes: done.notes,
        offered: offered.into_iter().map(Format::of).collect(),
        not_offered: not
            .into_iter()
            .map(|one| NotOfferedOut { format: Format::of(one.engine), reason: one.reason })
            .collect(),
    };
    json(StatusCode::OK, &out)
}

/// What the document says of it.
pub fn operation() -> Operation {
    Operation::new("sources", "hand_off_source", "Hand a source off")
        .query::<HandOffQuery>()
        .answers::<HandOffOut>(200)
        .refuses(&[Code::Conflict])
        .about("A finalised source as configuration of an engine of your own. Secrets are references, never values. An engine that could not run it is refused with 409 and the reason.")
}
