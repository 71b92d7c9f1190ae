use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::{AccountLinkPurpose, LISTED_FOR};
use crate::base::clock::UtcTime;
use crate::base::crypto::{Sealed, TokenHash};
use crate::base::ids::{AccountLinkId, IdentityId, MemberId, WorkspaceId};
use crate::features::accounts::Role;
use crate::platform::db::schema::{account_links, members};
use crate::platform::db::{Conn, count_up_to};
use crate::platform::link_state::{LinkClosing, LinkEnd, LinkTimes};

/// An account link.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = account_links)]
pub(in crate::features::accounts) struct AccountLinkRow {
    pub(in crate::features::accounts) id: AccountLinkId,
    pub(in crate::features::accounts) workspace_id: WorkspaceId,
    pub(in crate::features::accounts) purpose: AccountLinkPurpose,
    pub(in crate::features::accounts) email: String,
    pub(in crate::features::accounts) role: Role,
    pub(in crate::features::accounts) member_id: Option<MemberId>,
    pub(in crate::features::accounts) sealed_token: Option<Vec<u8>>,
    pub(in crate::features::accounts) created_by: Option<MemberId>,
    pub(in crate::features::accounts) expires_at: UtcTime,
    pub(in crate::features::accounts) used_at: Option<UtcTime>,
    revoked_at: Option<UtcTime>,
    /// Why, when nobody withdrew it.
    closed_reason: Option<LinkEnd>,
}

impl AccountLinkRow {
    pub(in crate::features::accounts) fn times(&self) -> LinkTimes {
        let closed = self.revoked_at.zip(self.closed_reason).map(|(at, end)| LinkClosing { at, end });
        let revoked_at = self.revoked_at.filter(|_| closed.is_none());
        LinkTimes { used_at: self.used_at, revoked_at, closed, ..LinkTimes::until(self.expires_at) }
    }
}

/// A link to be.
pub(in crate::features::accounts) struct NewAccountLink<'a> {
    pub(in crate::features::accounts) id: &'a AccountLinkId,
    pub(in crate::features::accounts) workspace: &'a WorkspaceId,
    pub(in crate::features::accounts) purpose: AccountLinkPurpose,
    pub(in crate::features::accounts) email: &'a str,
    pub(in crate::features::accounts) role: Role,
    pub(in crate::features::accounts) member: Option<&'a MemberId>,
    pub(in crate::features::accounts) token: &'a TokenHash,
    pub(in crate::features::accounts) sealed_token: &'a Sealed,
    pub(in crate::features::accounts) created_by: Option<&'a MemberId>,
    pub(in crate::features::accounts) expires_at: UtcTime,
}

impl NewAccountLink<'_> {
    /// Stores the link; `false` when there is one of that id.
    pub(in crate::features::accounts) fn insert(&self, conn: &mut Conn, now: UtcTime) -> QueryResult<bool> {
        let row = (
            account_links::id.eq(self.id),
            account_links::workspace_id.eq(self.workspace),
            account_links::purpose.eq(self.purpose),
            account_links::email.eq(self.email),
            account_links::role.eq(self.role),
            account_links::member_id.eq(self.member),
            account_links::token_hash.eq(self.token.as_bytes()),
            account_links::sealed_token.eq(self.sealed_token.as_bytes()),
            account_links::created_by.eq(self.created_by),
            account_links::created_at.eq(now),
            account_links::expires_at.eq(self.expires_at),
        );
        match conn.transaction(|conn| diesel::insert_into(account_links::table).values(row).execute(conn)) {
            Ok(_) => Ok(true),
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The link of that token, whatever its state. Who has the token belongs to no workspace yet, so none is asked for.
pub(in crate::features::accounts) fn find_by_token(
    conn: &mut Conn,
    token: &TokenHash,
) -> QueryResult<Option<AccountLinkRow>> {
    account_links::table
        .filter(account_links::token_hash.eq(token.as_bytes()))
        .select(AccountLinkRow::as_select())
        .get_result(conn)
        .optional()
}

/// The link of that id, for the mail that brings it.
pub(in crate::features::accounts) fn find(conn: &mut Conn, id: &AccountLinkId) -> QueryResult<Option<AccountLinkRow>> {
    account_links::table.find(id).select(AccountLinkRow::as_select()).get_result(conn).optional()
}

/// Spends the link; `false` when it was spent, withdrawn or over already.
pub(in crate::features::accounts) fn redeem(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &AccountLinkId,
    now: UtcTime,
) -> QueryResult<bool> {
    let open = account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::id.eq(id))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null())
        .filter(account_links::expires_at.gt(now));
    diesel::update(open)
        .set((account_links::used_at.eq(now), account_links::sealed_token.eq(None::<Vec<u8>>)))
        .execute(conn)
        .map(|spent| spent == 1)
}

