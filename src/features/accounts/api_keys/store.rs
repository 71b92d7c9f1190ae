use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::Scope;
use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::db::schema::api_keys;

/// A key as lists show it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    scopes: String,
    /// The member who made it; `None`: a command.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: UtcTime,
    /// From when on it does not work.
    pub expires_at: Option<UtcTime>,
    /// When a program last showed it.
    pub last_used_at: Option<UtcTime>,
    /// When it was revoked.
    pub revoked_at: Option<UtcTime>,
}

impl ApiKeyRow {
    /// What it may do. Names of scopes that this version does not know are left out: they allow nothing here.
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.split(' ').filter_map(Scope::parse).collect()
    }

    /// Whether it works at a moment.
    pub fn works(&self, now: UtcTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A key to be.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    /// Its id; the same id twice makes one key.
    pub id: ApiKeyId,
    /// The workspace it opens.
    pub workspace: &'a WorkspaceId,
    /// What it is for, in the words of who makes it.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// From when on it does not work; `None`: until it is revoked.
    pub expires_at: Option<UtcTime>,
    /// The member who makes it; `None`: a command.
    pub created_by: Option<&'a MemberId>,
    /// Who is said to have made it in the activity log.
    pub actor: Actor,
}

/// Stores a key; `false` when there is one of that id.
pub(super) fn insert(
    conn: &mut Conn,
    new: &NewApiKey<'_>,
    hash: &TokenHash,
    shown: &str,
    now: UtcTime,
) -> QueryResult<bool> {
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    let row = (
        api_keys::id.eq(&new.id),
        api_keys::workspace_id.eq(new.workspace),
        api_keys::name.eq(new.name),
        api_keys::prefix.eq(shown),
        api_keys::key_hash.eq(hash.as_bytes()),
        api_keys::scopes.eq(scopes.join(" ")),
        api_keys::created_by.eq(new.created_by),
        api_keys::created_at.eq(now),
        api_keys::expires_at.eq(new.expires_at),
    );
    match conn.transaction(|conn| diesel::insert_into(api_keys::table).values(row).execute(conn)) {
        Ok(_) => Ok(true),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn list(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<ApiKeyRow>> {
    api_keys::table
        .filter(api_keys::workspace_id.eq(workspace))
        .order((api_keys::created_at.desc(), api_keys::id))
        .select(ApiKeyRow::as_select())
        .load(conn)
}

pub(super) fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &ApiKeyId) -> QueryResult<Option<ApiKeyRow>> {
    api_keys::table
        .filter(api_keys::workspace_id.eq(workspace))
        .filter(api_keys::id.eq(id))
        .select(ApiKeyRow::as_select())
        .get_result(conn)
        .optional()
}

/// Revokes a key; `false` when it was revoked already.
pub(super) fn revoke(conn: &mut Conn, workspace: &WorkspaceId, id: &ApiKeyId, now: UtcTime) -> QueryResult<bool> {
    let key = api_keys::table
        .filter(api_keys::workspace_id.eq(workspace))
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_null());
    diesel::update(key).set(api_keys::revoked_at.eq(now)).execute(conn).map(|revoked| revoked == 1)
}

/// Makes another member the one who made a key, and says what it may do from now on; `false` when it is revoked.
pub(super) fn hand_over(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &ApiKeyId,
    to: &MemberId,
    scopes: &[Scope],
) -> QueryResult<bool> {
    let key = api_keys::table
        .filter(api_keys::workspace_id.eq(workspace))
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_null());
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let handed = diesel::update(key).set((api_keys::created_by.eq(to), api_keys::scopes.eq(scopes.join(" "))));
    handed.execute(conn).map(|handed| handed == 1)
}

/// A key that a program has shown, and that works.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct KnownKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The workspace it opens.
    pub workspace_id: WorkspaceId,
    /// What it is for.
    pub name: String,
    scopes: String,
    /// The member who made it; `None`: a command.
    pub created_by: Option<MemberId>,
    /// When it was last noted that it was used.
    pub last_used_at: Option<UtcTime>,
}

impl KnownKey {
    /// Whether it may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.split(' ').any(|one| one == scope.as_str())
    }
}

pub(super) fn find_working(conn: &mut Conn, hash: &TokenHash, now: UtcTime) -> QueryResult<Option<KnownKey>> {
    api_keys::table
        .filter(api_keys::key_hash.eq(hash.as_bytes()))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .select(KnownKey::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn touch(conn: &mut Conn, id: &ApiKeyId, now: UtcTime) -> QueryResult<()> {
    diesel::update(api_keys::table.find(id)).set(api_keys::last_used_at.eq(now)).execute(conn).map(|_| ())
}
