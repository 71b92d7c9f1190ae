//! The one integration binary. Folders mirror `src/`; `support/` holds the actors.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests say what is wrong by failing")]

mod support;

mod api;
mod setup_links;
mod static_files;
mod http_client;
mod webhooks;
