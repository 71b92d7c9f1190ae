//! One stream as it was chosen, and whether the source can be read that way.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table_names::table_fault;
use crate::engines::{Catalog, ChosenStream, CursorField, KeyPath, Stream, SyncType};

/// The code of [`check_keys`].
pub const NO_KEYS: &str = "no_primary_keys";

/// A stream and how it is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StreamChoice")]
pub struct StreamChoice {
    /// Whether it is read at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Its name, as the validation found it.
    pub stream_name: String,
    /// Its namespace, such as a schema of a database; needed where two streams have the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The name of its table or file; suggested when left out.
    #[serde(default)]
    pub table_name: String,
    /// Fields that together name a record; a field inside another one as `outer.inner`. The source's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_keys: Option<Vec<String>>,
    /// The field that only grows, where the source leaves it open.
    #[serde(default)]
    pub replication_key: Option<String>,
    /// `FULL_TABLE` or `INCREMENTAL`.
    #[serde(default = "full")]
    #[schemars(with = "Sync")]
    pub sync_type: SyncType,
    /// Every field of a record, also those that are new.
    #[serde(default = "yes")]
    pub extract_all_fields: bool,
    /// The fields, when not all of them.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

/// How a stream is read, for the document.
#[derive(JsonSchema)]
#[schemars(rename = "SyncType", rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "only its schema is used")]
enum Sync {
    /// Everything, each time.
    FullTable,
    /// What is new since the last time.
    Incremental,
}

const fn yes() -> bool {
    true
}

const fn full() -> SyncType {
    SyncType::FullTable
}

/// What is wrong with one member of one choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFault {
    /// Full name of the stream.
    pub stream: String,
    /// Which member.
    pub member: &'static str,
    /// A stable word.
    pub code: &'static str,
    /// For people.
    pub sentence: String,
}

/// A path as one text: `id`, `outer.inner`.
pub fn key_text(path: &KeyPath) -> String {
    path.join(".")
}

/// A table's name with the prefix of all.
pub fn prefixed(prefix: &str, table: &str) -> String {
    if table.starts_with(prefix) { table.to_owned() } else { format!("{prefix}{table}") }
}

impl StreamChoice {
    /// The name with the namespace, for people.
    pub fn full_name(&self) -> String {
        self.namespace
            .as_ref()
            .map_or_else(|| self.stream_name.clone(), |space| format!("{space}.{}", self.stream_name))
    }

