//! What members and programs see of several features at once.

pub mod connections;
pub mod handoff;
pub mod reconnect_pages;
pub mod streams;
pub mod validations;
