//! What there is: tables and views with their columns, primary keys, and the columns that may tell new rows from old ones.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::connect;
use super::options::Options;
use super::refusals::{self, identifier};
use super::session::Session;
use crate::engines::hosts::Hosts;
use crate::engines::run::EngineRun;
use crate::engines::{Catalog, Column, CursorField, Failure, FailureReason, KeyPath, Level, Stream, SyncType};

/// Tables, views, materialised views, partitioned and foreign tables; the parts of a partitioned table are read through it.
const TABLES: &str = "SELECT n.nspname::text, c.relname::text,
        has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'),
        CASE WHEN c.relkind IN ('r', 'm', 'p') AND coalesce(m.amname, 'heap') = 'heap'
            THEN has_column_privilege(c.oid, 'xmin', 'SELECT') AND has_column_privilege(c.oid, 'tableoid', 'SELECT') ELSE false END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
    ORDER BY 1, 2";
const COLUMNS: &str =
    "SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'date'::regtype,
            'timestamp'::regtype, 'timestamptz'::regtype),
        coalesce(a.attnum = ANY(i.indkey), false), coalesce(array_position(i.indkey::int2[], a.attnum), 0)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY 1, 2, a.attnum";
const SCHEMAS: &str = "SELECT w.name, n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE'), false)
    FROM unnest($1::text[]) AS w(name) LEFT JOIN pg_namespace n ON n.nspname = w.name";
/// Columns that usually say when a row was last changed.
const USUAL: [&str; 8] =
    ["updated_at", "updatedat", "modified_at", "last_modified", "last_updated", "updated", "modified", "changed_at"];

/// How many tables can be read, in words; a failure when it is none although there are some.
pub(super) async fn readable(session: &Session, options: &Options) -> Result<String, Failure> {
    schemas(session, options).await?;
    let rows = session
        .rows(TABLES, &[(&options.schemas, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| refusals::of_statement(&error))?;
    let readable = rows.iter().filter(|row| row.get::<_, bool>(2)).count();
    if readable == 0 && !rows.is_empty() {
        let (user, all) = (&options.user, rows.len());
        let schemas: Vec<String> = options.schemas.iter().map(|schema| identifier(schema)).collect();
        return Err(Failure::new(
            FailureReason::Permission,
            format!(
                "The user {user} can sign in but may read none of the {all} tables. An administrator can run: GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {};",
                schemas.join(", "),
                identifier(user)
            ),
        ));
    }
    Ok(if readable == rows.len() { readable.to_string() } else { format!("{readable} of {}", rows.len()) })
}

async fn schemas(session: &Session, options: &Options) -> Result<(), Failure> {
    let rows = session
        .rows(SCHEMAS, &[(&options.schemas, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| refusals::of_statement(&error))?;
    for row in rows {
        let (name, exists, usable): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if !exists {
            let database = &options.database;
            return Err(Failure::new(
                FailureReason::Refused,
                format!(
                    "There is no schema {name} in the database {database}. Schemas are spelled exactly as in the database."
                ),
            ));
        }
        if !usable {
            let user = &options.user;
            return Err(Failure::new(
                FailureReason::Permission,
                format!(
                    "The user {user} can sign in but may not look into the schema {name}. An administrator can run: GRANT USAGE ON SCHEMA {} TO {};",
                    identifier(&name),
                    identifier(user)
                ),
            ));
        }
    }
    Ok(())
}

/// Asks for everything that can be read.
pub(super) async fn discover(hosts: &Hosts, run: &EngineRun<'_>) -> Result<Catalog, Failure> {
    let (options, sink) = (Options::read(run.config.expose())?, &run.sink);
    let session = connect::connect(hosts, &options, run).await?;
    sink.progress("Asking for the tables").await?;
    let asked = async {
        schemas(&session, &options).await?;
        let tables = session.rows(TABLES, &[(&options.schemas, Type::TEXT_ARRAY)]).await;
        let tables = tables.map_err(|error| refusals::of_statement(&error))?;
        Ok((tables, columns(&session, &options).await?))
    };
    let (tables, mut columns) = session.step(asked).await?;
    let mut catalog = Catalog::default();
    let mut closed = 0;
    for row in tables {
        let (schema, table, may_read): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
        if may_read {
            let found = columns.remove(&(schema.clone(), table.clone())).unwrap_or_default();
            let by_version = options.by_version && row.get(3);
            catalog.streams.push(found.into_stream(schema, table, by_version));
        } else {
            closed += 1;
        }
    }
    if closed > 0 {
        sink.log(Level::Warn, &format!("{closed} tables are left out: the user may not read them.")).await?;
    }
    Ok(catalog)
}

/// The columns of one table.
#[derive(Default)]
struct Columns {
    columns: Vec<Column>,
    growing: Vec<String>,
    keys: Vec<(i32, String)>,
}

async fn columns(session: &Session, options: &Options) -> Result<BTreeMap<(String, String), Columns>, Failure> {
    let rows = session
        .rows(COLUMNS, &[(&options.schemas, Type::TEXT_ARRAY)])
        .await
        .map_err(|error| refusals::of_statement(&error))?;
    let mut found: BTreeMap<(String, String), Columns> = BTreeMap::new();
    for row in rows {
        let table = found.entry((row.get(0), row.get(1))).or_default();
        let name: String = row.get(2);
        table.columns.push(Column { name: name.clone(), kind: row.get(3), nullable: row.get(4) });
        if row.get(5) {
            table.growing.push(name.clone());
        }
        if row.get(6) {
            table.keys.push((row.get(7), name));
        }
    }
    Ok(found)
}

impl Columns {
    fn into_stream(mut self, schema: String, table: String, by_version: bool) -> Stream {
        self.keys.sort();
        let usual = USUAL.iter().find_map(|usual| self.growing.iter().find(|name| name.to_lowercase() == *usual));
        let usual = usual.map(|name| vec![name.clone()]);
        let candidates: Vec<KeyPath> = self.growing.iter().map(|name| vec![name.clone()]).collect();
        let (sync_types, cursor) = if by_version {
            (vec![SyncType::FullTable, SyncType::Incremental], CursorField::Fixed { field: None })
        } else if candidates.is_empty() {
            (vec![SyncType::FullTable], CursorField::None)
        } else {
            (vec![SyncType::FullTable, SyncType::Incremental], CursorField::Open { candidates, usual })
        };
        Stream {
            name: table,
            namespace: Some(schema),
            columns: self.columns,
            primary_key: self.keys.into_iter().map(|(_, name)| vec![name]).collect(),
            sync_types,
            cursor,
            ..Stream::default()
        }
    }
}
