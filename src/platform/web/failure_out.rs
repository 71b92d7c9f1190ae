//! Why a connected system could not be asked, or said no, as programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engines::{Failure, FailureReader};

/// Why it failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ConnectorError")]
pub struct FailureOut {
    /// A word for programs, like `sign_in_failed` or `host_unknown`.
    code: String,
    /// Whose turn it is: `giver` (whoever filled the details in), `owner` (members of the workspace), `operator` (whoever runs this
    /// installation), `provider` (the other side has a bad moment: try again). Only with `giver` are the details known to be wrong.
    turn: &'static str,
    /// The same in fewer words: `config_error` (`giver` or `owner`), `transient_error` (try again), `system_error` (`operator`).
    kind: &'static str,
    /// What happened, for people.
    message: String,
    /// What to do, and who, for people.
    advice: String,
}

impl FailureOut {
    /// The failure as programs of a workspace see it; `code` stands for its reason.
    pub fn new(failure: &Failure, code: &str) -> Self {
        let words = failure.words(FailureReader::Member);
        Self {
            code: code.to_owned(),
            turn: failure.turn.as_str(),
            kind: failure.kind(),
            message: words.message,
            advice: words.advice,
        }
    }
}
