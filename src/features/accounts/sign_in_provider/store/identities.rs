use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::ids::{MemberId, SignInIdentityId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::sign_in_identities;
use crate::platform::tx::Tx;

/// Whom the provider's person was tied to; that member may have been removed since.
pub(in crate::features::accounts::sign_in_provider) fn member_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<MemberId>> {
    sign_in_identities::table
        .filter(sign_in_identities::workspace_id.eq(workspace))
        .filter(sign_in_identities::issuer.eq(issuer))
        .filter(sign_in_identities::subject.eq(subject))
        .select(sign_in_identities::member_id)
        .get_result(conn)
        .optional()
}

/// Since when the member is known at the workspace's provider of today, and when they last signed in there.
pub(in crate::features::accounts) fn identity_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
) -> QueryResult<Option<(UtcTime, UtcTime)>> {
    use crate::platform::db::schema::sign_in_providers;
    sign_in_identities::table
        .inner_join(
            sign_in_providers::table.on(sign_in_providers::workspace_id
                .eq(sign_in_identities::workspace_id)
                .and(sign_in_providers::issuer.eq(sign_in_identities::issuer))),
        )
        .filter(sign_in_identities::workspace_id.eq(workspace))
        .filter(sign_in_identities::member_id.eq(member))
        .select((sign_in_identities::created_at, sign_in_identities::last_used_at))
        .get_result(conn)
        .optional()
}

/// Ties a person of the provider to a member; whoever they were tied to before is forgotten.
pub(in crate::features::accounts::sign_in_provider) fn tie(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    (issuer, subject): (&str, &str),
    member: &MemberId,
) -> QueryResult<()> {
    let old = sign_in_identities::table
        .filter(sign_in_identities::workspace_id.eq(workspace))
        .filter(sign_in_identities::issuer.eq(issuer))
        .filter(sign_in_identities::subject.eq(subject));
    diesel::delete(old).execute(tx.conn)?;
    diesel::insert_into(sign_in_identities::table)
        .values((
            sign_in_identities::id.eq(SignInIdentityId::new(tx.now, tx.rng)),
            sign_in_identities::workspace_id.eq(workspace),
            sign_in_identities::issuer.eq(issuer),
            sign_in_identities::subject.eq(subject),
            sign_in_identities::member_id.eq(member),
            sign_in_identities::created_at.eq(tx.now),
            sign_in_identities::last_used_at.eq(tx.now),
        ))
        .execute(tx.conn)
        .map(|_| ())
}

/// Notes that a person came in through the provider.
pub(in crate::features::accounts::sign_in_provider) fn note_use(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    (issuer, subject): (&str, &str),
    now: UtcTime,
) -> QueryResult<()> {
    let known = sign_in_identities::table
        .filter(sign_in_identities::workspace_id.eq(workspace))
        .filter(sign_in_identities::issuer.eq(issuer))
        .filter(sign_in_identities::subject.eq(subject));
    diesel::update(known).set(sign_in_identities::last_used_at.eq(now)).execute(conn).map(|_| ())
}

/// Forgets who the member is at any provider; `false` when nothing was known.
pub(in crate::features::accounts::sign_in_provider) fn forget(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    member: &MemberId,
) -> QueryResult<bool> {
    let known = sign_in_identities::table
        .filter(sign_in_identities::workspace_id.eq(workspace))
        .filter(sign_in_identities::member_id.eq(member));
    diesel::delete(known).execute(conn).map(|gone| gone > 0)
}
