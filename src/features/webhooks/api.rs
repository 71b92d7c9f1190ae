//! `/api/v1/sources/{slug}/deliveries/`: what was sent to whom, how that went, and sending it again.

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deliveries::{
    Delivery, DeliveryAttempt, DeliveryState, attempts, find_delivery, list_deliveries, request_of,
};
use super::{resend, send_test};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{WebhookDeliveryId, WorkspaceId};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, Read, Side, Write};
use crate::features::connections::{Connection, find_of_kind};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::db::cursor::{ListDirection, place_by_time};
use crate::platform::web::api::{ApiQuery, ApiResult, json};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};
use crate::platform::web::urls;

/// So many of the newest deliveries can be turned through.
const MOST_LISTED: i64 = 1_000;

/// A body without members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Nothing")]
pub struct ResendIn {}

/// Where a delivery is on its way.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateOut {
    /// It waits for its first or next try.
    Pending,
    /// The receiver took it.
    Delivered,
    /// The last try failed.
    GaveUp,
    /// Its receiver is off or removed.
    Disabled,
}

/// Who a delivery goes to.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ReceiverOut {
    /// The connection's callback webhook.
    Callback,
    /// An endpoint of the workspace.
    Endpoint,
}

/// One message on its way to one receiver.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
struct DeliveryOut {
    /// Its id.
    id: String,
    /// The `webhook-id` that all its tries carry.
    webhook_id: String,
    /// What happened.
    event: String,
    /// Who it goes to.
    receiver: ReceiverOut,
    /// The receiver's host.
    host: String,
    /// Where it is on its way.
    state: StateOut,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; null when it is not (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    next_attempt_at: Option<String>,
    /// When it was written (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

/// One try.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
struct AttemptOut {
    /// When it began (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// The status of the answer; null when none came.
    status: Option<i32>,
    /// Why it failed, as a stable word; null when it did not.
    failure: Option<String>,
    /// How long it took, in milliseconds.
    milliseconds: i32,
    /// The first kilobyte of the answer.
    answer: String,
}

/// A delivery with what is sent and every try.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryDetails")]
struct DeliveryDetailsOut {
    #[serde(flatten)]
    delivery: DeliveryOut,
    /// The body that is sent.
    payload: Value,
    /// The tries, the first one first.
    tries: Vec<AttemptOut>,
}

impl DeliveryOut {
    fn new(delivery: Delivery) -> Self {
        let host = delivery.host();
        Self {
            id: delivery.id.to_string(),
            webhook_id: delivery.message_id.to_string(),
            event: delivery.event,
            receiver: if delivery.endpoint_id.is_some() { ReceiverOut::Endpoint } else { ReceiverOut::Callback },
            host,
            state: match delivery.state {
                DeliveryState::Pending => StateOut::Pending,
                DeliveryState::Delivered => StateOut::Delivered,
                DeliveryState::GaveUp => StateOut::GaveUp,
                DeliveryState::Disabled => StateOut::Disabled,
            },
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_at.map(UtcTime::iso),
            created_at: delivery.created_at.iso(),
        }
    }
}

impl From<DeliveryAttempt> for AttemptOut {
    fn from(row: DeliveryAttempt) -> Self {
        Self {
            at: row.at.iso(),
            status: row.status,
            failure: row.failure,
            milliseconds: row.millis,
            answer: row.answer,
        }
    }
}

/// Which page of the list is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryListQuery {
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

fn connection<S: Side>(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> AppResult<Connection> {
    find_of_kind(conn, workspace, S::KIND, slug)?.ok_or(AppError::NotFound)
}

/// A delivery of that connection, and of no other.
fn delivery_of(conn: &mut Conn, connection: &Connection, id: &WebhookDeliveryId) -> AppResult<Delivery> {
    let found = find_delivery(conn, &connection.workspace_id, id)?;
    found.filter(|delivery| delivery.connection_id.as_ref() == Some(&connection.id)).ok_or(AppError::NotFound)
}

fn details(conn: &mut Conn, delivery: Delivery) -> AppResult<DeliveryDetailsOut> {
    let payload = serde_json::from_str(&request_of(conn, &delivery)?.payload).map_err(AppError::internal)?;
    let tries = attempts(conn, &delivery)?.into_iter().map(AttemptOut::from).collect();
    Ok(DeliveryDetailsOut { delivery: DeliveryOut::new(delivery), payload, tries })
}

/// `GET /api/v1/sources/{slug}/deliveries/`
pub async fn index<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Read<S>>,
    slug: web::Path<String>,
    query: ApiQuery<DeliveryListQuery>,
) -> ApiResult {
    let wanted = cursor::page_request(query.0.cursor.as_deref(), query.0.limit)?;
    let (workspace, slug) = (key.workspace.clone(), slug.into_inner());
    let address = app.config.server.base_url.join(&urls::api_deliveries(S::PLURAL, &slug));
    let found = app
        .db
        .read(move |conn| {
            let connection = connection::<S>(conn, &workspace, &slug)?;
            Ok(list_deliveries(conn, &workspace, &connection.id, MOST_LISTED)?)
        })
        .await?;
    let place_of = |delivery: &Delivery| place_by_time(delivery.created_at, &delivery.id);
    let limit: Vec<(&str, String)> = query.0.limit.map(|limit| ("limit", limit.to_string())).into_iter().collect();
    json(
        StatusCode::OK,
        &PageOut::new(
            wanted.cut(found, ListDirection::Falling, place_of),
            &address,
            &limit,
            place_of,
            DeliveryOut::new,
        ),
    )
}

/// `GET /api/v1/sources/{slug}/deliveries/{id}/`
pub async fn show<S: Side>(app: web::Data<App>, key: ApiKey<Read<S>>, path: web::Path<(String, String)>) -> ApiResult {
    let (workspace, (slug, id)) = (key.workspace.clone(), path.into_inner());
    let out = app
        .db
        .read(move |conn| {
            let connection = connection::<S>(conn, &workspace, &slug)?;
            let delivery = delivery_of(conn, &connection, &WebhookDeliveryId::from_text(&id))?;
            details(conn, delivery)
        })
        .await?;
    json(StatusCode::OK, &out)
}

/// `POST /api/v1/sources/{slug}/deliveries/`
pub async fn test<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    slug: web::Path<String>,
    once: Once,
) -> ApiResult {
    act::<S>(&app, &key, slug.into_inner(), Sending::Test, &once).await
}

/// `POST /api/v1/sources/{slug}/deliveries/{id}/resend/`
pub async fn send_again<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    path: web::Path<(String, String)>,
    once: Once,
) -> ApiResult {
    let (slug, id) = path.into_inner();
    act::<S>(&app, &key, slug, Sending::Again(WebhookDeliveryId::from_text(&id)), &once).await
}

