//! The shape of a connector file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Connector, InstalledBlock, Kind, MappingBlock, RegistryBlock, RuntimeBlock};
use crate::base::forms::{control_in, has_control};
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
    /// How the answers become the configuration of a program that asks in another shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingBlock>,
    /// What was installed for it, where this file was written by an installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<InstalledBlock>,
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

/// Why bytes are no connector file.
#[derive(Debug)]
pub(super) struct FileProblem {
    /// Where, when that is one line.
    pub(super) line: Option<usize>,
    pub(super) reason: String,
}

impl FileProblem {
    fn of_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let words = error.inner().to_string();
        // The line stands beside it.
        let words = words.rfind(" at line ").and_then(|at| words.get(..at)).unwrap_or(&words);
        let line = Some(error.inner().line()).filter(|line| *line > 0);
        let reason = match error.path().to_string().as_str() {
            "." => words.to_owned(),
            path => format!("{path}: {words}"),
        };
        Self { line, reason }
    }
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
    /// Reads a file to the connector it describes.
    pub(super) fn read_connector(bytes: &[u8], is_custom: bool) -> Result<Arc<Connector>, FileProblem> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let file: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| FileProblem::of_json(&error))?;
        let of_whole = |reason: String| FileProblem { line: None, reason };
        reader.end().map_err(|error| FileProblem {
            line: Some(error.line()),
            reason: "something follows its end".to_owned(),
        })?;
        let problems = file.problems();
        if !problems.is_empty() {
            return Err(of_whole(problems.join("; ")));
        }
        Connector::new(file, is_custom).map_err(|error| of_whole(format!("{error:#}")))
    }

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
        if has_control(&self.name, false) {
            problems.push("name must not hold control characters".to_owned());
        }
        if let Some(place) = control_in(&self.spec) {
            problems.push(format!("spec: {place}: must not hold control characters"));
        }
        problems.extend(self.runtime.iter().flat_map(RuntimeBlock::problems));
        problems.extend(self.mapping.iter().flat_map(MappingBlock::problems));
        if !self.documentation_url.is_empty() && !self.documentation_url.starts_with("https://") {
            problems.push("documentation_url must begin with https://".to_owned());
        }
        problems
    }
}
