//! `GET /api/v1/sources/{slug}/credentials/`: the one place where stored secrets leave. It has a scope and a limit of its own, and
//! every reading is written down.

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::error::{AppError, AppResult};
use crate::base::ids::ConnectionId;
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadCredentials, Side};
use crate::features::connections::{WAITING, find_by_id, find_of_kind};
use crate::features::oauth;
use crate::features::oauth::grants::Refusal;
use crate::platform::activity::{Entry, Event};
use crate::platform::app::App;
use crate::platform::web::api::{ApiResult, json};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};
use crate::schema::form::{Completion, complete};

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

/// `GET /api/v1/sources/{slug}/credentials/`: tokens that are about to end are renewed first.
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<ReadCredentials>, slug: web::Path<String>) -> ApiResult {
    let (slug, caller) = (slug.into_inner(), Caller::clone(&key));
    let workspace = caller.workspace.clone();
    let found = app.db.read(move |conn| Ok(find_of_kind(conn, &workspace, S::KIND, &slug)?)).await?;
    let connection = found.ok_or(AppError::NotFound)?;
    if connection.is_waiting() {
        return Err(Problem::new(Code::WaitingForApproval, WAITING));
    }
    let connector = app.connectors.find(S::KIND, &connection.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    let values = oauth::values(&app, &connection).await?.map_err(refused)?;
    let Completion { config: Some(config), .. } = complete(&connector.spec, &values) else {
        return Err(AppError::Conflict("The configuration is not finished: something required is missing, or a value breaks a rule of the connector.").into());
    };
    note(&app, &caller, connection.id).await?;
    let config = config.into_exposed();
    json(StatusCode::OK, &CredentialsOut { slug: connection.slug, connector_slug: connection.connector_slug, config })
}

/// Why there is no working token.
fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NeedsReconnecting => {
            Problem::new(Code::NeedsReconnecting, "The provider has ended the access of this connection.")
        }
        Refusal::Unavailable => Problem::new(
            Code::ProviderUnavailable,
            "The token has ended and the provider does not give a new one right now.",
        ),
        Refusal::App => {
            Problem::new(Code::Conflict, "The OAuth app of this provider is not set, or the provider does not take it.")
        }
    }
}

/// Written before anything is handed out, and only when the connection is still there.
async fn note(app: &App, caller: &Caller, connection: ConnectionId) -> AppResult<()> {
    let caller = caller.clone();
    app.write(move |tx| {
        let found = find_by_id(tx.conn, &caller.workspace, &connection)?;
        found.filter(|found| found.deleted_at.is_none()).ok_or(AppError::NotFound)?;
        let entry = Entry {
            workspace: &caller.workspace,
            connection: Some(&connection),
            setup_link: None,
            event: Event::CredentialsRead,
            actor: caller.actor(),
            detail: "",
        };
        tx.record(&entry)
    })
    .await
}

/// What the document says of it.
pub fn operation<S: Side>() -> Operation {
    let word = S::KIND.as_str();
    Operation::new(S::PLURAL, format!("read_{word}_credentials"), format!("Read a {word}'s credentials"))
        .answers::<CredentialsOut>(200)
        .refuses(&[Code::Conflict, Code::WaitingForApproval, Code::NeedsReconnecting, Code::ProviderUnavailable])
        .about("The whole configuration with its secrets, once nothing is missing. Tokens of a provider are renewed first when they are about to end. Every reading is written into the connection's timeline.")
}
