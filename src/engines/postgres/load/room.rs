//! Whether there is room for tables: the schema, and what the user may do there.

use tokio_postgres::types::Type;

use super::target::LoadTarget;
use crate::engines::postgres::refusals;
use crate::engines::postgres::session::Session;
use crate::engines::{Failure, FailureReason};

/// `sha256` came with it.
const OLDEST: i32 = 110_000;
const INFINITE_SINCE: i32 = 140_000;

/// Where records wait is the session's own, and behind a pooler only a transaction is.
pub(super) const POOLED: &str = "A connection pooler is in between, so an extraction writes in one transaction that is open as long as it \
     runs, and keeps one of the pooler’s connections. The server’s own address and port spare both.";

const LOOK: &str = "SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), n.oid IS NOT NULL,
        coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'), false),
        has_database_privilege(current_database(), 'CREATE'), has_database_privilege(current_database(), 'TEMPORARY')
    FROM (SELECT $1::text AS name) AS w LEFT JOIN pg_namespace n ON n.nspname = w.name";

pub(super) struct Room {
    /// The schema is there already.
    pub(super) exists: bool,
    /// Something that pools connections is in between.
    pub(super) is_pooled: bool,
    /// A `numeric` can be infinite there.
    pub(super) has_infinite: bool,
}

/// Looks before anything is read.
pub(super) async fn look(session: &Session, target: &LoadTarget) -> Result<Room, Failure> {
    let (user, schema, database) = (&target.user, &target.schema, &target.database);
    let row =
        session.row(LOOK, &[(schema, Type::TEXT)]).await.map_err(|error| refusals::of_writing(&error, user, schema))?;
    let (version, is_copy): (i32, bool) = (row.get(0), row.get(1));
    let (exists, may_use, may_make, may_wait): (bool, bool, bool, bool) =
        (row.get(2), row.get(3), row.get(4), row.get(5));
    let lacks = |words: String| Err(Failure::new(FailureReason::Permission, words));
    if version < OLDEST {
        return Err(Failure::new(
            FailureReason::NotSupported,
            "The server is older than PostgreSQL 11, which this needs.",
        ));
    }
    if is_copy {
        let words = "This server is a copy that can only be read. Enter the server it is a copy of.";
        return Err(Failure::new(FailureReason::NotSupported, words));
    }
    if exists && !may_use {
        return lacks(format!(
            "The user {user} can sign in but may not make tables in the schema {schema}. An administrator can run: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user};"
        ));
    }
    if !exists && !may_make {
        return lacks(format!(
            "There is no schema {schema} in the database {database}, and the user {user} may not make one. An administrator can run: CREATE SCHEMA {schema} AUTHORIZATION {user};"
        ));
    }
    if !may_wait {
        return lacks(format!(
            "The user {user} may not make temporary tables, where records wait until all are there. An administrator can run: GRANT TEMPORARY ON DATABASE {database} TO {user};"
        ));
    }
    let is_pooled = session.is_pooled().await.map_err(|error| refusals::of_writing(&error, user, schema))?;
    Ok(Room { exists, is_pooled, has_infinite: version >= INFINITE_SINCE })
}

impl Room {
    pub(super) fn in_words(&self, target: &LoadTarget) -> String {
        let (user, schema) = (&target.user, &target.schema);
        let room = if self.exists {
            format!("{user} can sign in and make tables in the schema {schema}.")
        } else {
            format!("{user} can sign in. The schema {schema} is made with the first extraction.")
        };
        if self.is_pooled { format!("{room} {POOLED}") } else { room }
    }
}
