//! Tests that need neither the running product nor its database: they run once, whatever the database. Folders mirror `src/`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what is wrong by failing"
)]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each of the two programs uses a part of it")]
mod support;

mod architecture;
mod cli;
mod config;
mod engines;
mod http_client;
mod migrations;
mod oauth;
mod retention;
mod routes;
mod schedule;
mod schema;
mod static_files;
