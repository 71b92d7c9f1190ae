//! Forgetting a member in what waits to be done: mails to them, and what is said of mails that failed.

mod store;

pub use store::{forget_job, forget_member};
