use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ConnectionId, WebhookAttemptId, WebhookDeliveryId, WebhookEndpointId};
use crate::features::webhooks::deliveries::{Delivery, DeliveryState, Message, Receiver, request_of};
use crate::platform::db::Conn;
use crate::platform::db::schema::{webhook_attempts, webhook_deliveries};

/// How long a worker owns a delivery: twice what a try may take.
const LEASE: time::Duration = time::Duration::seconds(30);

/// What must not be taken now.
pub(in crate::features::webhooks) struct BusyDeliveries {
    /// Hosts that have all the tries they may have at once.
    pub(in crate::features::webhooks) hosts: Vec<String>,
    /// Deliveries that this very worker is at, whatever the clock says about their leases.
    pub(in crate::features::webhooks) ours: Vec<WebhookDeliveryId>,
}

/// How far a row may lie ahead of our clock before it is taken for one that another clock wrote.
const AHEAD: time::Duration = time::Duration::MINUTE;

/// The clock went back: what was put off by a moment that has not come yet is due now, and a lease that no worker can have taken by this
/// clock is none.
pub(in crate::features::webhooks) fn pull_in(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    let pending = webhook_deliveries::table.filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(pending.filter(webhook_deliveries::updated_at.gt(now + AHEAD)))
        .set((webhook_deliveries::next_at.eq(now), webhook_deliveries::updated_at.eq(now)))
        .execute(conn)?;
    diesel::update(pending.filter(webhook_deliveries::lease_until.gt(now + LEASE + AHEAD)))
        .set(webhook_deliveries::lease_until.eq(None::<UtcTime>))
        .execute(conn)
        .map(|_| ())
}

/// Deliveries that are due, that nobody holds, and that are not busy; the oldest first.
pub(in crate::features::webhooks) fn due(
    conn: &mut Conn,
    now: UtcTime,
    busy: &BusyDeliveries,
    limit: i64,
) -> QueryResult<Vec<(WebhookDeliveryId, String)>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .filter(webhook_deliveries::next_at.le(now))
        .filter(webhook_deliveries::lease_until.is_null().or(webhook_deliveries::lease_until.lt(now)))
        .filter(webhook_deliveries::host.ne_all(&busy.hosts))
        .filter(webhook_deliveries::id.ne_all(&busy.ours))
        .order((webhook_deliveries::next_at, webhook_deliveries::id))
        .limit(limit)
        .select((webhook_deliveries::id, webhook_deliveries::host))
        .load(conn)
}

/// A delivery a worker has taken, with what it sends. `delivery.attempts` is the number of this try.
pub(in crate::features::webhooks) struct Claimed {
    pub(in crate::features::webhooks) delivery: Delivery,
    pub(in crate::features::webhooks) message: Message,
}

/// Takes a delivery for the time of a lease; `None` when another worker was faster.
pub(in crate::features::webhooks) fn claim(
    conn: &mut Conn,
    id: &WebhookDeliveryId,
    now: UtcTime,
) -> QueryResult<Option<Claimed>> {
    let free = webhook_deliveries::table
        .find(id)
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .filter(webhook_deliveries::next_at.le(now))
        .filter(webhook_deliveries::lease_until.is_null().or(webhook_deliveries::lease_until.lt(now)));
    let taken = diesel::update(free)
        .set((
            webhook_deliveries::lease_until.eq(now + LEASE),
            webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
        ))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    let delivery: Delivery = webhook_deliveries::table.find(id).select(Delivery::as_select()).get_result(conn)?;
    let message = request_of(conn, &delivery)?;
    Ok(Some(Claimed { delivery, message }))
}

/// What a try leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::features::webhooks) struct Settled {
    pub(in crate::features::webhooks) state: DeliveryState,
    pub(in crate::features::webhooks) next_at: Option<UtcTime>,
}

