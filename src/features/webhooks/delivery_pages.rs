//! `/webhook-deliveries/{id}`: what was sent, every try, and sending it again.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::deliveries::{self, AttemptItem, Delivery, DeliveryAttempt, Message, Moment, attempt};
use super::{callback, tell};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WebhookDeliveryId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct DeliveryPage {
    frame: OwnerFrame,
    may_resend: bool,
    event: String,
    state: &'static str,
    tone: &'static str,
    back_url: String,
    back: String,
    webhook_id: String,
    receiver: String,
    header_name: Option<String>,
    body: String,
    made: Moment,
    next: Option<Moment>,
    attempts: Vec<AttemptItem>,
    resend_url: String,
}

struct LoadedDelivery {
    delivery: Delivery,
    message: Message,
    attempts: Vec<DeliveryAttempt>,
    connection: Option<Connection>,
    header_name: Option<String>,
}

async fn load(app: &App, member: &SignedIn, id: WebhookDeliveryId) -> AppResult<LoadedDelivery> {
    let workspace = member.workspace_id.clone();
    app.db
        .read(move |conn| {
            let delivery = deliveries::find_delivery(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let message = deliveries::request_of(conn, &delivery)?;
            let attempts = deliveries::attempts(conn, &delivery)?;
            let about = delivery.connection_id.as_ref().filter(|_| delivery.endpoint_id.is_none());
            let connection = about.map(|id| connections::find_by_id(conn, &workspace, id)).transpose()?.flatten();
            let callback = about.map(|id| callback::find_callback(conn, &workspace, id)).transpose()?.flatten();
            let header_name =
                callback.filter(|callback| callback.url == delivery.url).and_then(|callback| callback.header_name);
            Ok(LoadedDelivery { delivery, message, attempts, connection, header_name })
        })
        .await
}

/// `GET /webhook-deliveries/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let LoadedDelivery { delivery, message, attempts, connection, header_name } =
        load(&app, &member, WebhookDeliveryId::from_text(&id)).await?;
    let (nav, back_url, back) = match connection {
        Some(connection) => ("connections", urls::connection(&connection.slug), connection.description),
        None => ("settings", urls::SETTINGS_WEBHOOKS.to_owned(), "Webhooks".to_owned()),
    };
    page(&DeliveryPage {
        frame: member.frame(&request, &app, nav),
        may_resend: if delivery.endpoint_id.is_some() { member.role.may_administer() } else { member.role.may_edit() },
        state: delivery.words(),
        tone: delivery.tone(),
        back_url,
        back,
        webhook_id: message.id.to_string(),
        receiver: delivery.url.clone(),
        header_name,
        body: pretty(&message.payload),
        made: delivery.created_at.into(),
        next: delivery.next_at.map(Moment::from),
        attempts: attempts.iter().rev().map(attempt).collect(),
        resend_url: urls::webhook_resend(&delivery.id),
        event: delivery.event,
    })
}

fn pretty(payload: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(payload).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| payload.to_owned())
}

/// `POST /webhook-deliveries/{id}/resend`
pub async fn resend(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id) = (member.workspace_id.clone(), WebhookDeliveryId::from_text(&id));
    let (target, administers) = (urls::webhook_delivery(&id), member.role.may_administer());
    app.write(move |tx| {
        let delivery = deliveries::find_delivery(tx.conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
        if delivery.endpoint_id.is_some() && !administers {
            return Err(AppError::Forbidden);
        }
        tell::resend(tx, &delivery)
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::WebhookQueued))
}
