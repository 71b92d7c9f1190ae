//! What the product does, one folder a noun. They stand in one order and import downward only: accounts, idempotency, catalogue,
//! connections, installs, webhooks, oauth, streams, outputs, extraction engine, work, recipient, setup links, invite links.

pub mod accounts;
pub mod catalogue;
pub mod connections;
pub mod extraction_engine;
pub mod idempotency;
pub mod installs;
pub mod invite_links;
pub mod oauth;
pub mod outputs;
pub mod recipient;
pub mod setup_links;
pub mod streams;
pub mod webhooks;
pub mod work;
