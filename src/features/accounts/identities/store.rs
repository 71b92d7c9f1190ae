use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use crate::base::clock::UtcTime;
use crate::base::ids::{IdentityId, MemberId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{identities, members};

/// Somebody who signs in.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = identities)]
pub(in crate::features::accounts) struct Identity {
    pub(in crate::features::accounts) id: IdentityId,
    /// In lower case.
    pub(in crate::features::accounts) email: String,
    /// Empty for who has always come through a sign-in provider.
    pub(in crate::features::accounts) password_hash: String,
}

/// The identity of that address.
pub(in crate::features::accounts) fn of_email(conn: &mut Conn, email: &str) -> QueryResult<Option<Identity>> {
    identities::table.filter(identities::email.eq(email)).select(Identity::as_select()).get_result(conn).optional()
}

/// The identity of that id.
pub(in crate::features::accounts) fn find(conn: &mut Conn, id: &IdentityId) -> QueryResult<Option<Identity>> {
    identities::table.find(id).select(Identity::as_select()).get_result(conn).optional()
}

/// Whose membership that is, or was.
pub(in crate::features::accounts) fn of_member(conn: &mut Conn, member: &MemberId) -> QueryResult<Option<Identity>> {
    identities::table
        .inner_join(members::table.on(members::identity_id.eq(identities::id.nullable())))
        .filter(members::id.eq(member))
        .select(Identity::as_select())
        .get_result(conn)
        .optional()
}

/// Stores somebody new; `false` when the address has an identity already.
pub(in crate::features::accounts) fn insert(conn: &mut Conn, new: &Identity, now: UtcTime) -> QueryResult<bool> {
    let row = (
        identities::id.eq(&new.id),
        identities::email.eq(&new.email),
        identities::password_hash.eq(&new.password_hash),
        identities::created_at.eq(now),
    );
    match conn.transaction(|conn| diesel::insert_into(identities::table).values(row).execute(conn)) {
        Ok(_) => Ok(true),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sets a new password; `false` when it is not `old` any more.
pub(in crate::features::accounts) fn set_password(
    conn: &mut Conn,
    id: &IdentityId,
    old: &str,
    new: &str,
) -> QueryResult<bool> {
    let unchanged = identities::table.filter(identities::id.eq(id)).filter(identities::password_hash.eq(old));
    diesel::update(unchanged).set(identities::password_hash.eq(new)).execute(conn).map(|changed| changed == 1)
}
