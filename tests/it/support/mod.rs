//! Actors, not clients: a visitor opens pages and sends forms like a person, a member is a visitor who has signed in.

mod app;
pub mod connectors;
pub mod db;
#[path = "../../bench/many.rs"]
pub mod many;
pub mod oauth_server;
mod page;
pub mod provider;
mod python;
pub mod receiver;
pub mod shop;
mod visitor;

pub use app::TestApp;
pub use page::{Form, Page};
pub use python::{python, skipped};
pub use visitor::Visitor;

/// Stands in every secret that tests type, so that a leak can be searched for.
pub const CANARY: &str = "cAnArY-7f3e9b";

/// The password of every member that tests make.
pub const PASSWORD: &str = "four unrelated words here";
