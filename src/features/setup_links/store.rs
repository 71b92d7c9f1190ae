use std::collections::HashMap;

use diesel::prelude::*;

use super::{LinkAsks, LinkPurpose};
use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::ids::{ConnectionId, MemberId, SetupLinkId, WorkspaceId};
use crate::features::recipient::{FormMark, held};
use crate::features::work::validations;
use crate::platform::activity;
use crate::platform::db::schema::setup_links;
use crate::platform::db::{Conn, ForgetScope, count_up_to, of_workspace};
use crate::platform::link_state::{LinkClosing, LinkEnd, LinkState, LinkTimes};

/// A setup link as it is stored; its token is not.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = setup_links)]
pub struct SetupLinkRow {
    /// Its id.
    pub id: SetupLinkId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The draft it opens.
    pub connection_id: ConnectionId,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// For whom, possibly empty.
    pub recipient: String,
    /// What the asker wrote, possibly empty.
    pub note: String,
    /// When it was made.
    pub created_at: UtcTime,
    /// When it dies by itself.
    pub expires_at: UtcTime,
    /// When it was spent.
    pub used_at: Option<UtcTime>,
    /// When it was withdrawn.
    pub revoked_at: Option<UtcTime>,
    /// The form that spent it.
    pub form_nonce: Option<String>,
    /// A keyed digest of what that form sent; `None` for one that was sent before digests were kept.
    pub form_digest: Option<String>,
    /// The number on the receipt.
    pub receipt: Option<String>,
    /// Names of the fields that were sent, JSON.
    pub submitted_fields: Option<String>,
    /// Names of the fields that were left empty, JSON.
    pub empty_fields: Option<String>,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// 1: whoever has it may have what they typed checked before they send it.
    pub allows_test: i32,
    /// The time zone its end was chosen in.
    pub zone: String,
    pub(super) expiry_noted_at: Option<UtcTime>,
    closed_at: Option<UtcTime>,
    closed_reason: Option<LinkEnd>,
    /// What it asks for; `None` for everything.
    pub asks: Option<LinkAsks>,
}

impl SetupLinkRow {
    /// The times that decide its state.
    pub fn times(&self) -> LinkTimes {
        let closing = self.closed_at.zip(self.closed_reason);
        LinkTimes {
            expires_at: self.expires_at,
            used_at: self.used_at,
            revoked_at: self.revoked_at,
            expiry_noted_at: self.expiry_noted_at,
            closed: closing.map(|(at, end)| LinkClosing { at, end }),
        }
    }

    /// Its state at a moment: what its page, lists, counts and programs are told alike. A draft's end closes its links in the same
    /// transaction, so the row alone says it.
    pub fn state(&self, now: UtcTime) -> LinkState {
        self.times().state(now)
    }
}

pub(super) struct NewSetupLinkRow<'a> {
    pub(super) id: &'a SetupLinkId,
    pub(super) workspace_id: &'a WorkspaceId,
    pub(super) connection_id: &'a ConnectionId,
    pub(super) token_hash: &'a TokenHash,
    pub(super) created_by: Option<&'a MemberId>,
    pub(super) create_nonce: Option<&'a str>,
    pub(super) recipient: &'a str,
    pub(super) note: &'a str,
    pub(super) allows_test: bool,
    pub(super) created_at: UtcTime,
    pub(super) expires_at: UtcTime,
    pub(super) zone: &'a str,
    pub(super) purpose: LinkPurpose,
    pub(super) asks: Option<LinkAsks>,
}

impl NewSetupLinkRow<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(setup_links::table)
            .values((
                setup_links::id.eq(self.id),
                setup_links::workspace_id.eq(self.workspace_id),
                setup_links::connection_id.eq(self.connection_id),
                setup_links::token_hash.eq(self.token_hash.as_bytes()),
                setup_links::created_by.eq(self.created_by),
                setup_links::create_nonce.eq(self.create_nonce),
                setup_links::recipient.eq(self.recipient),
                setup_links::note.eq(self.note),
                setup_links::allows_test.eq(i32::from(self.allows_test)),
                setup_links::created_at.eq(self.created_at),
                setup_links::expires_at.eq(self.expires_at),
                setup_links::purpose.eq(self.purpose),
                setup_links::zone.eq(self.zone),
                setup_links::asks.eq(self.asks.as_ref()),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

pub(super) fn find_by_token(conn: &mut Conn, hash: &TokenHash) -> QueryResult<Option<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::token_hash.eq(hash.as_bytes()))
        .select(SetupLinkRow::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn find_by_receipt(conn: &mut Conn, hash: &TokenHash) -> QueryResult<Option<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::receipt_hash.eq(hash.as_bytes()))
        .select(SetupLinkRow::as_select())
        .get_result(conn)
        .optional()
}

