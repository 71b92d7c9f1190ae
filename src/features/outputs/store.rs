use diesel::prelude::*;

use super::{OutputLayer, OutputLayerDetails, Settings};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{OutputLayerId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::output_layers;

/// The only kind that has rows.
const POSTGRES: &str = "postgres";

#[derive(Queryable, Selectable)]
#[diesel(table_name = output_layers)]
struct OutputLayerRow {
    id: OutputLayerId,
    workspace_id: WorkspaceId,
    slug: String,
    name: String,
    settings: String,
    sealed: Option<Vec<u8>>,
    version: i64,
    created_at: UtcTime,
    updated_at: UtcTime,
}

impl OutputLayerRow {
    fn read(self) -> QueryResult<OutputLayer> {
        let settings = serde_json::from_str(&self.settings)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        Ok(OutputLayer {
            id: self.id,
            workspace_id: self.workspace_id,
            slug: self.slug,
            name: self.name,
            settings,
            sealed: self.sealed,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The layers a workspace has added, by name.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<OutputLayer>> {
    let rows: Vec<OutputLayerRow> = output_layers::table
        .filter(output_layers::workspace_id.eq(workspace))
        .order((output_layers::name, output_layers::slug))
        .select(OutputLayerRow::as_select())
        .load(conn)?;
    rows.into_iter().map(OutputLayerRow::read).collect()
}

/// The layer of that slug.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<Option<OutputLayer>> {
    let row: Option<OutputLayerRow> = output_layers::table
        .filter(output_layers::workspace_id.eq(workspace))
        .filter(output_layers::slug.eq(slug))
        .select(OutputLayerRow::as_select())
        .get_result(conn)
        .optional()?;
    row.map(OutputLayerRow::read).transpose()
}

fn text(settings: &Settings) -> QueryResult<String> {
    serde_json::to_string(settings).map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

/// A layer to be.
pub(super) struct NewOutputLayer<'a> {
    pub(super) id: &'a OutputLayerId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) slug: &'a str,
    pub(super) details: &'a OutputLayerDetails,
    pub(super) sealed: Option<&'a Sealed>,
}

pub(super) fn insert(conn: &mut Conn, new: &NewOutputLayer<'_>, now: UtcTime) -> QueryResult<()> {
    diesel::insert_into(output_layers::table)
        .values((
            output_layers::id.eq(new.id),
            output_layers::workspace_id.eq(new.workspace),
            output_layers::slug.eq(new.slug),
            output_layers::name.eq(&new.details.name),
            output_layers::kind.eq(POSTGRES),
            output_layers::settings.eq(text(&new.details.settings)?),
            output_layers::sealed.eq(new.sealed.map(Sealed::as_bytes)),
            output_layers::version.eq(0_i64),
            output_layers::created_at.eq(now),
            output_layers::updated_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Writes a layer that nobody changed since it was read; says whether it did.
pub(super) fn replace(
    conn: &mut Conn,
    read: &OutputLayer,
    details: &OutputLayerDetails,
    sealed: Option<&Sealed>,
    now: UtcTime,
) -> QueryResult<bool> {
    let unchanged = output_layers::table.find(&read.id).filter(output_layers::version.eq(read.version));
    let changed = diesel::update(unchanged)
        .set((
            output_layers::name.eq(&details.name),
            output_layers::settings.eq(text(&details.settings)?),
            output_layers::sealed.eq(sealed.map(Sealed::as_bytes)),
            output_layers::version.eq(read.version + 1),
            output_layers::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(super) fn delete(conn: &mut Conn, layer: &OutputLayer) -> QueryResult<()> {
    diesel::delete(output_layers::table.find(&layer.id)).execute(conn).map(|_| ())
}
