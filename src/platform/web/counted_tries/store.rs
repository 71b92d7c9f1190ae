use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::base::clock::UtcTime;
use crate::platform::db::Conn;
use crate::platform::db::schema::counted_tries;

/// Up to when the tries of a key are used.
pub(super) fn used_to(conn: &mut Conn, key: &str) -> QueryResult<Option<UtcTime>> {
    counted_tries::table.find(key).select(counted_tries::used_to).get_result(conn).optional()
}

/// Makes others who count the same key wait until the transaction ends.
pub(super) fn lock(conn: &mut Conn, key: &str, now: UtcTime) -> QueryResult<()> {
    if touch(conn, key)? == 1 {
        return Ok(());
    }
    let row = (counted_tries::key.eq(key), counted_tries::used_to.eq(now));
    match conn.transaction(|conn| diesel::insert_into(counted_tries::table).values(row).execute(conn)) {
        Ok(_) => Ok(()),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => touch(conn, key).map(|_| ()),
        Err(error) => Err(error),
    }
}

/// An UPDATE that changes nothing takes the row's lock on every database.
fn touch(conn: &mut Conn, key: &str) -> QueryResult<usize> {
    diesel::update(counted_tries::table.find(key)).set(counted_tries::key.eq(counted_tries::key)).execute(conn)
}

/// Writes up to when the tries of a key are used; its row is there.
pub(super) fn put(conn: &mut Conn, key: &str, used_to: UtcTime) -> QueryResult<()> {
    diesel::update(counted_tries::table.find(key)).set(counted_tries::used_to.eq(used_to)).execute(conn).map(|_| ())
}

/// Deletes the rows that lie up to one moment, and those that lie after another.
pub(super) fn delete_outside(conn: &mut Conn, until: UtcTime, after: UtcTime) -> QueryResult<usize> {
    let outside = counted_tries::used_to.le(until).or(counted_tries::used_to.gt(after));
    diesel::delete(counted_tries::table.filter(outside)).execute(conn)
}
