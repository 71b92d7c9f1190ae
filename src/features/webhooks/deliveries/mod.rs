//! Deliveries: one message on its way to one receiver, with every try.
//!
//! Invariants: a delivery is written in the transaction of the deed; a worker owns it by a lease and records under the number of its
//! try, so that one who comes back late changes nothing that another has decided; a delivery that is not pending is never sent.

mod queue;
mod store;
mod view;

pub(super) use view::{AttemptItem, attempt};
pub(crate) use view::{DeliveryItem, Moment, items};

pub(super) use queue::{
    Claimed, HeldDelivery, LEASE, NewDeliveryAttempt, Settled, WaitingDelivery, add_attempt, claim, disable_callback,
    disable_endpoint, due, held, next_workspace_with_due, pull_in, redirect_callback, redirect_endpoint, release,
    settle, start_again,
};
pub use store::{
    Delivery, DeliveryAttempt, DeliveryState, Message, attempts, count_given_up, count_up_to, dismiss_given_up,
    find_delivery, forget, forgettable, list_deliveries, list_given_up, request_of, undelivered,
};
pub(super) use store::{
    NewDelivery, find_by_id, insert_delivery, insert_message, is_known_to_fail, list_endpoint_deliveries,
};

use super::event;
use crate::base::http_client::HttpsUrl;
use crate::base::ids::WebhookEndpointId;

/// The step of a delivery that is tried once: a test shows what it comes to at once, and nobody waits for its retries.
pub(super) const ONCE: i32 = 1_000_000;

/// Who a delivery goes to.
pub(super) struct Receiver {
    /// The endpoint; `None`: the connection's callback webhook.
    pub(super) endpoint: Option<WebhookEndpointId>,
    pub(super) url: String,
    pub(super) host: String,
    pub(super) enabled: bool,
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
