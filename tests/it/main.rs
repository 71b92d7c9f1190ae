//! The one integration binary. Folders mirror `src/`; `support/` holds the actors.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what is wrong by failing"
)]

mod support;

mod accounts;
mod api;
mod architecture;
mod cli;
mod config;
mod connectors;
mod db;
mod email;
mod flows;
mod handoff;
mod http_client;
mod invite_links;
mod jobs;
mod migrations;
mod oauth;
mod output_layers;
mod routes;
mod runs;
mod runtimes;
mod setup_links;
mod static_files;
mod streams;
mod templates;
mod validations;
mod webhooks;
