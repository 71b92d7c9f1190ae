use diesel::prelude::*;

use super::{Door, DoorKind};
use crate::base::clock::UtcTime;
use crate::base::crypto::{Sealed, TokenHash};
use crate::base::ids::{OauthAttemptId, OauthSignInId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{oauth_attempts, oauth_sign_ins};

/// What one browser has at one link; its contents stay sealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = oauth_sign_ins)]
pub(super) struct SignInRow {
    pub(super) id: OauthSignInId,
    pub(super) workspace_id: WorkspaceId,
    pub(super) door: DoorKind,
    pub(super) door_id: String,
    pub(super) sealed: Vec<u8>,
    pub(super) version: i64,
    pub(super) expires_at: UtcTime,
}

impl SignInRow {
    pub(super) fn door(&self) -> Door {
        Door { kind: self.door, id: self.door_id.clone(), workspace: self.workspace_id.clone() }
    }
}

pub(super) fn find(conn: &mut Conn, door: &Door, browser: &TokenHash, now: UtcTime) -> QueryResult<Option<SignInRow>> {
    oauth_sign_ins::table
        .filter(oauth_sign_ins::door.eq(door.kind))
        .filter(oauth_sign_ins::door_id.eq(&door.id))
        .filter(oauth_sign_ins::workspace_id.eq(&door.workspace))
        .filter(oauth_sign_ins::browser_hash.eq(browser.as_bytes()))
        .filter(oauth_sign_ins::expires_at.gt(now))
        .select(SignInRow::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn find_by_id(conn: &mut Conn, id: &OauthSignInId, now: UtcTime) -> QueryResult<Option<SignInRow>> {
    oauth_sign_ins::table
        .find(id)
        .filter(oauth_sign_ins::expires_at.gt(now))
        .select(SignInRow::as_select())
        .get_result(conn)
        .optional()
}

/// How many browsers have something at this link.
pub(super) fn count(conn: &mut Conn, door: &Door) -> QueryResult<i64> {
    oauth_sign_ins::table
        .filter(oauth_sign_ins::door.eq(door.kind))
        .filter(oauth_sign_ins::door_id.eq(&door.id))
        .count()
        .get_result(conn)
}

pub(super) fn insert(
    conn: &mut Conn,
    id: &OauthSignInId,
    door: &Door,
    browser: &TokenHash,
    sealed: &Sealed,
    (now, expires_at): (UtcTime, UtcTime),
) -> QueryResult<()> {
    diesel::insert_into(oauth_sign_ins::table)
        .values((
            oauth_sign_ins::id.eq(id),
            oauth_sign_ins::workspace_id.eq(&door.workspace),
            oauth_sign_ins::door.eq(door.kind),
            oauth_sign_ins::door_id.eq(&door.id),
            oauth_sign_ins::browser_hash.eq(browser.as_bytes()),
            oauth_sign_ins::sealed.eq(sealed.as_bytes()),
            oauth_sign_ins::version.eq(0_i64),
            oauth_sign_ins::created_at.eq(now),
            oauth_sign_ins::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes contents that nobody changed since they were read; says whether it did.
pub(super) fn replace(conn: &mut Conn, read: &SignInRow, sealed: &Sealed, until: UtcTime) -> QueryResult<bool> {
    let unchanged = oauth_sign_ins::table.find(&read.id).filter(oauth_sign_ins::version.eq(read.version));
    let changed = diesel::update(unchanged)
        .set((
            oauth_sign_ins::sealed.eq(sealed.as_bytes()),
            oauth_sign_ins::version.eq(read.version + 1),
            oauth_sign_ins::expires_at.eq(until),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn delete(conn: &mut Conn, id: &OauthSignInId) -> QueryResult<bool> {
    Ok(diesel::delete(oauth_sign_ins::table.find(id)).execute(conn)? == 1)
}

/// Forgets what was kept too long at one link.
pub(super) fn delete_expired_at(conn: &mut Conn, door: &Door, now: UtcTime) -> QueryResult<()> {
    let rows = oauth_sign_ins::table
        .filter(oauth_sign_ins::door.eq(door.kind))
        .filter(oauth_sign_ins::door_id.eq(&door.id))
        .filter(oauth_sign_ins::expires_at.le(now));
    diesel::delete(rows).execute(conn).map(|_| ())
}

/// Forgets what every browser has at a link.
pub(super) fn delete_at(conn: &mut Conn, kind: DoorKind, id: &str) -> QueryResult<()> {
    let rows = oauth_sign_ins::table.filter(oauth_sign_ins::door.eq(kind)).filter(oauth_sign_ins::door_id.eq(id));
    diesel::delete(rows).execute(conn).map(|_| ())
}

/// Forgets what was kept too long, and ways to a provider that ended long ago.
pub(super) fn delete_before(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    diesel::delete(oauth_sign_ins::table.filter(oauth_sign_ins::expires_at.le(now))).execute(conn)?;
    diesel::delete(oauth_attempts::table.filter(oauth_attempts::expires_at.le(now))).execute(conn).map(|_| ())
}

/// One way to a provider and back.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = oauth_attempts)]
pub(super) struct AttemptRow {
    pub(super) id: OauthAttemptId,
    pub(super) workspace_id: WorkspaceId,
    pub(super) sign_in_id: OauthSignInId,
    pub(super) browser_hash: Vec<u8>,
    pub(super) sealed: Vec<u8>,
    pub(super) expires_at: UtcTime,
    pub(super) consumed_at: Option<UtcTime>,
}

/// What a new way needs.
pub(super) struct NewAttempt<'a> {
    pub(super) id: &'a OauthAttemptId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) sign_in: &'a OauthSignInId,
    pub(super) provider: &'a str,
    pub(super) state: &'a TokenHash,
    pub(super) browser: &'a TokenHash,
    pub(super) sealed: &'a Sealed,
    pub(super) now: UtcTime,
    pub(super) expires_at: UtcTime,
}

impl NewAttempt<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(oauth_attempts::table)
            .values((
                oauth_attempts::id.eq(self.id),
                oauth_attempts::workspace_id.eq(self.workspace),
                oauth_attempts::sign_in_id.eq(self.sign_in),
                oauth_attempts::provider.eq(self.provider),
                oauth_attempts::state_hash.eq(self.state.as_bytes()),
                oauth_attempts::browser_hash.eq(self.browser.as_bytes()),
                oauth_attempts::sealed.eq(self.sealed.as_bytes()),
                oauth_attempts::created_at.eq(self.now),
                oauth_attempts::expires_at.eq(self.expires_at),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

pub(super) fn find_attempt(conn: &mut Conn, provider: &str, state: &TokenHash) -> QueryResult<Option<AttemptRow>> {
    oauth_attempts::table
        .filter(oauth_attempts::state_hash.eq(state.as_bytes()))
        .filter(oauth_attempts::provider.eq(provider))
        .select(AttemptRow::as_select())
        .get_result(conn)
        .optional()
}

/// Spends a way: one conditional UPDATE, so that of many callbacks exactly one gets `true`.
pub(super) fn consume(conn: &mut Conn, read: &AttemptRow, now: UtcTime) -> QueryResult<bool> {
    let open = oauth_attempts::table
        .find(&read.id)
        .filter(oauth_attempts::consumed_at.is_null())
        .filter(oauth_attempts::expires_at.gt(now));
    Ok(diesel::update(open).set(oauth_attempts::consumed_at.eq(now)).execute(conn)? == 1)
}

/// Ends the other ways of a sign-in: only the newest counts.
pub(super) fn end_others(conn: &mut Conn, sign_in: &OauthSignInId, now: UtcTime) -> QueryResult<()> {
    let open = oauth_attempts::table
        .filter(oauth_attempts::sign_in_id.eq(sign_in))
        .filter(oauth_attempts::consumed_at.is_null());
    diesel::update(open).set(oauth_attempts::consumed_at.eq(now)).execute(conn).map(|_| ())
}
