//! Settings of a connector that nobody here takes up, as programs read of them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::schema::form::LeftOut;

/// A setting, or one way of a choice, that what reads the configuration in this installation does not take up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnsupportedField {
    /// Its dot path; of a way of a choice, the choice's.
    pub field: String,
    /// How the form calls it; a way with its choice.
    pub title: String,
    /// Why, in one sentence.
    pub reason: String,
}

impl UnsupportedField {
    /// All of them.
    pub fn all(left_out: Vec<LeftOut>) -> Vec<Self> {
        let one = |LeftOut { path, title, reason }| Self { field: path.dot(), title, reason };
        left_out.into_iter().map(one).collect()
    }
}
