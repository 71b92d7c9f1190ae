//! Queries about providers, about those who are on their way, and about who is who.

mod attempts;
mod identities;

pub(in crate::features::accounts) use attempts::delete_expired;
pub(super) use attempts::{Attempt, NewAttempt, Taken, take};
pub(in crate::features::accounts) use identities::identity_of;
pub(super) use identities::{forget, member_of, note_use, tie};

use diesel::prelude::*;

use super::{Domains, Newcomers, Provider};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{SignInProviderId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{sign_in_attempts, sign_in_providers, workspaces};

#[derive(Queryable, Selectable)]
#[diesel(table_name = sign_in_providers)]
struct ProviderRow {
    id: SignInProviderId,
    workspace_id: WorkspaceId,
    label: String,
    issuer: String,
    client_id: String,
    sealed_client_secret: Option<Vec<u8>>,
    domains: Domains,
    newcomers: Newcomers,
    revision: String,
    tested_at: Option<UtcTime>,
    passwords_off_at: Option<UtcTime>,
}

impl From<ProviderRow> for Provider {
    fn from(row: ProviderRow) -> Self {
        Self {
            id: row.id,
            workspace_id: row.workspace_id,
            label: row.label,
            issuer: row.issuer,
            client_id: row.client_id,
            client_secret: row.sealed_client_secret.map(Sealed::from_bytes),
            domains: row.domains,
            newcomers: row.newcomers,
            revision: row.revision,
            tested_at: row.tested_at,
            passwords_off_at: row.passwords_off_at,
        }
    }
}

/// The workspace's provider.
pub(super) fn find(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Option<Provider>> {
    sign_in_providers::table
        .filter(sign_in_providers::workspace_id.eq(workspace))
        .select(ProviderRow::as_select())
        .get_result(conn)
        .optional()
        .map(|row| row.map(Provider::from))
}

/// A way in that anybody may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub(in crate::features::accounts) struct Offer {
    /// The workspace's name in addresses.
    pub(in crate::features::accounts) workspace_slug: String,
    /// The workspace's name.
    pub(in crate::features::accounts) workspace: String,
    /// What its members call the provider.
    pub(in crate::features::accounts) label: String,
    /// Set when it is the only way into this workspace.
    pub(in crate::features::accounts) passwords_off_at: Option<UtcTime>,
}

/// Tested providers of all workspaces by label, at most so many.
pub(in crate::features::accounts) fn offers(conn: &mut Conn, most: i64) -> QueryResult<Vec<Offer>> {
    sign_in_providers::table
        .inner_join(workspaces::table.on(workspaces::id.eq(sign_in_providers::workspace_id)))
        .filter(sign_in_providers::tested_at.is_not_null())
        .order((sign_in_providers::label, sign_in_providers::id))
        .limit(most)
        .select((workspaces::slug, workspaces::name, sign_in_providers::label, sign_in_providers::passwords_off_at))
        .load(conn)
}

/// Whether no workspace of the installation takes passwords.
pub(in crate::features::accounts) fn only_providers(conn: &mut Conn) -> QueryResult<bool> {
    let without = sign_in_providers::table
        .filter(sign_in_providers::passwords_off_at.is_not_null())
        .select(sign_in_providers::workspace_id);
    let with: Option<WorkspaceId> =
        workspaces::table.filter(workspaces::id.ne_all(without)).select(workspaces::id).first(conn).optional()?;
    Ok(with.is_none())
}

/// What the members call their provider, when the workspace takes no passwords.
pub(in crate::features::accounts) fn passwords_off(
    conn: &mut Conn,
    workspace: &WorkspaceId,
) -> QueryResult<Option<String>> {
    sign_in_providers::table
        .filter(sign_in_providers::workspace_id.eq(workspace))
        .filter(sign_in_providers::passwords_off_at.is_not_null())
        .select(sign_in_providers::label)
        .get_result(conn)
        .optional()
}

pub(super) fn insert(conn: &mut Conn, new: &Provider, now: UtcTime) -> QueryResult<()> {
    diesel::insert_into(sign_in_providers::table)
        .values((
            sign_in_providers::id.eq(&new.id),
            sign_in_providers::workspace_id.eq(&new.workspace_id),
            sign_in_providers::label.eq(&new.label),
            sign_in_providers::issuer.eq(&new.issuer),
            sign_in_providers::client_id.eq(&new.client_id),
            sign_in_providers::sealed_client_secret.eq(new.client_secret.as_ref().map(Sealed::as_bytes)),
            sign_in_providers::domains.eq(&new.domains),
            sign_in_providers::newcomers.eq(new.newcomers),
            sign_in_providers::revision.eq(&new.revision),
            sign_in_providers::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes everything that can change.
pub(super) fn update(conn: &mut Conn, provider: &Provider) -> QueryResult<()> {
    diesel::update(one(&provider.workspace_id, &provider.id))
        .set((
            sign_in_providers::label.eq(&provider.label),
            sign_in_providers::issuer.eq(&provider.issuer),
            sign_in_providers::client_id.eq(&provider.client_id),
            sign_in_providers::sealed_client_secret.eq(provider.client_secret.as_ref().map(Sealed::as_bytes)),
            sign_in_providers::domains.eq(&provider.domains),
            sign_in_providers::newcomers.eq(provider.newcomers),
            sign_in_providers::revision.eq(&provider.revision),
            sign_in_providers::tested_at.eq(provider.tested_at),
            sign_in_providers::passwords_off_at.eq(provider.passwords_off_at),
        ))
        .execute(conn)
        .map(|_| ())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn one<'a>(workspace: &'a WorkspaceId, id: &'a SignInProviderId) -> _ {
    let own = sign_in_providers::workspace_id.eq(workspace);
    sign_in_providers::table.filter(own).filter(sign_in_providers::id.eq(id))
}

/// Notes that these very details work; `false` when they were changed meanwhile.
pub(super) fn set_tested(conn: &mut Conn, workspace: &WorkspaceId, revision: &str, now: UtcTime) -> QueryResult<bool> {
    let tested = sign_in_providers::table
        .filter(sign_in_providers::workspace_id.eq(workspace))
        .filter(sign_in_providers::revision.eq(revision));
    diesel::update(tested).set(sign_in_providers::tested_at.eq(now)).execute(conn).map(|noted| noted == 1)
}

/// Switches passwords off; `false` when the provider is not tested, or they are off already.
pub(super) fn switch_off(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> QueryResult<bool> {
    let tested = sign_in_providers::table
        .filter(sign_in_providers::workspace_id.eq(workspace))
        .filter(sign_in_providers::tested_at.is_not_null())
        .filter(sign_in_providers::passwords_off_at.is_null());
    diesel::update(tested).set(sign_in_providers::passwords_off_at.eq(now)).execute(conn).map(|changed| changed == 1)
}

/// Switches passwords on again; `false` when they are on.
pub(super) fn switch_on(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<bool> {
    let off = sign_in_providers::table
        .filter(sign_in_providers::workspace_id.eq(workspace))
        .filter(sign_in_providers::passwords_off_at.is_not_null());
    diesel::update(off)
        .set(sign_in_providers::passwords_off_at.eq(None::<UtcTime>))
        .execute(conn)
        .map(|changed| changed == 1)
}

/// Removes the provider and forgets who is on the way to it; who is who there stays, for when it comes back.
pub(super) fn delete(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<bool> {
    diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::workspace_id.eq(workspace))).execute(conn)?;
    let own = sign_in_providers::table.filter(sign_in_providers::workspace_id.eq(workspace));
    diesel::delete(own).execute(conn).map(|gone| gone == 1)
}
