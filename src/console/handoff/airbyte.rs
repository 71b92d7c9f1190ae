//! For Airbyte: the bodies of two requests to its public API (a source, and its connection), and a script that fills them in and
//! sends them.

use serde_json::{Map, Value, json};

use super::counterpart::Counterpart;
use super::documents::{fill_py, json_text, references_json};
use super::references::Reference;
use super::{HandOffFile, HandOffInput};
use crate::engines::SyncType;
use crate::features::streams::{Cron, StreamChoice, Trigger};

fn stream(input: &HandOffInput<'_>, choice: &StreamChoice) -> Value {
    let keys = input.keys(choice);
    let mode = match choice.sync_type {
        SyncType::FullTable => "full_refresh_overwrite",
        // A record that comes again takes the place of the one that was there.
        SyncType::Incremental if !keys.is_empty() => "incremental_deduped_history",
        SyncType::Incremental => "incremental_append",
    };
    let mut stream =
        Map::from_iter([("name".to_owned(), json!(choice.stream_name)), ("syncMode".to_owned(), json!(mode))]);
    stream.extend(choice.namespace.as_ref().map(|space| ("namespace".to_owned(), json!(space))));
    stream.extend(input.cursor(choice).map(|path| ("cursorField".to_owned(), json!(path))));
    if !keys.is_empty() && choice.sync_type == SyncType::Incremental {
        stream.insert("primaryKey".to_owned(), json!(keys));
    }
    if let Some(fields) = choice.fields.as_ref().filter(|_| !choice.extract_all_fields) {
        let fields: Vec<Value> = fields.iter().map(|field| json!({"fieldPath": [field]})).collect();
        stream.insert("selectedFields".to_owned(), json!(fields));
    }
    Value::Object(stream)
}

/// Airbyte's clock speaks Quartz: seconds first, and one of the two days is a question mark; `None`: both are named, which it cannot say.
pub(super) fn cron_expression(cron: &Cron) -> Option<String> {
    let parts: Vec<&str> = cron.expression.split(' ').collect();
    match parts.as_slice() {
        [minute, hour, day, month, "*"] => Some(format!("0 {minute} {hour} {day} {month} ? {}", cron.zone)),
        [minute, hour, "*", month, weekday] => {
            Some(format!("0 {minute} {hour} ? {month} {} {}", quartz_days(weekday), cron.zone))
        }
        _ => None,
    }
}

pub(super) fn schedule(trigger: &Trigger) -> Value {
    let expression = match trigger {
        Trigger::Cron(cron) => cron_expression(cron),
        Trigger::Manual => None,
    };
    match expression {
        Some(expression) => json!({"scheduleType": "cron", "cronExpression": expression}),
        None => json!({"scheduleType": "manual"}),
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

/// What Airbyte is to read; `None`: everything it finds.
pub(super) fn streams(input: &HandOffInput<'_>) -> Option<Vec<Value>> {
    let streams: Vec<Value> = input.plan.enabled().map(|choice| stream(input, choice)).collect();
    (!streams.is_empty()).then_some(streams)
}

/// `source.json`, `connection.json`, and what sends them.
pub(super) fn files(
    input: &HandOffInput<'_>,
    counterpart: &Counterpart,
    config: Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let source = json!({"name": input.connection.description, "configuration": config});
    let mut connection = json!({
        "name": input.connection.description,
        "prefix": input.plan.table_prefix,
        "schedule": schedule(&input.plan.trigger),
    });
    if let (Some(streams), Some(object)) = (streams(input), connection.as_object_mut()) {
        object.insert("configurations".to_owned(), json!({"streams": streams}));
    }
    let repository = Map::from_iter([("repository".to_owned(), json!(counterpart.repository))]);
    vec![
        HandOffFile { name: "source.json", text: json_text(&source, references) },
        HandOffFile { name: "connection.json", text: json_text(&connection, &[]) },
        references_json(repository, references, None),
        HandOffFile { name: "send.py", text: include_str!("scripts/send.py").to_owned() },
        fill_py(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_the_same_in_quartz() {
        let at =
            |expression: &str| cron_expression(&Cron { expression: expression.to_owned(), zone: "UTC".to_owned() });
        assert_eq!(at("0 6 * * *").unwrap(), "0 0 6 * * ? UTC");
        assert_eq!(at("15 6 * * 1-5").unwrap(), "0 15 6 ? * MON-FRI UTC");
        assert_eq!(at("0 6 1 * 1"), None, "two days at once cannot be said");
    }
}
