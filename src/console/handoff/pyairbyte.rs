//! For Python with PyAirbyte: a script that reads the source into PyAirbyte's own cache.

use serde_json::Map;

use super::documents::{
    HandOffTemplate, config_json, fill_py, manifest_yaml, plan_json, references_json, requirements,
};
use super::references::MarkedConfig;
use super::{HandOffFile, HandOffInput};
use crate::features::extraction_engine::Counterpart;

/// The script and what it reads.
pub(super) fn files(input: &HandOffInput<'_>, counterpart: &Counterpart, config: &MarkedConfig) -> Vec<HandOffFile> {
    let mut files = vec![
        HandOffFile { name: "read.py", text: include_str!("scripts/read.py").to_owned() },
        requirements(&["airbyte>=0.40,<1"]),
        config_json(config),
        plan_json(input, counterpart),
        references_json(HandOffTemplate::Config, Map::new(), &config.references, None),
        fill_py(),
    ];
    files.extend(manifest_yaml(counterpart));
    files
}
