use diesel::prelude::*;

use super::{GrantState, Times};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{ConnectionId, OauthGrantId, WorkspaceId};
use crate::connectors::Kind;
use crate::features::connections::Connection;
use crate::platform::db::schema::{oauth_grants, oauth_uses};
use crate::platform::db::{Conn, of_workspace};

/// What a provider gave; the tokens stay sealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = oauth_grants)]
pub struct GrantRow {
    /// Its id.
    pub id: OauthGrantId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Of a source or a destination.
    pub kind: Kind,
    /// For which connector.
    pub connector_slug: String,
    /// The provider's name in connector files.
    pub provider: String,
    /// What tells the provider's accounts apart; empty when the provider did not say.
    pub identity_id: String,
    /// What people call the account; empty when the provider did not say.
    pub identity_label: String,
    /// The granted permissions, JSON; `null` when nobody knows.
    pub(super) scopes: String,
    pub(super) sealed: Vec<u8>,
    /// Whether it works.
    pub state: GrantState,
    pub(super) version: i64,
    /// When somebody signed in.
    pub obtained_at: UtcTime,
    /// When the access token ends.
    pub expires_at: Option<UtcTime>,
    /// When somebody has to sign in again, as far as it is known.
    pub ends_at: Option<UtcTime>,
    /// When it was last kept alive.
    pub refreshed_at: Option<UtcTime>,
    /// When it is to be kept alive next; `None`: nothing can.
    refresh_at: Option<UtcTime>,
    /// Since when nobody knows whether its tokens are the newest ones: they are renewed before they are used.
    pub(super) questioned_at: Option<UtcTime>,
}

impl GrantRow {
    /// Whether it can be renewed without anybody signing in.
    pub(super) fn is_renewable(&self) -> bool {
        self.refresh_at.is_some()
    }
}

/// The times and tokens of a grant, as they are written.
#[derive(Clone, Copy)]
pub(super) struct GrantContents<'a> {
    pub(super) sealed: &'a Sealed,
    pub(super) scopes: &'a str,
    pub(super) times: Times,
}

/// A new grant.
pub(super) struct NewGrantRow<'a> {
    pub(super) id: &'a OauthGrantId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) kind: Kind,
    pub(super) connector: &'a str,
    pub(super) provider: &'a str,
    pub(super) identity: (&'a str, &'a str),
    pub(super) obtained_at: UtcTime,
    pub(super) contents: GrantContents<'a>,
}

