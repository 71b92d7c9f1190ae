//! The shape of a connector file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, RegistryBlock, RuntimeBlock};
use crate::connectors::provider::ProviderBlock;

/// A connector as it stands in its JSON file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorFile {
    /// Short name in URLs and the API, like `facebook-ads`: lower-case letters, digits, dashes.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Source or destination.
    pub kind: Kind,
    /// The group it stands in in the catalogue.
    #[serde(default = "other")]
    pub category: String,
    /// Letters and colour that stand for it.
    #[serde(default)]
    pub mark: ConnectorMark,
    /// One sentence: what connecting it gives.
    #[serde(default)]
    pub summary: String,
    /// How to call the system of the person who is asked, like "Postgres database".
    #[serde(default)]
    pub system: String,
    /// How to get the credentials, in Markdown.
    #[serde(default)]
    pub guide: String,
    /// The provider's own documentation.
    #[serde(default)]
    pub documentation_url: String,
    /// The configuration as JSON Schema with the Airbyte annotations.
    pub spec: Value,
    /// How to sign in with the provider, when the connector has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth: Option<Box<ProviderBlock>>,
    /// How it is run; without it the configuration is only checked against the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeBlock>,
    /// Streams known beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<KnownStream>,
    /// What the registry it was taken from says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryBlock>,
}

/// Letters and a colour that stand for a connector: own marks, nobody's logo.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorMark {
    /// One to three letters.
    pub text: String,
    /// `#rrggbb`.
    pub color: String,
}

/// A stream a source is known to offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownStream {
    /// Its name.
    pub name: String,
    /// Fields that name a record; a path each.
    #[serde(default)]
    pub primary_keys: Vec<Vec<String>>,
    /// Fields that only grow.
    #[serde(default)]
    pub replication_keys: Vec<String>,
    /// `FULL_TABLE`, `INCREMENTAL`.
    #[serde(default)]
    pub sync_types: Vec<String>,
}

fn described(error: serde_path_to_error::Error<serde_json::Error>) -> anyhow::Error {
    match error.path().to_string().as_str() {
        "." => anyhow::anyhow!("{}", error.inner()),
        path => anyhow::anyhow!("{path}: {}", error.inner()),
    }
}

fn other() -> String {
    "Other".to_owned()
}

impl ConnectorFile {
    /// Reads a file's JSON.
    ///
    /// # Errors
    /// What is wrong, with the place in the file.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let file = serde_path_to_error::deserialize(&mut reader).map_err(described)?;
        reader.end()?;
        Ok(file)
    }

    /// The same of JSON that was read already.
    ///
    /// # Errors
    /// As [`ConnectorFile::parse`].
    pub fn from_json(document: &Value) -> anyhow::Result<Self> {
        serde_path_to_error::deserialize(document).map_err(described)
    }

    /// What is wrong with the file beside its spec; empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let slug_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.slug.is_empty() || self.slug.len() > 60 || !self.slug.chars().all(slug_char) {
            problems.push("slug must be lower-case letters, digits and dashes".to_owned());
        }
        if self.name.trim().is_empty() {
            problems.push("name is empty".to_owned());
        }
        problems.extend(self.runtime.iter().flat_map(RuntimeBlock::problems));
        if !self.documentation_url.is_empty() && !self.documentation_url.starts_with("https://") {
            problems.push("documentation_url must begin with https://".to_owned());
        }
        problems
    }
}
