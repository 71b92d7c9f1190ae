use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::features::connections::Connection;
use crate::platform::db::Conn;
use crate::platform::db::schema::connections;

/// Marks a draft final, if it is one and nobody changed its values since it was read.
pub(super) fn finalise(conn: &mut Conn, read: &Connection, now: UtcTime) -> QueryResult<bool> {
    let unchanged = connections::table
        .filter(connections::id.eq(&read.id))
        .filter(connections::workspace_id.eq(&read.workspace_id))
        .filter(connections::version.eq(read.version))
        .filter(connections::finalised_at.is_null())
        .filter(connections::deleted_at.is_null());
    let changed = diesel::update(unchanged)
        .set((
            connections::finalised_at.eq(now),
            connections::updated_at.eq(now),
            connections::version.eq(read.version + 1),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}
