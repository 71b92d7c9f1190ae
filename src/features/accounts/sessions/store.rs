use diesel::prelude::*;

use super::cut_agent;
use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::ids::{IdentityId, MemberId, SessionId, WorkspaceId};
use crate::platform::config::SessionLife;
use crate::platform::db::Conn;
use crate::platform::db::schema::{identities, members, session_workspaces, sessions};
use crate::platform::tx::Tx;

/// A session that is open: who signed in, and which membership they chose last; that one may be over.
#[derive(Debug, Clone, Queryable)]
pub(in crate::features::accounts) struct OpenSession {
    pub(in crate::features::accounts) id: SessionId,
    /// When somebody signed in.
    pub(in crate::features::accounts) began_at: UtcTime,
    pub(in crate::features::accounts) last_seen_at: UtcTime,
    by_password: i32,
    pub(in crate::features::accounts) member_id: MemberId,
    pub(in crate::features::accounts) workspace_id: WorkspaceId,
    pub(in crate::features::accounts) identity_id: IdentityId,
    pub(in crate::features::accounts) email: String,
}

impl OpenSession {
    /// Whether the password was shown in it.
    pub(in crate::features::accounts) fn by_password(&self) -> bool {
        self.by_password == 1
    }

    /// Which sessions somebody in this one may see and end.
    pub(in crate::features::accounts) fn reach(&self) -> SessionReach {
        SessionReach {
            identity: self.identity_id.clone(),
            within: if self.by_password() { None } else { Some(self.workspace_id.clone()) },
        }
    }
}

/// The sessions of an identity that somebody may see and end: all of them, or, for who has come through a workspace's sign-in provider
/// only, those that came the same way.
#[derive(Debug, Clone)]
pub(in crate::features::accounts) struct SessionReach {
    pub(in crate::features::accounts) identity: IdentityId,
    pub(in crate::features::accounts) within: Option<WorkspaceId>,
}

/// A session in the member's list.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(in crate::features::accounts) struct SessionRow {
    pub(in crate::features::accounts) id: SessionId,
    pub(in crate::features::accounts) user_agent: String,
    pub(in crate::features::accounts) created_at: UtcTime,
    pub(in crate::features::accounts) last_seen_at: UtcTime,
}

/// A session to be.
pub(super) struct NewSession<'a> {
    pub(super) workspace: &'a WorkspaceId,
    pub(super) member: &'a MemberId,
    pub(super) user_agent: &'a str,
    pub(super) by_password: bool,
    /// Workspaces whose provider has vouched.
    pub(super) vouched: &'a [WorkspaceId],
    pub(super) life: SessionLife,
}

/// Begins a session; its token exists in the answer and in the browser's cookie only.
pub(super) fn begin(tx: &mut Tx<'_>, new: &NewSession<'_>) -> QueryResult<PlainToken> {
    let (id, token) = (SessionId::new(tx.now, tx.rng), PlainToken::new(tx.rng, ""));
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(&id),
            sessions::token_hash.eq(token.hash().as_bytes()),
            sessions::member_id.eq(new.member),
            sessions::workspace_id.eq(new.workspace),
            sessions::user_agent.eq(cut_agent(new.user_agent)),
            sessions::created_at.eq(tx.now),
            sessions::last_seen_at.eq(tx.now),
            sessions::expires_at.eq(new.life.until(tx.now, tx.now)),
            sessions::by_password.eq(i32::from(new.by_password)),
        ))
        .execute(tx.conn)?;
    for workspace in new.vouched {
        vouch(tx.conn, &id, workspace)?;
    }
    Ok(token)
}

/// Notes that a workspace's provider has vouched for who is in the session.
pub(in crate::features::accounts) fn vouch(
    conn: &mut Conn,
    session: &SessionId,
    workspace: &WorkspaceId,
) -> QueryResult<()> {
    if vouched(conn, session)?.contains(workspace) {
        return Ok(());
    }
    let row = (session_workspaces::session_id.eq(session), session_workspaces::workspace_id.eq(workspace));
    diesel::insert_into(session_workspaces::table).values(row).execute(conn).map(|_| ())
}

/// The workspaces whose provider has vouched for who is in the session.
pub(super) fn vouched(conn: &mut Conn, session: &SessionId) -> QueryResult<Vec<WorkspaceId>> {
    session_workspaces::table
        .filter(session_workspaces::session_id.eq(session))
        .select(session_workspaces::workspace_id)
        .load(conn)
}

/// The open session of that token. What it opens is for its memberships to say. A shorter life that was set since counts for it, too.
pub(in crate::features::accounts) fn find(
    conn: &mut Conn,
    token: &TokenHash,
    life: SessionLife,
    now: UtcTime,
) -> QueryResult<Option<OpenSession>> {
    sessions::table
        .inner_join(members::table.on(members::id.eq(sessions::member_id)))
        .inner_join(identities::table.on(identities::id.nullable().eq(members::identity_id)))
        .filter(sessions::token_hash.eq(token.as_bytes()))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::created_at.gt(now - life.longest))
        .select((
            sessions::id,
            sessions::created_at,
            sessions::last_seen_at,
            sessions::by_password,
            sessions::member_id,
            sessions::workspace_id,
            identities::id,
            identities::email,
        ))
        .get_result(conn)
        .optional()
}

