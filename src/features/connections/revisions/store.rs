use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamp};

use super::Revision;
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::features::connections::Filler;
use crate::features::connections::store::{json, text};
use crate::platform::db::Conn;
use crate::platform::db::schema::connection_revisions as table;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct RevisionRow {
    workspace_id: WorkspaceId,
    connection_id: ConnectionId,
    number: i64,
    filled_by: Filler,
    name: String,
    created_at: UtcTime,
    config: String,
    secret_paths: String,
    secret_revisions: String,
    origins: String,
    changed: String,
}

impl RevisionRow {
    fn read(self) -> QueryResult<Revision> {
        Ok(Revision {
            config: json(&self.config)?,
            secret_paths: json(&self.secret_paths)?,
            secret_revisions: json(&self.secret_revisions)?,
            origins: json(&self.origins)?,
            changed: json::<BTreeSet<_>>(&self.changed)?,
            workspace_id: self.workspace_id,
            connection_id: self.connection_id,
            number: self.number,
            by: self.filled_by,
            name: self.name,
            created_at: self.created_at,
        })
    }
}

/// Writes down a state of a connection.
pub(in crate::features::connections) fn insert(conn: &mut Conn, new: &Revision) -> QueryResult<()> {
    diesel::insert_into(table::table)
        .values((
            table::workspace_id.eq(&new.workspace_id),
            table::connection_id.eq(&new.connection_id),
            table::number.eq(new.number),
            table::filled_by.eq(new.by),
            table::name.eq(&new.name),
            table::created_at.eq(new.created_at),
            table::config.eq(text(&new.config)?),
            table::secret_paths.eq(text(&new.secret_paths)?),
            table::secret_revisions.eq(text(&new.secret_revisions)?),
            table::origins.eq(text(&new.origins)?),
            table::changed.eq(text(&new.changed)?),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The revision of that number, if it is still there.
pub fn find_revision(conn: &mut Conn, connection: &ConnectionId, number: i64) -> QueryResult<Option<Revision>> {
    let found: Option<RevisionRow> =
        table::table.find((connection, number)).select(RevisionRow::as_select()).get_result(conn).optional()?;
    found.map(RevisionRow::read).transpose()
}

/// Erases all revisions of a connection.
pub(in crate::features::connections) fn drop_all(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::delete(table::table.filter(table::connection_id.eq(connection))).execute(conn).map(|_| ())
}

/// A revision, by its connection and its number.
pub type RevisionKey = (ConnectionId, i64);

/// At most `limit` revisions of a workspace that were followed by another one before that moment: no form that was opened since shows
/// them.
pub fn old_revisions(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    before: UtcTime,
    limit: i64,
) -> QueryResult<Vec<RevisionKey>> {
    let followed = diesel::dsl::sql::<Bool>(
        "EXISTS (SELECT 1 FROM connection_revisions later WHERE later.connection_id = connection_revisions.connection_id \
         AND later.number > connection_revisions.number AND later.created_at < ",
    )
    .bind::<Timestamp, _>(before)
    .sql(")");
    table::table
        .filter(table::workspace_id.eq(workspace))
        .filter(table::created_at.lt(before))
        .filter(followed)
        .order(table::created_at)
        .limit(limit)
        .select((table::connection_id, table::number))
        .load(conn)
}

/// Forgets revisions; says how many.
pub fn forget_old(conn: &mut Conn, old: &[RevisionKey]) -> QueryResult<usize> {
    let mut gone = 0;
    for (connection, number) in old {
        gone += diesel::delete(table::table.find((connection, number))).execute(conn)?;
    }
    Ok(gone)
}
