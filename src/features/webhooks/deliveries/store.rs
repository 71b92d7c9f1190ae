use diesel::prelude::*;

use super::Receiver;
use crate::base::clock::UtcTime;
use crate::base::ids::{
    ConnectionId, WebhookAttemptId, WebhookDeliveryId, WebhookEndpointId, WebhookMessageId, WorkspaceId,
};
use crate::base::text_column::text_enum;
use crate::features::webhooks::event::TEST;
use crate::platform::db::schema::{webhook_attempts, webhook_deliveries, webhook_messages};
use crate::platform::db::{Conn, ForgetScope, count_up_to};

text_enum! {
    /// Where a delivery is on its way.
    pub enum DeliveryState {
        /// It waits for its first or next try.
        Pending = "pending",
        /// The receiver took it.
        Delivered = "delivered",
        /// The last try failed.
        GaveUp = "gave_up",
        /// Its receiver is off or removed.
        Disabled = "disabled",
    }
}

/// What happened, as it is told.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_messages)]
pub struct Message {
    /// The `webhook-id`.
    pub id: WebhookMessageId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The connection it is about.
    pub connection_id: Option<ConnectionId>,
    /// The event's name.
    pub event: String,
    /// The body, JSON.
    pub payload: String,
    /// When it happened.
    pub created_at: UtcTime,
}

/// One message on its way to one receiver.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub struct Delivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The message.
    pub message_id: WebhookMessageId,
    /// The connection it is about.
    pub connection_id: Option<ConnectionId>,
    /// The endpoint it goes to; `None`: the connection's callback webhook.
    pub endpoint_id: Option<WebhookEndpointId>,
    /// The event's name.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// Where it is on its way.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// How many tries of the schedule are used up.
    pub(in crate::features::webhooks) step: i32,
    /// When it is tried next.
    pub next_at: Option<UtcTime>,
    /// When it was written.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

/// One try.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_attempts)]
pub struct DeliveryAttempt {
    /// Its id.
    pub id: WebhookAttemptId,
    /// The first, second, … try.
    pub number: i32,
    /// When it began.
    pub at: UtcTime,
    /// The status of the answer; `None`: no answer came.
    pub status: Option<i32>,
    /// Why it failed, by name; `None`: it did not.
    pub failure: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: i32,
    /// The first kilobyte of the answer.
    pub answer: String,
}

pub(in crate::features::webhooks) fn insert_message(conn: &mut Conn, message: &Message) -> QueryResult<()> {
    diesel::insert_into(webhook_messages::table)
        .values((
            webhook_messages::id.eq(&message.id),
            webhook_messages::workspace_id.eq(&message.workspace_id),
            webhook_messages::connection_id.eq(&message.connection_id),
            webhook_messages::event.eq(&message.event),
            webhook_messages::payload.eq(&message.payload),
            webhook_messages::created_at.eq(message.created_at),
        ))
        .execute(conn)
        .map(|_| ())
}

/// A delivery to be.
pub(in crate::features::webhooks) struct NewDelivery<'a> {
    pub(in crate::features::webhooks) id: &'a WebhookDeliveryId,
    pub(in crate::features::webhooks) message: &'a Message,
    pub(in crate::features::webhooks) receiver: &'a Receiver,
    pub(in crate::features::webhooks) state: DeliveryState,
    pub(in crate::features::webhooks) step: i32,
}

