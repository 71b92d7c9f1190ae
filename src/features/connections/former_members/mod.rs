//! Forgetting a member in what they filled in: who answered a question stays known as a former member.

mod store;

pub use store::forget_member;
