//! Identities: who signs in, an address and a password each, once in the whole installation. What somebody may do hangs on their
//! memberships; an identity without any still signs in, and reaches nothing.

mod store;

pub(super) use store::{Identity, find, insert, of_email, of_member, set_password};
