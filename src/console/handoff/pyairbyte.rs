//! For Python with PyAirbyte: a script that reads the source into PyAirbyte's own cache.

use serde_json::{Map, Value};

use super::documents::{config_json, fill_py, manifest_yaml, plan_json, references_json, requirements};
use super::references::Reference;
use super::{HandOffFile, HandOffInput};
use crate::features::extraction_engine::Counterpart;

/// The script and what it reads.
pub(super) fn files(
    input: &HandOffInput<'_>,
    counterpart: &Counterpart,
    config: Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let mut files = vec![
        HandOffFile { name: "read.py", text: include_str!("scripts/read.py").to_owned() },
        requirements(&["airbyte>=0.40,<1"]),
        config_json(config, references),
        plan_json(input, counterpart),
        references_json(Map::new(), references, None),
        fill_py(),
    ];
    files.extend(manifest_yaml(counterpart));
    files
}
