//! What members and programs see of several features at once.

pub mod catalogue;
pub mod connections;
pub mod failures;
pub mod handoff;
pub mod kept_forms;
mod made_link;
pub mod reconnect_pages;
mod restored;
pub mod retention;
pub mod streams;
pub mod validations;

pub use kept_forms::keep as keep_forms;
pub use restored::{AfterRestore, settle_restored};
