//! What runs later beside the deliveries: the mail after a last failure, the sweep, and the rotation of master keys.

use std::sync::Arc;

use askama::Template;

use super::deliveries::{self, DeliveryState};
use super::send::Reason;
use super::{callback, endpoints, secrets};
use crate::base::crypto::rotation::{Batch, ROWS_AT_ONCE, batch};
use crate::base::crypto::{Rotation, Sealed};
use crate::base::error::AppResult;
use crate::base::ids::{ConnectionId, WebhookDeliveryId, WebhookSecretId};
use crate::features::accounts::{self, MemberCard};
use crate::features::connections;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::Mail;
use crate::platform::jobs::{Outcome, Registry, job};
use crate::platform::web::urls;

job!(
    /// Tells the owners that a webhook was given up.
    GaveUpMail(WebhookDeliveryId), "webhook_gave_up_mail", send_gave_up_mail
);

/// What webhooks do later, beside their own queue.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<GaveUpMail>()
}

const FORGOTTEN_AT_ONCE: i64 = 200;
/// How long a delivery can be looked at.
const KEPT: time::Duration = time::Duration::days(90);

#[derive(Template)]
#[template(path = "emails/webhook_gave_up/subject.txt")]
struct Subject<'a>(&'a Told);

#[derive(Template)]
#[template(path = "emails/webhook_gave_up/body.txt")]
struct Text<'a>(&'a Told);

#[derive(Template)]
#[template(path = "emails/webhook_gave_up/body.html")]
struct Html<'a>(&'a Told);

/// What the owners are told.
struct Told {
    name: String,
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

/// Tells the workspace's owners that a webhook was given up, or that its receiver is gone.
///
/// # Errors
/// The database cannot be read; a mail that is not taken is a retry, no error.
async fn send_gave_up_mail(app: &Arc<App>, id: WebhookDeliveryId) -> AppResult<Outcome> {
    let found = app.db.read(move |conn| facts(conn, &id)).await?;
    let Some((told, owners)) = found else { return Ok(Outcome::GiveUp { reason: "the delivery is gone".to_owned() }) };
    for MemberCard { name, email, .. } in owners {
        let url = app.config.server.base_url.join(&told.url);
        let told = Told {
            name: name.clone(),
            url,
            about: told.about.clone(),
            host: told.host.clone(),
            event: told.event.clone(),
            reason: told.reason.clone(),
            ..told
        };
        let subject = Subject(&told).render()?.trim().to_owned();
        let mail = Mail { to: email, to_name: name, subject, text: Text(&told).render()?, html: Html(&told).render()? };
        if let Err(error) = app.mailer.send(mail).await {
            return Ok(Outcome::Retry { reason: error.to_string() });
        }
    }
    Ok(Outcome::Done)
}

fn facts(conn: &mut Conn, id: &WebhookDeliveryId) -> AppResult<Option<(Told, Vec<MemberCard>)>> {
    let Some(delivery) = deliveries::find_by_id(conn, id)? else { return Ok(None) };
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
    let last = deliveries::attempts(conn, &delivery)?.pop();
    let reason = last.and_then(|attempt| attempt.reason());
    let told = Told {
        name: String::new(),
        about,
        host,
        event: delivery.event.clone(),
        tries: delivery.attempts,
        reason: reason.unwrap_or_default(),
        is_off: delivery.state == DeliveryState::Disabled,
        url: urls::webhook_delivery(&delivery.id),
    };
    let owners = accounts::owners_of(conn, workspace)?;
    Ok(Some((told, owners)))
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

/// Forgets signing secrets whose day of overlap is over, and what was delivered or given up 90 days ago.
///
/// # Errors
/// The database refuses.
pub async fn sweep(app: &Arc<App>) -> AppResult<()> {
    app.write(|tx| {
        secrets::forget_ended(tx.conn, tx.now)?;
        deliveries::forget_old(tx.conn, tx.now - KEPT, FORGOTTEN_AT_ONCE)?;
        Ok(())
    })
    .await
}

/// Seals the next signing secrets after `after` anew.
///
/// # Errors
/// A secret does not open with any key of the ring.
pub fn reseal_secrets(
    conn: &mut Conn,
    after: &WebhookSecretId,
    with: &Rotation<'_>,
) -> AppResult<Batch<WebhookSecretId>> {
    let rows = secrets::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(
        &rows,
        |row| &row.id,
        |row| {
            let sealed = Sealed::from_bytes(row.sealed.clone());
            let at = secrets::sealed_at(&row.id, &row.workspace_id);
            with.value(Some(&sealed), at, |fresh| secrets::replace(conn, &row.id, fresh))
        },
    )
}

/// Seals the next header values of callback webhooks after `after` anew.
///
/// # Errors
/// A value does not open with any key of the ring.
pub fn reseal_headers(conn: &mut Conn, after: &ConnectionId, with: &Rotation<'_>) -> AppResult<Batch<ConnectionId>> {
    let rows = callback::sealed_after(conn, after, ROWS_AT_ONCE)?;
    batch(&rows, |row| &row.connection_id, |row| row.reseal(conn, with))
}
