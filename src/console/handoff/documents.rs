//! The files that several engines share: JSON, what the references are, what is read, and the script that puts secrets in.

use serde_json::{Map, Value, json};

use super::references::{MarkedConfig, Reference, plain_name};
use super::tree::HandOffTree;
use super::writers::{YamlReader, json_text, yaml_text};
use super::{HandOffFile, HandOffInput, top_level, top_level_all};
use crate::engines::SyncType;
use crate::features::extraction_engine::{Counterpart, Publication};
use crate::features::streams::StreamChoice;

/// Puts secrets in; the other scripts use it.
const FILL: &str = include_str!("scripts/fill.py");

/// The file that secrets are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandOffTemplate {
    /// The configuration alone.
    Config,
    /// A request of Airbyte's API with the configuration in it.
    Source,
}

impl HandOffTemplate {
    fn file(self) -> &'static str {
        match self {
            Self::Config => "config.json",
            Self::Source => "source.json",
        }
    }

    fn inside(self) -> &'static [&'static str] {
        match self {
            Self::Config => &[],
            Self::Source => &["configuration"],
        }
    }
}

pub(super) fn config_json(config: &MarkedConfig) -> HandOffFile {
    HandOffFile { name: HandOffTemplate::Config.file(), text: json_text(&config.tree()) }
}

/// `references.json`: where which secret belongs.
pub(super) fn references_json(
    template: HandOffTemplate,
    more: Map<String, Value>,
    references: &[Reference],
    key: Option<&str>,
) -> HandOffFile {
    let secrets = references.iter().map(|one| {
        let mut secret = json!({"name": one.name, "path": one.segments()});
        if let (Some(section), Some(object)) = (key, secret.as_object_mut()) {
            object.insert("key".to_owned(), json!(dlt_key(section, one)));
        }
        secret
    });
    let mut all = more;
    all.insert("file".to_owned(), json!(template.file()));
    all.insert("inside".to_owned(), json!(template.inside()));
    all.insert("secrets".to_owned(), secrets.collect());
    HandOffFile { name: "references.json", text: json_text(&HandOffTree::plain(&Value::Object(all))) }
}

/// The name of a secret in `.dlt/secrets.toml`.
pub(super) fn dlt_key(section: &str, reference: &Reference) -> String {
    let prefix = format!("SOURCES__{section}__").to_uppercase();
    let own = reference.name.strip_prefix(&prefix).unwrap_or(&reference.name);
    format!("sources.{section}.{}", own.to_lowercase())
}

pub(super) fn fill_py() -> HandOffFile {
    HandOffFile { name: "fill.py", text: FILL.to_owned() }
}

/// A name for Python and databases.
pub(super) fn section(input: &HandOffInput<'_>) -> String {
    plain_name(&input.connection.slug).to_lowercase()
}

/// `plan.json`: what is read, and by which program.
pub(super) fn plan_json(input: &HandOffInput<'_>, counterpart: &Counterpart) -> HandOffFile {
    let name = section(input);
    let package = match &counterpart.program {
        Publication::Package(package) => package.clone(),
        Publication::PublishedManifest | Publication::Manifest(_) | Publication::Image | Publication::OwnCommand => {
            None
        }
    };
    let plan = json!({
        "name": name,
        // Not the name of the pipeline: DuckDB would take one for the other.
        "dataset": format!("{name}_data"),
        "connector": counterpart.name,
        "package": package,
        "manifest_only": counterpart.program == Publication::PublishedManifest,
        "streams": input.plan.enabled().map(|choice| stream(input, choice)).collect::<Vec<_>>(),
    });
    HandOffFile { name: "plan.json", text: json_text(&HandOffTree::plain(&plan)) }
}

fn stream(input: &HandOffInput<'_>, choice: &StreamChoice) -> Value {
    json!({
        "name": choice.stream_name,
        "namespace": choice.namespace,
        "table": choice.table_name,
        "incremental": choice.sync_type == SyncType::Incremental,
        "keys": top_level_all(&input.keys(choice)),
        "cursor": input.cursor(choice).as_ref().and_then(top_level),
        "fields": choice.fields.as_ref().filter(|_| !choice.extract_all_fields),
    })
}

/// The manifest of the connector, where it has one of its own.
pub(super) fn manifest_yaml(counterpart: &Counterpart) -> Option<HandOffFile> {
    let Publication::Manifest(manifest) = &counterpart.program else { return None };
    Some(HandOffFile { name: "manifest.yaml", text: yaml_text(&HandOffTree::plain(manifest), YamlReader::Plain) })
}

pub(super) fn requirements(lines: &[&str]) -> HandOffFile {
    HandOffFile { name: "requirements.txt", text: lines.join("\n") + "\n" }
}
