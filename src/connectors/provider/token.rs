//! How a code becomes tokens, and how tokens stay alive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ErrorShape, ProviderRequest, Template};

/// The token endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// Its address; inputs may stand in it.
    pub url: Template,
    /// How the app proves itself.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the parameters travel.
    #[serde(default, skip_serializing_if = "TokenBody::is_form")]
    pub send: TokenBody,
    /// Other names for standard parameters: `{"code": "auth_code", "client_id": "app_id"}`; an empty name leaves one
    /// out when a code is exchanged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Template>,
    /// Further header lines.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// Where in the answer the tokens lie; empty is the top.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub within: String,
    /// Other names for `access_token`, `refresh_token`, `expires_in`, `scope`, `refresh_token_expires_in` in the answer, as paths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answer: BTreeMap<String, String>,
    /// Paths of the answer to keep beside the tokens, for `{token.…}`; never a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// How an answer with status 200 says that it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorShape>,
    /// Names of errors that mean the same as `invalid_grant`: the sign-in is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// A second step that turns the first token into a lasting one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// How long tokens live when the answer does not say it.
    #[serde(default)]
    pub lifetime: TokenLifetime,
}

/// How the parameters of a token request travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenBody {
    /// As a form in the body (RFC 6749 4.1.3).
    #[default]
    Form,
    /// As JSON in the body.
    Json,
    /// In the address.
    Query,
}

impl TokenBody {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape for skip_serializing_if")]
    fn is_form(&self) -> bool {
        *self == Self::Form
    }
}

/// How the app proves itself at the token endpoint (RFC 6749 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// Client id and secret in the body.
    #[default]
    Body,
    /// As HTTP Basic.
    Basic,
}

/// A request that turns a short token into a lasting one (`fb_exchange_token`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The request; `{access_token}` is the short token. The answer has the shape of a token answer.
    pub request: ProviderRequest,
}

/// How long tokens live when the answer does not say it, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLifetime {
    /// Of an access token; without it it lives until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<u32>,
    /// Of a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<u32>,
}

/// How tokens stay alive.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// By what.
    pub how: RefreshKind,
    /// Another address than the token endpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Template>,
    /// Further parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Template>,
    /// Whether each refresh gives a new refresh token and ends the old one: then it must be saved before anything else happens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rotates: bool,
    /// How many seconds before its end an access token is replaced, or the owner is told where nothing renews it; without it five
    /// minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
}

impl Refresh {
    /// How many seconds before its end something is done about an access token.
    pub fn before_seconds(&self) -> u32 {
        self.before.unwrap_or(300)
    }
}

/// By what tokens stay alive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshKind {
    /// By nothing: the person signs in again when the token ends.
    #[default]
    None,
    /// By a refresh token (RFC 6749 6). Providers that may or may not give one are of this kind too.
    RefreshToken,
    /// By going through the exchange once more while the token lives.
    Exchange,
}