impl NewGrantRow<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(oauth_grants::table)
            .values((
                oauth_grants::id.eq(self.id),
                oauth_grants::workspace_id.eq(self.workspace),
                oauth_grants::kind.eq(self.kind),
                oauth_grants::connector_slug.eq(self.connector),
                oauth_grants::provider.eq(self.provider),
                oauth_grants::identity_id.eq(self.identity.0),
                oauth_grants::identity_label.eq(self.identity.1),
                oauth_grants::scopes.eq(self.contents.scopes),
                (
                    oauth_grants::sealed.eq(self.contents.sealed.as_bytes()),
                    oauth_grants::state.eq(GrantState::Works),
                    oauth_grants::version.eq(0_i64),
                    oauth_grants::obtained_at.eq(self.obtained_at),
                    oauth_grants::expires_at.eq(self.contents.times.expires_at),
                    oauth_grants::ends_at.eq(self.contents.times.ends_at),
                    oauth_grants::refresh_at.eq(self.contents.times.refresh_at),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

pub(super) fn find(conn: &mut Conn, id: &OauthGrantId) -> QueryResult<Option<GrantRow>> {
    oauth_grants::table.find(id).select(GrantRow::as_select()).get_result(conn).optional()
}

/// The grant a connection lives on, and the accounts chosen for it, JSON.
pub(super) fn of_connection(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> QueryResult<Option<(GrantRow, String)>> {
    let found: Option<(OauthGrantId, String)> = oauth_uses::table
        .find(connection)
        .filter(oauth_uses::workspace_id.eq(workspace))
        .select((oauth_uses::grant_id, oauth_uses::accounts))
        .get_result(conn)
        .optional()?;
    let Some((id, accounts)) = found else { return Ok(None) };
    Ok(find(conn, &id)?.map(|grant| (grant, accounts)))
}

/// The grants many connections live on, and the accounts chosen for them, JSON.
pub(super) fn of_connections(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connections: &[ConnectionId],
) -> QueryResult<Vec<(ConnectionId, GrantRow, String)>> {
    let uses: Vec<(ConnectionId, OauthGrantId, String)> = oauth_uses::table
        .filter(of_workspace!(oauth_uses, workspace))
        .filter(oauth_uses::connection_id.eq_any(connections.iter().map(ConnectionId::as_str)))
        .select((oauth_uses::connection_id, oauth_uses::grant_id, oauth_uses::accounts))
        .load(conn)?;
    let grants: Vec<GrantRow> = oauth_grants::table
        .filter(oauth_grants::id.eq_any(uses.iter().map(|(_, grant, _)| grant.as_str())))
        .select(GrantRow::as_select())
        .load(conn)?;
    let grant_of = |id: &OauthGrantId| grants.iter().find(|grant| grant.id == *id).cloned();
    Ok(uses.into_iter().filter_map(|(connection, id, accounts)| Some((connection, grant_of(&id)?, accounts))).collect())
}

/// The connections that live on a grant.
pub(super) fn users(conn: &mut Conn, id: &OauthGrantId) -> QueryResult<Vec<ConnectionId>> {
    oauth_uses::table.filter(oauth_uses::grant_id.eq(id)).select(oauth_uses::connection_id).load(conn)
}

/// Lets a connection live on a grant, in the place of another one.
pub(super) fn put_use(
    conn: &mut Conn,
    connection: &Connection,
    grant: &OauthGrantId,
    accounts: &str,
    now: UtcTime,
) -> QueryResult<()> {
    drop_use(conn, &connection.id)?;
    diesel::insert_into(oauth_uses::table)
        .values((
            oauth_uses::connection_id.eq(&connection.id),
            oauth_uses::workspace_id.eq(&connection.workspace_id),
            oauth_uses::grant_id.eq(grant),
            oauth_uses::accounts.eq(accounts),
            oauth_uses::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn drop_use(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::delete(oauth_uses::table.find(connection)).execute(conn).map(|_| ())
}

/// The grants that somebody renews, and by which right.
pub(super) fn held(conn: &mut Conn) -> QueryResult<Vec<(OauthGrantId, String)>> {
    oauth_grants::table
        .filter(oauth_grants::lease.is_not_null())
        .select((oauth_grants::id, oauth_grants::lease.assume_not_null()))
        .load(conn)
}

/// Takes the right to renew a grant; `false` when somebody else has it, or the grant changed since it was read.
pub(super) fn claim(conn: &mut Conn, read: &GrantRow, lease: &str) -> QueryResult<bool> {
    let free = oauth_grants::table
        .find(&read.id)
        .filter(oauth_grants::version.eq(read.version))
        .filter(oauth_grants::state.eq(GrantState::Works))
        .filter(oauth_grants::lease.is_null());
    Ok(diesel::update(free).set(oauth_grants::lease.eq(lease)).execute(conn)? == 1)
}

/// Gives the right back.
pub(super) fn release(conn: &mut Conn, id: &OauthGrantId, lease: &str) -> QueryResult<()> {
    let mine = oauth_grants::table.find(id).filter(oauth_grants::lease.eq(lease));
    diesel::update(mine).set(oauth_grants::lease.eq(None::<String>)).execute(conn).map(|_| ())
}

/// Writes renewed tokens, if the right to do so is still held.
pub(super) fn renew(
    conn: &mut Conn,
    read: &GrantRow,
    lease: &str,
    contents: &GrantContents<'_>,
    now: UtcTime,
) -> QueryResult<bool> {
    let mine = oauth_grants::table.find(&read.id).filter(oauth_grants::lease.eq(lease));
    let changed = diesel::update(mine)
        .set((
            oauth_grants::sealed.eq(contents.sealed.as_bytes()),
            oauth_grants::scopes.eq(contents.scopes),
            oauth_grants::version.eq(read.version + 1),
            oauth_grants::expires_at.eq(contents.times.expires_at),
            oauth_grants::ends_at.eq(contents.times.ends_at),
            oauth_grants::refresh_at.eq(contents.times.refresh_at),
            oauth_grants::refreshed_at.eq(now),
            oauth_grants::questioned_at.eq(None::<UtcTime>),
            oauth_grants::lease.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Writes the tokens of somebody who signed in again: it works from then on, and whoever is renewing the old ones has lost the right.
pub(super) fn revive(
    conn: &mut Conn,
    read: &GrantRow,
    identity: (&str, &str),
    contents: &GrantContents<'_>,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::update(oauth_grants::table.find(&read.id))
        .set((
            oauth_grants::identity_id.eq(identity.0),
            oauth_grants::identity_label.eq(identity.1),
            oauth_grants::scopes.eq(contents.scopes),
            oauth_grants::sealed.eq(contents.sealed.as_bytes()),
            oauth_grants::state.eq(GrantState::Works),
            oauth_grants::version.eq(oauth_grants::version + 1),
            oauth_grants::obtained_at.eq(now),
            (
                oauth_grants::expires_at.eq(contents.times.expires_at),
                oauth_grants::ends_at.eq(contents.times.ends_at),
                oauth_grants::refresh_at.eq(contents.times.refresh_at),
                oauth_grants::refreshed_at.eq(None::<UtcTime>),
                oauth_grants::lease.eq(None::<String>),
                oauth_grants::told_at.eq(None::<UtcTime>),
                oauth_grants::questioned_at.eq(None::<UtcTime>),
            ),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes tokens that a connector renewed, unless the grant changed since it was read: it works from then on, and whoever is renewing the
/// old ones has lost the right.
pub(super) fn take_renewed(
    conn: &mut Conn,
    read: &GrantRow,
    contents: &GrantContents<'_>,
    now: UtcTime,
) -> QueryResult<bool> {
    let unchanged = oauth_grants::table
        .find(&read.id)
        .filter(oauth_grants::version.eq(read.version))
        .filter(oauth_grants::state.ne(GrantState::Leaving));
    let changed = diesel::update(unchanged)
        .set((
            oauth_grants::sealed.eq(contents.sealed.as_bytes()),
            oauth_grants::state.eq(GrantState::Works),
            oauth_grants::version.eq(read.version + 1),
            oauth_grants::expires_at.eq(contents.times.expires_at),
            oauth_grants::ends_at.eq(contents.times.ends_at),
            oauth_grants::refresh_at.eq(contents.times.refresh_at),
            oauth_grants::refreshed_at.eq(now),
            oauth_grants::lease.eq(None::<String>),
            oauth_grants::told_at.eq(None::<UtcTime>),
            oauth_grants::questioned_at.eq(None::<UtcTime>),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that a grant does not work any more; `false` when that was known.
pub(super) fn break_it(conn: &mut Conn, id: &OauthGrantId, lease: &str, now: UtcTime) -> QueryResult<bool> {
    let mine = oauth_grants::table
        .find(id)
        .filter(oauth_grants::lease.eq(lease))
        .filter(oauth_grants::state.eq(GrantState::Works));
    let changed = diesel::update(mine)
        .set((
            oauth_grants::state.eq(GrantState::NeedsReconnecting),
            oauth_grants::version.eq(oauth_grants::version + 1),
            oauth_grants::refresh_at.eq(None::<UtcTime>),
            oauth_grants::lease.eq(None::<String>),
            oauth_grants::told_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that nobody lives on a grant any more.
pub(super) fn let_go(conn: &mut Conn, id: &OauthGrantId) -> QueryResult<()> {
    diesel::update(oauth_grants::table.find(id))
        .set((
            oauth_grants::state.eq(GrantState::Leaving),
            oauth_grants::version.eq(oauth_grants::version + 1),
            oauth_grants::refresh_at.eq(None::<UtcTime>),
        ))
        .execute(conn)
        .map(|_| ())
}

pub(super) fn delete(conn: &mut Conn, id: &OauthGrantId) -> QueryResult<()> {
    diesel::delete(oauth_grants::table.find(id)).execute(conn).map(|_| ())
}

/// Whether another grant that is in use belongs to the same account of the provider: giving one back could end them all.
pub(super) fn has_sibling(conn: &mut Conn, grant: &GrantRow) -> QueryResult<bool> {
    let others: i64 = oauth_grants::table
        .filter(oauth_grants::workspace_id.eq(&grant.workspace_id))
        .filter(oauth_grants::provider.eq(&grant.provider))
        .filter(oauth_grants::identity_id.eq(&grant.identity_id))
        .filter(oauth_grants::id.ne(&grant.id))
        .filter(oauth_grants::state.ne(GrantState::Leaving))
        .count()
        .get_result(conn)?;
    Ok(others > 0)
}

/// Grants that are to be renewed now.
pub(super) fn due(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<OauthGrantId>> {
    oauth_grants::table
        .filter(oauth_grants::state.eq(GrantState::Works))
        .filter(oauth_grants::refresh_at.le(now))
        .order(oauth_grants::refresh_at)
        .limit(limit)
        .select(oauth_grants::id)
        .load(conn)
}

/// Puts the next renewal off; `false` when somebody else did.
pub(super) fn put_off(conn: &mut Conn, id: &OauthGrantId, now: UtcTime, until: UtcTime) -> QueryResult<bool> {
    let waiting = oauth_grants::table
        .find(id)
        .filter(oauth_grants::state.eq(GrantState::Works))
        .filter(oauth_grants::refresh_at.le(now));
    Ok(diesel::update(waiting).set(oauth_grants::refresh_at.eq(until)).execute(conn)? == 1)
}

/// Every grant of every workspace that works as far as anybody knows.
pub(super) fn all_working(conn: &mut Conn) -> QueryResult<Vec<GrantRow>> {
    oauth_grants::table.filter(oauth_grants::state.eq(GrantState::Works)).select(GrantRow::as_select()).load(conn)
}

/// Its tokens are renewed before anybody uses them, and now.
pub(super) fn question(conn: &mut Conn, id: &OauthGrantId, now: UtcTime) -> QueryResult<usize> {
    let questioned =
        (oauth_grants::questioned_at.eq(now), oauth_grants::refresh_at.eq(now), oauth_grants::lease.eq(None::<String>));
    diesel::update(oauth_grants::table.find(id)).set(questioned).execute(conn)
}

/// Somebody has to sign in again: nobody can tell whether the tokens of a backup still work.
pub(super) fn break_restored(conn: &mut Conn, id: &OauthGrantId, now: UtcTime) -> QueryResult<usize> {
    let broken = (
        oauth_grants::state.eq(GrantState::NeedsReconnecting),
        oauth_grants::version.eq(oauth_grants::version + 1),
        oauth_grants::lease.eq(None::<String>),
        oauth_grants::told_at.eq(now),
    );
    diesel::update(oauth_grants::table.find(id)).set(broken).execute(conn)
}
