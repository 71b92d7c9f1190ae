//! How the rows of a table are told apart.

use super::LoadTable;
use super::plan::FieldPlan;
use super::statements::KEY;
use crate::engines::postgres::quote::quoted;

/// What names a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyWay {
    /// Nothing does.
    None,
    /// A primary key of the fields' own columns.
    Primary,
    /// The same columns without a primary key, because some are empty or too long for one.
    Loose,
    /// One more column with a hash of the keys, because they lie inside of other fields; so also in tables that were made when every key
    /// was kept like that.
    Hash,
}

impl KeyWay {
    /// The way that suits the records of a table that is filled anew.
    pub(super) fn suiting(table: &LoadTable, keys: &[&FieldPlan], has_unfit_keys: bool) -> Self {
        if table.keys.is_empty() {
            Self::None
        } else if table.has_nested_keys() {
            Self::Hash
        } else if has_unfit_keys || keys.len() != table.keys.len() || !keys.iter().all(|key| key.kind.can_be_key()) {
            Self::Loose
        } else {
            Self::Primary
        }
    }

    /// What is equal for the same record: of a row that waits (`w`), and of one of the table (`t`).
    pub(super) fn same(&self, keys: &[&FieldPlan]) -> Vec<(String, String)> {
        let of_table = |key: &&FieldPlan| format!("t.{}", quoted(&key.column));
        match self {
            Self::None => Vec::new(),
            Self::Primary => keys.iter().map(|key| (key.value.clone(), of_table(key))).collect(),
            Self::Loose => {
                let values: Vec<&str> = keys.iter().map(|key| key.value.as_str()).collect();
                let columns: Vec<String> = keys.iter().map(of_table).collect();
                vec![(format!("ROW({})::text", values.join(", ")), format!("ROW({})::text", columns.join(", ")))]
            }
            Self::Hash => vec![(HASH.to_owned(), format!("t.{KEY}"))],
        }
    }
}

/// The hash of the keys of a row that waits.
pub(super) const HASH: &str = "encode(sha256(convert_to(w.key::text, 'UTF8')), 'hex')";

impl LoadTable {
    /// Whether a key lies inside of another field, or is the name of several.
    pub(super) fn has_nested_keys(&self) -> bool {
        self.keys.iter().any(|path| path.len() != 1)
    }
}
