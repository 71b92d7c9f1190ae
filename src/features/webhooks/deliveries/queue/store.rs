use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{ConnectionId, WebhookAttemptId, WebhookDeliveryId, WebhookEndpointId, WorkspaceId};
use crate::features::webhooks::deliveries::{Delivery, DeliveryState, Message, Receiver, request_of};
use crate::platform::db::Conn;
use crate::platform::db::schema::{webhook_attempts, webhook_deliveries};

/// How long a worker owns a delivery: twice what a try may take.
pub(in crate::features::webhooks) const LEASE: time::Duration = time::Duration::seconds(30);

/// A delivery that is due and that nobody holds, as far as it takes to choose one.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub(in crate::features::webhooks) struct WaitingDelivery {
    pub(in crate::features::webhooks) id: WebhookDeliveryId,
    pub(in crate::features::webhooks) workspace_id: WorkspaceId,
    pub(in crate::features::webhooks) host: String,
    /// Since when it is due.
    pub(in crate::features::webhooks) next_at: Option<UtcTime>,
}

/// A delivery as one try holds it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
pub(in crate::features::webhooks) struct HeldDelivery {
    pub(in crate::features::webhooks) id: WebhookDeliveryId,
    attempts: i32,
    lease_until: Option<UtcTime>,
}

impl HeldDelivery {
    /// Tells this claim from every other, also of the same delivery.
    pub(in crate::features::webhooks) fn claim_name(&self) -> String {
        format!("{} {} {:?}", self.id, self.attempts, self.lease_until)
    }
}

/// How far a row may lie ahead of our clock before it is taken for one that another clock wrote.
const AHEAD: time::Duration = time::Duration::MINUTE;

/// The clock went back: what was put off by a moment that has not come yet is due now.
pub(in crate::features::webhooks) fn pull_in(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    let pending = webhook_deliveries::table.filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(pending.filter(webhook_deliveries::updated_at.gt(now + AHEAD)))
        .set((webhook_deliveries::next_at.eq(now), webhook_deliveries::updated_at.eq(now)))
        .execute(conn)
        .map(|_| ())
}

/// Everything that workers hold.
pub(in crate::features::webhooks) fn held(conn: &mut Conn) -> QueryResult<Vec<HeldDelivery>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::lease_until.is_not_null())
        .select(HeldDelivery::as_select())
        .load(conn)
}

/// Takes a delivery from a worker that was lost; nothing happens when its try has come to an end after all.
pub(in crate::features::webhooks) fn release(conn: &mut Conn, held: &HeldDelivery) -> QueryResult<()> {
    let same = webhook_deliveries::table
        .find(&held.id)
        .filter(webhook_deliveries::attempts.eq(held.attempts))
        .filter(webhook_deliveries::lease_until.eq(held.lease_until));
    diesel::update(same).set(webhook_deliveries::lease_until.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}

/// The next workspace, in the order of their ids, in which a delivery is due that nobody holds. Asked again and again it names them all,
/// however many deliveries each of them has.
pub(in crate::features::webhooks) fn next_workspace_with_due(
    conn: &mut Conn,
    after: &str,
    now: UtcTime,
) -> QueryResult<Option<WorkspaceId>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .filter(webhook_deliveries::workspace_id.gt(after))
        .filter(webhook_deliveries::next_at.le(now))
        .filter(webhook_deliveries::lease_until.is_null())
        .order(webhook_deliveries::workspace_id)
        .limit(1)
        .select(webhook_deliveries::workspace_id)
        .get_result(conn)
        .optional()
}

/// Deliveries of a workspace that are due, that nobody holds, and that go to none of those hosts; the oldest first.
pub(in crate::features::webhooks) fn due(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    closed_hosts: &[String],
    limit: i64,
    now: UtcTime,
) -> QueryResult<Vec<WaitingDelivery>> {
    webhook_deliveries::table
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .filter(webhook_deliveries::workspace_id.eq(workspace))
        .filter(webhook_deliveries::next_at.le(now))
        .filter(webhook_deliveries::lease_until.is_null())
        .filter(webhook_deliveries::host.ne_all(closed_hosts))
        .order((webhook_deliveries::next_at, webhook_deliveries::id))
        .limit(limit)
        .select(WaitingDelivery::as_select())
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
        .filter(webhook_deliveries::lease_until.is_null());
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
