//! A provider block: everything about signing in with one provider that is data, as it stands under `oauth` in a connector file.
//!
//! Why: providers agree on the idea of OAuth and on little else. One block names addresses, scopes with words for people, parameter
//! names, the shape of answers, how accounts are listed and where each output goes in the configuration. Several connectors of one
//! provider share its app: the provider's id is the id of the app and the last part of the redirect path.
//!
//! Invariants: a block of a loaded connector has no [`problems`](ProviderBlock::problems); every address in it is https; in a host only
//! recipient inputs may stand, and those are single labels or listed values; a path of the configuration it names exists in the spec.

mod accounts;
pub mod airbyte;
mod inputs;
mod landing;
mod problems;
mod request;
mod scopes;
mod template;
mod token;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use accounts::{AccountRules, AccountTarget, Encoding, Expand, Paging, Selection};
pub use inputs::{InputKind, InputOption, InputProblem, InputRule, Inputs};
pub use landing::{Constant, DotPath, Landing, LandingOutput, Predicate};
pub use request::{Body, ErrorShape, Method, ProviderRequest, RequestAuth};
pub use scopes::{Granted, ProviderScope};
pub use template::{BadTemplate, Part, Template};
pub use token::{ClientAuth, Exchange, Refresh, RefreshKind, TokenBody, TokenLifetime, TokenRules};

/// How to sign in with a provider, for one connector.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderBlock {
    /// Names the provider's app and the redirect path: `google` for all connectors of Google. Lower-case letters, digits, dashes.
    pub provider: String,
    /// The provider's name for people: "Facebook".
    pub name: String,
    /// What the button says; without it "Continue with {name}".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub button: String,
    /// What the operator should know when registering an app, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_guide: String,
    /// What is asked before anybody leaves for the provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputRule>,
    /// The provider's consent page.
    pub authorize: Authorize,
    /// What is asked for there, each with words for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<ProviderScope>,
    /// How the person comes back.
    #[serde(default, skip_serializing_if = "Callback::is_usual")]
    pub callback: Callback,
    /// How a code becomes tokens.
    pub token: TokenRules,
    /// How tokens stay alive.
    pub refresh: Refresh,
    /// Where tokens and the proof of the branch go in the configuration.
    #[serde(default)]
    pub landing: Landing,
    /// Values of the operator's app that the connector's program needs, by name (`client_id`, `client_secret`, `developer_token` …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, Constant>,
    /// Who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityRule>,
    /// How to learn what was granted.
    #[serde(default)]
    pub granted: Granted,
    /// What the person may choose from afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<AccountRules>,
    /// How a grant is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke: Option<ProviderRequest>,
}

/// The consent page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// Its address; inputs may stand in it.
    pub url: Template,
    /// What the client id is called: `client_id`, `app_id`.
    #[serde(default = "client_id", skip_serializing_if = "is_client_id")]
    pub client_id_param: String,
    /// What the scopes are called; empty sends none.
    #[serde(default = "scope", skip_serializing_if = "is_scope")]
    pub scope_param: String,
    /// What scopes are called that the provider may leave out (HubSpot); without it they travel with the others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub optional_scope_param: String,
    /// What stands between scopes.
    #[serde(default = "space", skip_serializing_if = "is_space")]
    pub scope_separator: String,
    /// Whether a PKCE challenge (RFC 7636, S256) is sent: it helps everywhere and breaks some providers.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub pkce: bool,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Template>,
    /// Further parameters when permissions that were declined are asked for again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub again_params: BTreeMap<String, Template>,
    /// The issuer the provider announces in `iss` (RFC 9207); what comes back must name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Template>,
}

/// How the person comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// What the code is called: `code`, `auth_code`.
    #[serde(default = "code", skip_serializing_if = "is_code")]
    pub code_param: String,
    /// Whether the parameters are signed with the client secret: `hmac` over the others, sorted, as hex SHA-256 (Shopify).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hmac: bool,
    /// Parameters that must come back with exactly this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub must_match: BTreeMap<String, Template>,
}

impl Default for Callback {
    fn default() -> Self {
        Self { code_param: code(), hmac: false, must_match: BTreeMap::new() }
    }
}

impl Callback {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Who signed in: read from the answer of a request, or from what the token answer said.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityRule {
    /// The request; without it the values kept from the token answer count (`{token.team.name}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ProviderRequest>,
    /// What tells accounts of the provider apart, for reconnecting.
    pub id: Template,
    /// What people call it: "Signed in as …".
    pub label: Template,
}

impl ProviderBlock {
    /// What the button says.
    pub fn button(&self) -> String {
        if self.button.is_empty() { format!("Continue with {}", self.name) } else { self.button.clone() }
    }

    /// Whether the recipient has something to choose after signing in.
    pub fn has_accounts(&self) -> bool {
        self.accounts.is_some()
    }

    /// The scopes without which the connector does not work.
    pub fn required_scopes(&self) -> impl Iterator<Item = &ProviderScope> {
        self.scopes.iter().filter(|scope| scope.required)
    }

    /// The required scopes that are not among the granted ones; none when nobody knows what was granted.
    pub fn missing_scopes(&self, granted: Option<&[String]>) -> Vec<&ProviderScope> {
        let Some(granted) = granted else { return Vec::new() };
        self.required_scopes().filter(|scope| !scope.is_among(granted)).collect()
    }

    /// Every place of the configuration that signing in fills, or the operator's app: no form need ask for it.
    pub fn filled_paths(&self) -> Vec<&DotPath> {
        let constants = self.constants.values().filter_map(|constant| constant.path.as_ref());
        let inputs = self.inputs.iter().filter_map(|input| input.path.as_ref());
        let accounts = self.accounts.iter().map(|accounts| &accounts.target.path);
        self.landing.paths().chain(constants).chain(inputs).chain(accounts).collect()
    }

    /// Names of values the operator must give beside client id and secret, such as `developer_token`.
    pub fn operator_constants(&self) -> impl Iterator<Item = (&str, &Constant)> {
        let own = self.constants.iter().filter(|(name, _)| !["client_id", "client_secret"].contains(&name.as_str()));
        own.map(|(name, constant)| (name.as_str(), constant))
    }
}

fn client_id() -> String {
    "client_id".to_owned()
}

fn is_client_id(text: &str) -> bool {
    text == "client_id"
}

fn scope() -> String {
    "scope".to_owned()
}

fn is_scope(text: &str) -> bool {
    text == "scope"
}

fn space() -> String {
    " ".to_owned()
}

fn is_space(text: &str) -> bool {
    text == " "
}

fn code() -> String {
    "code".to_owned()
}

fn is_code(text: &str) -> bool {
    text == "code"
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape for skip_serializing_if")]
const fn is_yes(value: &bool) -> bool {
    *value
}
