//! What a receipt says of a submission: names of fields, never values, and a number to quote.

use std::collections::BTreeSet;

use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldRef;
use crate::base::rng::Rng;

/// Letters and digits that are not taken for each other.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// A fresh number, like VB-7QF2-K9XM.
pub fn receipt_number(rng: &Rng) -> String {
    let code = rng.text(ALPHABET, 8);
    format!("VB-{}-{}", code.get(..4).unwrap_or_default(), code.get(4..).unwrap_or_default())
}

/// One field as a receipt names it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NamedField {
    /// How the form calls it.
    pub title: String,
    /// Whether its value is hidden.
    pub secret: bool,
}

/// The names of fields, as a row keeps them.
///
/// # Errors
/// Only internal ones.
pub fn names(fields: &[FieldRef]) -> AppResult<String> {
    let named: Vec<NamedField> =
        fields.iter().map(|field| NamedField { title: field.title.clone(), secret: field.secret }).collect();
    serde_json::to_string(&named).map_err(AppError::internal)
}

/// The fields of a receipt, read back.
///
/// # Errors
/// Only internal ones.
pub fn read_names(text: Option<&str>) -> AppResult<Vec<NamedField>> {
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(AppError::internal))
}

/// The names of fields in one line, for the activity log.
pub fn titles(fields: &[FieldRef]) -> String {
    let titles: BTreeSet<&str> = fields.iter().map(|field| field.title.as_str()).collect();
    titles.into_iter().collect::<Vec<_>>().join(", ")
}
