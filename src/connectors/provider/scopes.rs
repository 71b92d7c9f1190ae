//! What is asked for, in words, and how to learn what was granted.

use serde::{Deserialize, Serialize};

use super::ProviderRequest;

/// One permission.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderScope {
    /// The provider's name for it.
    pub name: String,
    /// What it allows, in the words of a careful person: "See your ad accounts and their results".
    pub words: String,
    /// Whether the connector fails without it.
    #[serde(default = "super::yes", skip_serializing_if = "super::is_yes")]
    pub required: bool,
    /// Wider permissions that include it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_in: Vec<String>,
}

impl ProviderScope {
    /// Whether these permissions hold it.
    pub fn is_among(&self, granted: &[String]) -> bool {
        granted.iter().any(|name| *name == self.name || self.included_in.contains(name))
    }
}

/// Where the granted permissions are said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Granted {
    /// Nowhere: they are fixed on the app.
    Unknown,
    /// In the token answer (`scope`, RFC 6749 5.1); when it says nothing, what was asked for was granted.
    #[default]
    Token,
    /// In the answer of the identity request: the path of the list.
    Identity(String),
    /// In an answer of its own: a list of objects.
    Request {
        /// The request.
        request: Box<ProviderRequest>,
        /// Path of the list.
        items: String,
        /// Where an item names the permission.
        name: String,
        /// What marks an item as granted: path and value.
        when: Option<(String, String)>,
    },
}
