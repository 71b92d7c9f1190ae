//! What is said between us and a provider: the consent page, the callback, tokens, who signed in, accounts, giving a grant back.
//!
//! Why: a block ([`crate::connectors::provider`]) says how; the deeds are the same for all. Everything here leaves by the guarded client: https
//! only, public addresses only unless the operator opened a range, no redirects, little time, an answer whole and of bounded size.
//!
//! Invariants: no error carries what a provider sent beside a short name of letters, digits and dashes; nothing that is secret can be
//! printed; only requests that change nothing are tried again.

mod accounts;
mod answer;
mod authorize;
mod callback;
mod calls;
mod error;
mod identity;
mod outputs;
mod pick;
mod quirks;
mod render;
mod token;
mod tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

pub use accounts::{Account, AccountList};
pub use authorize::AuthorizeUrl;
pub use callback::CallbackQuery;
pub use error::ProviderError;
pub use identity::{Identified, WhoSignedIn};
pub use outputs::{ConfigPatch, add_constants, outputs};
pub use tokens::Tokens;
pub(in crate::features::oauth) use tokens::as_text;

use crate::base::http_client::GuardedClient;
use crate::connectors::provider::{Inputs, ProviderBlock};

/// The operator's app at a provider.
#[derive(Clone)]
pub struct AppSecrets {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
    /// Further values by name, such as `developer_token`.
    pub constants: BTreeMap<String, SecretString>,
}

impl std::fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSecrets").field("constants", &self.constants.keys()).finish_non_exhaustive()
    }
}

/// Waits before the second and the third try of a request that changes nothing.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_200)];

/// One connector's provider, the operator's app there, and what the recipient answered beforehand: all a call needs.
#[derive(Debug, Clone, Copy)]
pub struct ProviderClient<'a> {
    http: &'a GuardedClient,
    block: &'a ProviderBlock,
    app: &'a AppSecrets,
    inputs: &'a Inputs,
    waits: &'a [Duration],
}

impl<'a> ProviderClient<'a> {
    /// Puts the four together.
    pub const fn new(
        http: &'a GuardedClient,
        block: &'a ProviderBlock,
        app: &'a AppSecrets,
        inputs: &'a Inputs,
    ) -> Self {
        Self { http, block, app, inputs, waits: &WAITS }
    }

    /// With other waits before further tries, as many as there are waits; for tests.
    #[must_use]
    pub const fn with_waits(self, waits: &'a [Duration]) -> Self {
        Self { waits, ..self }
    }
}
