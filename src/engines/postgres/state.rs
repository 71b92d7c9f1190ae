//! How far each table was read: the highest value of its replication key, and how many rows had it. The same value may be written
//! again later (a timestamp of the same second), so the next reading asks whether there are more of them now.
//!
//! Kept form: `{"postgres": {"public.orders": {"key": "updated_at", "value": "…", "rows": 1}}}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engines::{Failure, FailureReason};

/// The end of the last reading of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) key: String,
    /// As the server writes it.
    pub(super) value: String,
    pub(super) rows: i64,
}

/// The marks of all tables, by their full names.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct PostgresState(BTreeMap<String, Mark>);

impl PostgresState {
    pub(super) fn from_kept(kept: Option<&Value>) -> Result<Self, Failure> {
        let Some(kept) = kept else { return Ok(Self::default()) };
        let marks = kept.get("postgres").cloned().and_then(|marks| serde_json::from_value(marks).ok());
        marks.map(Self).ok_or_else(|| {
            Failure::new(
                FailureReason::BadState,
                "The saved position belongs to another way of running this connector. Start once from the beginning.",
            )
        })
    }

    pub(super) fn kept(&self) -> Value {
        json!({ "postgres": self.0 })
    }

    pub(super) fn of(&self, table: &str) -> Option<&Mark> {
        self.0.get(table)
    }

    pub(super) fn set(&mut self, table: &str, mark: Mark) {
        self.0.insert(table.to_owned(), mark);
    }
}
