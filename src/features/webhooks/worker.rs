//! Claim, commit, send, record. Many receivers at once, few tries at a time for each, so that a slow one delays nobody else; which
//! workspace's delivery is next, `turns.rs` says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use super::deliveries::{self, Claimed, Delivery, DeliveryState, HeldDelivery, NewDeliveryAttempt, Settled};
use super::schedule::{Jitter, next_delay};
use super::send::{self, AttemptResult, Reason, SignedReceiver};
use super::turns::{AT_ONCE, BegunLately, BusyTry, WaitingQueue};
use super::{GaveUpMail, callback, endpoints, secrets};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::http_client::HttpsUrl;
use crate::base::ids::{WebhookAttemptId, WebhookDeliveryId};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;

const PAUSE: Duration = Duration::from_secs(1);

/// A delivery that is ours for the time of a lease, with all it takes to send it.
struct PreparedDelivery {
    claimed: Claimed,
    receiver: SignedReceiver,
}

/// The tries that are under way.
#[derive(Default)]
struct DeliveryPool {
    tasks: JoinSet<()>,
    tries: HashMap<Id, BusyTry>,
    begun: BegunLately,
    /// The latest moment this worker has seen.
    seen: Option<UtcTime>,
}

impl DeliveryPool {
    fn busy(&self) -> Vec<BusyTry> {
        self.tries.values().cloned().collect()
    }

    /// Takes what is due and fits, workspace by workspace in turn; says how many.
    async fn take(&mut self, app: &Arc<App>) -> AppResult<usize> {
        self.release_lost(app).await?;
        if self.tasks.len() >= AT_ONCE {
            return Ok(0);
        }
        let now = app.clock.now();
        if self.seen.is_none_or(|seen| now < seen) {
            app.db.write(move |conn| Ok(deliveries::pull_in(conn, now)?)).await?;
        }
        self.seen = Some(now);
        let busy = self.busy();
        let mut queue = app.db.read(move |conn| WaitingQueue::load(conn, &busy, now)).await?;
        let mut taken = 0;
        while let Some(next) = queue.next(&self.busy(), &self.begun) {
            match claim(app, next.id.clone()).await {
                Ok(Some(work)) => {
                    let app = Arc::clone(app);
                    let task = self.tasks.spawn(async move { deliver(&app, work).await });
                    self.begun.note(next.workspace_id.clone(), now);
                    self.tries.insert(task.id(), next.into());
                    taken += 1;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(delivery = %next.id, error = %error, "a webhook cannot be prepared"),
            }
        }
        Ok(taken)
    }

    /// Makes free what another worker has claimed and not brought to an end for as long as this process watches: it died.
    async fn release_lost(&self, app: &Arc<App>) -> AppResult<()> {
        let held = app.db.read(|conn| Ok(deliveries::held(conn)?)).await?;
        let (at, limit) = (app.clock.monotonic(), deliveries::LEASE.unsigned_abs());
        let mut lost = app.lease_watch.look_at_claims("webhooks", held, HeldDelivery::claim_name, at, limit);
        lost.retain(|held| !self.tries.values().any(|busy| busy.delivery == held.id));
        if lost.is_empty() {
            return Ok(());
        }
        app.db.write(move |conn| Ok(lost.iter().try_for_each(|held| deliveries::release(conn, held))?)).await
    }

    /// Waits until one try is over.
    async fn one_done(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(error = %error, "a webhook's try broke off; another follows when its lease ends");
                error.id()
            }
            None => return,
        };
        self.tries.remove(&id);
    }
}

/// Sends everything that is due now and waits for it; says how many tries that took.
///
/// # Errors
/// The database cannot be asked; a try that fails is no error here.
pub async fn run_due(app: &Arc<App>) -> AppResult<usize> {
    let (mut pool, mut tried) = (DeliveryPool::default(), 0);
    loop {
        let taken = pool.take(app).await?;
        tried += taken;
        if taken == 0 && pool.tasks.is_empty() {
            return Ok(tried);
        }
        pool.one_done().await;
    }
}

