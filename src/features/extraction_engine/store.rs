use diesel::prelude::*;

use super::validate::EngineDetails;
use super::{EngineKind, EngineSetting};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{ExtractionEngineId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::extraction_engines;

#[derive(Queryable, Selectable)]
#[diesel(table_name = extraction_engines)]
struct EngineRow {
    id: ExtractionEngineId,
    workspace_id: WorkspaceId,
    kind: EngineKind,
    url: String,
    airbyte_workspace: String,
    destination: Option<String>,
    client_id: Option<String>,
    sealed: Option<Vec<u8>>,
    version: i64,
    tested_at: Option<UtcTime>,
    updated_at: UtcTime,
}

impl From<EngineRow> for EngineSetting {
    fn from(row: EngineRow) -> Self {
        Self {
            id: row.id,
            workspace_id: row.workspace_id,
            kind: row.kind,
            url: row.url,
            airbyte_workspace: row.airbyte_workspace,
            destination: row.destination,
            client_id: row.client_id,
            sealed: row.sealed,
            version: row.version,
            tested_at: row.tested_at,
            updated_at: row.updated_at,
        }
    }
}

/// What a workspace has set; `None`: nothing, so its extractions run here.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Option<EngineSetting>> {
    extraction_engines::table
        .filter(extraction_engines::workspace_id.eq(workspace))
        .select(EngineRow::as_select())
        .get_result(conn)
        .optional()
        .map(|row| row.map(EngineSetting::from))
}

/// Writes what was set for the first time.
pub(super) fn insert(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    id: &ExtractionEngineId,
    details: &EngineDetails,
    sealed: Option<&Sealed>,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::insert_into(extraction_engines::table)
        .values((
            extraction_engines::id.eq(id),
            extraction_engines::workspace_id.eq(workspace),
            extraction_engines::kind.eq(details.kind),
            extraction_engines::url.eq(&details.url),
            extraction_engines::airbyte_workspace.eq(&details.airbyte_workspace),
            extraction_engines::destination.eq(&details.destination),
            extraction_engines::client_id.eq(&details.client_id),
            extraction_engines::sealed.eq(sealed.map(Sealed::as_bytes)),
            extraction_engines::version.eq(0_i64),
            extraction_engines::created_at.eq(now),
            extraction_engines::updated_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// What is to stand in the place of what was read.
pub(super) struct EngineChange<'a> {
    pub(super) details: &'a EngineDetails,
    pub(super) sealed: Option<&'a Sealed>,
    /// When these very details were tried.
    pub(super) tested_at: Option<UtcTime>,
}

/// Writes over what nobody changed since it was read; says whether it did.
pub(super) fn replace(
    conn: &mut Conn,
    read: &EngineSetting,
    change: &EngineChange<'_>,
    now: UtcTime,
) -> QueryResult<bool> {
    let unchanged = extraction_engines::table.find(&read.id).filter(extraction_engines::version.eq(read.version));
    let changed = diesel::update(unchanged)
        .set((
            extraction_engines::kind.eq(change.details.kind),
            extraction_engines::url.eq(&change.details.url),
            extraction_engines::airbyte_workspace.eq(&change.details.airbyte_workspace),
            extraction_engines::destination.eq(&change.details.destination),
            extraction_engines::client_id.eq(&change.details.client_id),
            extraction_engines::sealed.eq(change.sealed.map(Sealed::as_bytes)),
            extraction_engines::tested_at.eq(change.tested_at),
            extraction_engines::version.eq(read.version + 1),
            extraction_engines::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes that these very details work.
pub(super) fn note_tested(conn: &mut Conn, tried: &EngineSetting, now: UtcTime) -> QueryResult<()> {
    let unchanged = extraction_engines::table.find(&tried.id).filter(extraction_engines::version.eq(tried.version));
    diesel::update(unchanged).set(extraction_engines::tested_at.eq(now)).execute(conn).map(|_| ())
}

/// Removes it; says whether there was one.
pub(super) fn delete(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<bool> {
    let own = extraction_engines::table.filter(extraction_engines::workspace_id.eq(workspace));
    diesel::delete(own).execute(conn).map(|gone| gone == 1)
}