pub(in crate::features::webhooks) fn insert_delivery(
    conn: &mut Conn,
    new: &NewDelivery<'_>,
    now: UtcTime,
) -> QueryResult<()> {
    let first = Some(now).filter(|_| new.state == DeliveryState::Pending);
    diesel::insert_into(webhook_deliveries::table)
        .values((
            webhook_deliveries::id.eq(new.id),
            webhook_deliveries::workspace_id.eq(&new.message.workspace_id),
            webhook_deliveries::message_id.eq(&new.message.id),
            webhook_deliveries::connection_id.eq(&new.message.connection_id),
            webhook_deliveries::endpoint_id.eq(&new.receiver.endpoint),
            webhook_deliveries::event.eq(&new.message.event),
            (
                webhook_deliveries::url.eq(&new.receiver.url),
                webhook_deliveries::host.eq(&new.receiver.host),
                webhook_deliveries::state.eq(new.state),
                webhook_deliveries::attempts.eq(0),
                webhook_deliveries::step.eq(new.step),
                webhook_deliveries::next_at.eq(first),
                webhook_deliveries::created_at.eq(now),
                webhook_deliveries::updated_at.eq(now),
            ),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The deliveries of a connection, the newest first.
pub fn list_deliveries(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    limit: i64,
) -> QueryResult<Vec<Delivery>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .filter(webhook_deliveries::connection_id.eq(connection))
        .order((webhook_deliveries::created_at.desc(), webhook_deliveries::id.desc()))
        .limit(limit)
        .select(Delivery::as_select())
        .load(conn)
}

/// The newest deliveries to a workspace's endpoints, or to one of them.
pub(in crate::features::webhooks) fn list_endpoint_deliveries(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    endpoint: Option<&WebhookEndpointId>,
    limit: i64,
) -> QueryResult<Vec<Delivery>> {
    let mut query = webhook_deliveries::table
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .filter(webhook_deliveries::endpoint_id.is_not_null())
        .order((webhook_deliveries::created_at.desc(), webhook_deliveries::id.desc()))
        .limit(limit)
        .select(Delivery::as_select())
        .into_boxed();
    if let Some(endpoint) = endpoint {
        query = query.filter(webhook_deliveries::endpoint_id.eq(endpoint.clone()));
    }
    query.load(conn)
}

/// The deliveries of a workspace that were given up and that nobody has dismissed, the newest first.
pub fn list_given_up(conn: &mut Conn, workspace: &WorkspaceId, limit: i64) -> QueryResult<Vec<Delivery>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .filter(webhook_deliveries::state.eq(DeliveryState::GaveUp))
        .filter(webhook_deliveries::dismissed_at.is_null())
        .filter(webhook_deliveries::event.ne(TEST))
        .order((webhook_deliveries::updated_at.desc(), webhook_deliveries::id.desc()))
        .limit(limit)
        .select(Delivery::as_select())
        .load(conn)
}

/// How many these are, at most so many.
pub fn count_given_up(conn: &mut Conn, workspace: &WorkspaceId, most: i64) -> QueryResult<usize> {
    Ok(list_given_up(conn, workspace, most)?.len())
}

/// Takes a delivery that was given up off the list; `false` when the workspace has no such delivery.
pub fn dismiss_given_up(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookDeliveryId,
    now: UtcTime,
) -> QueryResult<bool> {
    let given_up = webhook_deliveries::table
        .filter(webhook_deliveries::id.eq(id))
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .filter(webhook_deliveries::state.eq(DeliveryState::GaveUp));
    Ok(diesel::update(given_up).set(webhook_deliveries::dismissed_at.eq(now)).execute(conn)? == 1)
}

/// How many deliveries of the whole installation wait for a try: what an operator watches.
pub fn undelivered(conn: &mut Conn) -> QueryResult<i64> {
    webhook_deliveries::table.filter(webhook_deliveries::state.eq(DeliveryState::Pending)).count().get_result(conn)
}

/// Whether the newest other delivery to the same receiver that has come to an end was given up: then its owners know.
pub(in crate::features::webhooks) fn is_known_to_fail(conn: &mut Conn, delivery: &Delivery) -> QueryResult<bool> {
    let mut others = webhook_deliveries::table
        .filter(webhook_deliveries::workspace_id.eq(&delivery.workspace_id))
        .filter(webhook_deliveries::id.ne(&delivery.id))
        .filter(webhook_deliveries::event.ne(TEST))
        .filter(webhook_deliveries::state.eq_any([DeliveryState::Delivered, DeliveryState::GaveUp]))
        .order((webhook_deliveries::created_at.desc(), webhook_deliveries::id.desc()))
        .select(webhook_deliveries::state)
        .into_boxed();
    others = match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => others.filter(webhook_deliveries::endpoint_id.eq(endpoint.clone())),
        (None, connection) => others
            .filter(webhook_deliveries::endpoint_id.is_null())
            .filter(webhook_deliveries::connection_id.eq(connection.clone())),
    };
    let newest: Option<DeliveryState> = others.first(conn).optional()?;
    Ok(newest == Some(DeliveryState::GaveUp))
}

