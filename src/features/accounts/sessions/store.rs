use diesel::prelude::*;

use super::{LIFETIME, cut_agent};
use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::ids::{MemberId, SessionId, WorkspaceId};
use crate::features::accounts::{Role, Theme};
use crate::platform::db::Conn;
use crate::platform::db::schema::{members, sessions, workspaces};
use crate::platform::tx::Tx;

/// A session that is open, with its member and workspace.
#[derive(Debug, Queryable)]
pub(in crate::features::accounts) struct OpenSession {
    pub(in crate::features::accounts) id: SessionId,
    pub(in crate::features::accounts) last_seen_at: UtcTime,
    pub(in crate::features::accounts) member_id: MemberId,
    pub(in crate::features::accounts) member_name: String,
    pub(in crate::features::accounts) member_email: String,
    pub(in crate::features::accounts) role: Role,
    pub(in crate::features::accounts) theme: Theme,
    pub(in crate::features::accounts) workspace_id: WorkspaceId,
    pub(in crate::features::accounts) workspace_name: String,
    pub(in crate::features::accounts) workspace_slug: String,
    pub(in crate::features::accounts) workspace_accent: String,
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

/// Begins a session; its token exists in the answer and in the browser's cookie only.
pub(in crate::features::accounts) fn begin(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    member: &MemberId,
    user_agent: &str,
) -> QueryResult<PlainToken> {
    let token = PlainToken::new(tx.rng, "");
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(SessionId::new(tx.now, tx.rng)),
            sessions::token_hash.eq(token.hash().as_bytes()),
            sessions::member_id.eq(member),
            sessions::workspace_id.eq(workspace),
            sessions::user_agent.eq(cut_agent(user_agent)),
            sessions::created_at.eq(tx.now),
            sessions::last_seen_at.eq(tx.now),
            sessions::expires_at.eq(tx.now + LIFETIME),
        ))
        .execute(tx.conn)?;
    Ok(token)
}

/// The open session of that token, if its member still is one.
pub(in crate::features::accounts) fn find(
    conn: &mut Conn,
    token: &TokenHash,
    now: UtcTime,
) -> QueryResult<Option<OpenSession>> {
    sessions::table
        .inner_join(members::table.on(members::id.eq(sessions::member_id)))
        .inner_join(workspaces::table.on(workspaces::id.eq(sessions::workspace_id)))
        .filter(sessions::token_hash.eq(token.as_bytes()))
        .filter(sessions::expires_at.gt(now))
        .filter(members::removed_at.is_null())
        .filter(members::workspace_id.eq(sessions::workspace_id))
        .select((
            sessions::id,
            sessions::last_seen_at,
            members::id,
            members::name,
            members::email,
            members::role,
            members::theme,
            workspaces::id,
            workspaces::name,
            workspaces::slug,
            workspaces::accent,
        ))
        .get_result(conn)
        .optional()
}

/// Notes that the session was seen, which prolongs it.
pub(in crate::features::accounts) fn touch(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &SessionId,
    now: UtcTime,
) -> QueryResult<()> {
    let session = sessions::table.filter(sessions::workspace_id.eq(workspace)).filter(sessions::id.eq(id));
    diesel::update(session)
        .set((sessions::last_seen_at.eq(now), sessions::expires_at.eq(now + LIFETIME)))
        .execute(conn)
        .map(|_| ())
}

/// The open sessions of a member, the last seen first.
pub(in crate::features::accounts) fn list(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    now: UtcTime,
) -> QueryResult<Vec<SessionRow>> {
    sessions::table
        .filter(sessions::workspace_id.eq(workspace))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::last_seen_at.desc(), sessions::id))
        .select(SessionRow::as_select())
        .load(conn)
}

/// Ends one session of the member; `false` when they have no such session.
pub(in crate::features::accounts) fn end(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    id: &SessionId,
) -> QueryResult<bool> {
    let session = sessions::table
        .filter(sessions::workspace_id.eq(workspace))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::id.eq(id));
    diesel::delete(session).execute(conn).map(|ended| ended == 1)
}

/// Ends the session whose token somebody has shown.
pub(in crate::features::accounts) fn end_by_token(conn: &mut Conn, token: &TokenHash) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_hash.eq(token.as_bytes()))).execute(conn).map(|_| ())
}

/// Ends every session of the member but one.
pub(in crate::features::accounts) fn end_others(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    keep: &SessionId,
) -> QueryResult<()> {
    let others = sessions::table
        .filter(sessions::workspace_id.eq(workspace))
        .filter(sessions::member_id.eq(member))
        .filter(sessions::id.ne(keep));
    diesel::delete(others).execute(conn).map(|_| ())
}

/// Ends every session of the member.
pub(in crate::features::accounts) fn end_all(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
) -> QueryResult<()> {
    let all = sessions::table.filter(sessions::workspace_id.eq(workspace)).filter(sessions::member_id.eq(member));
    diesel::delete(all).execute(conn).map(|_| ())
}

/// Deletes sessions that are over, in every workspace.
pub(in crate::features::accounts) fn delete_expired(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)
}

/// Ends every session of every workspace.
pub(in crate::features::accounts) fn delete_all(conn: &mut Conn) -> QueryResult<usize> {
    diesel::delete(sessions::table).execute(conn)
}
