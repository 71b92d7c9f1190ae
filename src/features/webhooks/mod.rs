//! Webhooks: the workspace's programs are told, reliably and verifiably, what happened. A connection may have one callback webhook;
//! a workspace may have endpoints that subscribe to events.
//!
//! Why three tables: a message is what happened, a delivery is that message on its way to one receiver, an attempt is one try. So one
//! `webhook-id` stays over all tries, and every try can be shown.
//!
//! Invariants: a message and its deliveries are written in the transaction of what happened; it is sent at least once or shown as given up;
//! no payload holds a secret, a token or a value; the address is judged when it is saved and again at every try; only 2xx is success; a
//! redirect is a failure and never followed; signing secrets and header values exist sealed only and are never shown again.

pub mod api;
pub mod callback;
pub mod deliveries;
pub mod delivery_pages;
pub mod endpoints;
mod event;
mod jobs;
mod schedule;
pub mod secrets;
mod send;
mod tell;
mod turns;
mod validate;
mod worker;

pub use callback::{
    CallbackWebhook, SEALED_HEADERS, check_callback, find_callback, has_callback, remove_callback, set_callback,
    with_callback,
};
pub use deliveries::{
    Delivery, DeliveryState, attempts, count_given_up, dismiss_given_up, find_delivery, list_deliveries, list_given_up,
    request_of, undelivered,
};
pub use event::{
    ArrivalDeed, EventKind, InviteDeed, InviteFacts, LinkDeed, ValidationFault, WebhookEvent, missing_fields,
    missing_of,
};
pub use jobs::{GaveUpMail, jobs, sweep};
pub use schedule::next_delay;
pub use secrets::SEALED_SIGNING_SECRETS;
pub use tell::{resend, send_test};
pub use worker::{run_due, run_until};
