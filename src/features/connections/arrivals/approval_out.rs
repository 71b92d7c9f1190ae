//! Whether a connection waits, as programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use super::Approval;

/// Whether a member has to accept a connection.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Approval")]
pub enum ApprovalOut {
    /// Nobody has to.
    None,
    /// It waits for somebody who does.
    Waiting,
    /// A member accepted it.
    Accepted,
    /// A member rejected it; its values are erased.
    Rejected,
}

impl From<Approval> for ApprovalOut {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::None => Self::None,
            Approval::Waiting => Self::Waiting,
            Approval::Accepted => Self::Accepted,
            Approval::Rejected => Self::Rejected,
        }
    }
}