/// Records what a try leads to and gives the lease back; `false` when another worker has taken the delivery since, or it was stopped.
pub(in crate::features::webhooks) fn settle(
    conn: &mut Conn,
    claimed: &Delivery,
    settled: Settled,
    now: UtcTime,
) -> QueryResult<bool> {
    let ours = webhook_deliveries::table
        .find(&claimed.id)
        .filter(webhook_deliveries::attempts.eq(claimed.attempts))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    let changed = diesel::update(ours)
        .set((
            webhook_deliveries::state.eq(settled.state),
            webhook_deliveries::next_at.eq(settled.next_at),
            webhook_deliveries::step.eq(claimed.step + 1),
            webhook_deliveries::lease_until.eq(None::<UtcTime>),
            webhook_deliveries::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// One try to be written down.
pub(in crate::features::webhooks) struct NewDeliveryAttempt<'a> {
    pub(in crate::features::webhooks) id: WebhookAttemptId,
    pub(in crate::features::webhooks) delivery_id: &'a WebhookDeliveryId,
    pub(in crate::features::webhooks) number: i32,
    pub(in crate::features::webhooks) at: UtcTime,
    pub(in crate::features::webhooks) status: Option<i32>,
    pub(in crate::features::webhooks) failure: Option<&'static str>,
    pub(in crate::features::webhooks) millis: i32,
    pub(in crate::features::webhooks) answer: &'a str,
}

pub(in crate::features::webhooks) fn add_attempt(conn: &mut Conn, attempt: &NewDeliveryAttempt<'_>) -> QueryResult<()> {
    diesel::insert_into(webhook_attempts::table)
        .values((
            webhook_attempts::id.eq(&attempt.id),
            webhook_attempts::delivery_id.eq(attempt.delivery_id),
            webhook_attempts::number.eq(attempt.number),
            webhook_attempts::at.eq(attempt.at),
            webhook_attempts::status.eq(attempt.status),
            webhook_attempts::failure.eq(attempt.failure),
            webhook_attempts::millis.eq(attempt.millis),
            webhook_attempts::answer.eq(attempt.answer),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Puts a delivery at the start of the schedule; `false` when it is being sent at this moment.
pub(in crate::features::webhooks) fn start_again(
    conn: &mut Conn,
    delivery: &Delivery,
    receiver: &Receiver,
    step: i32,
    now: UtcTime,
) -> QueryResult<bool> {
    let free = webhook_deliveries::table
        .find(&delivery.id)
        .filter(webhook_deliveries::lease_until.is_null().or(webhook_deliveries::lease_until.lt(now)));
    let changed = diesel::update(free)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Pending),
            webhook_deliveries::url.eq(&receiver.url),
            webhook_deliveries::host.eq(&receiver.host),
            webhook_deliveries::step.eq(step),
            webhook_deliveries::dismissed_at.eq(None::<UtcTime>),
            webhook_deliveries::next_at.eq(now),
            webhook_deliveries::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Sends what waits for a connection's callback webhook to another address.
pub(in crate::features::webhooks) fn redirect_callback(
    conn: &mut Conn,
    connection: &ConnectionId,
    url: &HttpsUrl,
) -> QueryResult<()> {
    let waiting = webhook_deliveries::table
        .filter(webhook_deliveries::connection_id.eq(connection))
        .filter(webhook_deliveries::endpoint_id.is_null())
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(waiting)
        .set((webhook_deliveries::url.eq(url.as_str()), webhook_deliveries::host.eq(url.host())))
        .execute(conn)
        .map(|_| ())
}

/// Sends what waits for an endpoint to another address.
pub(in crate::features::webhooks) fn redirect_endpoint(
    conn: &mut Conn,
    endpoint: &WebhookEndpointId,
    url: &HttpsUrl,
) -> QueryResult<()> {
    let waiting = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(waiting)
        .set((webhook_deliveries::url.eq(url.as_str()), webhook_deliveries::host.eq(url.host())))
        .execute(conn)
        .map(|_| ())
}

/// Stops what waits for a connection's callback webhook, but for one delivery that its worker settles.
pub(in crate::features::webhooks) fn disable_callback(
    conn: &mut Conn,
    connection: &ConnectionId,
    but: Option<&WebhookDeliveryId>,
    now: UtcTime,
) -> QueryResult<()> {
    let waiting = webhook_deliveries::table
        .filter(webhook_deliveries::connection_id.eq(connection))
        .filter(webhook_deliveries::endpoint_id.is_null())
        .filter(webhook_deliveries::id.ne(but.map_or("", WebhookDeliveryId::as_str)))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(waiting)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Disabled),
            webhook_deliveries::next_at.eq(None::<UtcTime>),
            webhook_deliveries::updated_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Stops what waits for an endpoint, but for one delivery that its worker settles.
pub(in crate::features::webhooks) fn disable_endpoint(
    conn: &mut Conn,
    endpoint: &WebhookEndpointId,
    but: Option<&WebhookDeliveryId>,
    now: UtcTime,
) -> QueryResult<()> {
    let waiting = webhook_deliveries::table
        .filter(webhook_deliveries::endpoint_id.eq(endpoint))
        .filter(webhook_deliveries::id.ne(but.map_or("", WebhookDeliveryId::as_str)))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(waiting)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Disabled),
            webhook_deliveries::next_at.eq(None::<UtcTime>),
            webhook_deliveries::updated_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}
