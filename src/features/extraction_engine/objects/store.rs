use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::airbyte_objects;

/// What stands there for a source or destination of ours.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = airbyte_objects)]
pub struct AirbyteObject {
    /// Ours.
    pub connection_id: ConnectionId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// In which Airbyte.
    pub place: String,
    /// The source or destination there.
    pub object_id: Option<String>,
    /// The connection of a source there.
    pub link_id: Option<String>,
    /// The destination there that it leads to.
    pub target: Option<String>,
    /// A mark of what was sent of the source or destination.
    pub sent: Option<String>,
    /// A mark of what was sent of the connection.
    pub link_sent: Option<String>,
    /// Counted on by whoever takes the row.
    pub beat: i64,
}

/// What stands there for one of ours.
pub fn find(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<Option<AirbyteObject>> {
    airbyte_objects::table.find(connection).select(AirbyteObject::as_select()).get_result(conn).optional()
}

/// Whose it is that is to stand there.
pub fn workspace_of(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<Option<WorkspaceId>> {
    Ok(find(conn, connection)?.map(|row| row.workspace_id))
}

/// Writes down that something is to stand there; what is written down already stays.
pub fn expect(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    place: &str,
    now: UtcTime,
) -> QueryResult<()> {
    if find(conn, connection)?.is_some() {
        return Ok(());
    }
    let row = (
        airbyte_objects::connection_id.eq(connection),
        airbyte_objects::workspace_id.eq(workspace),
        airbyte_objects::place.eq(place),
        airbyte_objects::beat.eq(0_i64),
        airbyte_objects::updated_at.eq(now),
    );
    let insert = |conn: &mut Conn| diesel::insert_into(airbyte_objects::table).values(row).execute(conn);
    match conn.transaction(insert) {
        Ok(_) | Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Every row that somebody holds.
pub(super) fn held(conn: &mut Conn) -> QueryResult<Vec<AirbyteObject>> {
    airbyte_objects::table
        .filter(airbyte_objects::held_since.is_not_null())
        .select(AirbyteObject::as_select())
        .load(conn)
}

/// Takes a row that nobody holds, or that its holder has lost since this beat; `None` when somebody else has it.
pub(super) fn claim(
    conn: &mut Conn,
    connection: &ConnectionId,
    lost: Option<i64>,
    now: UtcTime,
) -> QueryResult<Option<AirbyteObject>> {
    let row = airbyte_objects::table.find(connection);
    let mine = (
        airbyte_objects::held_since.eq(now),
        airbyte_objects::beat.eq(airbyte_objects::beat + 1_i64),
        airbyte_objects::updated_at.eq(now),
    );
    let taken = match lost {
        None => diesel::update(row.filter(airbyte_objects::held_since.is_null())).set(mine).execute(conn)?,
        Some(beat) => diesel::update(row.filter(airbyte_objects::beat.eq(beat))).set(mine).execute(conn)?,
    };
    if taken == 1 { find(conn, connection) } else { Ok(None) }
}

/// Writes down how it stands now; `false` when somebody else holds it.
pub(super) fn keep(conn: &mut Conn, row: &AirbyteObject, now: UtcTime) -> QueryResult<bool> {
    let mine = airbyte_objects::table.find(&row.connection_id).filter(airbyte_objects::beat.eq(row.beat));
    let changes = (
        airbyte_objects::place.eq(&row.place),
        airbyte_objects::object_id.eq(&row.object_id),
        airbyte_objects::link_id.eq(&row.link_id),
        airbyte_objects::target.eq(&row.target),
        airbyte_objects::sent.eq(&row.sent),
        airbyte_objects::link_sent.eq(&row.link_sent),
        airbyte_objects::updated_at.eq(now),
    );
    diesel::update(mine).set(changes).execute(conn).map(|kept| kept == 1)
}

/// Lets a row go.
pub(super) fn release(conn: &mut Conn, row: &AirbyteObject) -> QueryResult<()> {
    let mine = airbyte_objects::table.find(&row.connection_id).filter(airbyte_objects::beat.eq(row.beat));
    diesel::update(mine).set(airbyte_objects::held_since.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}

/// Forgets what stands there for one of ours.
pub fn delete(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::delete(airbyte_objects::table.find(connection)).execute(conn).map(|_| ())
}
