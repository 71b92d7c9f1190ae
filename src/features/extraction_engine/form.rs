//! The form of the setting, and what a program sends, as one thing to validate.

use secrecy::SecretString;

use super::validate::EngineInput;
use crate::base::forms::RawForm;

/// Reads what the form sends.
pub(super) fn read(pairs: Vec<(String, String)>) -> EngineInput {
    let raw = RawForm::from_pairs(pairs);
    let text = |name: &str| raw.first(name).unwrap_or_default().trim().to_owned();
    EngineInput {
        kind: text("engine"),
        url: text("url"),
        airbyte_workspace: text("workspace"),
        destination: text("destination"),
        client_id: text("client_id"),
        secret: raw.first("secret").map(|secret| SecretString::from(secret.to_owned())),
    }
}
