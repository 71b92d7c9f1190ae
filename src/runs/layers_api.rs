//! `/api/v1/output-layers/`: where records can go. There is one so far: compressed files of the server's data folder.

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::api_keys::Scope;
use crate::accounts::api_keys::guard::{ApiKey, ReadRuns};
use crate::app::App;
use crate::error::AppError;
use crate::streams::FILES;
use crate::web::api::{ApiQuery, ApiResult, json};
use crate::web::cursor::{self, Page};
use crate::web::openapi::{Operation, inline, schema};
use crate::web::urls;

/// A place where records can go.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "OutputLayer")]
struct LayerOut {
    /// Its name in changes of a source.
    slug: String,
    /// Its name for people.
    name: String,
    /// What it is: `files` are compressed JSON Lines, one file for each table of a run, with a manifest.
    kind: &'static str,
    /// It is used where nobody says otherwise.
    is_default: bool,
}

fn all() -> Vec<LayerOut> {
    vec![LayerOut {
        slug: FILES.to_owned(),
        name: "Compressed files in the server's data folder".to_owned(),
        kind: "files",
        is_default: true,
    }]
}

/// Which page of the list is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// `GET /api/v1/output-layers/`
pub async fn index(app: web::Data<App>, _key: ApiKey<ReadRuns>, query: ApiQuery<ListQuery>) -> ApiResult {
    let wanted = cursor::wanted(query.0.cursor.as_deref(), query.0.limit)?;
    let row_of = |layer: &LayerOut| layer.slug.clone();
    let address = app.config.server.base_url.join(urls::API_OUTPUT_LAYERS);
    let limit: Vec<(&str, String)> = query.0.limit.map(|limit| ("limit", limit.to_string())).into_iter().collect();
    json(StatusCode::OK, &Page::new(wanted.cut(all(), row_of), &address, &limit, row_of, |layer| layer))
}

/// `GET /api/v1/output-layers/{slug}/`
pub async fn show(_key: ApiKey<ReadRuns>, slug: web::Path<String>) -> ApiResult {
    let found = all().into_iter().find(|layer| layer.slug == *slug);
    json(StatusCode::OK, &found.ok_or(AppError::NotFound)?)
}

/// The endpoints of this file.
pub fn operations() -> Vec<Operation> {
    let base = |path: String, id: &str, summary: &str| Operation {
        method: "get",
        path,
        id: id.to_owned(),
        tag: "output-layers",
        summary: summary.to_owned(),
        about: "",
        scope: Some(Scope::RunsRead.as_str()),
        query: None,
        body: None,
        done: (200, Some(schema::<LayerOut>)),
        refuses: &[],
        tagged: false,
    };
    vec![
        Operation {
            query: Some(inline::<ListQuery>),
            done: (200, Some(schema::<Page<LayerOut>>)),
            ..base(urls::API_OUTPUT_LAYERS.to_owned(), "list_output_layers", "List output layers")
        },
        base(format!("{}{{slug}}/", urls::API_OUTPUT_LAYERS), "get_output_layer", "Read an output layer"),
    ]
}
