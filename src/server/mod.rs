//! The composition root: every route, the job dispatcher, the documentation pages, health.

pub mod dispatcher;
pub mod docs;
pub mod health;
pub mod http;
pub mod metrics;
pub mod routes;

pub use dispatcher::{RetentionSweep, Sweep, run_until};
pub use http::server;
