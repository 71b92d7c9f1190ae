//! What members and programs see of several features at once.

pub mod catalogue;
pub mod connections;
pub mod departures;
mod elsewhere;
pub mod failures;
pub mod former_members;
pub mod handoff;
pub mod kept_forms;
mod made_link;
pub mod reconnect_pages;
mod restored;
pub mod retention;
pub mod streams;
mod typed_again;
pub mod validations;

pub use elsewhere::lead as lead_elsewhere;
pub use kept_forms::keep as keep_forms;
pub use restored::{AfterRestore, settle_restored};
