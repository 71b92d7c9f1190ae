//! From what happened to deliveries: who hears of it, tests, and sending again.

use serde_json::{Value, json};

use super::deliveries::{self, Delivery, DeliveryState, Message, NewDelivery, ONCE, Receiver};
use super::event::{self, WebhookEvent};
use super::{callback, endpoints};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WebhookDeliveryId, WebhookEndpointId, WebhookMessageId, WorkspaceId};
use crate::connectors::Connectors;
use crate::features::connections::Connection;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

impl Tx<'_> {
    /// Writes down what happened for everybody who wants to hear it: the connection's callback webhook, when details came, and the
    /// endpoints that subscribe to it.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn tell(&mut self, event: &WebhookEvent<'_>) -> AppResult<()> {
        let mut receivers = Vec::new();
        if let WebhookEvent::SetupFilled { connection, .. } = event {
            receivers.extend(callback_receiver(self.conn, &connection.id)?);
        }
        for row in endpoints::subscribed(self.conn, event.workspace(), event.kind())? {
            receivers.push(endpoint_receiver(&row));
        }
        if receivers.is_empty() {
            return Ok(());
        }
        let message = message(self, event.workspace(), event.connection_id(), event.kind().as_str(), &event.payload())?;
        for receiver in receivers {
            deliver(self, &message, &receiver, 0)?;
        }
        Ok(())
    }
}

fn callback_receiver(conn: &mut Conn, connection: &ConnectionId) -> AppResult<Option<Receiver>> {
    let row = callback::find(conn, connection)?;
    Ok(row.map(|row| Receiver { endpoint: None, host: row.host(), enabled: row.disabled_at.is_none(), url: row.url }))
}

fn endpoint_receiver(row: &endpoints::EndpointRow) -> Receiver {
    Receiver {
        endpoint: Some(row.id.clone()),
        url: row.url.clone(),
        host: row.host(),
        enabled: row.disabled_at.is_none(),
    }
}

fn message(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    connection: Option<&ConnectionId>,
    event: &str,
    payload: &Value,
) -> AppResult<Message> {
    let message = Message {
        id: WebhookMessageId::from_text(&format!("msg_{}", WebhookMessageId::new(tx.now, tx.rng))),
        workspace_id: workspace.clone(),
        connection_id: connection.cloned(),
        event: event.to_owned(),
        payload: payload.to_string(),
        created_at: tx.now,
    };
    deliveries::insert_message(tx.conn, &message)?;
    Ok(message)
}

fn deliver(tx: &mut Tx<'_>, message: &Message, receiver: &Receiver, step: i32) -> AppResult<WebhookDeliveryId> {
    let id = WebhookDeliveryId::new(tx.now, tx.rng);
    let state = if receiver.enabled { DeliveryState::Pending } else { DeliveryState::Disabled };
    deliveries::insert_delivery(tx.conn, &NewDelivery { id: &id, message, receiver, state, step }, tx.now)?;
    Ok(id)
}

/// Queues a test for a connection's callback webhook, in the shape of the real thing; it is tried once.
///
/// # Errors
/// [`AppError::Conflict`] when there is no callback webhook, or it is off.
pub fn send_test(tx: &mut Tx<'_>, connectors: &Connectors, connection: &Connection) -> AppResult<WebhookDeliveryId> {
    let receiver = callback_receiver(tx.conn, &connection.id)?;
    let receiver = receiver.ok_or(AppError::Conflict("This connection has no webhook."))?;
    let payload = event::filled(event::TEST, connection, &event::missing_fields(connectors, connection));
    test(tx, &connection.workspace_id, Some(&connection.id), &receiver, &payload)
}

/// Queues a test for an endpoint; it is tried once.
///
/// # Errors
/// [`AppError::NotFound`] when the workspace has no such endpoint, [`AppError::Conflict`] when it is off.
pub(super) fn send_endpoint_test(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &WebhookEndpointId,
) -> AppResult<WebhookDeliveryId> {
    let row = endpoints::find(tx.conn, workspace, id)?.ok_or(AppError::NotFound)?;
    let payload = json!({"event": event::TEST, "endpoint": {"id": row.id.as_str(), "description": row.description}});
    test(tx, workspace, None, &endpoint_receiver(&row), &payload)
}

fn test(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    connection: Option<&ConnectionId>,
    receiver: &Receiver,
    payload: &Value,
) -> AppResult<WebhookDeliveryId> {
    refuse_if_off(receiver)?;
    let message = message(tx, workspace, connection, event::TEST, payload)?;
    deliver(tx, &message, receiver, ONCE)
}

fn refuse_if_off(receiver: &Receiver) -> AppResult<()> {
    if receiver.enabled { Ok(()) } else { Err(AppError::Conflict("This webhook is off. Save it again to turn it on.")) }
}

/// Sends a delivery again from the start of the schedule, under the same `webhook-id`.
///
/// # Errors
/// [`AppError::Conflict`] when it is still on its way, or when its receiver is gone or off.
pub fn resend(tx: &mut Tx<'_>, delivery: &Delivery) -> AppResult<()> {
    let receiver = match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => {
            endpoints::find(tx.conn, &delivery.workspace_id, endpoint)?.as_ref().map(endpoint_receiver)
        }
        (None, Some(connection)) => callback_receiver(tx.conn, connection)?,
        (None, None) => None,
    };
    let receiver = receiver.ok_or(AppError::Conflict("The receiver of this webhook was removed."))?;
    refuse_if_off(&receiver)?;
    let step = if delivery.is_test() { ONCE } else { 0 };
    if deliveries::start_again(tx.conn, delivery, &receiver, step, tx.now)? {
        Ok(())
    } else {
        Err(AppError::Conflict("This webhook is being sent at the moment."))
    }
}
