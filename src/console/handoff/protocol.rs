//! For any program that speaks the Airbyte protocol: its configuration and its configured catalog.

use serde_json::{Map, Value};

use super::documents::{config_json, fill_py, references_json};
use super::references::Reference;
use super::{HandOffFile, HandOffInput};
use crate::engines::configured_catalog;

/// `config.json`, and `catalog.json` where streams are chosen.
pub(super) fn files(
    input: &HandOffInput<'_>,
    config: Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let mut files = vec![config_json(config, references), references_json(Map::new(), references, None), fill_py()];
    let chosen: Vec<_> =
        input.plan.enabled().filter_map(|choice| Some(choice.chosen(choice.of(input.catalog)?))).collect();
    if !chosen.is_empty() {
        let text = serde_json::to_string_pretty(&configured_catalog(&chosen)).unwrap_or_default() + "\n";
        files.insert(1, HandOffFile { name: "catalog.json", text });
    }
    files
}
