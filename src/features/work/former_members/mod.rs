//! Forgetting a member in the work they asked for.

mod store;

pub use store::forget_member;
