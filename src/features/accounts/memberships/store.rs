use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::ids::{IdentityId, MemberId, SessionId, WorkspaceId};
use crate::features::accounts::{Role, Theme};
use crate::platform::db::Conn;
use crate::platform::db::schema::{members, session_workspaces, sign_in_providers, workspaces};

/// A living membership, as the person it belongs to sees it.
#[derive(Debug, Clone, Queryable)]
pub(in crate::features::accounts) struct Membership {
    pub(in crate::features::accounts) member_id: MemberId,
    pub(in crate::features::accounts) member_name: String,
    pub(in crate::features::accounts) member_email: String,
    pub(in crate::features::accounts) role: Role,
    pub(in crate::features::accounts) theme: Theme,
    pub(in crate::features::accounts) workspace_id: WorkspaceId,
    pub(in crate::features::accounts) workspace_name: String,
    pub(in crate::features::accounts) workspace_slug: String,
    pub(in crate::features::accounts) workspace_accent: String,
    pub(super) password_opens: i32,
    /// When the person last chose it.
    pub(in crate::features::accounts) opened_at: Option<UtcTime>,
    /// What its members call the sign-in provider, when that is tested.
    pub(super) provider: Option<String>,
    pub(super) passwords_off_at: Option<UtcTime>,
    /// Set when the provider has vouched for the person in this session.
    pub(super) vouched: Option<SessionId>,
}

/// The living memberships of an identity, by the workspaces' names; `session` is whose vouchers count.
pub(in crate::features::accounts) fn list(
    conn: &mut Conn,
    identity: &IdentityId,
    session: Option<&SessionId>,
) -> QueryResult<Vec<Membership>> {
    let session = session.map_or("", SessionId::as_str);
    let mut found: Vec<Membership> = members::table
        .inner_join(workspaces::table.on(workspaces::id.eq(members::workspace_id)))
        .left_join(sign_in_providers::table.on(
            sign_in_providers::workspace_id.eq(members::workspace_id).and(sign_in_providers::tested_at.is_not_null()),
        ))
        .left_join(session_workspaces::table.on(
            session_workspaces::workspace_id.eq(members::workspace_id).and(session_workspaces::session_id.eq(session)),
        ))
        .filter(members::identity_id.eq(identity))
        .filter(members::removed_at.is_null())
        .select((
            members::id,
            members::name,
            members::email,
            members::role,
            members::theme,
            workspaces::id,
            workspaces::name,
            workspaces::slug,
            workspaces::accent,
            members::password_opens,
            members::opened_at,
            sign_in_providers::label.nullable(),
            sign_in_providers::passwords_off_at.nullable(),
            session_workspaces::session_id.nullable(),
        ))
        .load(conn)?;
    found.sort_by(|a, b| (&a.workspace_name, &a.member_id).cmp(&(&b.workspace_name, &b.member_id)));
    Ok(found)
}

/// The newest membership of an identity, removed ones too; every identity has one.
pub(in crate::features::accounts) fn newest(
    conn: &mut Conn,
    identity: &IdentityId,
) -> QueryResult<Option<NewestMembership>> {
    members::table
        .filter(members::identity_id.eq(identity))
        .order((members::created_at.desc(), members::id.desc()))
        .select(NewestMembership::as_select())
        .first(conn)
        .optional()
}

/// A membership that may be over.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members)]
pub(in crate::features::accounts) struct NewestMembership {
    pub(in crate::features::accounts) id: MemberId,
    pub(in crate::features::accounts) workspace_id: WorkspaceId,
    pub(in crate::features::accounts) name: String,
}

/// Notes that the person chose it.
pub(in crate::features::accounts) fn note_opened(conn: &mut Conn, member: &MemberId, now: UtcTime) -> QueryResult<()> {
    diesel::update(members::table.find(member)).set(members::opened_at.eq(now)).execute(conn).map(|_| ())
}

/// Lets the password open every membership of the identity: whoever reads its mail has just chosen it.
pub(in crate::features::accounts) fn let_password_open(conn: &mut Conn, identity: &IdentityId) -> QueryResult<()> {
    let all = members::table.filter(members::identity_id.eq(identity));
    diesel::update(all).set(members::password_opens.eq(1)).execute(conn).map(|_| ())
}
