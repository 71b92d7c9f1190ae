//! What an installation makes of a connector that is built in: the program reads, and what people know of the connector stays.

use serde_json::Value;

use super::{Addition, onto};
use crate::connectors::{ConnectorFile, RegistryBlock};

/// Puts an installed connector onto the one that is built in. Where that has a mapping for the program, its questions stay as they are, and
/// so does every draft; otherwise the program's own questions count.
pub fn installed_onto(built_in: Option<&ConnectorFile>, installed: ConnectorFile) -> Addition {
    let Some(there) = built_in else { return Addition { file: installed, kept: Vec::new() } };
    let program = installed.installed.as_ref().map(|block| block.name.as_str()).unwrap_or_default();
    if there.mapping.as_ref().is_some_and(|mapping| mapping.program == program) {
        let registry = match (installed.registry, there.registry.clone()) {
            (Some(new), Some(old)) => Some(RegistryBlock::or(new, old)),
            (new, old) => new.or(old),
        };
        let file = ConnectorFile {
            runtime: installed.runtime,
            registry,
            installed: installed.installed,
            // The program tells its streams itself.
            streams: Vec::new(),
            ..there.clone()
        };
        let kept =
            ["questions (they are handed to the program in its own shape)", "guide", "signing in with the provider"];
        let kept = kept.into_iter().take(if there.oauth.is_some() { 3 } else { 2 });
        return Addition { file, kept: kept.map(str::to_owned).collect() };
    }
    let as_it_is = Addition { file: installed.clone(), kept: Vec::new() };
    onto(there, installed).unwrap_or(as_it_is)
}

/// The Python classes that a manifest uses and does not bring, by name.
pub fn own_code(manifest: &Value) -> Vec<String> {
    let mut found = Vec::new();
    classes(manifest, &mut found);
    found.sort();
    found.dedup();
    found
}

fn classes(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("class_name").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| classes(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| classes(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn code_of_its_own_is_found_wherever_it_stands() {
        let manifest = json!({"streams": [
            {"retriever": {"type": "CustomRetriever", "class_name": "source_declarative_manifest.components.Pages"}},
            {"transformations": [{"class_name": "source_declarative_manifest.components.Flat"}]},
        ], "definitions": {"again": {"class_name": "source_declarative_manifest.components.Flat"}}});
        assert_eq!(
            own_code(&manifest),
            ["source_declarative_manifest.components.Flat", "source_declarative_manifest.components.Pages"]
        );
        assert!(own_code(&json!({"streams": [{"class_name": 7}]})).is_empty());
    }
}
