//! `/webhook-deliveries/{id}`: what was sent, every try, and sending it again.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::view::{AttemptItem, Moment, attempt};
use super::{AttemptRow, Delivery, Message};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WebhookDeliveryId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::webhooks::callback;
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

struct Loaded {
    delivery: Delivery,
    message: Message,
    attempts: Vec<AttemptRow>,
    connection: Option<Connection>,
    header_name: Option<String>,
}

async fn load(app: &App, member: &SignedIn, id: WebhookDeliveryId) -> AppResult<Loaded> {
    let workspace = member.workspace_id.clone();
    app.db
        .read(move |conn| {
            let delivery = super::find_delivery(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let message = super::request_of(conn, &delivery)?;
            let attempts = super::attempts(conn, &delivery)?;
            let about = delivery.connection_id.as_ref().filter(|_| delivery.endpoint_id.is_none());
            let connection = about.map(|id| connections::find_by_id(conn, &workspace, id)).transpose()?.flatten();
            let callback = about.map(|id| callback::find_callback(conn, &workspace, id)).transpose()?.flatten();
            let header_name =
                callback.filter(|callback| callback.url == delivery.url).and_then(|callback| callback.header_name);
            Ok(Loaded { delivery, message, attempts, connection, header_name })
        })
        .await
}

/// `GET /webhook-deliveries/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let Loaded { delivery, message, attempts, connection, header_name } =
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
    let (workspace, id, now) = (member.workspace_id.clone(), WebhookDeliveryId::from_text(&id), app.clock.now());
    let (target, administers) = (urls::webhook_delivery(&id), member.role.may_administer());
    app.db
        .write(move |conn| {
            let delivery = super::find_delivery(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            if delivery.endpoint_id.is_some() && !administers {
                return Err(AppError::Forbidden);
            }
            super::resend(conn, &workspace, &id, now)
        })
        .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::WebhookQueued))
}