/// An invitation as the members page lists it.
#[derive(Debug, Clone, Queryable)]
pub(in crate::features::accounts) struct Invitation {
    pub(in crate::features::accounts) id: AccountLinkId,
    pub(in crate::features::accounts) email: String,
    pub(in crate::features::accounts) role: Role,
    pub(in crate::features::accounts) created_at: UtcTime,
    pub(in crate::features::accounts) expires_at: UtcTime,
    pub(in crate::features::accounts) inviter: Option<String>,
    inviter_role: Option<Role>,
    inviter_left_at: Option<UtcTime>,
}

impl Invitation {
    /// Whether it can be answered at a moment.
    pub(in crate::features::accounts) fn is_open(&self, now: UtcTime) -> bool {
        now < self.expires_at && self.stands()
    }

    /// Whether whoever sent it may give its role now.
    pub(in crate::features::accounts) fn stands(&self) -> bool {
        self.inviter_left_at.is_none() && self.inviter_role.is_some_and(|role| role.may_handle(self.role))
    }
}

/// Invitations nobody has answered or withdrawn, newest first; those that ran out stay for a while.
pub(in crate::features::accounts) fn pending_invitations(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    now: UtcTime,
) -> QueryResult<Vec<Invitation>> {
    account_links::table
        .left_join(members::table.on(members::id.nullable().eq(account_links::created_by)))
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null())
        .filter(account_links::created_at.gt(now - LISTED_FOR))
        .order((account_links::created_at.desc(), account_links::id))
        .select((
            account_links::id,
            account_links::email,
            account_links::role,
            account_links::created_at,
            account_links::expires_at,
            members::name.nullable(),
            members::role.nullable(),
            members::removed_at.nullable(),
        ))
        .load(conn)
}

/// An invitation of the workspace, whatever its state.
pub(in crate::features::accounts) fn invitation_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &AccountLinkId,
) -> QueryResult<Option<AccountLinkRow>> {
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::id.eq(id))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .select(AccountLinkRow::as_select())
        .get_result(conn)
        .optional()
}

/// The newest invitation to that address that can still be answered.
pub(in crate::features::accounts) fn open_invitation_to(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    email: &str,
    now: UtcTime,
) -> QueryResult<Option<AccountLinkRow>> {
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::email.eq(email))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null())
        .filter(account_links::expires_at.gt(now))
        .order((account_links::created_at.desc(), account_links::id.desc()))
        .select(AccountLinkRow::as_select())
        .first(conn)
        .optional()
}

/// The invitations nobody has answered yet that a member has sent, or that went to their own address.
pub(in crate::features::accounts) fn open_invitations_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    email: &str,
    now: UtcTime,
) -> QueryResult<Vec<AccountLinkRow>> {
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::created_by.eq(member).or(account_links::email.eq(email)))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null())
        .filter(account_links::expires_at.gt(now))
        .order((account_links::created_at, account_links::id))
        .select(AccountLinkRow::as_select())
        .load(conn)
}

/// When that address was last invited to the workspace without having come, unless a backup that was put back closed it.
pub(in crate::features::accounts) fn last_invitation_to(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    email: &str,
) -> QueryResult<Option<UtcTime>> {
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::email.eq(email))
        .filter(account_links::used_at.is_null())
        .filter(account_links::closed_reason.is_null())
        .order(account_links::created_at.desc())
        .select(account_links::created_at)
        .first(conn)
        .optional()
}

/// How many invitations to the workspace were made since then.
pub(in crate::features::accounts) fn invitations_since(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    since: UtcTime,
) -> QueryResult<i64> {
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::created_at.gt(since))
        .count()
        .get_result(conn)
}

/// Withdraws one invitation; `false` when it was answered or withdrawn already.
pub(in crate::features::accounts) fn revoke_invitation(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &AccountLinkId,
    now: UtcTime,
) -> QueryResult<bool> {
    let open = account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::id.eq(id))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null());
    diesel::update(open)
        .set((account_links::revoked_at.eq(now), account_links::sealed_token.eq(None::<Vec<u8>>)))
        .execute(conn)
        .map(|withdrawn| withdrawn == 1)
}

