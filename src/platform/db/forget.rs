//! Which rows are to be forgotten, as every feature is asked that keeps some for a while.

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};

/// Gives a store a function that counts the rows of a workspace in its table, up to a number: counting all of very many takes long.
macro_rules! count_up_to {
    ($(#[$doc:meta])* $name:ident, $table:ident $(, $column:ident)?) => {
        $(#[$doc])*
        pub fn $name(
            conn: &mut $crate::platform::db::Conn,
            workspace: &$crate::base::ids::WorkspaceId,
            most: i64,
        ) -> diesel::prelude::QueryResult<usize> {
            use diesel::prelude::*;
            let found: Vec<i32> = $table::table
                .filter($table::workspace_id.eq(workspace))
                $(.filter($table::$column.is_not_null()))?
                .limit(most)
                .select(1.into_sql::<diesel::sql_types::Integer>())
                .load(conn)?;
            Ok(found.len())
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
