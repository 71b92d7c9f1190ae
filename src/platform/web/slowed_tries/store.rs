use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Wrongs;
use crate::base::clock::UtcTime;
use crate::platform::db::Conn;
use crate::platform::db::schema::slowed_tries;

/// What is known of a key.
pub(super) fn find(conn: &mut Conn, key: &str) -> QueryResult<Option<Wrongs>> {
    let row: Option<(i32, UtcTime, UtcTime)> = slowed_tries::table
        .find(key)
        .select((slowed_tries::failures, slowed_tries::next_at, slowed_tries::forgotten_at))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(count, next_at, forgotten_at)| Wrongs { count, next_at, forgotten_at }))
}

/// Makes others who count the same key wait until the transaction ends.
pub(super) fn lock(conn: &mut Conn, key: &str, now: UtcTime) -> QueryResult<()> {
    if touch(conn, key)? == 1 {
        return Ok(());
    }
    let row = (
        slowed_tries::key.eq(key),
        slowed_tries::failures.eq(0),
        slowed_tries::next_at.eq(now),
        slowed_tries::forgotten_at.eq(now),
    );
    match conn.transaction(|conn| diesel::insert_into(slowed_tries::table).values(row).execute(conn)) {
        Ok(_) => Ok(()),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => touch(conn, key).map(|_| ()),
        Err(error) => Err(error),
    }
}

/// An UPDATE that changes nothing takes the row's lock on every database.
fn touch(conn: &mut Conn, key: &str) -> QueryResult<usize> {
    diesel::update(slowed_tries::table.find(key)).set(slowed_tries::key.eq(slowed_tries::key)).execute(conn)
}

/// Writes what is known of a key; its row is there.
pub(super) fn put(conn: &mut Conn, key: &str, wrongs: Wrongs) -> QueryResult<()> {
    diesel::update(slowed_tries::table.find(key))
        .set((
            slowed_tries::failures.eq(wrongs.count),
            slowed_tries::next_at.eq(wrongs.next_at),
            slowed_tries::forgotten_at.eq(wrongs.forgotten_at),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Forgets a key.
pub(super) fn forget(conn: &mut Conn, key: &str) -> QueryResult<()> {
    diesel::delete(slowed_tries::table.find(key)).execute(conn).map(|_| ())
}

/// Takes one wrong try back.
pub(super) fn take_back(conn: &mut Conn, key: &str) -> QueryResult<()> {
    let row = slowed_tries::table.filter(slowed_tries::key.eq(key)).filter(slowed_tries::failures.gt(0));
    diesel::update(row).set(slowed_tries::failures.eq(slowed_tries::failures - 1)).execute(conn).map(|_| ())
}

/// Deletes the rows that are forgotten up to one moment, and those that lie after another.
pub(super) fn delete_outside(conn: &mut Conn, until: UtcTime, after: UtcTime) -> QueryResult<usize> {
    let outside = slowed_tries::forgotten_at.le(until).or(slowed_tries::forgotten_at.gt(after));
    diesel::delete(slowed_tries::table.filter(outside)).execute(conn)
}