/// Withdraws what was sent to that address before, so that only the newest invitation works.
pub(in crate::features::accounts) fn revoke_invitations_to(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    email: &str,
    now: UtcTime,
) -> QueryResult<()> {
    let open = account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::purpose.eq(AccountLinkPurpose::Join))
        .filter(account_links::email.eq(email))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null());
    diesel::update(open)
        .set((account_links::revoked_at.eq(now), account_links::sealed_token.eq(None::<Vec<u8>>)))
        .execute(conn)
        .map(|_| ())
}

/// The ids of every membership of an identity, of those that are over, too.
fn members_of(conn: &mut Conn, identity: &IdentityId) -> QueryResult<Vec<MemberId>> {
    members::table.filter(members::identity_id.eq(identity)).select(members::id).load(conn)
}

/// Closes every link with which somebody could still choose a new password.
pub(in crate::features::accounts) fn revoke_resets(
    conn: &mut Conn,
    identity: &IdentityId,
    now: UtcTime,
) -> QueryResult<()> {
    let own = members_of(conn, identity)?;
    let open = account_links::table
        .filter(account_links::purpose.eq(AccountLinkPurpose::Reset))
        .filter(account_links::member_id.eq_any(own.iter().map(MemberId::as_str)))
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null());
    diesel::update(open)
        .set((account_links::revoked_at.eq(now), account_links::sealed_token.eq(None::<Vec<u8>>)))
        .execute(conn)
        .map(|_| ())
}

/// How many links to choose a new password somebody was sent since then.
pub(in crate::features::accounts) fn recent_resets(
    conn: &mut Conn,
    identity: &IdentityId,
    since: UtcTime,
) -> QueryResult<i64> {
    let own = members_of(conn, identity)?;
    account_links::table
        .filter(account_links::purpose.eq(AccountLinkPurpose::Reset))
        .filter(account_links::member_id.eq_any(own.iter().map(MemberId::as_str)))
        .filter(account_links::created_at.gt(since))
        .count()
        .get_result(conn)
}

/// Forgets the sealed token of a link whose mail is on its way.
pub(in crate::features::accounts) fn drop_token(conn: &mut Conn, id: &AccountLinkId) -> QueryResult<()> {
    diesel::update(account_links::table.find(id))
        .set(account_links::sealed_token.eq(None::<Vec<u8>>))
        .execute(conn)
        .map(|_| ())
}

/// Forgets the sealed tokens of links that open nothing any more, in every workspace.
pub(in crate::features::accounts) fn drop_dead_tokens(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    let dead = account_links::table.filter(account_links::sealed_token.is_not_null()).filter(
        account_links::expires_at
            .le(now)
            .or(account_links::used_at.is_not_null())
            .or(account_links::revoked_at.is_not_null()),
    );
    diesel::update(dead).set(account_links::sealed_token.eq(None::<Vec<u8>>)).execute(conn)
}

/// Up to `limit` links of a workspace from before a moment that open nothing any more.
pub fn forgettable(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    moment: UtcTime,
    limit: i64,
) -> QueryResult<Vec<AccountLinkId>> {
    let over = account_links::expires_at
        .lt(moment)
        .or(account_links::used_at.is_not_null())
        .or(account_links::revoked_at.is_not_null());
    account_links::table
        .filter(account_links::workspace_id.eq(workspace))
        .filter(account_links::created_at.lt(moment))
        .filter(over)
        .order(account_links::created_at)
        .limit(limit)
        .select(account_links::id)
        .load(conn)
}

/// Forgets links that open nothing any more; says how many.
pub fn forget(conn: &mut Conn, gone: &[AccountLinkId]) -> QueryResult<usize> {
    let rows = account_links::table.filter(account_links::id.eq_any(gone.iter().map(AccountLinkId::as_str)));
    diesel::delete(rows).execute(conn)
}

/// Closes every link of every workspace that still opens something, because a backup was put back; says how many.
pub(in crate::features::accounts) fn revoke_all(conn: &mut Conn, now: UtcTime) -> QueryResult<usize> {
    let open = account_links::table
        .filter(account_links::used_at.is_null())
        .filter(account_links::revoked_at.is_null())
        .filter(account_links::expires_at.gt(now));
    let ended = (
        account_links::revoked_at.eq(now),
        account_links::closed_reason.eq(LinkEnd::Restored),
        account_links::sealed_token.eq(None::<Vec<u8>>),
    );
    diesel::update(open).set(ended).execute(conn)
}

count_up_to!(
    /// How many links a workspace has, at most so many.
    count_up_to, account_links
);