/// Since when somebody is signed in there.
pub(in crate::features::accounts) fn began_at(conn: &mut Conn, id: &SessionId) -> QueryResult<Option<UtcTime>> {
    sessions::table.find(id).select(sessions::created_at).get_result(conn).optional()
}

/// Notes that the session was seen, which prolongs it up to its longest life.
pub(in crate::features::accounts) fn touch(
    conn: &mut Conn,
    session: &OpenSession,
    life: SessionLife,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::update(sessions::table.find(&session.id))
        .set((sessions::last_seen_at.eq(now), sessions::expires_at.eq(life.until(session.began_at, now))))
        .execute(conn)
        .map(|_| ())
}

/// Makes a membership the one the session speaks for.
pub(in crate::features::accounts) fn choose(
    conn: &mut Conn,
    id: &SessionId,
    workspace: &WorkspaceId,
    member: &MemberId,
) -> QueryResult<()> {
    diesel::update(sessions::table.find(id))
        .set((sessions::workspace_id.eq(workspace), sessions::member_id.eq(member)))
        .execute(conn)
        .map(|_| ())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn members_of<'a>(identity: &'a IdentityId) -> _ {
    members::table.filter(members::identity_id.eq(identity)).select(members::id)
}

/// The ids of sessions within reach, open or not.
fn within(conn: &mut Conn, reach: &SessionReach) -> QueryResult<Vec<SessionId>> {
    let all = sessions::table.filter(sessions::member_id.eq_any(members_of(&reach.identity))).select(sessions::id);
    let Some(workspace) = &reach.within else { return all.load(conn) };
    let vouched = session_workspaces::table
        .filter(session_workspaces::workspace_id.eq(workspace))
        .select(session_workspaces::session_id);
    all.filter(sessions::by_password.eq(0)).filter(sessions::id.eq_any(vouched)).load(conn)
}

/// The open sessions within reach, the last seen first.
pub(in crate::features::accounts) fn list(
    conn: &mut Conn,
    reach: &SessionReach,
    now: UtcTime,
) -> QueryResult<Vec<SessionRow>> {
    let ids = within(conn, reach)?;
    let mut found: Vec<SessionRow> = sessions::table
        .filter(sessions::id.eq_any(ids.iter().map(SessionId::as_str)))
        .filter(sessions::expires_at.gt(now))
        .select(SessionRow::as_select())
        .load(conn)?;
    found.sort_by(|a, b| (b.last_seen_at, &a.id).cmp(&(a.last_seen_at, &b.id)));
    Ok(found)
}

fn end_these(conn: &mut Conn, ids: &[SessionId]) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::id.eq_any(ids.iter().map(SessionId::as_str)))).execute(conn)
}

/// Ends one session within reach; `false` when there is no such session.
pub(in crate::features::accounts) fn end(conn: &mut Conn, reach: &SessionReach, id: &SessionId) -> QueryResult<bool> {
    let found = within(conn, reach)?.into_iter().filter(|one| one == id).collect::<Vec<_>>();
    end_these(conn, &found).map(|ended| ended == 1)
}

/// Ends the session whose token somebody has shown.
pub(in crate::features::accounts) fn end_by_token(conn: &mut Conn, token: &TokenHash) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_hash.eq(token.as_bytes()))).execute(conn).map(|_| ())
}

/// Ends every session within reach but one.
pub(in crate::features::accounts) fn end_others(
    conn: &mut Conn,
    reach: &SessionReach,
    keep: &SessionId,
) -> QueryResult<()> {
    let others: Vec<SessionId> = within(conn, reach)?.into_iter().filter(|one| one != keep).collect();
    end_these(conn, &others).map(|_| ())
}

/// Ends every session of the identity.
pub(in crate::features::accounts) fn end_all(conn: &mut Conn, identity: &IdentityId) -> QueryResult<()> {
    let all = within(conn, &SessionReach { identity: identity.clone(), within: None })?;
    end_these(conn, &all).map(|_| ())
}

/// Forgets that the workspace's provider has vouched for the identity, in every session but one.
pub(in crate::features::accounts) fn forget_vouchers(
    conn: &mut Conn,
    identity: &IdentityId,
    workspace: &WorkspaceId,
    keep: Option<&SessionId>,
) -> QueryResult<()> {
    let own = sessions::table.filter(sessions::member_id.eq_any(members_of(identity))).select(sessions::id);
    let rows = session_workspaces::table
        .filter(session_workspaces::workspace_id.eq(workspace))
        .filter(session_workspaces::session_id.eq_any(own))
        .filter(session_workspaces::session_id.ne(keep.map_or("", SessionId::as_str)));
    diesel::delete(rows).execute(conn).map(|_| ())
}

/// Deletes sessions that are over, in every workspace.
pub(in crate::features::accounts) fn delete_expired(
    conn: &mut Conn,
    life: SessionLife,
    now: UtcTime,
) -> QueryResult<usize> {
    let over = sessions::expires_at.le(now).or(sessions::created_at.le(now - life.longest));
    diesel::delete(sessions::table.filter(over)).execute(conn)
}

/// Ends every session of every workspace.
pub(in crate::features::accounts) fn delete_all(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(sessions::table).execute(conn)
}
