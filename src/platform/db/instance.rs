//! What the installation remembers about itself: a few named values that belong to no workspace.

use diesel::prelude::*;

use super::Conn;
use super::schema::instance;

/// The value of that name, if it was ever set.
pub fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<Vec<u8>>> {
    instance::table.find(name).select(instance::value).get_result(conn).optional()
}

/// Sets a value that must not exist yet; says whether it was this call that set it. Two callers at once: one wins.
pub fn claim(conn: &mut Conn, name: &str, value: &[u8]) -> QueryResult<bool> {
    if find(conn, name)?.is_some() {
        return Ok(false);
    }
    let row = (instance::name.eq(name), instance::value.eq(value));
    match conn.transaction(|conn| diesel::insert_into(instance::table).values(row).execute(conn)) {
        Ok(_) => Ok(true),
        Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sets a value, whether or not it exists.
pub fn put(conn: &mut Conn, name: &str, value: &[u8]) -> QueryResult<()> {
    let changed = diesel::update(instance::table.find(name)).set(instance::value.eq(value)).execute(conn)?;
    if changed == 0 {
        diesel::insert_into(instance::table)
            .values((instance::name.eq(name), instance::value.eq(value)))
            .execute(conn)?;
    }
    Ok(())
}
