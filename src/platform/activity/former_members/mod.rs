//! Forgetting a member in the timelines: as who did something, and as whom it was done to.

mod store;

pub use store::forget_member;
