//! Vestibule: an outsider steps in, hands a data connection over, and never goes further.
//!
//! The house has nine rooms one above the other; whoever stands higher may name what stands lower, never the other way round
//! (`tests/pure/architecture/house.rs` holds it). Among the features there is one order, too.
//!
//! The way of the data, each arrow a function, no type on the right can be built without it:
//!
//! | step | where | in → out |
//! |---|---|---|
//! | recipient opens the link | `recipient/guard.rs` | path token → hash → row → `OpenLink`; else `recipient/dead_page.rs` |
//! | form is shown | `recipient/form.rs`, `form_page.rs` | `OpenLink` + spec → view |
//! | submit arrives | `platform/web/csrf.rs` | body → form whose origin is proven |
//! | checked against the spec | `schema/form/` | (spec, raw form, what is known) → `Submission` or errors |
//! | merged | `schema/form/merge.rs`, `connections/revisions/` | (what was shown, what is there, submission) → new values, or the fields two people changed |
//! | one transaction | `recipient/submit.rs`, the link's `submit.rs` | redeem, merge and seal (`connections/draft.rs`), new revision, activity, mail job, webhook outbox |
//! | answer | `recipient/receipt.rs` | 303 → a page that needs no live token |
//! | or signs in with a provider | `oauth/sign_ins/` | form → state → provider → tokens, sealed for this browser → the same send; `oauth/grants/` keeps them alive |
//! | a link for many | `invite_links/submit.rs` | the same send → new connections (`connections/arrivals/`) |
//! | it is checked, and read | `work/validations/`, `work/runs/` | values with tokens that live (`work/connector_config.rs`) → a program or a built-in runtime (`engines/`) → verdict, streams, records |
//! | later | `platform/jobs/`, `server/dispatcher.rs` | mail, expiry; webhooks by `webhooks/worker.rs` |
//! | a program calls | `accounts/api_keys/guard.rs` | `x-api-key` → hash → row → `ApiKey<Scope>`; then a feature's `api.rs` |
//! | it may call twice | `idempotency/guard.rs` | `Idempotency-Key` → the deed and a ticket, or the first answer |
//!
//! In every feature folder `mod.rs` holds nouns, states and rules, `store.rs` the queries, `guard.rs` the proofs of
//! permission, `*_pages.rs` the handlers for people, `api.rs` those for programs, `jobs.rs` what runs later. `server/routes/` is
//! the table of all routes.

// The ground: knows nothing of the product.
pub mod base;

// Any spec in, a form out, a submission back: pure.
pub mod schema;

// Connector files and what they say.
pub mod connectors;

// How a connector is asked and read, without our database.
pub mod engines;

// App, settings, database, mail, queue, the edge to the web.
pub mod platform;

// What the product does, a folder a noun.
pub mod features;

// What is seen of several features at once.
pub mod console;

// Every route and every job, put together.
pub mod server;

// The commands.
pub mod cli;
