//! Conditions that are checked on rows which are found by something narrower.

/// The rows of a workspace, among those that are named one by one. Not as a plain comparison: a PostgreSQL without statistics takes every
/// workspace to be small, and would rather read all rows of one than look up fifty.
macro_rules! of_workspace {
    ($table:ident, $workspace:expr) => {
        diesel::TextExpressionMethods::concat($table::workspace_id, "").eq($workspace)
    };
}
pub(crate) use of_workspace;
