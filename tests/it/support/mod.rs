//! Actors, not clients: a visitor opens pages and sends forms like a person, a member is a visitor who has signed in.

mod app;
pub mod bucket;
pub mod caller;
pub mod connectors;
pub mod db;
pub mod ledger;
pub mod loaders;
#[path = "../../bench/many.rs"]
pub mod many;
pub mod oauth_server;
mod page;
#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each of the two programs uses a part of it")]
mod shared;
pub mod shop;
pub mod statements;
mod visitor;

pub use app::TestApp;
pub use page::{Form, Page};
pub use shared::*;
pub use visitor::Visitor;
