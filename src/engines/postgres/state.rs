//! How far each table was read.
//!
//! Kept form: `{"postgres": {"public.orders": {"key": "updated_at", "value": "…", "next": {…}, "seen": {…}}}}`; of a table that is read by
//! row version only `seen`. Older positions have `key` and `value`, and a count that nobody needs any more.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::versions::SeenVersions;
use crate::engines::{Failure, FailureReason};

/// The end of the last reading of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The replication key; `None`: it was read by row version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// The highest value of the key that was passed and below which nothing appears any more, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    /// A higher one, below which something may appear yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<AwaitedValue>,
    /// Which versions of rows were seen from `value` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<SeenVersions>,
}

/// A value that a mark may have as soon as those transactions have ended that were open when it was the highest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AwaitedValue {
    pub(super) value: String,
    pub(super) open: BTreeSet<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_of_earlier_versions_are_understood() {
        let kept = json!({"postgres": {"public.a": {"key": "at", "value": "2026-01-01", "rows": 3}}});
        let state = PostgresState::from_kept(Some(&kept)).unwrap();
        let due = Mark { key: Some("at".to_owned()), value: Some("2026-01-01".to_owned()), ..Mark::default() };
        assert_eq!(state.of("public.a"), Some(&due));
        assert_eq!(PostgresState::from_kept(Some(&state.kept())).unwrap(), state);
        assert!(PostgresState::from_kept(Some(&json!({"airbyte": []}))).is_err());
    }
}
