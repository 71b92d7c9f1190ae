//! A plan as Airbyte's public API wants to hear it.

use serde_json::{Map, Value, json};

use crate::engines::{Catalog, KeyPath, SyncType};
use crate::features::streams::{Cron, Plan, StreamChoice};

/// The streams of a plan, held against what the last successful validation found.
#[derive(Clone, Copy)]
pub struct PlannedStreams<'a> {
    /// What is read.
    pub plan: &'a Plan,
    /// What was found.
    pub catalog: &'a Catalog,
}

fn dotted(text: &str) -> KeyPath {
    text.split('.').map(str::to_owned).collect()
}

impl PlannedStreams<'_> {
    /// The fields that name a record of a chosen stream: those that were chosen, or else the stream's own.
    pub fn keys(&self, choice: &StreamChoice) -> Vec<KeyPath> {
        match choice.of(self.catalog) {
            Some(stream) => choice.chosen(stream).primary_key,
            None => choice.primary_keys.iter().flatten().map(|key| dotted(key)).collect(),
        }
    }

    /// The field that only grows, of a stream that is read from where it ended.
    pub fn cursor(&self, choice: &StreamChoice) -> Option<KeyPath> {
        let text = choice.replication_key.as_ref().filter(|_| choice.sync_type == SyncType::Incremental)?;
        let found = choice.of(self.catalog).and_then(|stream| choice.chosen(stream).cursor);
        Some(found.unwrap_or_else(|| dotted(text)))
    }

    fn stream(&self, choice: &StreamChoice) -> Value {
        let keys = self.keys(choice);
        let mode = match choice.sync_type {
            SyncType::FullTable => "full_refresh_overwrite",
            // A record that comes again takes the place of the one that was there.
            SyncType::Incremental if !keys.is_empty() => "incremental_deduped_history",
            SyncType::Incremental => "incremental_append",
        };
        let mut stream =
            Map::from_iter([("name".to_owned(), json!(choice.stream_name)), ("syncMode".to_owned(), json!(mode))]);
        stream.extend(choice.namespace.as_ref().map(|space| ("namespace".to_owned(), json!(space))));
        stream.extend(self.cursor(choice).map(|path| ("cursorField".to_owned(), json!(path))));
        if !keys.is_empty() && choice.sync_type == SyncType::Incremental {
            stream.insert("primaryKey".to_owned(), json!(keys));
        }
        if let Some(fields) = choice.fields.as_ref().filter(|_| !choice.extract_all_fields) {
            let fields: Vec<Value> = fields.iter().map(|field| json!({"fieldPath": [field]})).collect();
            stream.insert("selectedFields".to_owned(), json!(fields));
        }
        Value::Object(stream)
    }

    /// What Airbyte is to read; `None`: everything it finds.
    pub fn for_airbyte(&self) -> Option<Vec<Value>> {
        let streams: Vec<Value> = self.plan.enabled().map(|choice| self.stream(choice)).collect();
        (!streams.is_empty()).then_some(streams)
    }
}

/// Airbyte's clock speaks Quartz: seconds first, and one of the two days is a question mark; `None`: both are named, which it cannot say.
pub fn airbyte_cron(cron: &Cron) -> Option<String> {
    let parts: Vec<&str> = cron.expression.split(' ').collect();
    match parts.as_slice() {
        [minute, hour, day, month, "*"] => Some(format!("0 {minute} {hour} {day} {month} ? {}", cron.zone)),
        [minute, hour, "*", month, weekday] => {
            Some(format!("0 {minute} {hour} ? {month} {} {}", quartz_days(weekday), cron.zone))
        }
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_the_same_in_quartz() {
        let at = |expression: &str| airbyte_cron(&Cron { expression: expression.to_owned(), zone: "UTC".to_owned() });
        assert_eq!(at("0 6 * * *").unwrap(), "0 0 6 * * ? UTC");
        assert_eq!(at("15 6 * * 1-5").unwrap(), "0 15 6 ? * MON-FRI UTC");
        assert_eq!(at("0 6 1 * 1"), None, "two days at once cannot be said");
    }
}
