use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::platform::db::Conn;
use crate::platform::db::schema::held_secrets;

/// Keeps sealed what somebody typed in a submission that failed, in the place of what was kept for that form before.
pub(super) fn put(conn: &mut Conn, link: &str, nonce: &str, sealed: &[u8], until: UtcTime) -> QueryResult<()> {
    let of_form = held_secrets::table.find((link, nonce));
    let changed = diesel::update(of_form)
        .set((held_secrets::sealed.eq(sealed), held_secrets::expires_at.eq(until)))
        .execute(conn)?;
    if changed == 0 {
        diesel::insert_into(held_secrets::table)
            .values((
                held_secrets::link_id.eq(link),
                held_secrets::form_nonce.eq(nonce),
                held_secrets::sealed.eq(sealed),
                held_secrets::expires_at.eq(until),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// What is held for a form, as long as its time is not over, and until when.
pub(super) fn find(conn: &mut Conn, link: &str, nonce: &str, now: UtcTime) -> QueryResult<Option<(Vec<u8>, UtcTime)>> {
    held_secrets::table
        .find((link, nonce))
        .filter(held_secrets::expires_at.gt(now))
        .select((held_secrets::sealed, held_secrets::expires_at))
        .get_result(conn)
        .optional()
}

/// How many forms hold something for this link, of which the time is not over.
pub(super) fn count(conn: &mut Conn, link: &str, now: UtcTime) -> QueryResult<i64> {
    held_secrets::table
        .filter(held_secrets::link_id.eq(link))
        .filter(held_secrets::expires_at.gt(now))
        .count()
        .get_result(conn)
}

/// Forgets what is held for one form.
pub fn drop_form(conn: &mut Conn, link: &str, nonce: &str) -> QueryResult<()> {
    diesel::delete(held_secrets::table.find((link, nonce))).execute(conn).map(|_| ())
}

/// Forgets everything held for a link.
pub fn drop_link(conn: &mut Conn, link: &str) -> QueryResult<()> {
    diesel::delete(held_secrets::table.filter(held_secrets::link_id.eq(link))).execute(conn).map(|_| ())
}

/// Forgets what was held too long.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    diesel::delete(held_secrets::table.filter(held_secrets::expires_at.le(now))).execute(conn).map(|_| ())
}
