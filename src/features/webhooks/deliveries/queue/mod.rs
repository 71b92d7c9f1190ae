//! The worker's side of deliveries: what is due, who holds it, what a try leads to.
//!
//! Invariants: a delivery is held by a lease that is over when somebody has watched it for so long, whatever the clock says; a result
//! counts only under the number of the try it belongs to; workspaces take turns.

mod store;

pub(in crate::features::webhooks) use store::{
    Claimed, HeldDelivery, LEASE, NewDeliveryAttempt, Settled, WaitingDelivery, add_attempt, claim, disable_callback,
    disable_endpoint, due, held, next_workspace_with_due, pull_in, redirect_callback, redirect_endpoint, release,
    settle, start_again,
};
