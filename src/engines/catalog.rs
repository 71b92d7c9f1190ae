//! What a source offers, and what was chosen of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::text_column::text_enum;

/// The way to a field of a record: one name for a top-level field, more for a field inside an object.
pub type KeyPath = Vec<String>;

/// Everything a source offers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// In the order the source names them.
    pub streams: Vec<Stream>,
}

/// One table-like thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Its name; with the namespace it is unique in its catalog.
    pub name: String,
    /// A schema of a database, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its top-level fields; empty when the source does not know them beforehand.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// Fields that together name a record, when the source knows; empty: nobody knows.
    #[serde(default)]
    pub primary_key: Vec<KeyPath>,
    /// How it can be read; never empty.
    pub sync_types: Vec<SyncType>,
    /// How new records are told from old ones.
    #[serde(default)]
    pub cursor: CursorField,
    /// The source's own advice to take it; without any advice all are as good.
    #[serde(default)]
    pub suggested: bool,
    /// The schema of a record as the source described it (JSON Schema), not looked into.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub json_schema: Value,
}

/// One top-level field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds, for people: `integer`, `timestamp with time zone`, `string (date-time)`.
    pub kind: String,
    /// Whether it may be empty.
    pub nullable: bool,
}

text_enum! {
    /// How much is read.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    pub enum SyncType {
        /// Everything, each time.
        FullTable = "FULL_TABLE",
        /// What is new since the last time.
        Incremental = "INCREMENTAL",
    }
}

/// The replication key: the field that only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cursor", rename_all = "snake_case")]
pub enum CursorField {
    /// There is none: it can only be read whole.
    #[default]
    None,
    /// The source has settled it; the field is for information and may be unknown.
    Fixed {
        /// The field.
        field: Option<KeyPath>,
    },
    /// Somebody has to choose.
    Open {
        /// What to choose from; empty: any column.
        candidates: Vec<KeyPath>,
        /// What is usually right.
        usual: Option<KeyPath>,
    },
}

/// A stream that was chosen, and how it is to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenStream {
    /// The stream as it was discovered.
    pub stream: Stream,
    /// How much of it.
    pub sync_type: SyncType,
    /// The replication key, where it is [`CursorField::Open`] and the sync type incremental.
    pub cursor: Option<KeyPath>,
    /// The fields that name a record.
    pub primary_key: Vec<KeyPath>,
    /// The top-level fields records shall have; `None`: all.
    pub fields: Option<Vec<String>>,
}

impl Catalog {
    /// The stream of that name.
    pub fn find(&self, namespace: Option<&str>, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.is(namespace, name))
    }
}

impl Stream {
    /// Whether it has this name.
    pub fn is(&self, namespace: Option<&str>, name: &str) -> bool {
        self.name == name && self.namespace.as_deref().unwrap_or_default() == namespace.unwrap_or_default()
    }

    /// Whether it can be read in that way.
    pub fn offers(&self, sync_type: SyncType) -> bool {
        self.sync_types.contains(&sync_type)
    }

    /// Its name with the namespace, for people: `public.orders`.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}.{}", self.name),
            None => self.name.clone(),
        }
    }
}
