use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::ids::{AccountLinkId, IdentityId, MemberId, WorkspaceId};
use crate::features::accounts::AccountMail;
use crate::platform::db::Conn;
use crate::platform::db::schema::{account_links, identities, members, sessions, sign_in_attempts, sign_in_identities};
use crate::platform::former_member::{FORMER_MEMBER, FormerMember};
use crate::platform::jobs;

/// A membership that is over.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = members)]
pub struct FormerMemberRow {
    /// Its id.
    pub id: MemberId,
    /// What they were called.
    pub name: String,
    /// Their address; empty once they are forgotten.
    pub email: String,
    /// What they were called before, JSON.
    pub earlier_names: String,
    /// Whose it was.
    pub identity_id: Option<IdentityId>,
    /// When they came.
    pub created_at: UtcTime,
    /// When they were removed.
    pub removed_at: Option<UtcTime>,
}

/// The memberships that are over and not forgotten, the last first; nobody who is a member again is among them.
pub(in crate::features::accounts) fn list(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    limit: i64,
) -> QueryResult<Vec<FormerMemberRow>> {
    let again = members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::removed_at.is_null())
        .select(members::email);
    members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::removed_at.is_not_null())
        .filter(members::email.ne(""))
        .filter(members::email.ne_all(again.load::<String>(conn)?))
        .order((members::removed_at.desc(), members::id.desc()))
        .limit(limit)
        .select(FormerMemberRow::as_select())
        .load(conn)
}

pub(super) fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &MemberId) -> QueryResult<Option<FormerMemberRow>> {
    members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::id.eq(id))
        .filter(members::removed_at.is_not_null())
        .filter(members::email.ne(""))
        .select(FormerMemberRow::as_select())
        .get_result(conn)
        .optional()
}

/// The workspace of a membership that is over.
pub(super) fn workspace_left_by(conn: &mut Conn, id: &MemberId) -> QueryResult<Option<WorkspaceId>> {
    let own = members::table.filter(members::id.eq(id)).filter(members::removed_at.is_not_null());
    own.select(members::workspace_id).get_result(conn).optional()
}

/// Every membership the same person has or had in the workspace.
pub(super) fn memberships(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    of: &FormerMemberRow,
) -> QueryResult<Vec<FormerMemberRow>> {
    let own = members::table.filter(members::workspace_id.eq(workspace));
    own.filter(members::email.eq(&of.email).or(members::identity_id.eq(&of.identity_id)))
        .select(FormerMemberRow::as_select())
        .load(conn)
}

/// Names that others of the workspace bear or bore, and those that nobody else does.
pub(super) fn borne_by_others(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    but: &[MemberId],
    names: Vec<String>,
) -> QueryResult<(Vec<String>, Vec<String>)> {
    let others: Vec<(String, String)> = members::table
        .filter(members::workspace_id.eq(workspace))
        .filter(members::id.ne_all(but.iter().map(MemberId::as_str)))
        .select((members::name, members::earlier_names))
        .load(conn)?;
    let bears = |name: &String| {
        others.iter().any(|(other, earlier)| {
            other == name || serde_json::from_str::<Vec<String>>(earlier).is_ok_and(|earlier| earlier.contains(name))
        })
    };
    Ok(names.into_iter().partition(bears))
}

/// Deletes the links that were sent to the person, and the mails that wait to bring them.
pub(super) fn forget_links(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let theirs = account_links::email
        .eq_any(&person.emails)
        .or(account_links::member_id.eq_any(person.ids.iter().map(MemberId::as_str)));
    let gone: Vec<AccountLinkId> = account_links::table
        .filter(account_links::workspace_id.eq(&person.workspace))
        .filter(theirs)
        .select(account_links::id)
        .load(conn)?;
    for link in &gone {
        jobs::forget_job(conn, &AccountMail(link.clone()))?;
    }
    let rows = account_links::table.filter(account_links::id.eq_any(gone.iter().map(AccountLinkId::as_str)));
    diesel::delete(rows).execute(conn).map(|_| ())
}

/// Forgets who they were at the workspace's sign-in provider.
pub(super) fn forget_provider(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let ids = || person.ids.iter().map(MemberId::as_str);
    diesel::delete(sign_in_identities::table.filter(sign_in_identities::member_id.eq_any(ids()))).execute(conn)?;
    diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::tester.eq_any(ids()))).execute(conn).map(|_| ())
}

/// Takes name and address out of the rows of their memberships; gives the identities those belonged to.
pub(super) fn blank(conn: &mut Conn, person: &FormerMember) -> QueryResult<Vec<IdentityId>> {
    let ids = || person.ids.iter().map(MemberId::as_str);
    let of: Vec<Option<IdentityId>> =
        members::table.filter(members::id.eq_any(ids())).select(members::identity_id).distinct().load(conn)?;
    // Before the rows forget whose sessions they were.
    for identity in of.iter().flatten() {
        end_sessions(conn, identity)?;
    }
    diesel::update(members::table.filter(members::id.eq_any(ids())))
        .set((
            members::name.eq(FORMER_MEMBER),
            members::email.eq(""),
            members::password_hash.eq(""),
            members::earlier_names.eq("[]"),
            members::identity_id.eq(None::<IdentityId>),
        ))
        .execute(conn)?;
    Ok(of.into_iter().flatten().collect())
}

/// Ends the sessions of an identity that is a member of nothing any more.
fn end_sessions(conn: &mut Conn, identity: &IdentityId) -> QueryResult<()> {
    let own = || members::table.filter(members::identity_id.eq(identity));
    let living: i64 = own().filter(members::removed_at.is_null()).count().get_result(conn)?;
    if living > 0 {
        return Ok(());
    }
    let ids: Vec<MemberId> = own().select(members::id).load(conn)?;
    let theirs = sessions::table.filter(sessions::member_id.eq_any(ids.iter().map(MemberId::as_str)));
    diesel::delete(theirs).execute(conn).map(|_| ())
}

/// Deletes an identity that no membership names any more.
pub(super) fn forget_identity(conn: &mut Conn, identity: &IdentityId) -> QueryResult<()> {
    let named: i64 = members::table.filter(members::identity_id.eq(identity)).count().get_result(conn)?;
    if named == 0 {
        diesel::delete(identities::table.find(identity)).execute(conn)?;
    }
    Ok(())
}