pub(super) fn find_by_create_nonce(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    nonce: &str,
) -> QueryResult<Option<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::workspace_id.eq(workspace))
        .filter(setup_links::create_nonce.eq(nonce))
        .select(SetupLinkRow::as_select())
        .get_result(conn)
        .optional()
}

/// The link of that id, for jobs: they carry ids that we wrote ourselves.
pub(super) fn find_by_id(conn: &mut Conn, id: &SetupLinkId) -> QueryResult<Option<SetupLinkRow>> {
    setup_links::table.find(id).select(SetupLinkRow::as_select()).get_result(conn).optional()
}

/// A connection's links, newest first.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Vec<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::workspace_id.eq(workspace))
        .filter(setup_links::connection_id.eq(connection))
        .order((setup_links::created_at.desc(), setup_links::id.desc()))
        .select(SetupLinkRow::as_select())
        .load(conn)
}

/// How many open links each of these connections has; those with none are absent.
pub fn open_counts(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    of: &[ConnectionId],
    now: UtcTime,
) -> QueryResult<HashMap<ConnectionId, i64>> {
    // When they end is not asked of the database: it would look among everybody's open links.
    let open: Vec<(ConnectionId, UtcTime)> = setup_links::table
        .filter(of_workspace!(setup_links, workspace))
        .filter(setup_links::connection_id.eq_any(of.iter().map(ConnectionId::as_str)))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .select((setup_links::connection_id, setup_links::expires_at))
        .load(conn)?;
    let mut counts = HashMap::new();
    for (connection, _) in open.into_iter().filter(|(_, expires_at)| *expires_at > now) {
        *counts.entry(connection).or_default() += 1;
    }
    Ok(counts)
}

/// The open links that a member has made, newest first.
pub fn open_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
    now: UtcTime,
) -> QueryResult<Vec<SetupLinkRow>> {
    // When they end is not asked of the database: it would look among everybody's open links.
    let mut open: Vec<SetupLinkRow> = setup_links::table
        .filter(of_workspace!(setup_links, workspace))
        .filter(setup_links::created_by.eq(member))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .order((setup_links::created_at.desc(), setup_links::id.desc()))
        .select(SetupLinkRow::as_select())
        .load(conn)?;
    open.retain(|link| link.state(now).is_open());
    Ok(open)
}

/// Makes another member the one who asks by a link; `false` when it ended meanwhile.
pub(super) fn hand_over(conn: &mut Conn, link: &SetupLinkRow, to: &MemberId) -> QueryResult<bool> {
    let open = setup_links::table
        .filter(setup_links::id.eq(&link.id))
        .filter(setup_links::workspace_id.eq(&link.workspace_id))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null());
    Ok(diesel::update(open).set(setup_links::created_by.eq(to)).execute(conn)? == 1)
}

/// What a redeemed link remembers.
pub(super) struct Redemption<'a> {
    pub(super) form: &'a FormMark,
    pub(super) receipt_hash: &'a TokenHash,
    pub(super) receipt: &'a str,
    pub(super) submitted_fields: &'a str,
    pub(super) empty_fields: &'a str,
}

/// Spends a link: one conditional UPDATE, so that of many at once exactly one gets `true`.
pub(super) fn redeem(conn: &mut Conn, id: &SetupLinkId, with: &Redemption<'_>, now: UtcTime) -> QueryResult<bool> {
    let open = setup_links::table
        .filter(setup_links::id.eq(id))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .filter(setup_links::expires_at.gt(now));
    let spent = diesel::update(open)
        .set((
            setup_links::used_at.eq(now),
            setup_links::form_nonce.eq(&with.form.nonce),
            setup_links::form_digest.eq(&with.form.digest),
            setup_links::receipt_hash.eq(with.receipt_hash.as_bytes()),
            setup_links::receipt.eq(with.receipt),
            setup_links::submitted_fields.eq(with.submitted_fields),
            setup_links::empty_fields.eq(with.empty_fields),
        ))
        .execute(conn)?;
    Ok(spent == 1)
}

/// Withdraws a link that is still open; `false` when it was closed already.
pub(super) fn revoke(conn: &mut Conn, workspace: &WorkspaceId, id: &SetupLinkId, now: UtcTime) -> QueryResult<bool> {
    let open = setup_links::table
        .filter(setup_links::workspace_id.eq(workspace))
        .filter(setup_links::id.eq(id))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .filter(setup_links::expires_at.gt(now));
    Ok(diesel::update(open).set(setup_links::revoked_at.eq(now)).execute(conn)? == 1)
}

