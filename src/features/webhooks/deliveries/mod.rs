//! Deliveries: one message on its way to one receiver, with every try.
//!
//! Invariants: a delivery is written in the transaction of the deed; a worker owns it by a lease and records under the number of its
//! try, so that one who comes back late changes nothing that another has decided; a delivery that is not pending is never sent.

pub mod pages;
mod queue;
mod store;
mod view;

pub(crate) use view::{DeliveryItem, Moment, items};

pub(super) use queue::{
    Claimed, NewAttempt, Settled, add_attempt, claim, disable_callback, disable_endpoint, due, redirect_callback,
    redirect_endpoint, settle,
};
pub use store::{
    AttemptRow, Delivery, DeliveryState, Message, attempts, count_deliveries, find_delivery, list_deliveries,
    request_of, undelivered,
};
pub(super) use store::{find_by_id, forget_old, list_endpoint_deliveries};

use serde_json::{Value, json};

use super::event::{self, Event};
use super::{callback, endpoints, missing_fields};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ConnectionId, WebhookDeliveryId, WebhookEndpointId, WebhookMessageId, WorkspaceId};
use crate::base::rng::Rng;
use crate::features::connections::Connection;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use store::{NewDelivery, insert_delivery, insert_message};

/// The step of a delivery that is tried once: a test shows what it comes to at once, and nobody waits for its retries.
pub(super) const ONCE: i32 = 1_000_000;

/// Where a delivery goes.
struct Target {
    endpoint: Option<WebhookEndpointId>,
    url: String,
    host: String,
    enabled: bool,
}

impl Tx<'_> {
    /// Writes down what happened for everybody who wants to hear it: the connection's callback webhook, when details came, and the
    /// endpoints that subscribe to it.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn tell(&mut self, event: &Event<'_>) -> AppResult<()> {
        let mut targets = Vec::new();
        if let Event::SetupFilled { connection, .. } = event {
            targets.extend(callback_target(self.conn, &connection.id)?);
        }
        for row in endpoints::subscribed(self.conn, event.workspace(), event.kind())? {
            targets.push(endpoint_target(&row));
        }
        if targets.is_empty() {
            return Ok(());
        }
        let message = message(
            event.workspace(),
            event.connection_id(),
            event.kind().as_str(),
            &event.payload(),
            self.now,
            self.rng,
        );
        insert_message(self.conn, &message)?;
        for target in targets {
            insert(self, &message, &target, 0)?;
        }
        Ok(())
    }
}

fn callback_target(conn: &mut Conn, connection: &ConnectionId) -> AppResult<Option<Target>> {
    let row = callback::find(conn, connection)?;
    Ok(row.map(|row| Target { endpoint: None, host: row.host(), enabled: row.disabled_at.is_none(), url: row.url }))
}

fn endpoint_target(row: &endpoints::EndpointRow) -> Target {
    Target {
        endpoint: Some(row.id.clone()),
        url: row.url.clone(),
        host: row.host(),
        enabled: row.disabled_at.is_none(),
    }
}

fn message(
    workspace: &WorkspaceId,
    connection: Option<&ConnectionId>,
    event: &str,
    payload: &Value,
    now: UtcTime,
    rng: &Rng,
) -> Message {
    Message {
        id: WebhookMessageId::from_text(&format!("msg_{}", WebhookMessageId::new(now, rng))),
        workspace_id: workspace.clone(),
        connection_id: connection.cloned(),
        event: event.to_owned(),
        payload: payload.to_string(),
        created_at: now,
    }
}

fn insert(tx: &mut Tx<'_>, message: &Message, target: &Target, step: i32) -> AppResult<WebhookDeliveryId> {
    let id = WebhookDeliveryId::new(tx.now, tx.rng);
    let state = if target.enabled { DeliveryState::Pending } else { DeliveryState::Disabled };
    let new = NewDelivery {
        id: &id,
        message,
        endpoint: target.endpoint.as_ref(),
        url: &target.url,
        host: &target.host,
        state,
        step,
    };
    insert_delivery(tx.conn, &new, tx.now)?;
    Ok(id)
}

/// Queues a test for a connection's callback webhook, in the shape of the real thing; it is tried once.
///
/// # Errors
/// [`AppError::Conflict`] when there is no callback webhook, or it is off.
pub fn send_test(tx: &mut Tx<'_>, app: &App, connection: &Connection) -> AppResult<WebhookDeliveryId> {
    let target =
        callback_target(tx.conn, &connection.id)?.ok_or(AppError::Conflict("This connection has no webhook."))?;
    let payload = event::filled(event::TEST, connection, &missing_fields(&app.connectors, connection));
    test(tx, &connection.workspace_id, Some(&connection.id), &target, &payload)
}

/// Queues a test for an endpoint; it is tried once.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such endpoint, [`AppError::Conflict`] when it is off.
pub fn send_endpoint_test(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
) -> AppResult<WebhookDeliveryId> {
    let row = endpoints::find(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let payload = json!({"event": event::TEST, "endpoint": {"id": row.id.as_str(), "description": row.description}});
    test(tx, workspace, None, &endpoint_target(&row), &payload)
}

fn test(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    connection: Option<&ConnectionId>,
    target: &Target,
    payload: &Value,
) -> AppResult<WebhookDeliveryId> {
    if !target.enabled {
        return Err(AppError::Conflict("This webhook is off. Save it again to turn it on."));
    }
    let message = message(workspace, connection, event::TEST, payload, tx.now, tx.rng);
    insert_message(tx.conn, &message)?;
    insert(tx, &message, target, ONCE)
}

/// Sends a delivery again from the start of the schedule, under the same `webhook-id`.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such delivery, [`AppError::Conflict`] when it is still on its way, or when its receiver
/// is gone or off.
pub fn resend(conn: &mut Conn, workspace: &WorkspaceId, id: &WebhookDeliveryId, now: UtcTime) -> AppResult<()> {
    let delivery = find_delivery(conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let target = match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => endpoints::find(conn, workspace, endpoint)?.as_ref().map(endpoint_target),
        (None, Some(connection)) => callback_target(conn, connection)?,
        (None, None) => None,
    };
    let target = target.ok_or(AppError::Conflict("The receiver of this webhook was removed."))?;
    if !target.enabled {
        return Err(AppError::Conflict("This webhook is off. Save it again to turn it on."));
    }
    let step = if delivery.event == event::TEST { ONCE } else { 0 };
    if queue::start_again(conn, &delivery, (&target.url, &target.host), step, now)? {
        Ok(())
    } else {
        Err(AppError::Conflict("This webhook is being sent at the moment."))
    }
}

impl Delivery {
    /// The receiver's host, for people.
    pub fn host(&self) -> String {
        HttpsUrl::parse(&self.url).map(|url| url.host()).unwrap_or_default()
    }

    /// Whether it is a test.
    pub fn is_test(&self) -> bool {
        self.event == event::TEST
    }
}