/// What is to be sent.
enum Sending {
    Test,
    Again(WebhookDeliveryId),
}

async fn act<S: Side>(app: &web::Data<App>, caller: &Caller, slug: String, sending: Sending, once: &Once) -> ApiResult {
    match once.open::<ResendIn>(app, caller).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(_, ticket) => {
            let done = queue::<S>(app, caller, slug, sending, ticket.clone()).await;
            ticket.settle(app, done.map_err(Problem::from)).await
        }
    }
}

async fn queue<S: Side>(
    app: &web::Data<App>,
    caller: &Caller,
    slug: String,
    sending: Sending,
    ticket: Ticket,
) -> AppResult<Answer> {
    let (app_here, workspace) = (app.clone(), caller.workspace.clone());
    app.write(move |tx| {
        let connection = connection::<S>(tx.conn, &workspace, &slug)?;
        let id = match sending {
            Sending::Test => send_test(tx, &app_here.connectors, &connection)?,
            Sending::Again(id) => {
                let delivery = delivery_of(tx.conn, &connection, &id)?;
                resend(tx, &delivery)?;
                id
            }
        };
        let delivery = delivery_of(tx.conn, &connection, &id)?;
        let answer = Answer::json(StatusCode::ACCEPTED, &details(tx.conn, delivery)?)?;
        ticket.store(tx, &answer)?;
        Ok(answer)
    })
    .await
}

/// What the document says of the list, testing, one, and sending again.
pub fn operations<S: Side>() -> [Operation; 4] {
    let word = S::KIND.as_str();
    let operation = |id: String, summary: &str| Operation::new(S::PLURAL, id, summary);
    [
        operation(format!("list_{word}_deliveries"), "List webhook deliveries")
            .query::<DeliveryListQuery>()
            .answers::<PageOut<DeliveryOut>>(200)
            .about("Newest first; the newest 1,000."),
        operation(format!("test_{word}_callback"), "Send a test event")
            .answers::<DeliveryDetailsOut>(202)
            .refuses(&[Code::Conflict])
            .about("It is sent once, to the callback webhook, in the shape of the real event."),
        operation(format!("get_{word}_delivery"), "Read a webhook delivery").answers::<DeliveryDetailsOut>(200),
        operation(format!("resend_{word}_delivery"), "Send a delivery again")
            .answers::<DeliveryDetailsOut>(202)
            .refuses(&[Code::Conflict])
            .about("It starts at the beginning of the retry schedule, under the same `webhook-id`."),
    ]
}
