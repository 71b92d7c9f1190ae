//! For Airbyte: the bodies of two requests to its API (`POST /v1/sources`, `POST /v1/connections`), or the same in Terraform.

use serde_json::{Map, Value, json};

use super::references::{Reference, plain_name, terraform_mark};
use super::{HandOffFile, HandOffInput};
use crate::engines::SyncType;
use crate::features::streams::{StreamChoice, Trigger};

fn path(key: &str) -> Vec<&str> {
    key.split('.').collect()
}

fn stream(choice: &StreamChoice) -> Value {
    let mode = match choice.sync_type {
        SyncType::FullTable => "full_refresh_overwrite",
        SyncType::Incremental => "incremental_append",
    };
    let mut stream = json!({"name": choice.stream_name, "syncMode": mode});
    let keys: Vec<Vec<&str>> = choice.primary_keys.iter().flatten().map(|key| path(key)).collect();
    if let Some(object) = stream.as_object_mut() {
        if let Some(space) = &choice.namespace {
            object.insert("namespace".to_owned(), json!(space));
        }
        if let Some(key) = &choice.replication_key {
            object.insert("cursorField".to_owned(), json!(path(key)));
        }
        if !keys.is_empty() {
            object.insert("primaryKey".to_owned(), json!(keys));
        }
        if let Some(fields) = choice.fields.as_ref().filter(|_| !choice.extract_all_fields) {
            let fields: Vec<Value> = fields.iter().map(|field| json!({"fieldPath": [field]})).collect();
            object.insert("selectedFields".to_owned(), json!(fields));
        }
    }
    stream
}

/// Airbyte's clock speaks Quartz: seconds first, and one of the two days is a question mark.
fn schedule(trigger: &Trigger) -> Value {
    let Trigger::Cron(cron) = trigger else { return json!({"scheduleType": "manual"}) };
    let parts: Vec<&str> = cron.expression.split(' ').collect();
    match parts.as_slice() {
        [minute, hour, day, month, "*"] => {
            json!({"scheduleType": "cron", "cronExpression": format!("0 {minute} {hour} {day} {month} ? {}", cron.zone)})
        }
        [minute, hour, "*", month, weekday] => {
            let days = quartz_days(weekday);
            json!({"scheduleType": "cron", "cronExpression": format!("0 {minute} {hour} ? {month} {days} {}", cron.zone)})
        }
        _ => json!({"scheduleType": "manual"}),
    }
}

/// Cron counts days of the week from Sunday as 0, Quartz as 1; names mean the same in both.
fn quartz_days(text: &str) -> String {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let name = |c: char| c.to_digit(10).and_then(|digit| NAMES.get(usize::try_from(digit).ok()?)).copied();
    match text.split_once('/') {
        Some((days, step)) => format!("{}/{step}", quartz_days(days)),
        None => text.chars().map(|c| name(c).map_or_else(|| c.to_string(), str::to_owned)).collect(),
    }
}

fn source(input: &HandOffInput<'_>, config: Map<String, Value>) -> Value {
    json!({
        "name": input.connection.description,
        "workspaceId": "${AIRBYTE_WORKSPACE_ID}",
        "definitionId": "${AIRBYTE_SOURCE_DEFINITION_ID}",
        "configuration": config,
    })
}

/// `source.json` and `connection.json`.
pub(super) fn api(input: &HandOffInput<'_>, config: Map<String, Value>) -> Vec<HandOffFile> {
    let connection = json!({
        "name": input.connection.description,
        "sourceId": "${AIRBYTE_SOURCE_ID}",
        "destinationId": "${AIRBYTE_DESTINATION_ID}",
        "prefix": input.plan.table_prefix,
        "schedule": schedule(&input.plan.trigger),
        "configurations": {"streams": input.plan.enabled().map(stream).collect::<Vec<_>>()},
    });
    vec![
        HandOffFile { name: "source.json", text: pretty(&source(input, config)) },
        HandOffFile { name: "connection.json", text: pretty(&connection) },
    ]
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// JSON as an expression of Terraform: variables lose their quotes, and what Terraform would read as a template is escaped.
fn expression(value: &Value, references: &[Reference]) -> String {
    let mut text = pretty(value).trim_end().replace("${", "$${").replace("%{", "%%{");
    for reference in references {
        let quoted = serde_json::to_string(&terraform_mark(&reference.name)).unwrap_or_default();
        text = text.replace(&quoted, &format!("var.{}", reference.name));
    }
    text
}

/// `main.tf`.
pub(super) fn terraform(
    input: &HandOffInput<'_>,
    config: &Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let name = plain_name(&input.connection.slug).to_lowercase();
    let mut text =
        String::from("terraform {\n  required_providers {\n    airbyte = { source = \"airbytehq/airbyte\" }\n  }\n}\n");
    for variable in ["airbyte_workspace_id", "airbyte_source_definition_id", "airbyte_destination_id"] {
        text += &format!("\nvariable \"{variable}\" {{ type = string }}\n");
    }
    for reference in references {
        text += &format!("\nvariable \"{}\" {{\n  type      = string\n  sensitive = true\n}}\n", reference.name);
    }
    let title = expression(&Value::String(input.connection.description.clone()), &[]);
    let configuration = expression(&Value::Object(config.clone()), references);
    let streams = expression(&Value::Array(input.plan.enabled().map(terraform_stream).collect()), &[]);
    text += &format!(
        "\nresource \"airbyte_source_custom\" \"{name}\" {{\n  name          = {title}\n  workspace_id  = var.airbyte_workspace_id\n  \
         definition_id = var.airbyte_source_definition_id\n  configuration = jsonencode({configuration})\n}}\n"
    );
    text += &format!(
        "\nresource \"airbyte_connection\" \"{name}\" {{\n  name           = {title}\n  source_id      = airbyte_source_custom.{name}.source_id\n  \
         destination_id = var.airbyte_destination_id\n  prefix         = {}\n  schedule       = {}\n  configurations = {{\n    streams = {streams}\n  }}\n}}\n",
        expression(&Value::String(input.plan.table_prefix.clone()), &[]),
        expression(&snake(&schedule(&input.plan.trigger)), &[]),
    );
    vec![HandOffFile { name: "main.tf", text }]
}

fn terraform_stream(choice: &StreamChoice) -> Value {
    snake(&stream(choice))
}

/// The same with names as Terraform writes them: `cursorField` is `cursor_field`.
fn snake(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (snake_name(key), snake(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(snake).collect()),
        other => other.clone(),
    }
}

fn snake_name(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::streams::Cron;

    #[test]
    fn a_schedule_is_the_same_in_quartz() {
        let at = |expression: &str| {
            let cron = Cron { expression: expression.to_owned(), zone: "UTC".to_owned() };
            schedule(&Trigger::Cron(cron))["cronExpression"].as_str().map(str::to_owned)
        };
        assert_eq!(at("0 6 * * *").unwrap(), "0 0 6 * * ? UTC");
        assert_eq!(at("15 6 * * 1-5").unwrap(), "0 15 6 ? * MON-FRI UTC");
        assert_eq!(at("0 6 1 * 1"), None, "two days at once cannot be said");
    }
}
