//! For Meltano: `meltano.yml` with an extractor that is installed from its package, its settings and its selection, and a loader.

use serde_json::{Map, Value, json};

use super::taps::Tap;
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

fn selection(choice: &StreamChoice) -> Vec<String> {
    let id = stream_id(choice);
    match choice.fields.as_ref().filter(|_| !choice.extract_all_fields) {
        Some(fields) => fields.iter().map(|field| format!("{id}.{field}")).collect(),
        None => vec![format!("{id}.*")],
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
pub(super) fn files(input: &HandOffInput<'_>, tap: &Tap, settings: &Map<String, Value>) -> Vec<HandOffFile> {
    let streams: Vec<&StreamChoice> = input.plan.enabled().collect();
    let metadata: Map<String, Value> =
        streams.iter().map(|choice| (stream_id(choice), metadata(input, choice))).collect();
    let select = if streams.is_empty() {
        vec!["*.*".to_owned()]
    } else {
        streams.iter().flat_map(|choice| selection(choice)).collect()
    };
    let known: Vec<Value> = settings
        .keys()
        .map(|name| json!({"name": name, "sensitive": tap.sensitive.iter().any(|one| one.split('.').next() == Some(name))}))
        .collect();
    let extractor = json!({
        "name": tap.name,
        "variant": tap.variant,
        "namespace": tap.name.replace('-', "_"),
        "pip_url": tap.package,
        "executable": tap.name,
        "capabilities": ["catalog", "discover", "state"],
        "settings": known,
        "config": settings,
        "select": select,
        "metadata": metadata,
    });
    let loader = json!({
        "name": LOADER,
        "variant": "andyh1203",
        "namespace": LOADER.replace('-', "_"),
        "pip_url": "target-jsonl~=0.1",
        "executable": LOADER,
        "settings": [{"name": "destination_path"}],
        "config": {"destination_path": "output"},
    });
    let mut project = json!({
        "default_environment": "prod",
        "send_anonymous_usage_stats": false,
        "environments": [{"name": "prod"}],
        "plugins": {"extractors": [extractor], "loaders": [loader]},
    });
    if let (Trigger::Cron(cron), Some(object)) = (&input.plan.trigger, project.as_object_mut()) {
        let job = format!("{}-to-jsonl", tap.name);
        object.insert("jobs".to_owned(), json!([{"name": job, "tasks": [format!("{} {LOADER}", tap.name)]}]));
        object.insert(
            "schedules".to_owned(),
            json!([{"name": input.connection.slug, "interval": cron.expression, "job": job}]),
        );
    }
    vec![HandOffFile { name: "meltano.yml", text: serde_yaml_ng::to_string(&project).unwrap_or_default() }]
}
