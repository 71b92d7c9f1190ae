//! One request to a provider, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Template;

/// A request with slots: inputs, `client_id`, `client_secret`, `access_token`, `refresh_token`, `grant_token` (the refresh token, without one
/// the access token), constants by name, `token.…` (kept from the token answer), `item.id` (the account at hand).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderRequest {
    /// The method.
    #[serde(default)]
    pub method: Method,
    /// Where to. An address that is one whole `{token.…}` needs `hosts`.
    pub url: Template,
    /// Parameters in the address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Template>,
    /// Header lines.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// What `Authorization` says.
    #[serde(default, skip_serializing_if = "RequestAuth::is_bearer")]
    pub auth: RequestAuth,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// How an answer with status 200 says that it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorShape>,
    /// Ends of hosts an address from a token answer may have, like `.salesforce.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

/// What a request proves itself with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestAuth {
    /// The access token (RFC 6750).
    #[default]
    Bearer,
    /// Client id and secret.
    Basic,
    /// Nothing, or what the block puts elsewhere.
    None,
}

impl RequestAuth {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's shape for skip_serializing_if")]
    fn is_bearer(&self) -> bool {
        *self == Self::Bearer
    }
}

/// The methods providers use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Reads; may be tried again.
    #[default]
    GET,
    /// Sends.
    POST,
    /// Takes away; may be tried again.
    DELETE,
}

/// The body of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// As a form.
    Form(BTreeMap<String, Template>),
    /// As JSON; texts in it are templates.
    Json(Value),
}

/// An error inside an answer that claims success.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorShape {
    /// Path of the mark: `ok`, `code`.
    pub path: String,
    /// What it is when all is well; an absent mark is well too.
    pub good: Value,
    /// Path of the provider's name for the error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}
