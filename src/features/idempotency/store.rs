use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::{IdempotentRequest, LEASE};
use crate::base::clock::UtcTime;
use crate::base::ids::IdempotencyId;
use crate::platform::db::Conn;
use crate::platform::db::schema::idempotency_keys;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
pub(super) struct IdempotencyRow {
    pub(super) id: IdempotencyId,
    pub(super) request_hash: Vec<u8>,
    pub(super) sealed_answer: Option<Vec<u8>>,
}

/// Takes the key; `false` when it is taken.
pub(super) fn insert(
    conn: &mut Conn,
    id: &IdempotencyId,
    request: &IdempotentRequest,
    lease_until: UtcTime,
    expires_at: UtcTime,
) -> QueryResult<bool> {
    let row = (
        idempotency_keys::id.eq(id),
        idempotency_keys::workspace_id.eq(&request.workspace),
        idempotency_keys::api_key_id.eq(&request.api_key),
        idempotency_keys::key_hash.eq(request.key.as_bytes()),
        idempotency_keys::request_hash.eq(&request.request),
        idempotency_keys::lease_until.eq(lease_until),
        idempotency_keys::expires_at.eq(expires_at),
    );
    match conn.transaction(|conn| diesel::insert_into(idempotency_keys::table).values(row).execute(conn)) {
        Ok(_) => Ok(true),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn find(conn: &mut Conn, request: &IdempotentRequest) -> QueryResult<Option<IdempotencyRow>> {
    idempotency_keys::table
        .filter(idempotency_keys::api_key_id.eq(&request.api_key))
        .filter(idempotency_keys::key_hash.eq(request.key.as_bytes()))
        .select(IdempotencyRow::as_select())
        .get_result(conn)
        .optional()
}

/// Frees this key when its answer is too old, or when whoever held it died without one.
pub(super) fn drop_over(conn: &mut Conn, request: &IdempotentRequest, now: UtcTime) -> QueryResult<()> {
    let mine = idempotency_keys::table
        .filter(idempotency_keys::api_key_id.eq(&request.api_key))
        .filter(idempotency_keys::key_hash.eq(request.key.as_bytes()));
    // No lease ends later than one that begins now: such a one was taken before the clock went back.
    let is_over = idempotency_keys::lease_until.le(now).or(idempotency_keys::lease_until.gt(now + LEASE));
    let abandoned = idempotency_keys::sealed_answer.is_null().and(is_over);
    diesel::delete(mine.filter(idempotency_keys::expires_at.le(now).or(abandoned))).execute(conn).map(|_| ())
}

/// Stores the answer; `false` when the row is gone or has one.
pub(super) fn put_answer(conn: &mut Conn, id: &IdempotencyId, sealed: &[u8]) -> QueryResult<bool> {
    let open =
        idempotency_keys::table.filter(idempotency_keys::id.eq(id)).filter(idempotency_keys::sealed_answer.is_null());
    diesel::update(open).set(idempotency_keys::sealed_answer.eq(sealed)).execute(conn).map(|changed| changed == 1)
}

pub(super) fn delete_unanswered(conn: &mut Conn, id: &IdempotencyId) -> QueryResult<()> {
    let open =
        idempotency_keys::table.filter(idempotency_keys::id.eq(id)).filter(idempotency_keys::sealed_answer.is_null());
    diesel::delete(open).execute(conn).map(|_| ())
}

pub(super) fn drop_expired(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::expires_at.le(now))).execute(conn).map(|_| ())
}