/// Closes a link that is still open, for this reason; one that has ended stays as it is.
pub(super) fn close(conn: &mut Conn, id: &SetupLinkId, end: LinkEnd, now: UtcTime) -> QueryResult<()> {
    let open = setup_links::table
        .filter(setup_links::id.eq(id))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .filter(setup_links::expires_at.gt(now));
    let closing = (setup_links::closed_at.eq(now), setup_links::closed_reason.eq(end));
    diesel::update(open).set(closing).execute(conn).map(|_| ())
}

/// Links whose time ran out and of which nobody has noted it yet.
pub(super) fn newly_expired(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::expires_at.le(now))
        .filter(setup_links::expiry_noted_at.is_null())
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .order(setup_links::expires_at)
        .limit(limit)
        .select(SetupLinkRow::as_select())
        .load(conn)
}

/// Marks an expiry as noted; `false` when somebody else did, or when the link ended in another way.
pub(super) fn note_expiry(conn: &mut Conn, id: &SetupLinkId, now: UtcTime) -> QueryResult<bool> {
    let unnoted = setup_links::table
        .filter(setup_links::id.eq(id))
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null());
    Ok(diesel::update(unnoted).set(setup_links::expiry_noted_at.eq(now)).execute(conn)? == 1)
}

/// Up to `limit` links that are closed. A link that the timeline or a validation speaks of stays as long as they do: whoever opens it is
/// told until then what became of it.
pub fn forgettable(conn: &mut Conn, scope: &ForgetScope, limit: i64) -> QueryResult<Vec<SetupLinkId>> {
    let mut looked_at = 0;
    loop {
        let closed = closed(conn, scope, looked_at, limit)?;
        let gone = unspoken_of(conn, &closed)?;
        if !gone.is_empty() || closed.is_empty() {
            return Ok(gone);
        }
        // All of these stay for now; others may not.
        looked_at += limit;
    }
}

/// Forgets links that are closed, but for those that something speaks of since; says how many.
pub fn forget(conn: &mut Conn, _: &ForgetScope, closed: &[SetupLinkId]) -> QueryResult<usize> {
    let gone = unspoken_of(conn, closed)?;
    for link in &gone {
        held::drop_link(conn, link.as_str())?;
    }
    let rows = setup_links::table.filter(setup_links::id.eq_any(gone.iter().map(SetupLinkId::as_str)));
    diesel::delete(rows).execute(conn)
}

/// Those that no timeline and no test of a recipient names.
fn unspoken_of(conn: &mut Conn, links: &[SetupLinkId]) -> QueryResult<Vec<SetupLinkId>> {
    let (told, tried) = (activity::links_told_of(conn, links)?, validations::links_tried_with(conn, links)?);
    Ok(links.iter().filter(|link| !told.contains(*link) && !tried.contains(*link)).cloned().collect())
}

/// Links that are closed, the oldest first; `skipped` of them are not looked at.
fn closed(conn: &mut Conn, scope: &ForgetScope, skipped: i64, limit: i64) -> QueryResult<Vec<SetupLinkId>> {
    let query = setup_links::table
        .filter(setup_links::workspace_id.eq(scope.workspace()))
        .offset(skipped)
        .limit(limit)
        .select(setup_links::id)
        .into_boxed();
    match scope {
        ForgetScope::Before { moment, .. } => query
            .filter(setup_links::created_at.lt(*moment))
            .filter(setup_links::expires_at.lt(*moment))
            .order((setup_links::created_at, setup_links::id))
            .load(conn),
        ForgetScope::OfConnection { connection, .. } => query
            .filter(setup_links::connection_id.eq(connection))
            .order((setup_links::created_at, setup_links::id))
            .load(conn),
    }
}

/// Every open link of every workspace.
pub(super) fn all_open(conn: &mut Conn, now: UtcTime) -> QueryResult<Vec<SetupLinkRow>> {
    setup_links::table
        .filter(setup_links::used_at.is_null())
        .filter(setup_links::revoked_at.is_null())
        .filter(setup_links::closed_at.is_null())
        .filter(setup_links::expiry_noted_at.is_null())
        .filter(setup_links::expires_at.gt(now))
        .select(SetupLinkRow::as_select())
        .load(conn)
}

count_up_to!(
    /// How many links a workspace has, at most so many.
    count_up_to, setup_links
);
