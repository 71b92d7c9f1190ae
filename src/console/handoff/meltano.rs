//! For Meltano, and so for any Singer tap: `meltano.yml` with an extractor, its settings and its selection.

use serde_json::{Map, Value, json};

use super::{HandOffFile, HandOffInput};
use crate::engines::SyncType;
use crate::features::streams::{StreamChoice, Trigger};

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

fn metadata(choice: &StreamChoice) -> Value {
    let method = match choice.sync_type {
        SyncType::FullTable => "FULL_TABLE",
        SyncType::Incremental => "INCREMENTAL",
    };
    let mut metadata = json!({"replication-method": method});
    if let Some(object) = metadata.as_object_mut() {
        if let Some(key) = &choice.replication_key {
            object.insert("replication-key".to_owned(), json!(key));
        }
        if let Some(keys) = choice.primary_keys.as_ref().filter(|keys| !keys.is_empty()) {
            object.insert("table-key-properties".to_owned(), json!(keys));
        }
    }
    metadata
}

/// `meltano.yml`, and `config.json` for a tap that is run by hand.
pub(super) fn files(input: &HandOffInput<'_>, config: Map<String, Value>) -> Vec<HandOffFile> {
    let tap = format!("tap-{}", input.connection.connector_slug);
    let streams: Vec<&StreamChoice> = input.plan.enabled().collect();
    let metadata: Map<String, Value> = streams.iter().map(|choice| (stream_id(choice), metadata(choice))).collect();
    let extractor = json!({
        "name": tap,
        "config": config,
        "select": streams.iter().flat_map(|choice| selection(choice)).collect::<Vec<_>>(),
        "metadata": metadata,
    });
    let mut project = json!({
        "version": 1,
        "default_environment": "prod",
        "environments": [{"name": "prod"}],
        "plugins": {"extractors": [extractor]},
    });
    if let (Trigger::Cron(cron), Some(object)) = (&input.plan.trigger, project.as_object_mut()) {
        let schedule = json!([{
            "name": input.connection.slug, "interval": cron.expression, "extractor": tap, "loader": "target-jsonl",
        }]);
        object.insert("schedules".to_owned(), schedule);
    }
    let yaml = serde_yaml_ng::to_string(&project).unwrap_or_default();
    let json = serde_json::to_string_pretty(&config).unwrap_or_default() + "\n";
    vec![HandOffFile { name: "meltano.yml", text: yaml }, HandOffFile { name: "config.json", text: json }]
}
