use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Sequence;
use crate::base::error::AppResult;
use crate::platform::db::Conn;
use crate::platform::db::schema::sequences;
use crate::platform::tx::Tx;

impl Tx<'_> {
    /// The next number. Whoever asks at the same moment waits for this transaction, so a greater number is never seen before a smaller one.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn next_number(&mut self, of: Sequence) -> AppResult<i64> {
        if let Some(next) = count_on(self.conn, of)? {
            return Ok(next);
        }
        let first = (sequences::name.eq(of.name()), sequences::last.eq(0_i64));
        let made = self.conn.transaction(|conn| diesel::insert_into(sequences::table).values(first).execute(conn));
        match made {
            // Somebody else was first, or it is there now.
            Ok(_) | Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(count_on(self.conn, of)?.ok_or(Error::NotFound)?)
    }
}

fn count_on(conn: &mut Conn, of: Sequence) -> QueryResult<Option<i64>> {
    let row = || sequences::table.find(of.name());
    if diesel::update(row()).set(sequences::last.eq(sequences::last + 1_i64)).execute(conn)? == 0 {
        return Ok(None);
    }
    row().select(sequences::last).get_result(conn).map(Some)
}
