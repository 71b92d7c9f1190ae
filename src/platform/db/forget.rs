//! Which rows are to be forgotten, as every feature is asked that keeps some for a while.

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};

/// Gives a store a function that counts the rows of a workspace in its table, up to a number: counting all of very many takes long, and
/// even so many are passed over, not fetched.
macro_rules! count_up_to {
    ($(#[$doc:meta])* $name:ident, $table:ident $(, $column:ident)?) => {
        $(#[$doc])*
        pub fn $name(
            conn: &mut $crate::platform::db::Conn,
            workspace: &$crate::base::ids::WorkspaceId,
            most: i64,
        ) -> diesel::prelude::QueryResult<usize> {
            use diesel::prelude::*;
            let all = || $table::table.filter($table::workspace_id.eq(workspace))$(.filter($table::$column.is_not_null()))?;
            let one = 1.into_sql::<diesel::sql_types::Integer>();
            let last: Option<i32> = all().select(one).limit(1).offset(most - 1).get_result(conn).optional()?;
            let count = if last.is_some() { most } else { all().count().get_result(conn)? };
            Ok(usize::try_from(count).unwrap_or(0))
        }
    };
}
pub(crate) use count_up_to;

/// Which rows of a table are to be forgotten.
#[derive(Debug, Clone)]
pub enum ForgetScope {
    /// What is over and from before a moment, in one workspace. What the product still needs stays.
    Before {
        /// The workspace.
        workspace: WorkspaceId,
        /// The moment.
        moment: UtcTime,
    },
    /// Everything about a connection that was deleted.
    OfConnection {
        /// The workspace.
        workspace: WorkspaceId,
        /// The connection.
        connection: ConnectionId,
    },
}

impl ForgetScope {
    /// Whose rows they are.
    pub fn workspace(&self) -> &WorkspaceId {
        match self {
            Self::Before { workspace, .. } | Self::OfConnection { workspace, .. } => workspace,
        }
    }
}
