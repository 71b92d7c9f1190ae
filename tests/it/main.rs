//! Tests that start the product or need its database; they run on SQLite and on PostgreSQL. Folders mirror `src/`; `support/` holds the
//! actors. What needs neither is in `tests/pure`.
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
mod capability;
mod cli;
mod connector_folder;
mod counts;
mod db;
mod drafts;
mod email;
mod extraction_engine;
mod flows;
mod handoff;
mod installs;
mod invite_links;
mod jobs;
mod mail_words;
mod migrations;
mod oauth;
mod outputs;
mod retention;
mod routes;
mod runs;
mod scale;
mod setup_links;
mod streams;
mod templates;
mod unseen;
mod validations;
mod webhooks;
