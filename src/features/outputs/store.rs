use diesel::prelude::*;

use super::{Details, Settings};
use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{OutputLayerId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::output_layers;

/// The only kind that has rows.
const POSTGRES: &str = "postgres";

/// A schema of PostgreSQL that records can go to; its password stays sealed.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its id.
    pub id: OutputLayerId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Its name in plans, runs and addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// How to get there.
    pub settings: Settings,
    sealed: Option<Vec<u8>>,
    version: i64,
    /// When it was added.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = output_layers)]
struct Row {
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

impl Row {
    fn read(self) -> QueryResult<Layer> {
        let settings = serde_json::from_str(&self.settings)
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        Ok(Layer {
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

impl Layer {
    /// Whether a password is set.
    pub fn has_password(&self) -> bool {
        self.sealed.is_some()
    }

    pub(super) fn sealed(&self) -> Option<Sealed> {
        self.sealed.clone().map(Sealed::from_bytes)
    }
}

/// The layers a workspace has added, by name.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<Layer>> {
    let rows: Vec<Row> = output_layers::table
        .filter(output_layers::workspace_id.eq(workspace))
        .order((output_layers::name, output_layers::slug))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::read).collect()
}

/// The layer of that slug.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> QueryResult<Option<Layer>> {
    let row: Option<Row> = output_layers::table
        .filter(output_layers::workspace_id.eq(workspace))
        .filter(output_layers::slug.eq(slug))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.map(Row::read).transpose()
}

fn text(settings: &Settings) -> QueryResult<String> {
    serde_json::to_string(settings).map_err(|error| diesel::result::Error::SerializationError(error.into()))
}

pub(super) fn insert(
    conn: &mut Conn,
    (workspace, id): (&WorkspaceId, &OutputLayerId),
    slug: &str,
    details: &Details,
    (sealed, now): (Option<&Sealed>, UtcTime),
) -> QueryResult<()> {
    diesel::insert_into(output_layers::table)
        .values((
            output_layers::id.eq(id),
            output_layers::workspace_id.eq(workspace),
            output_layers::slug.eq(slug),
            output_layers::name.eq(&details.name),
            output_layers::kind.eq(POSTGRES),
            output_layers::settings.eq(text(&details.settings)?),
            output_layers::sealed.eq(sealed.map(Sealed::as_bytes)),
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
    read: &Layer,
    details: &Details,
    (sealed, now): (Option<&Sealed>, UtcTime),
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

pub(super) fn delete(conn: &mut Conn, layer: &Layer) -> QueryResult<()> {
    diesel::delete(output_layers::table.find(&layer.id)).execute(conn).map(|_| ())
}