    /// The stream it speaks of: that of the same namespace, or the only one of that name.
    pub fn of<'a>(&self, catalog: &'a Catalog) -> Option<&'a Stream> {
        if self.namespace.is_some() {
            return catalog.find(self.namespace.as_deref(), &self.stream_name);
        }
        let mut same = catalog.streams.iter().filter(|stream| stream.name == self.stream_name);
        let first = same.next();
        if same.next().is_some() { catalog.find(None, &self.stream_name) } else { first }
    }

    /// The path of one of its keys in the stream.
    fn path(stream: &Stream, text: &str) -> KeyPath {
        let known = stream.primary_key.iter().chain(match &stream.cursor {
            CursorField::Open { candidates, .. } => candidates.iter(),
            CursorField::None | CursorField::Fixed { .. } => [].iter(),
        });
        let same = known.into_iter().find(|path| key_text(path) == text).cloned();
        let column = || stream.columns.iter().any(|column| column.name == text).then(|| vec![text.to_owned()]);
        same.or_else(column).unwrap_or_else(|| text.split('.').map(str::to_owned).collect())
    }

    /// What the connector is told.
    pub fn chosen(&self, stream: &Stream) -> ChosenStream {
        let paths = |texts: &[String]| texts.iter().map(|text| Self::path(stream, text)).collect();
        ChosenStream {
            sync_type: self.sync_type,
            cursor: self.replication_key.as_deref().map(|text| Self::path(stream, text)),
            primary_key: self.primary_keys.as_deref().map_or_else(|| stream.primary_key.clone(), paths),
            fields: if self.extract_all_fields { None } else { self.fields.clone() },
            stream: stream.clone(),
        }
    }

    /// What is wrong with it for this stream.
    fn faults(&self, stream: &Stream) -> Vec<(&'static str, &'static str, String)> {
        let mut faults = Vec::new();
        let name = stream.full_name();
        let known = |text: &String| {
            let path = Self::path(stream, text);
            stream.columns.is_empty()
                || path.first().is_some_and(|head| stream.columns.iter().any(|column| &column.name == head))
        };
        if !stream.offers(self.sync_type) {
            let word = self.sync_type.as_str();
            faults.push(("sync_type", "not_offered", format!("{name} cannot be read as {word}")));
        }
        faults.extend(self.cursor_fault(stream).map(|(code, sentence)| ("replication_key", code, sentence)));
        for key in self.primary_keys.iter().flatten().filter(|key| !known(key)) {
            faults.push(("primary_keys", "unknown_field", format!("{name} has no field {key}")));
        }
        if !self.extract_all_fields {
            let fields = self.fields.as_deref().unwrap_or_default();
            if fields.is_empty() {
                faults.push(("fields", "missing", format!("Choose at least one field of {name}")));
            }
            for field in fields.iter().filter(|field| !known(field)) {
                faults.push(("fields", "unknown_field", format!("{name} has no field {field}")));
            }
        }
        faults
    }

    fn cursor_fault(&self, stream: &Stream) -> Option<(&'static str, String)> {
        if self.sync_type != SyncType::Incremental {
            return None;
        }
        let name = stream.full_name();
        match (&stream.cursor, &self.replication_key) {
            (CursorField::Open { .. }, None) => {
                Some(("missing", format!("Choose the field that tells new records of {name}")))
            }
            (CursorField::Open { candidates, .. }, Some(key)) => {
                let fits = if candidates.is_empty() {
                    stream.columns.is_empty() || stream.columns.iter().any(|column| &column.name == key)
                } else {
                    candidates.iter().any(|path| &key_text(path) == key)
                };
                (!fits).then(|| ("not_offered", format!("{key} cannot tell new records of {name}")))
            }
            (CursorField::None | CursorField::Fixed { .. }, _) => None,
        }
    }
}

/// What is wrong with a list of choices for tables, where records that are read again are told by their keys: sources give those at
/// the boundary of two runs twice.
pub fn check_keys(choices: &[StreamChoice], catalog: &Catalog) -> Vec<StreamFault> {
    let is_added = |choice: &&StreamChoice| choice.enabled && choice.sync_type == SyncType::Incremental;
    let has_keys = |choice: &StreamChoice| match &choice.primary_keys {
        Some(keys) => !keys.is_empty(),
        None => choice.of(catalog).is_some_and(|stream| !stream.primary_key.is_empty()),
    };
    let fault = |choice: &StreamChoice| StreamFault {
        stream: choice.full_name(),
        member: "primary_keys",
        code: NO_KEYS,
        sentence: format!(
            "{} is read as INCREMENTAL without primary keys, so its table would hold records twice: choose its primary keys, or read it \
             as FULL_TABLE",
            choice.full_name()
        ),
    };
    choices.iter().filter(is_added).filter(|choice| !has_keys(choice)).map(fault).collect()
}

/// Everything wrong with a list of choices.
pub fn check_all(choices: &[StreamChoice], catalog: &Catalog) -> Vec<StreamFault> {
    let mut faults = Vec::new();
    let mut tables: BTreeMap<&str, &StreamChoice> = BTreeMap::new();
    for choice in choices {
        let mut add =
            |member, code, sentence| faults.push(StreamFault { stream: choice.full_name(), member, code, sentence });
        let Some(stream) = choice.of(catalog) else {
            add("stream_name", "unknown_stream", format!("The last validation found no stream {}", choice.full_name()));
            continue;
        };
        if !choice.enabled {
            continue;
        }
        for (member, code, sentence) in choice.faults(stream) {
            add(member, code, sentence);
        }
        let table = choice.table_name.as_str();
        if let Some(words) = table_fault(table) {
            add("table_name", "invalid", format!("Table name of {} {words}", choice.full_name()));
        } else if let Some(other) = tables.insert(table, choice) {
            let sentence = format!("{} and {} have the same table name {table}", other.full_name(), choice.full_name());
            add("table_name", "not_unique", sentence);
        }
    }
    faults
}
