//! Vestibule: an outsider steps in, hands a data connection over, and never goes further.
//!
//! The way of the data, each arrow a function, no type on the right can be built without it:
//!
//! | step | where | in → out |
//! |---|---|---|
//! | recipient opens the link | `setup_links/guard.rs` | path token → hash → row → `OpenSetupLink` |
//! | form is shown | `setup_links/recipient_pages.rs` | `OpenSetupLink` + spec → view |
//! | submit arrives | `web/csrf.rs` | body → form whose origin is proven |
//! | checked against the spec | `connectors/spec_form` | (spec, raw form, what is known) → `Submission` or errors |
//! | one transaction | `setup_links/submit.rs` | redeem, merge and seal (`connections/draft.rs`), activity, mail job, webhook outbox |
//! | answer | `setup_links/receipt_pages.rs` | 303 → a page that needs no live token |
//! | or signs in with a provider | `oauth/sign_ins` | form → state → provider → tokens, sealed for this browser → the same send; `oauth/grants` keeps them alive |
//! | a link for many | `invite_links/guard.rs`, `sheet.rs`, `submit.rs` | path token → `OpenInviteLink` → new connections (`connections/arrivals`) |
//! | it is checked, and read | `validations/worker.rs`, `runs/worker.rs` | values with tokens that live (`connections/given.rs`) → a program or a built-in runtime (`runtimes/`) → verdict, streams, records |
//! | later | `jobs/worker.rs` | mail, expiry; webhooks by `webhooks/worker.rs` |
//! | a program calls | `accounts/api_keys/guard.rs` | `x-api-key` → hash → row → `ApiKey<Scope>`; then a feature's `api.rs` |
//! | it may call twice | `idempotency/guard.rs` | `Idempotency-Key` → the deed and a ticket, or the first answer |
//!
//! In every feature folder `mod.rs` holds nouns, states and rules, `store.rs` the queries, `guard.rs` the proofs of
//! permission, `*_pages.rs` the handlers for people, `api.rs` those for programs, `jobs.rs` what runs later. `web/routes.rs` is the map of all routes.

pub mod accounts;
pub mod activity;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod connectors;
pub mod crypto;
pub mod db;
pub mod docs;
pub mod email;
pub mod error;
pub mod forms;
pub mod handoff;
pub mod held;
pub mod http_client;
pub mod idempotency;
pub mod ids;
pub mod invite_links;
pub mod jobs;
pub mod links;
pub mod oauth;
pub mod output_layers;
pub mod rng;
pub mod runs;
pub mod runtimes;
pub mod search;
pub mod setup_links;
pub mod streams;
pub mod validations;
pub mod web;
pub mod webhooks;
