//! `/api/v1/…/{slug}/revalidate/` and `/api/v1/connector-validations/`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::base::crypto::KeyRing;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ValidationId, WorkspaceId};
use crate::console::connections::api_change::{import_values, merge_values};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, Side, WriteValidations};
use crate::features::connections::{self, WAITING, find_of_kind};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::features::work::follow_log;
use crate::features::work::validations::{
    COME_BACK, FindStreams, QUEUE_FULL, StartValidationError, Validation, ValidationDetails, ValidationOut, start,
    what_to_install,
};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::api::{ApiResult, json, present};
use crate::platform::web::log_stream::LogText;
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};

/// What is checked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Revalidation")]
pub struct RevalidateIn {
    /// Values to merge in first, as in a change of the connection and by its rules; needs the scope to change it, too.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Map<String, Value>")]
    config: Option<Map<String, Value>>,
    /// Whether the source is asked for its streams although neither the connector nor the details have changed since it was.
    #[serde(default)]
    read_streams_anew: bool,
}

/// `POST /api/v1/sources/{slug}/revalidate/`
pub async fn revalidate<S: Side>(
    app: web::Data<App>,
    key: ApiKey<WriteValidations>,
    slug: web::Path<String>,
    once: Once,
) -> ApiResult {
    match once.open::<RevalidateIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = queue::<S>(&app, &key, slug.into_inner(), new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn queue<S: Side>(
    app: &web::Data<App>,
    caller: &Caller,
    slug: String,
    new: RevalidateIn,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    if new.config.is_some() && !caller.may(S::WRITE) {
        let sentence = format!("Merging values needs a key with the scope {}.", S::WRITE.as_str());
        return Err(Problem::new(Code::ScopeMissing, sentence));
    }
    let (workspace, wanted) = (caller.workspace.clone(), slug.clone());
    let found = app.db.read(move |conn| Ok(find_of_kind(conn, &workspace, S::KIND, &wanted)?)).await?;
    let connection = found.ok_or(AppError::NotFound)?;
    if connection.is_waiting() {
        return Err(problem(StartValidationError::Waiting));
    }
    let connector = app.connectors.find(S::KIND, &connection.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    let streams = if new.read_streams_anew { FindStreams::Anew } else { FindStreams::Kept };
    let values = import_values(&connector, new.config)?;
    if !app.engines.ability(&connector).check {
        return Err(Problem::new(Code::CannotBeChecked, what_to_install(&connector)));
    }
    let (caller, here) = (caller.clone(), app.clone());
    app.try_write::<_, Problem, _>(move |tx| {
        let found = find_of_kind(tx.conn, &caller.workspace, S::KIND, &slug).map_err(AppError::from)?;
        let mut connection = found.ok_or(AppError::NotFound)?;
        if let Some(values) = values {
            connection = merge_values(tx, &caller, connection, &connector, values)?;
        }
        // What was merged stays, even when it cannot be checked yet.
        match start(tx, &connection, &connector, &here.engines, streams, &caller.actor()) {
            Ok(validation) => {
                let out = ValidationOut::new(&validation, &connection, tx.keys)?;
                let answer = Answer::json(StatusCode::ACCEPTED, &out)?;
                ticket.store(tx, &answer)?;
                Ok(Ok(answer))
            }
            Err(StartValidationError::App(error)) => Err(error.into()),
            Err(refused) => Ok(Err(problem(refused))),
        }
    })
    .await?
}

fn problem(error: StartValidationError) -> Problem {
    let (fields, code, words) = match error {
        StartValidationError::App(error) => return error.into(),
        StartValidationError::Waiting => return Problem::new(Code::WaitingForApproval, WAITING),
        StartValidationError::CannotBeChecked(words) => return Problem::new(Code::CannotBeChecked, words),
        StartValidationError::QueueFull => return Problem::too_many(COME_BACK).saying(QUEUE_FULL),
        StartValidationError::Missing(fields) => {
            (fields, "missing_required_field", "is required by the connector and has no value")
        }
        StartValidationError::Wrong(fields) => (fields, "does_not_fit", "does not fit the rules of the connector"),
    };
    let at = |field: &String| format!("/config/{}", field.replace('.', "/"));
    Problem::invalid(fields.iter().map(|field| ErrorDetail::at(at(field), code, format!("{field} {words}."))).collect())
}

/// A validation as the API shows it now.
fn shown(conn: &mut Conn, validation: &Validation, keys: &KeyRing) -> AppResult<ValidationOut> {
    let (workspace, id) = (&validation.workspace_id, &validation.connection_id);
    let connection = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    ValidationOut::new(validation, &connection, keys)
}

/// `GET /api/v1/connector-validations/{id}/`
pub async fn show(app: web::Data<App>, key: ApiKey<WriteValidations>, id: web::Path<String>) -> ApiResult {
    let (workspace, id, here) = (key.workspace.clone(), ValidationId::from_text(&id), app.clone());
    let out = app.db.read(move |conn| {
        let validation = Validation::find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
        shown(conn, &validation, &here.keys)
    });
    json(StatusCode::OK, &out.await?)
}

/// What takes nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Nothing")]
pub struct CancelValidationIn {}

/// `POST /api/v1/connector-validations/{id}/cancel/`
pub async fn stop(app: web::Data<App>, key: ApiKey<WriteValidations>, id: web::Path<String>, once: Once) -> ApiResult {
    match once.open::<CancelValidationIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(_, ticket) => {
            let (workspace, id) = (key.workspace.clone(), ValidationId::from_text(&id));
            let done = cancel_one(&app, workspace, id, ticket.clone()).await.map_err(Problem::from);
            ticket.settle(&app, done).await
        }
    }
}

async fn cancel_one(
    app: &web::Data<App>,
    workspace: WorkspaceId,
    id: ValidationId,
    ticket: Ticket,
) -> AppResult<Answer> {
    app.write(move |tx| {
        let validation = Validation::stop(tx, &workspace, &id)?;
        let answer = Answer::json(StatusCode::ACCEPTED, &shown(tx.conn, &validation, tx.keys)?)?;
        ticket.store(tx, &answer)?;
        Ok(answer)
    })
    .await
}

/// `GET /api/v1/connector-validations/{id}/logs/`
pub async fn logs(
    app: web::Data<App>,
    request: HttpRequest,
    key: ApiKey<WriteValidations>,
    id: web::Path<String>,
) -> ApiResult {
    follow_log::<ValidationDetails, _>(app, &request, &key, &id).await
}

/// What the document says of starting one.
pub fn revalidation<S: Side>() -> Operation {
    let word = S::KIND.as_str();
    Operation::new(S::PLURAL, format!("revalidate_{word}"), format!("Validate a {word}"))
        .body::<RevalidateIn>()
        .answers::<ValidationOut>(202)
        .refuses(&[Code::Conflict, Code::WaitingForApproval, Code::CannotBeChecked])
        .about("Queues a check of the stored values against the real system; one that goes on already is stopped. Where nothing installed here can ask it, the answer is 409 `cannot_be_checked`, nothing is merged, and finalising needs no validation. A connector that is a program is not asked for its streams again while neither it nor the details have changed since it was, unless `read_streams_anew` says so; `streams_read_at` tells when it was. Ask for the validation until its `status` is not `in_progress`.")
}

/// What the document says of one, stopping it, and its log.
pub fn operations() -> [Operation; 3] {
    let operation = |id: &str, summary: &str| Operation::new("validations", id, summary);
    [
        operation("get_validation", "Read a validation").answers::<ValidationOut>(200),
        operation("cancel_validation", "Stop a validation")
            .answers::<ValidationOut>(202)
            .about("One that is over stays as it is."),
        operation("get_validation_logs", "Follow the log of a validation").answers::<LogText>(200).about(
            "Line by line until the validation is over. With `Accept: text/event-stream` as server-sent events.",
        ),
    ]
}
