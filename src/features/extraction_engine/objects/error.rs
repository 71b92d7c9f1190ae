//! Why something does not stand in the workspace's Airbyte.

use crate::base::error::AppError;
use crate::engines::airbyte_api::AirbyteFault;

/// Why it does not stand there.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// Airbyte says no, or nothing.
    #[error("{}", .0.words())]
    Fault(AirbyteFault),
    /// Something is missing here.
    #[error("{0}")]
    NotPossible(String),
    /// Another worker is at it.
    #[error("Another worker is at it.")]
    Busy,
    /// Something on our side.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<AirbyteFault> for CarryError {
    fn from(fault: AirbyteFault) -> Self {
        Self::Fault(fault)
    }
}
