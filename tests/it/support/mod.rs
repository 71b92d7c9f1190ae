//! Actors, not clients: a visitor opens pages and sends forms like a person, a member is a visitor who has signed in.

mod app;
pub mod connectors;
pub mod db;
#[path = "../../bench/many.rs"]
pub mod many;
pub mod oauth_server;
mod page;
pub mod panics;
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

/// How long a test waits for what must come. Nothing takes so long unless it is broken, or the machine stands still.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// The password of every member that tests make.
pub const PASSWORD: &str = "four unrelated words here";
