//! What runs later beside the deliveries: the mail after a last failure and the sweep.

use std::sync::Arc;

use super::deliveries::{self, Delivery, DeliveryState};
use super::send::Reason;
use super::{endpoints, secrets};
use crate::base::error::AppResult;
use crate::base::ids::WebhookDeliveryId;
use crate::features::accounts;
use crate::features::connections;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::email_templates;
use crate::platform::jobs::{Lane, PreparedMail, Registry, mail_job};
use crate::platform::web::urls;

mail_job!(
    /// Tells the owners that a webhook was given up.
    GaveUpMail(WebhookDeliveryId), "webhook_gave_up_mail", Lane::NoticeMail, prepare_gave_up_mail
);

/// What webhooks do later, beside their own queue.
pub fn jobs(registry: Registry) -> Registry {
    registry.with_mail::<GaveUpMail>()
}

email_templates!(
    WebhookGaveUpEmail,
    "emails/webhook_gave_up/subject.txt",
    "emails/webhook_gave_up/body.txt",
    "emails/webhook_gave_up/body.html"
);

/// What the owners are told.
struct WebhookGaveUpEmail {
    /// The connection's or the endpoint's name.
    about: String,
    host: String,
    event: String,
    tries: i32,
    reason: String,
    /// Whether the receiver said it is gone, so that nothing more is sent there.
    is_off: bool,
    url: String,
}

/// It goes to the workspace's owners: they can mend or remove the receiver.
fn prepare_gave_up_mail(app: &App, conn: &mut Conn, id: &WebhookDeliveryId) -> AppResult<Option<PreparedMail>> {
    let Some(delivery) = deliveries::find_by_id(conn, id)? else { return Ok(None) };
    let owners = accounts::owners_of(conn, &delivery.workspace_id)?;
    Ok(Some(PreparedMail {
        receivers: accounts::receivers(owners),
        reply_to: None,
        context: Box::new(facts(app, conn, &delivery)?),
        workspace: delivery.workspace_id,
    }))
}

fn facts(app: &App, conn: &mut Conn, delivery: &Delivery) -> AppResult<WebhookGaveUpEmail> {
    let workspace = &delivery.workspace_id;
    let endpoint =
        delivery.endpoint_id.as_ref().map(|id| endpoints::find_any(conn, workspace, id)).transpose()?.flatten();
    let connection =
        delivery.connection_id.as_ref().map(|id| connections::find_by_id(conn, workspace, id)).transpose()?.flatten();
    let host = delivery.host();
    let about = match (endpoint, connection) {
        (Some(endpoint), _) if !endpoint.description.is_empty() => endpoint.description,
        (Some(_), _) => host.clone(),
        (None, connection) => connection.map(|connection| connection.description).unwrap_or_default(),
    };
    let last = deliveries::attempts(conn, delivery)?.pop();
    let reason = last.and_then(|attempt| attempt.reason());
    Ok(WebhookGaveUpEmail {
        about,
        host,
        event: delivery.event.clone(),
        tries: delivery.attempts,
        reason: reason.unwrap_or_default(),
        is_off: delivery.state == DeliveryState::Disabled,
        url: app.config.server.base_url.join(&urls::webhook_delivery(&delivery.id)),
    })
}

impl deliveries::DeliveryAttempt {
    /// Why the try failed, for people; `None` when it did not.
    pub fn reason(&self) -> Option<String> {
        let reason = self.failure.as_deref().and_then(Reason::parse)?;
        Some(match (reason, self.status) {
            (Reason::Status | Reason::Redirect | Reason::Gone, Some(status)) => {
                format!("{} ({status})", reason.words())
            }
            _ => reason.words().to_owned(),
        })
    }
}

/// Forgets signing secrets whose day of overlap is over.
///
/// # Errors
/// The database refuses.
pub async fn sweep(app: &Arc<App>) -> AppResult<()> {
    app.write(|tx| {
        secrets::forget_ended(tx.conn, tx.now)?;
        Ok(())
    })
    .await
}
