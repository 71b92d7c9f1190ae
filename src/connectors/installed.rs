//! What was installed for a connector, kept in the file that the installation wrote.

use serde::{Deserialize, Serialize};

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledBlock {
    /// The maker's name of the connector: `source-faker`.
    pub name: String,
    /// What was asked for, as package tools write it: `airbyte-source-faker>=7.2,<8`.
    pub requirement: String,
    /// The Python it needs: `>=3.10,<3.13`.
    pub python: String,
    /// The version that came; of a manifest its own.
    pub version: String,
    /// The licence that was agreed to.
    pub licence: String,
    /// Where its manifest came from, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_from: Option<String>,
}
