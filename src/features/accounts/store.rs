use std::collections::HashMap;

use diesel::prelude::*;

use super::identities::Identity;
use super::{MemberCard, Role, Theme, WorkspaceCard};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{members, workspaces};

#[derive(Queryable, Selectable)]
#[diesel(table_name = workspaces)]
struct WorkspaceRow {
    id: WorkspaceId,
    slug: String,
    name: String,
    accent: String,
    contact: String,
}

impl From<WorkspaceRow> for WorkspaceCard {
    fn from(row: WorkspaceRow) -> Self {
        Self { id: row.id, slug: row.slug, name: row.name, accent: row.accent, contact: row.contact }
    }
}

/// A member with all that settings pages say of them.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members)]
pub(super) struct MemberRow {
    pub(super) id: MemberId,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) created_at: UtcTime,
}

/// The workspace of that id.
pub fn find_workspace(conn: &mut Conn, id: &WorkspaceId) -> QueryResult<Option<WorkspaceCard>> {
    workspaces::table
        .find(id)
        .select(WorkspaceRow::as_select())
        .get_result(conn)
        .optional()
        .map(|row| row.map(WorkspaceCard::from))
}

/// The workspace of that slug, for commands.
pub fn find_workspace_by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<WorkspaceCard>> {
    let found = workspaces::table
        .filter(workspaces::slug.eq(slug))
        .select(WorkspaceRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(found.map(WorkspaceCard::from))
}

/// The workspace of that slug, else the oldest one of that name, for commands.
pub(super) fn find_workspace_called(conn: &mut Conn, called: &str) -> QueryResult<Option<WorkspaceCard>> {
    if let Some(found) = find_workspace_by_slug(conn, called)? {
        return Ok(Some(found));
    }
    let by_name = workspaces::table.filter(workspaces::name.eq(called)).order((workspaces::created_at, workspaces::id));
    by_name.select(WorkspaceRow::as_select()).first(conn).optional().map(|row| row.map(WorkspaceCard::from))
}

/// Whether there is any workspace: from then on the first run is over.
pub fn any_workspace(conn: &mut Conn) -> QueryResult<bool> {
    let found: Option<WorkspaceId> = workspaces::table.select(workspaces::id).first(conn).optional()?;
    Ok(found.is_some())
}

/// The oldest workspace.
pub(super) fn first_workspace(conn: &mut Conn) -> QueryResult<Option<WorkspaceId>> {
    let oldest = workspaces::table.order((workspaces::created_at, workspaces::id));
    oldest.select(workspaces::id).first(conn).optional()
}

/// Whether there is more than one workspace.
///
/// # Errors
/// The database refuses.
pub fn several_workspaces(conn: &mut Conn) -> QueryResult<bool> {
    let found: Vec<WorkspaceId> = workspaces::table.select(workspaces::id).limit(2).load(conn)?;
    Ok(found.len() > 1)
}

pub(super) fn insert_workspace(conn: &mut Conn, new: &WorkspaceCard, now: UtcTime) -> QueryResult<()> {
    diesel::insert_into(workspaces::table)
        .values((
            workspaces::id.eq(&new.id),
            workspaces::slug.eq(&new.slug),
            workspaces::name.eq(&new.name),
            workspaces::accent.eq(&new.accent),
            workspaces::contact.eq(&new.contact),
            workspaces::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes a workspace's name, colour and contact; its slug stays.
pub(super) fn update_workspace(conn: &mut Conn, card: &WorkspaceCard) -> QueryResult<()> {
    diesel::update(workspaces::table.find(&card.id))
        .set((
            workspaces::name.eq(&card.name),
            workspaces::accent.eq(&card.accent),
            workspaces::contact.eq(&card.contact),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Makes other changes of the workspace's members wait until this transaction ends: an UPDATE that changes nothing takes the
/// row's lock on every database, and what is read afterwards is what they have committed.
pub(super) fn lock_members(conn: &mut Conn, id: &WorkspaceId) -> QueryResult<()> {
    diesel::update(workspaces::table.find(id)).set(workspaces::slug.eq(workspaces::slug)).execute(conn).map(|_| ())
}

/// A member of any workspace, removed ones too, so that what they made can still say who made it. Never whom to write to:
/// that is [`living_member`].
pub fn find_member(conn: &mut Conn, id: &MemberId) -> QueryResult<Option<MemberCard>> {
    let found = members::table.find(id).select(MemberRow::as_select()).get_result(conn).optional()?;
    Ok(found.map(MemberCard::from))
}

/// The owners of a workspace, by name.
pub fn owners_of(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<MemberCard>> {
    let rows = list_members(conn, workspace)?;
    Ok(rows.into_iter().filter(|row| row.role == Role::Owner).map(MemberCard::from).collect())
}

/// Whoever made something, as they are called.
pub(super) struct Maker {
    pub(super) name: String,
    /// Whether they are no member any more.
    pub(super) left: bool,
}

/// Everybody who is or was a member of the workspace.
pub(super) fn makers(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<HashMap<MemberId, Maker>> {
    let rows: Vec<(MemberId, String, Option<UtcTime>)> = members::table
        .filter(members::workspace_id.eq(workspace))
        .select((members::id, members::name, members::removed_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name, removed)| (id, Maker { name, left: removed.is_some() })).collect())
}

/// A member with what they may do.
#[derive(Debug, Clone)]
pub struct MemberInRole {
    /// Who.
    pub card: MemberCard,
    /// Their role.
    pub role: Role,
}

/// The members of a workspace who may change connections and links, by name.
pub fn editors_of(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<MemberInRole>> {
    let rows = list_members(conn, workspace)?.into_iter().filter(|row| row.role.may_edit());
    Ok(rows.map(|row| MemberInRole { role: row.role, card: row.into() }).collect())
}

/// Whether somebody is a member who may change connections and links, as it is now.
pub fn may_still_edit(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId) -> QueryResult<bool> {
    Ok(find_living(conn, workspace, id)?.is_some_and(|member| member.role.may_edit()))
}

/// A member of the workspace as it is now; `None` for somebody who has left.
pub fn living_member(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId) -> QueryResult<Option<MemberCard>> {
    Ok(find_living(conn, workspace, id)?.map(MemberCard::from))
}

/// Who is told of something: the member who began it, or the owners when nobody did or that member has left.
pub fn member_or_owners(
    conn: &mut Conn,
    member: Option<&MemberId>,
    workspace: &WorkspaceId,
) -> QueryResult<Vec<MemberCard>> {
    match member.map(|id| living_member(conn, workspace, id)).transpose()?.flatten() {
        Some(member) => Ok(vec![member]),
        None => owners_of(conn, workspace),
    }
}

impl From<MemberRow> for MemberCard {
    fn from(row: MemberRow) -> Self {
        Self { id: row.id, name: row.name, email: row.email }
    }
}

/// The living members, by name.
pub(super) fn list_members(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<MemberRow>> {
    members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::removed_at.is_null())
        .order((members::name, members::id))
        .select(MemberRow::as_select())
        .load(conn)
}

/// A living member of the workspace.
pub(super) fn find_living(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId) -> QueryResult<Option<MemberRow>> {
    members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::id.eq(id))
        .filter(members::removed_at.is_null())
        .select(MemberRow::as_select())
        .get_result(conn)
        .optional()
}

/// Whether somebody with that address was a member of the workspace and was removed.
pub(super) fn was_removed(conn: &mut Conn, workspace: &WorkspaceId, email: &str) -> QueryResult<bool> {
    let removed: Option<MemberId> = members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::email.eq(email))
        .filter(members::removed_at.is_not_null())
        .select(members::id)
        .first(conn)
        .optional()?;
    Ok(removed.is_some())
}

/// The living member of the workspace with that address.
pub(super) fn living_of_email(conn: &mut Conn, workspace: &WorkspaceId, email: &str) -> QueryResult<Option<MemberRow>> {
    members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::email.eq(email))
        .filter(members::removed_at.is_null())
        .select(MemberRow::as_select())
        .get_result(conn)
        .optional()
}

/// A member to be.
pub(super) struct NewMember<'a> {
    pub(super) id: &'a MemberId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) identity: &'a Identity,
    pub(super) name: &'a str,
    pub(super) role: Role,
    /// Whether the password was shown for it, so that the password opens it.
    pub(super) password_opens: bool,
}

impl NewMember<'_> {
    /// Stores the member; `false` when the identity is a living member of the workspace already.
    pub(super) fn insert(&self, conn: &mut Conn, now: UtcTime) -> QueryResult<bool> {
        let row = (
            members::id.eq(self.id),
            members::workspace_id.eq(self.workspace),
            members::identity_id.eq(&self.identity.id),
            members::email.eq(&self.identity.email),
            members::name.eq(self.name),
            // Read by older versions only; the identity has the password.
            members::password_hash.eq(""),
            members::password_opens.eq(i32::from(self.password_opens)),
            members::role.eq(self.role),
            members::theme.eq(Theme::System),
            members::created_at.eq(now),
        );
        match conn.transaction(|conn| diesel::insert_into(members::table).values(row).execute(conn)) {
            Ok(_) => Ok(true),
            Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Gives a member another name; the one before is remembered, so that it can be forgotten with them.
pub(super) fn set_name(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId, name: &str) -> AppResult<()> {
    let member = members::table.filter(members::workspace_id.eq(workspace)).filter(members::id.eq(id));
    let known: Option<(String, String)> =
        member.select((members::name, members::earlier_names)).get_result(conn).optional()?;
    let Some((before, earlier)) = known.filter(|(before, _)| before != name) else { return Ok(()) };
    let mut earlier: Vec<String> = serde_json::from_str(&earlier).map_err(AppError::internal)?;
    if !earlier.contains(&before) {
        earlier.push(before);
    }
    let earlier = serde_json::to_string(&earlier).map_err(AppError::internal)?;
    diesel::update(member).set((members::name.eq(name), members::earlier_names.eq(earlier))).execute(conn)?;
    Ok(())
}

pub(super) fn set_theme(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId, theme: Theme) -> QueryResult<()> {
    let member = members::table.filter(members::workspace_id.eq(workspace)).filter(members::id.eq(id));
    diesel::update(member).set(members::theme.eq(theme)).execute(conn).map(|_| ())
}

pub(super) fn set_role(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId, role: Role) -> QueryResult<()> {
    let member = members::table.filter(members::workspace_id.eq(workspace)).filter(members::id.eq(id));
    diesel::update(member).set(members::role.eq(role)).execute(conn).map(|_| ())
}

/// Removes a member: the row stays for what they made, and their identity may become a member anew.
pub(super) fn remove_member(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberRow,
    now: UtcTime,
) -> QueryResult<()> {
    let row = members::table.filter(members::workspace_id.eq(workspace)).filter(members::id.eq(&member.id));
    diesel::update(row).set(members::removed_at.eq(now)).execute(conn).map(|_| ())
}

/// Workspaces after an id (empty: from the first), in the order of their ids.
pub fn workspaces_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<WorkspaceId>> {
    workspaces::table
        .filter(workspaces::id.gt(after))
        .order(workspaces::id)
        .limit(limit)
        .select(workspaces::id)
        .load(conn)
}
