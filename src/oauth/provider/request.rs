//! One request to a provider, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Template;

/// A request with slots: inputs, `client_id`, `client_secret`, `access_token`, `refresh_token`, constants by name, `token.…` (kept from the
/// token answer), `item.…` (the account at hand).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
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
    /// Whether `Authorization: Bearer <access token>` is sent.
    #[serde(default = "super::yes", skip_serializing_if = "super::is_yes")]
    pub bearer: bool,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// How an answer with status 200 says that it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<super::ErrorShape>,
    /// Ends of hosts an address from a token answer may have, like `.salesforce.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
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
