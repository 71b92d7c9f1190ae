//! For any program that speaks the Airbyte protocol: its configuration and its configured catalog.

use serde_json::Map;

use super::documents::{HandOffTemplate, config_json, fill_py, references_json};
use super::references::MarkedConfig;
use super::tree::HandOffTree;
use super::writers::json_text;
use super::{HandOffFile, HandOffInput};
use crate::engines::configured_catalog;

/// `config.json`, and `catalog.json` where streams are chosen.
pub(super) fn files(input: &HandOffInput<'_>, config: &MarkedConfig) -> Vec<HandOffFile> {
    let references = references_json(HandOffTemplate::Config, Map::new(), &config.references, None);
    let mut files = vec![config_json(config), references, fill_py()];
    let chosen: Vec<_> =
        input.plan.enabled().filter_map(|choice| Some(choice.chosen(choice.of(input.catalog)?))).collect();
    if !chosen.is_empty() {
        let text = json_text(&HandOffTree::plain(&configured_catalog(&chosen)));
        files.insert(1, HandOffFile { name: "catalog.json", text });
    }
    files
}
