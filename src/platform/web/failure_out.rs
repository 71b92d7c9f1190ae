//! Why a connected system could not be asked, or said no, as programs read it.

use schemars::JsonSchema;
use serde::Serialize;

/// Why it failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ConnectorError")]
pub struct FailureOut {
    /// A word for programs, like `sign_in_failed` or `host_unknown`.
    pub code: String,
    /// Whose turn it is: `config_error` (whoever knows the details), `transient_error` (try again), `system_error` (the operator).
    pub kind: Option<String>,
    /// What happened and what to do, for people.
    pub message: String,
}
