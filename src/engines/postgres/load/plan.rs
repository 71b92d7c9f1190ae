//! What every field becomes, once all values are known.

use super::columns::column_name;
use super::staged::{StagedColumn, StagedField, Staging};
use super::types::ColumnType;

/// A field of the records that wait, and the column it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPlan {
    pub(super) field: String,
    pub(super) column: String,
    /// The type its column has, or shall have.
    pub(super) kind: ColumnType,
    pub(super) declared: Option<ColumnType>,
    /// Its value, of a row that waits (`w`).
    pub(super) value: String,
}

impl FieldPlan {
    /// The type of a field and the way to it; `None` when there was neither a value nor a word.
    fn of(field: &StagedField, has_infinite: bool) -> Option<Self> {
        let kinds = field.columns.iter().map(|column| column.kind.clone());
        let found = kinds.reduce(ColumnType::wide_enough);
        let is_infinite = field.columns.iter().any(|column| column.was_infinite);
        let kind = match found {
            Some(ColumnType::Numeric(_)) if is_infinite && !has_infinite => ColumnType::Text,
            Some(ColumnType::Numeric(Some(_))) if is_infinite => ColumnType::Numeric(None),
            Some(kind) => kind,
            None => field.declared.clone()?,
        };
        let declared = field.declared.clone();
        Some(Self { field: field.name.clone(), column: column_name(&field.name), value: String::new(), declared, kind })
    }

    /// The same with a column of that type.
    pub(super) fn becoming(self, kind: ColumnType, staging: &Staging) -> Self {
        let columns =
            staging.fields.iter().find(|field| field.name == self.field).map(|field| field.columns.as_slice());
        let cast = |column: &StagedColumn| column.kind.cast(&format!("w.c{}", column.number), &kind);
        let values: Vec<String> = columns.unwrap_or_default().iter().map(cast).collect();
        let value = match values.as_slice() {
            [] => format!("NULL::{}", kind.sql()),
            [one] => one.clone(),
            several => format!("coalesce({})", several.join(", ")),
        };
        Self { kind, value, ..self }
    }

    /// How its column differs from what the source says, in words for people.
    pub(super) fn difference(&self) -> Option<String> {
        let declared = self.declared.as_ref().filter(|declared| **declared != self.kind)?;
        Some(format!("{}: {} instead of {}", self.column, self.kind.sql(), declared.sql()))
    }
}

impl Staging {
    /// The fields of the records, those the source knows first and in its order, with the types they need.
    pub(super) fn plans(&self, has_infinite: bool) -> Vec<FieldPlan> {
        let plans = self.fields.iter().filter_map(|field| FieldPlan::of(field, has_infinite));
        plans.map(|plan| plan.clone().becoming(plan.kind, self)).collect()
    }
}
