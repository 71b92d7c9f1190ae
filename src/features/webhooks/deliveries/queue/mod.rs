//! The worker's side of deliveries: what is due, who holds it, what a try leads to.
//!
//! Invariants: a delivery is held by a lease that runs out by itself; a result counts only under the number of the try it belongs to.

mod store;

pub(in crate::features::webhooks) use store::{
    BusyDeliveries, Claimed, NewDeliveryAttempt, Settled, add_attempt, claim, disable_callback, disable_endpoint, due,
    pull_in, redirect_callback, redirect_endpoint, settle, start_again,
};
