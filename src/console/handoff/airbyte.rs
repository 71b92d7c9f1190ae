//! For Airbyte: the bodies of two requests to its public API (a source, and its connection), and a script that fills them in and
//! sends them.

use serde_json::{Map, Value, json};

use super::documents::{HandOffTemplate, fill_py, references_json};
use super::references::MarkedConfig;
use super::tree::HandOffTree;
use super::writers::json_text;
use super::{HandOffFile, HandOffInput};
use crate::features::extraction_engine::{Counterpart, airbyte_cron};
use crate::features::streams::Trigger;

pub(super) fn schedule(trigger: &Trigger) -> Value {
    let expression = match trigger {
        Trigger::Cron(cron) => airbyte_cron(cron),
        Trigger::Manual => None,
    };
    match expression {
        Some(expression) => json!({"scheduleType": "cron", "cronExpression": expression}),
        None => json!({"scheduleType": "manual"}),
    }
}

/// `source.json`, `connection.json`, and what sends them.
pub(super) fn files(input: &HandOffInput<'_>, counterpart: &Counterpart, config: &MarkedConfig) -> Vec<HandOffFile> {
    let title = HandOffTree::Text(input.connection.description.clone());
    let source = HandOffTree::object([("name", title), ("configuration", config.tree())]);
    let mut connection = json!({
        "name": input.connection.description,
        "prefix": input.plan.table_prefix,
        "schedule": schedule(&input.plan.trigger),
    });
    if let (Some(streams), Some(object)) = (input.planned().for_airbyte(), connection.as_object_mut()) {
        object.insert("configurations".to_owned(), json!({"streams": streams}));
    }
    let repository = Map::from_iter([("repository".to_owned(), json!(counterpart.repository))]);
    vec![
        HandOffFile { name: "source.json", text: json_text(&source) },
        HandOffFile { name: "connection.json", text: json_text(&HandOffTree::plain(&connection)) },
        references_json(HandOffTemplate::Source, repository, &config.references, None),
        HandOffFile { name: "send.py", text: include_str!("scripts/send.py").to_owned() },
        fill_py(),
    ]
}
