//! `/api/v1/source-connectors/` and `/api/v1/destination-connectors/`: what can be connected, and what each needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::error::AppError;
use crate::connectors::{Connector, InstalledBlock};
use crate::features::accounts::api_keys::guard::{ApiKey, Read, Side};
use crate::features::catalogue::{Capability, UnsupportedField};
use crate::features::oauth;
use crate::platform::app::App;
use crate::platform::db::cursor::{ListDirection, place_by_name};
use crate::platform::web::api::{ApiQuery, ApiResult, json};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::openapi::Operation;
use crate::platform::web::urls;
use crate::schema::form::{KnownValues, missing_required};

/// A type of system one can connect.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Connector")]
struct ConnectorOut {
    /// Its name in the API.
    slug: String,
    /// Its name for people.
    name: String,
    /// The group it stands in.
    category: String,
    /// What connecting it gives, in one sentence.
    summary: String,
    /// The provider's own documentation, possibly empty.
    documentation_url: String,
    /// Fields that must be filled in at least, as dot paths; a choice may ask for more.
    required_fields: Vec<String>,
    /// What this installation can do with it now.
    capability: Capability,
    /// The hosts it talks to by its maker's word, when the registry it was taken from names them; `${host}` stands for what the
    /// configuration names.
    allowed_hosts: Vec<String>,
}

/// A type of system, with all that is asked for it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConnectorDetails")]
struct ConnectorDetailsOut {
    #[serde(flatten)]
    connector: ConnectorOut,
    /// How to get the credentials, in Markdown.
    guide: String,
    /// The configuration as JSON Schema with the Airbyte annotations, whole.
    spec: Value,
    /// What is installed for it on this server; `null` where it is built in, or the operator's own file.
    installed: Option<InstalledOut>,
    /// What of it is asked of nobody, because what reads the configuration in this installation does not take it up. Values are taken and
    /// kept all the same.
    unsupported_fields: Vec<UnsupportedField>,
}

/// What is installed for a connector. Installing is for people who have just signed in, and for the operator's command: no key does it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstalledConnector")]
struct InstalledOut {
    /// The maker's name.
    name: String,
    /// The version that came.
    version: String,
    /// The licence that was agreed to.
    licence: String,
}

impl From<&InstalledBlock> for InstalledOut {
    fn from(block: &InstalledBlock) -> Self {
        Self { name: block.name.clone(), version: block.version.clone(), licence: block.licence.clone() }
    }
}

impl ConnectorOut {
    fn new(app: &App, connector: &Connector, apps: &BTreeSet<String>) -> Self {
        let file = &connector.file;
        let required = missing_required(&connector.spec, &KnownValues::default());
        Self {
            slug: file.slug.clone(),
            name: file.name.clone(),
            category: file.category.clone(),
            summary: file.summary.clone(),
            documentation_url: file.documentation_url.clone(),
            required_fields: required.into_iter().map(|field| field.path.dot()).collect(),
            capability: Capability::of(&app.engines, connector, oauth::apps::has(apps, connector)),
            allowed_hosts: file.registry.as_ref().map(|registry| registry.allowed_hosts.clone()).unwrap_or_default(),
        }
    }
}

/// Which connectors a list shows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorsQuery {
    /// Only those whose name, slug, category or summary has every word of this.
    search: Option<String>,
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// `GET /api/v1/source-connectors/`
pub async fn index<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, query: ApiQuery<ConnectorsQuery>) -> ApiResult {
    let query = query.0;
    let wanted = cursor::page_request(query.cursor.as_deref(), query.limit)?;
    let apps = oauth::apps::ready(&app, &key.workspace).await?;
    let found = app.connectors.search(S::KIND, query.search.as_deref().unwrap_or_default());
    let place_of = |connector: &Arc<Connector>| place_by_name(&connector.file.name, &connector.file.slug);
    let address = app.config.server.base_url.join(&urls::api_connectors(S::KIND));
    let pairs = [("search", query.search), ("limit", query.limit.map(|limit| limit.to_string()))];
    let pairs: Vec<(&str, String)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    json(
        StatusCode::OK,
        &PageOut::new(wanted.cut(found, ListDirection::Rising, place_of), &address, &pairs, place_of, |connector| {
            ConnectorOut::new(&app, &connector, &apps)
        }),
    )
}

/// `GET /api/v1/source-connectors/{slug}/`
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, slug: web::Path<String>) -> ApiResult {
    let connector = app.connectors.find(S::KIND, &slug).ok_or(AppError::NotFound)?;
    let file = &connector.file;
    let apps = oauth::apps::ready(&app, &key.workspace).await?;
    json(
        StatusCode::OK,
        &ConnectorDetailsOut {
            connector: ConnectorOut::new(&app, &connector, &apps),
            guide: file.guide.clone(),
            spec: file.spec.clone(),
            installed: file.installed.as_ref().map(InstalledOut::from),
            unsupported_fields: UnsupportedField::all(connector.spec.left_out()),
        },
    )
}

/// What the document says of the list and of one.
pub fn operations<S: Side>() -> [Operation; 2] {
    let word = S::KIND.as_str();
    let operation = |id: String, summary: String| Operation::new("connectors", id, summary);
    [
        operation(format!("list_{word}_connectors"), format!("List {word} connectors"))
            .query::<ConnectorsQuery>()
            .answers::<PageOut<ConnectorOut>>(200)
            .about("By name."),
        operation(format!("get_{word}_connector"), format!("Read a {word} connector"))
            .answers::<ConnectorDetailsOut>(200),
    ]
}