/// One delivery.
pub fn find_delivery(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &WebhookDeliveryId,
) -> QueryResult<Option<Delivery>> {
    webhook_deliveries::table
        .find(id)
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .select(Delivery::as_select())
        .get_result(conn)
        .optional()
}

/// One delivery of any workspace, for the worker.
pub(in crate::features::webhooks) fn find_by_id(
    conn: &mut Conn,
    id: &WebhookDeliveryId,
) -> QueryResult<Option<Delivery>> {
    webhook_deliveries::table.find(id).select(Delivery::as_select()).get_result(conn).optional()
}

/// What a delivery sends: its message. Headers are not stored: the signature is made anew for every try.
pub fn request_of(conn: &mut Conn, delivery: &Delivery) -> QueryResult<Message> {
    webhook_messages::table.find(&delivery.message_id).select(Message::as_select()).get_result(conn)
}

/// The tries of a delivery, the first one first.
pub fn attempts(conn: &mut Conn, delivery: &Delivery) -> QueryResult<Vec<DeliveryAttempt>> {
    webhook_attempts::table
        .filter(webhook_attempts::delivery_id.eq(&delivery.id))
        .order((webhook_attempts::number, webhook_attempts::at))
        .select(DeliveryAttempt::as_select())
        .load(conn)
}

/// Up to `limit` messages that are to be forgotten. Of those of a moment, what is still on its way to somebody stays.
pub fn forgettable(conn: &mut Conn, scope: &ForgetScope, limit: i64) -> QueryResult<Vec<WebhookMessageId>> {
    let query = webhook_messages::table
        .filter(webhook_messages::workspace_id.eq(scope.workspace()))
        .limit(limit)
        .select(webhook_messages::id)
        .into_boxed();
    let query = match scope {
        ForgetScope::Before { moment, .. } => {
            let waiting = webhook_deliveries::table
                .filter(webhook_deliveries::message_id.eq(webhook_messages::id))
                .filter(webhook_deliveries::state.eq(DeliveryState::Pending.as_str()));
            query
                .filter(webhook_messages::created_at.lt(*moment))
                .filter(diesel::dsl::not(diesel::dsl::exists(waiting)))
                .order(webhook_messages::created_at)
        }
        ForgetScope::OfConnection { connection, .. } => query.filter(webhook_messages::connection_id.eq(connection)),
    };
    query.load(conn)
}

/// Forgets messages with everything about their deliveries; says how many. Of those of a moment, what somebody has sent again since stays.
pub fn forget(conn: &mut Conn, scope: &ForgetScope, old: &[WebhookMessageId]) -> QueryResult<usize> {
    let deliveries: Vec<(WebhookDeliveryId, WebhookMessageId, DeliveryState)> = webhook_deliveries::table
        .filter(webhook_deliveries::message_id.eq_any(old.iter().map(WebhookMessageId::as_str)))
        .select((webhook_deliveries::id, webhook_deliveries::message_id, webhook_deliveries::state))
        .load(conn)?;
    let of_a_moment = matches!(scope, ForgetScope::Before { .. });
    let waits = |id: &WebhookMessageId| deliveries.iter().any(|one| one.1 == *id && one.2 == DeliveryState::Pending);
    let gone: Vec<&WebhookMessageId> = old.iter().filter(|id| !(of_a_moment && waits(id))).collect();
    let ids = || deliveries.iter().filter(|one| gone.contains(&&one.1)).map(|one| one.0.as_str());
    diesel::delete(webhook_attempts::table.filter(webhook_attempts::delivery_id.eq_any(ids()))).execute(conn)?;
    diesel::delete(webhook_deliveries::table.filter(webhook_deliveries::id.eq_any(ids()))).execute(conn)?;
    let messages = webhook_messages::table.filter(webhook_messages::id.eq_any(gone.iter().map(|id| id.as_str())));
    diesel::delete(messages).execute(conn)
}

count_up_to!(
    /// How many messages a workspace has, at most so many.
    count_up_to, webhook_messages
);
