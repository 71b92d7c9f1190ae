//! What recipients handed over with an invite link: names of fields, never values; one row a submission, however many connections it
//! made. The row is what makes sending a form twice harmless, and what the receipt is read from.

mod store;

pub(super) use store::{NewSubmission, count_since, find_by_nonce, find_by_receipt};
pub use store::{forget, forgettable};
