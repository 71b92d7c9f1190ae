//! A member who leaves, or may do less from now on: what they made that goes on working by itself is revoked or handed over in the same step.
//!
//! Why: a key and the address of a link are known to whoever made them. Their session ends with their membership; these would not.
//!
//! Invariants: each thing is decided in the transaction that removes the member or changes their role; what nobody decided, because it
//! was made meanwhile or the form did not ask, is revoked; each decision is in the log of the workspace.

pub mod pages;
mod settle;
mod things;

use crate::base::ids::MemberId;
use crate::features::accounts::Role;

/// What becomes of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Departure {
    /// Whose.
    pub(crate) member: MemberId,
    /// What they are from then on; `None`: no member any more.
    pub(crate) role: Option<Role>,
}

impl Departure {
    /// Whether their keys go: keys are made by who administers.
    fn ends_keys(&self) -> bool {
        !self.role.is_some_and(Role::may_administer)
    }

    /// Whether their links go.
    fn ends_links(&self) -> bool {
        !self.role.is_some_and(Role::may_edit)
    }
}
