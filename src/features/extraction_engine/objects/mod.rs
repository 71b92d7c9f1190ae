//! What stands in the workspace's Airbyte for sources and destinations of ours: made once, changed with ours, deleted with ours.
//!
//! Invariants: an id is written down before anything is made with it; one holds a row while it works at it, and who stopped counting on is
//! followed by the next; a name there ends with ours, so that what was made by a try whose answer was lost is found and used; an id of
//! another Airbyte means nothing.

mod carry;
mod error;
mod hold;
mod jobs;
mod store;
mod thing;

pub use carry::{CarriedSource, CarryDestination, CarryOrder, carry};
pub use error::CarryError;
pub use hold::watch_holds;
pub use jobs::{TakeFromAirbyte, jobs, take_away_later};
pub use store::{delete as forget, expect, workspace_of};

/// What a name there ends with: it tells ours from all others.
fn name_end(slug: &str) -> String {
    format!(" (Vestibule {slug})")
}
