//! `GET /api/v1/sources/{slug}/credentials/`: the one place where stored secrets leave. It has a scope and a limit of its own, and
//! every reading is written down.

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Approval, find_of_kind};
use crate::accounts::api_keys::Scope;
use crate::accounts::api_keys::guard::{ApiKey, Caller, ReadCredentials, Side};
use crate::activity::{self, Entry, Event};
use crate::app::App;
use crate::connectors::spec_form::{Completion, complete};
use crate::error::AppError;
use crate::web::api::{ApiResult, json};
use crate::web::openapi::{Operation, schema};
use crate::web::problem::Code;
use crate::web::urls;

/// The whole configuration, with its secrets.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Credentials")]
struct CredentialsOut {
    /// The connection's name in addresses.
    slug: String,
    /// The type of system it connects.
    connector_slug: String,
    /// Everything the connector needs, with defaults and fixed values written out.
    config: Value,
}

/// `GET /api/v1/sources/{slug}/credentials/`
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<ReadCredentials>, slug: web::Path<String>) -> ApiResult {
    let (slug, caller, now) = (slug.into_inner(), Caller::clone(&key), app.clock.now());
    let app_here = app.clone();
    let out = app
        .db
        .write(move |conn| {
            let connection = find_of_kind(conn, &caller.workspace, S::KIND, &slug)?.ok_or(AppError::NotFound)?;
            if connection.approval == Approval::Waiting {
                return Err(AppError::Conflict("This connection waits until a member accepts it."));
            }
            let connector = app_here.connectors.find(S::KIND, &connection.connector_slug);
            let connector = connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
            let Completion { config: Some(config), .. } = complete(&connector.spec, &connection.open_values(&app_here.keys)?) else {
                return Err(AppError::Conflict("The configuration is not finished: something required is missing, or a value breaks a rule of the connector."));
            };
            let entry = Entry {
                workspace: &caller.workspace,
                connection: Some(&connection.id),
                setup_link: None,
                event: Event::CredentialsRead,
                actor: caller.actor(),
                detail: "",
            };
            activity::record(conn, &entry, now, &app_here.rng)?;
            Ok(CredentialsOut { slug: connection.slug, connector_slug: connection.connector_slug, config: config.into_exposed() })
        })
        .await?;
    json(StatusCode::OK, &out)
}

/// The endpoint of this file.
pub fn operations<S: Side>() -> Vec<Operation> {
    let word = S::KIND.as_str();
    vec![Operation {
        method: "get",
        path: format!("{}credentials/", urls::api_connection(S::PLURAL, "{slug}")),
        id: format!("read_{word}_credentials"),
        tag: S::PLURAL,
        summary: format!("Read a {word}'s credentials"),
        about: "The whole configuration with its secrets, once nothing is missing. Every reading is written into the connection's timeline.",
        scope: Some(Scope::CredentialsRead.as_str()),
        query: None,
        body: None,
        done: (200, Some(schema::<CredentialsOut>)),
        refuses: &[Code::Conflict],
        tagged: false,
    }]
}
