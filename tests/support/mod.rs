//! What both programs of tests share.

pub mod cluster;
mod dice;
pub mod drafts;
pub mod engine;
pub mod installation;
pub mod jump;
pub mod panics;
pub mod pooler;
pub mod programs;
pub mod provider;
mod python;
pub mod receiver;
pub mod routes;
pub mod scanner;
pub mod smtp;
pub mod wheels;

pub use dice::Dice;
pub use python::{python, skipped};

/// Stands in every secret that tests type, so that a leak can be searched for.
pub const CANARY: &str = "cAnArY-7f3e9b";

/// How long a test waits for what must come. Nothing takes so long unless it is broken, or the machine stands still.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// The password of every member that tests make.
pub const PASSWORD: &str = "four unrelated words here";
