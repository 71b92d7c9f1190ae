//! What an owner gives about the engine, validated.

use secrecy::{ExposeSecret as _, SecretString};

use super::{EngineKind, EngineSetting};
use crate::base::forms::FieldProblem;
use crate::base::http_client::{AddressProblem, HttpsUrl};
use crate::engines::airbyte_api::is_airbyte_id;

/// Most characters of a client id.
const LONGEST_CLIENT_ID: usize = 500;
/// Most bytes of a secret.
const LONGEST_SECRET: usize = 8_000;

/// The problem of a secret that would go to another server than the one it was given for.
const OTHER_ORIGIN: &str = "Enter the secret again: the one stored is for the old address only";
/// The problem of an address that is not public.
pub(super) const NOT_PUBLIC: FieldProblem = FieldProblem {
    field: "url",
    code: "url_not_public",
    sentence: "URL must lead to a public address: this one is private, local or reserved. The operator can open a network with \
               VESTIBULE_CONNECTOR_ALLOW_CIDRS",
};

/// What was given, as it was given.
#[derive(Debug, Clone, Default)]
pub struct EngineInput {
    /// `local` or `airbyte`.
    pub kind: String,
    /// Where the public API begins.
    pub url: String,
    /// The id of the workspace there.
    pub airbyte_workspace: String,
    /// The id of a destination there; empty for none.
    pub destination: String,
    /// The client id; empty where the secret is a token.
    pub client_id: String,
    /// The client secret or the token; `None` or an empty one keeps.
    pub secret: Option<SecretString>,
}

impl From<&EngineSetting> for EngineInput {
    fn from(setting: &EngineSetting) -> Self {
        Self {
            kind: setting.kind.as_str().to_owned(),
            url: setting.url.clone(),
            airbyte_workspace: setting.airbyte_workspace.clone(),
            destination: setting.destination.clone().unwrap_or_default(),
            client_id: setting.client_id.clone().unwrap_or_default(),
            secret: None,
        }
    }
}

/// What was given and found in order.
#[derive(Debug, Clone)]
pub struct EngineDetails {
    pub(super) kind: EngineKind,
    pub(super) url: String,
    pub(super) airbyte_workspace: String,
    pub(super) destination: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) secret: Option<SecretString>,
}

/// What two addresses have in common that are of one server: a secret goes to no other.
fn origin(url: &str) -> Option<String> {
    HttpsUrl::parse(url).ok().map(|url| url.origin())
}

/// What is wrong with a secret.
struct SecretFault {
    code: &'static str,
    sentence: &'static str,
}

const NO_SECRET: SecretFault =
    SecretFault { code: "missing", sentence: "Enter the client secret, or a token where there is no client id" };
const OTHER_SORT: SecretFault = SecretFault {
    code: "missing",
    sentence: "Enter the secret again: a client secret is no token, and a token no client secret",
};

fn secret_fault(secret: &str) -> Option<SecretFault> {
    if secret.len() > LONGEST_SECRET {
        return Some(SecretFault { code: "too_long", sentence: "Secret must be 8,000 bytes or fewer" });
    }
    let is_odd = secret.chars().any(|c| c.is_control() || c.is_whitespace());
    is_odd.then_some(SecretFault { code: "invalid", sentence: "Secret must have no spaces and no line ends in it" })
}

impl EngineInput {
    /// Validates it, for the setting it is to change. Of details that are not used, nothing has to be there, and what is there has to be right.
    ///
    /// # Errors
    /// Everything that is wrong, a field once.
    pub fn validate(&self, before: Option<&EngineSetting>) -> Result<EngineDetails, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut add = |field, code, sentence| problems.push(FieldProblem { field, code, sentence });
        let kind = EngineKind::parse(self.kind.trim());
        if kind.is_none() {
            add("engine", "invalid", "Choose where extractions run");
        }
        let needed = kind == Some(EngineKind::Airbyte);
        let url = self.url.trim().trim_end_matches('/').to_owned();
        match HttpsUrl::parse(&url) {
            Err(AddressProblem::Unreadable) if url.is_empty() => {
                if needed {
                    add("url", "missing", "Enter the URL of the API, like https://airbyte.example.com/api/public/v1");
                }
            }
            Err(problem) => add("url", problem.code(), problem.sentence()),
            Ok(_) if url.contains('?') => add("url", "invalid", "URL must have no part after a question mark"),
            Ok(_) => {}
        }
        let airbyte_workspace = self.airbyte_workspace.trim().to_owned();
        if airbyte_workspace.is_empty() && needed {
            add("workspace", "missing", "Enter the id of the workspace in Airbyte");
        } else if !airbyte_workspace.is_empty() && !is_airbyte_id(&airbyte_workspace) {
            add("workspace", "invalid", "Workspace must be an id, like 9924bcd0-99be-453d-ba47-c2c9766f7da5");
        }
        let destination = Some(self.destination.trim().to_owned()).filter(|id| !id.is_empty());
        if destination.as_deref().is_some_and(|id| !is_airbyte_id(id)) {
            add("destination", "invalid", "Destination must be an id, like 18dccc91-0ab1-4f72-9ed7-0b8fc27c5826");
        }
        let client_id = Some(self.client_id.trim().to_owned()).filter(|id| !id.is_empty());
        let is_long = |id: &str| id.chars().count() > LONGEST_CLIENT_ID || id.chars().any(char::is_control);
        if client_id.as_deref().is_some_and(is_long) {
            add("client_id", "invalid", "Client id must be one line of 500 characters or fewer");
        }
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret().trim().to_owned());
        let secret = secret.filter(|secret| !secret.is_empty()).map(SecretString::from);
        let kept = before.filter(|before| before.has_secret() && secret.is_none());
        let other_origin = kept.is_some_and(|before| !url.is_empty() && origin(&before.url) != origin(&url));
        let other_sort = kept.is_some_and(|before| before.client_id.is_some() != client_id.is_some());
        let wrong = match &secret {
            Some(secret) => secret_fault(secret.expose_secret()),
            None if needed && kept.is_none() => Some(NO_SECRET),
            None if other_origin => Some(SecretFault { code: "address_changed", sentence: OTHER_ORIGIN }),
            None if other_sort => Some(OTHER_SORT),
            None => None,
        };
        if let Some(SecretFault { code, sentence }) = wrong {
            add("secret", code, sentence);
        }
        match kind {
            Some(kind) if problems.is_empty() => {
                Ok(EngineDetails { kind, url, airbyte_workspace, destination, client_id, secret })
            }
            _ => Err(problems),
        }
    }
}
