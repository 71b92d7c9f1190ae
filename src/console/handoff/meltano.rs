//! For Meltano: `meltano.yml` with an extractor that is installed from its package, its settings and its selection, and a loader.

use serde_json::{Map, Value, json};

use super::references::MarkedConfig;
use super::taps::Tap;
use super::tree::HandOffTree;
use super::writers::{YamlReader, yaml_text};
use super::{HandOffFile, HandOffInput, top_level, top_level_all};
use crate::features::streams::{StreamChoice, Trigger};

/// Where records go until another loader is named.
const LOADER: &str = "target-jsonl";

/// How the stream is called in a Singer catalogue: taps of databases put the schema in front.
fn stream_id(choice: &StreamChoice) -> String {
    choice
        .namespace
        .as_ref()
        .map_or_else(|| choice.stream_name.clone(), |space| format!("{space}-{}", choice.stream_name))
}

/// A name as a pattern that fits this name alone. Meltano reads a dot as the end of the stream's name unless a backslash stands in front,
/// and an exclamation mark at the beginning as "not".
fn stream_pattern(name: &str) -> String {
    let pattern = pattern(name, "\\.");
    pattern.strip_prefix('!').map_or_else(|| pattern.clone(), |rest| format!("[ !]{rest}"))
}

/// The same where Meltano knows no way to write a dot: one letter of any kind.
fn field_pattern(name: &str) -> String {
    pattern(name, "?")
}

fn pattern(name: &str, dot: &str) -> String {
    let mut pattern = String::new();
    for letter in name.chars() {
        match letter {
            '.' => pattern.push_str(dot),
            '*' | '?' | '[' | '\\' => pattern.extend(['[', letter, ']']),
            letter => pattern.push(letter),
        }
    }
    pattern
}

fn selection(choice: &StreamChoice) -> Vec<String> {
    let stream = stream_pattern(&stream_id(choice));
    match choice.fields.as_ref().filter(|_| !choice.extract_all_fields) {
        Some(fields) => fields.iter().map(|field| format!("{stream}.{}", field_pattern(field))).collect(),
        None => vec![format!("{stream}.*")],
    }
}

/// A tap finds what is new by a column alone; without one the table is read whole.
fn metadata(input: &HandOffInput<'_>, choice: &StreamChoice) -> Value {
    let cursor = input.cursor(choice);
    let cursor = cursor.as_ref().and_then(top_level);
    let mut metadata = match cursor {
        Some(column) => json!({"replication-method": "INCREMENTAL", "replication-key": column}),
        None => json!({"replication-method": "FULL_TABLE"}),
    };
    let keys = input.keys(choice);
    let keys = top_level_all(&keys);
    if let Some(object) = metadata.as_object_mut().filter(|_| !keys.is_empty()) {
        object.insert("table-key-properties".to_owned(), json!(keys));
    }
    metadata
}

/// `meltano.yml`.
pub(super) fn files(
    input: &HandOffInput<'_>,
    tap: &Tap,
    config: &MarkedConfig,
    settings: &Map<String, Value>,
) -> Vec<HandOffFile> {
    let streams: Vec<&StreamChoice> = input.plan.enabled().collect();
    let metadata: Map<String, Value> =
        streams.iter().map(|choice| (field_pattern(&stream_id(choice)), metadata(input, choice))).collect();
    let select = if streams.is_empty() {
        vec!["*.*".to_owned()]
    } else {
        streams.iter().flat_map(|choice| selection(choice)).collect()
    };
    let known: Vec<Value> = settings
        .keys()
        .map(|name| json!({"name": name, "sensitive": tap.sensitive.iter().any(|one| one.split('.').next() == Some(name))}))
        .collect();
    let extractor = HandOffTree::plain(&json!({
        "name": tap.name,
        "variant": tap.variant,
        "namespace": tap.name.replace('-', "_"),
        "pip_url": tap.package,
        "executable": tap.name,
        "capabilities": ["catalog", "discover", "state"],
        "settings": known,
        "select": select,
        "metadata": metadata,
    }));
    let extractor = extractor.with("config", config.tree_of(settings));
    let plugins = HandOffTree::object([
        ("extractors", HandOffTree::List(vec![extractor])),
        ("loaders", HandOffTree::List(vec![loader()])),
    ]);
    let project = HandOffTree::plain(&json!({
        "default_environment": "prod",
        "send_anonymous_usage_stats": false,
        "environments": [{"name": "prod"}],
    }));
    let mut project = project.with("plugins", plugins);
    if let Trigger::Cron(cron) = &input.plan.trigger {
        let job = format!("{}-to-jsonl", tap.name);
        let jobs = json!([{"name": job, "tasks": [format!("{} {LOADER}", tap.name)]}]);
        let schedules = json!([{"name": input.connection.slug, "interval": cron.expression, "job": job}]);
        project = project.with("jobs", HandOffTree::plain(&jobs)).with("schedules", HandOffTree::plain(&schedules));
    }
    vec![HandOffFile { name: "meltano.yml", text: yaml_text(&project, YamlReader::Meltano) }]
}

fn loader() -> HandOffTree {
    HandOffTree::plain(&json!({
        "name": LOADER,
        "variant": "andyh1203",
        "namespace": LOADER.replace('-', "_"),
        "pip_url": "target-jsonl~=0.1",
        "executable": LOADER,
        "settings": [{"name": "destination_path"}],
        "config": {"destination_path": "output"},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_pattern() {
        assert_eq!(stream_pattern("!a.b*[x]\\?"), "[ !]a\\.b[*][[]x][\\][?]");
        assert_eq!(field_pattern("a.b!"), "a?b!");
    }
}
