use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::ids::{InviteLinkId, InviteSubmissionId, WorkspaceId};
use crate::features::recipient::FormMark;
use crate::platform::db::Conn;
use crate::platform::db::schema::invite_submissions;

/// What one recipient handed over.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invite_submissions)]
pub(in crate::features::invite_links) struct SubmissionRow {
    pub(in crate::features::invite_links) workspace_id: WorkspaceId,
    pub(in crate::features::invite_links) invite_link_id: InviteLinkId,
    /// The number on the receipt.
    pub(in crate::features::invite_links) receipt: String,
    /// Who sent it, possibly empty.
    pub(in crate::features::invite_links) identity: String,
    /// Names of the fields that were sent, JSON.
    pub(in crate::features::invite_links) submitted_fields: String,
    /// Names of the fields that were left empty, JSON.
    pub(in crate::features::invite_links) empty_fields: String,
    /// How many connections it made.
    pub(in crate::features::invite_links) connection_count: i32,
    /// When it came.
    pub(in crate::features::invite_links) created_at: UtcTime,
    /// A keyed digest of what its form sent; `None` for one that came before digests were kept.
    pub(in crate::features::invite_links) form_digest: Option<String>,
}

pub(in crate::features::invite_links) struct NewSubmission<'a> {
    pub(in crate::features::invite_links) id: &'a InviteSubmissionId,
    pub(in crate::features::invite_links) workspace_id: &'a WorkspaceId,
    pub(in crate::features::invite_links) link: &'a InviteLinkId,
    pub(in crate::features::invite_links) form: &'a FormMark,
    pub(in crate::features::invite_links) receipt_hash: &'a TokenHash,
    pub(in crate::features::invite_links) receipt: &'a str,
    pub(in crate::features::invite_links) identity: &'a str,
    pub(in crate::features::invite_links) submitted_fields: &'a str,
    pub(in crate::features::invite_links) empty_fields: &'a str,
    pub(in crate::features::invite_links) connection_count: i32,
    pub(in crate::features::invite_links) now: UtcTime,
}

impl NewSubmission<'_> {
    pub(in crate::features::invite_links) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(invite_submissions::table)
            .values((
                invite_submissions::id.eq(self.id),
                invite_submissions::workspace_id.eq(self.workspace_id),
                invite_submissions::invite_link_id.eq(self.link),
                invite_submissions::form_nonce.eq(&self.form.nonce),
                invite_submissions::form_digest.eq(&self.form.digest),
                invite_submissions::receipt_hash.eq(self.receipt_hash.as_bytes()),
                invite_submissions::receipt.eq(self.receipt),
                invite_submissions::identity.eq(self.identity),
                invite_submissions::submitted_fields.eq(self.submitted_fields),
                invite_submissions::empty_fields.eq(self.empty_fields),
                invite_submissions::connection_count.eq(self.connection_count),
                invite_submissions::created_at.eq(self.now),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// What this very form has sent before.
pub(in crate::features::invite_links) fn find_by_nonce(
    conn: &mut Conn,
    link: &InviteLinkId,
    nonce: &str,
) -> QueryResult<Option<SubmissionRow>> {
    invite_submissions::table
        .filter(invite_submissions::invite_link_id.eq(link))
        .filter(invite_submissions::form_nonce.eq(nonce))
        .select(SubmissionRow::as_select())
        .get_result(conn)
        .optional()
}

pub(in crate::features::invite_links) fn find_by_receipt(
    conn: &mut Conn,
    hash: &TokenHash,
) -> QueryResult<Option<SubmissionRow>> {
    invite_submissions::table
        .filter(invite_submissions::receipt_hash.eq(hash.as_bytes()))
        .select(SubmissionRow::as_select())
        .get_result(conn)
        .optional()
}

/// How many submissions came through a link since then.
pub(in crate::features::invite_links) fn count_since(
    conn: &mut Conn,
    link: &InviteLinkId,
    since: UtcTime,
) -> QueryResult<i64> {
    invite_submissions::table
        .filter(invite_submissions::invite_link_id.eq(link))
        .filter(invite_submissions::created_at.gt(since))
        .count()
        .get_result(conn)
}

/// Up to `limit` of what was handed over with a workspace's invite links before a moment, the oldest first.
pub fn forgettable(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    moment: UtcTime,
    limit: i64,
) -> QueryResult<Vec<InviteSubmissionId>> {
    invite_submissions::table
        .filter(invite_submissions::workspace_id.eq(workspace))
        .filter(invite_submissions::created_at.lt(moment))
        .order(invite_submissions::created_at)
        .limit(limit)
        .select(invite_submissions::id)
        .load(conn)
}

/// Forgets submissions; says how many.
pub fn forget(conn: &mut Conn, gone: &[InviteSubmissionId]) -> QueryResult<usize> {
    let rows =
        invite_submissions::table.filter(invite_submissions::id.eq_any(gone.iter().map(InviteSubmissionId::as_str)));
    diesel::delete(rows).execute(conn)
}
