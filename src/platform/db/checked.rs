//! Conditions that are checked on rows which are found by something narrower.

/// The rows of a workspace, among those that are named one by one. Not as a plain comparison: a PostgreSQL without statistics takes every
/// workspace to be small, and would rather read all rows of one than look up fifty.
macro_rules! of_workspace {
    ($table:ident, $workspace:expr) => {
        diesel::TextExpressionMethods::concat($table::workspace_id, "").eq($workspace)
    };
}
/// Whether a row that is found by its id or its slug is not deleted. Not as a plain comparison: an index of what is not deleted looks cheap to
/// a PostgreSQL without statistics, and would be walked through for the one row.
macro_rules! is_kept {
    ($table:ident) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!(
            "coalesce(",
            stringify!($table),
            ".deleted_at IS NULL, FALSE)"
        ))
    };
}

pub(crate) use {is_kept, of_workspace};