/// Works until the channel says stop, then finishes what is under way.
pub async fn run_until(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let mut pool = DeliveryPool::default();
    loop {
        match pool.take(&app).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(error = %error, "the worker cannot look for webhooks"),
        }
        tokio::select! {
            // An error means that the sender is gone: that is a stop, too.
            _ = stopped.wait_for(|stop| *stop) => break,
            () = pool.one_done(), if !pool.tasks.is_empty() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    while !pool.tasks.is_empty() {
        pool.one_done().await;
    }
}

async fn claim(app: &Arc<App>, id: WebhookDeliveryId) -> AppResult<Option<PreparedDelivery>> {
    app.write(move |tx| {
        let Some(claimed) = deliveries::claim(tx.conn, &id, tx.now)? else { return Ok(None) };
        if let Some(receiver) = receiver(tx, &claimed.delivery)? {
            return Ok(Some(PreparedDelivery { claimed, receiver }));
        }
        let settled = Settled { state: DeliveryState::Disabled, next_at: None };
        deliveries::settle(tx.conn, &claimed.delivery, settled, tx.now)?;
        Ok(None)
    })
    .await
}

/// Who gets a delivery; `None` when the receiver is off or removed by now.
fn receiver(tx: &mut Tx<'_>, delivery: &Delivery) -> AppResult<Option<SignedReceiver>> {
    let (url, header) = match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => match endpoints::find_any(tx.conn, &delivery.workspace_id, endpoint)? {
            Some(row) if row.deleted_at.is_none() && row.disabled_at.is_none() => (row.url, None),
            _ => return Ok(None),
        },
        (None, Some(connection)) => match callback::find(tx.conn, connection)? {
            Some(row) if row.disabled_at.is_none() => {
                let header = row.header(tx.keys)?;
                (row.url, header)
            }
            _ => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let Ok(url) = HttpsUrl::parse(&url) else { return Ok(None) };
    let secrets = secrets::signing(tx, &delivery.workspace_id)?;
    Ok(Some(SignedReceiver { url, header, secrets }))
}

async fn deliver(app: &Arc<App>, work: PreparedDelivery) {
    let tried = send::send(app, &work.claimed.message, &work.receiver).await;
    let Claimed { delivery, .. } = work.claimed;
    let id = delivery.id.clone();
    if let Err(error) = record(app, delivery, tried).await {
        tracing::error!(delivery = %id, error = %error, "a webhook's try cannot be recorded; another follows when its lease ends");
    }
}

/// What a try leads to.
fn decide(app: &App, delivery: &Delivery, tried: &AttemptResult, now: UtcTime) -> Settled {
    let state = match tried.reason {
        None => DeliveryState::Delivered,
        Some(Reason::Gone) => DeliveryState::Disabled,
        Some(_) => DeliveryState::GaveUp,
    };
    let done = usize::try_from(delivery.step).unwrap_or(usize::MAX).saturating_add(1);
    let jitter = Jitter::from_be_bytes(app.rng.bytes::<2>());
    let delay = next_delay(&app.config.webhooks.retry_schedule, done, tried.retry_after, jitter)
        .filter(|_| state == DeliveryState::GaveUp);
    match delay.and_then(|delay| time::Duration::try_from(delay).ok()) {
        Some(delay) => Settled { state: DeliveryState::Pending, next_at: Some(now + delay) },
        None => Settled { state, next_at: None },
    }
}

async fn record(app: &Arc<App>, delivery: Delivery, tried: AttemptResult) -> AppResult<()> {
    let counter = if tried.reason.is_none() { &app.metrics.webhooks_delivered } else { &app.metrics.webhooks_failed };
    counter.add();
    let now = app.clock.now();
    let settled = decide(app, &delivery, &tried, now);
    app.write(move |tx| {
        let attempt = NewDeliveryAttempt {
            id: WebhookAttemptId::new(tx.now, tx.rng),
            delivery_id: &delivery.id,
            number: delivery.attempts,
            at: tried.at,
            status: tried.status.map(i32::from),
            failure: tried.reason.map(Reason::as_str),
            millis: tried.millis,
            answer: &tried.answer,
        };
        deliveries::add_attempt(tx.conn, &attempt)?;
        if tried.reason == Some(Reason::Gone) {
            disable(tx, &delivery)?;
        }
        // Somebody else has taken the delivery over, or it was stopped: what they decide counts.
        let ours = deliveries::settle(tx.conn, &delivery, settled, tx.now)?;
        if ours && matches!(settled.state, DeliveryState::GaveUp | DeliveryState::Disabled) && !delivery.is_test() {
            let mut is_news = true;
            if settled.state == DeliveryState::GaveUp {
                note(tx, &delivery, Event::WebhookGaveUp)?;
                // A receiver that is away for a week is one message, not one for each event; the list of failures has them all.
                is_news = !deliveries::is_known_to_fail(tx.conn, &delivery)?;
            }
            if is_news {
                tx.enqueue(&GaveUpMail(delivery.id))?;
            }
        }
        Ok(())
    })
    .await
}

/// Sends nothing more to a receiver that says it is gone. The delivery at hand is settled by the caller.
fn disable(tx: &mut Tx<'_>, delivery: &Delivery) -> AppResult<()> {
    let reason = Reason::Gone.as_str();
    let new = match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => endpoints::disable(tx.conn, endpoint, &delivery.url, reason, tx.now)?,
        (None, Some(connection)) => callback::disable(tx.conn, connection, &delivery.url, reason, tx.now)?,
        (None, None) => false,
    };
    if !new {
        return Ok(());
    }
    match (&delivery.endpoint_id, &delivery.connection_id) {
        (Some(endpoint), _) => deliveries::disable_endpoint(tx.conn, endpoint, Some(&delivery.id), tx.now)?,
        (None, Some(connection)) => deliveries::disable_callback(tx.conn, connection, Some(&delivery.id), tx.now)?,
        (None, None) => {}
    }
    note(tx, delivery, Event::WebhookDisabled)
}

fn note(tx: &mut Tx<'_>, delivery: &Delivery, event: Event) -> AppResult<()> {
    let host = delivery.host();
    let entry = Entry {
        workspace: &delivery.workspace_id,
        connection: delivery.connection_id.as_ref(),
        setup_link: None,
        event,
        actor: Actor::System,
        detail: &host,
    };
    tx.record(&entry)
}
