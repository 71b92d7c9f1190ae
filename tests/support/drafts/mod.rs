//! Drafts without any of the product's ways: what a random connector asks, what its draft holds, what somebody wants of it, and what
//! merging means. The same model stands beside the merge alone and beside the running product.

mod model;
mod program;
mod shape;
mod told;
mod typist;

pub use model::{Group, Held, Merge, Row, Wish, WishedRows, Wishes, knows_rows};
pub use program::Sender;
pub use shape::{Field, Kind, SHARED_NAME, random, schema};
pub use told::{secret_places, titles, told, told_of};
pub use typist::Typist;
