//! The statements of a load. Names are quoted, texts are literals; nothing else of a record or a person stands in one.

use sha2::{Digest as _, Sha256};

use super::columns::{ColumnType, column_name};
use crate::engines::KeyPath;
use crate::engines::postgres::quote::{literal, quoted};

/// The table that knows the others.
pub(super) const REGISTER: &str = "_vestibule_tables";
/// What every table has beside the fields: the run that brought the row, when that began, and what names the row.
pub(super) const RUN: &str = "_vestibule_run";
pub(super) const READ_AT: &str = "_vestibule_read_at";
pub(super) const KEY: &str = "_vestibule_key";

pub(super) const HAS_SCHEMA: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
pub(super) const HAS_REGISTER: &str =
    "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = '_vestibule_tables')";
/// Whatever has one of these names: also a view or an index takes it.
pub(super) const RELATIONS: &str =
    "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ANY($2)";
pub(super) const COLUMNS: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped";
/// Whether a text is a date or a moment is for the server to say: only what it can cast is one.
pub(super) const JUDGES: &str = "CREATE FUNCTION pg_temp.is_date(t text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM t::date; RETURN t ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
    CREATE FUNCTION pg_temp.is_time(t text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM t::timestamptz;
        RETURN t ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$';
    EXCEPTION WHEN OTHERS THEN RETURN false; END $$";
/// They would stay with the session.
pub(super) const NO_JUDGES: &str = "DROP FUNCTION pg_temp.is_date(text); DROP FUNCTION pg_temp.is_time(text)";

fn waiting(place: usize) -> String {
    format!("pg_temp.waiting_{place}")
}

/// Where records of a table wait: until the session ends, or only `within` the transaction.
pub(super) fn waiting_room(place: usize, within: bool) -> String {
    let end = if within { "DROP" } else { "PRESERVE ROWS" };
    format!(
        "CREATE TEMPORARY TABLE waiting_{place} (n bigint GENERATED ALWAYS AS IDENTITY, data jsonb NOT NULL) ON COMMIT {end}"
    )
}

pub(super) fn copy(place: usize) -> String {
    format!("COPY {} (data) FROM STDIN", waiting(place))
}

/// One load at a time moves records into a schema; the others wait for it however long it takes.
pub(super) fn lock(schema: &str) -> String {
    let hash = Sha256::digest(format!("vestibule:{schema}").as_bytes());
    let key = hash.iter().take(7).fold(0_i64, |key, byte| key << 8 | i64::from(*byte));
    format!("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({key}); SET LOCAL lock_timeout = '60s'")
}

pub(super) fn schema(schema: &str) -> String {
    format!("CREATE SCHEMA {}", quoted(schema))
}

pub(super) fn table_of(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

pub(super) fn register(schema: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (table_name text PRIMARY KEY, source_id text NOT NULL, source text NOT NULL, stream text NOT NULL,
         keys text NOT NULL, run text NOT NULL, records bigint NOT NULL, loaded_at timestamp with time zone NOT NULL)",
        table_of(schema, REGISTER)
    )
}

pub(super) fn entries(schema: &str) -> String {
    format!(
        "SELECT table_name, source_id, source, keys, run FROM {} WHERE table_name = ANY($1)",
        table_of(schema, REGISTER)
    )
}

/// Writes the register; parameters: table, source id, source, stream, keys, run, records.
pub(super) fn enter(schema: &str) -> String {
    format!(
        "INSERT INTO {} AS t (table_name, source_id, source, stream, keys, run, records, loaded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now()) ON CONFLICT (table_name) DO UPDATE SET
         source_id = EXCLUDED.source_id, source = EXCLUDED.source, stream = EXCLUDED.stream, keys = EXCLUDED.keys,
         run = EXCLUDED.run, records = EXCLUDED.records, loaded_at = EXCLUDED.loaded_at",
        table_of(schema, REGISTER)
    )
}

pub(super) fn create(table: &str) -> String {
    format!("CREATE TABLE {table} ({RUN} text NOT NULL, {READ_AT} timestamp with time zone NOT NULL)")
}

pub(super) fn add_column(table: &str, column: &str, kind: &ColumnType) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {} {}", quoted(column), kind.sql())
}

pub(super) fn add_key(table: &str) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {KEY} text UNIQUE")
}

pub(super) fn widen(table: &str, column: &str, kind: &ColumnType) -> String {
    let name = quoted(column);
    let value = if *kind == ColumnType::Json { format!("to_jsonb({name})") } else { format!("{name}::{}", kind.sql()) };
    format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {} USING {value}", kind.sql())
}

/// The fields of the records that wait, with the kinds of their values.
pub(super) fn fields(place: usize) -> String {
    format!(
        "SELECT e.key, bool_or(e.kind = 'boolean'), bool_or(e.kind = 'number'),
             bool_or(e.kind = 'number' AND (e.value #>> '{{}}') !~ '^-?[0-9]{{1,18}}$'),
             bool_or(e.kind = 'string'), bool_or(e.kind IN ('object', 'array'))
         FROM (SELECT e.key, e.value, jsonb_typeof(e.value) AS kind FROM {} AS w, jsonb_each(w.data) AS e) AS e
         GROUP BY 1 ORDER BY 1",
        waiting(place)
    )
}

/// Whether every text of a field passes a judge.
pub(super) fn judge(place: usize, field: &str, judge: &str) -> String {
    let field = literal(field);
    format!(
        "SELECT coalesce(bool_and(pg_temp.{judge}(w.data ->> {field})), true) FROM {} AS w WHERE jsonb_typeof(w.data -> {field}) = 'string'",
        waiting(place)
    )
}

fn value(field: &str, kind: &ColumnType) -> String {
    let field = literal(field);
    match kind {
        ColumnType::Json => format!("nullif(w.data -> {field}, 'null'::jsonb)"),
        ColumnType::Text => format!("w.data ->> {field}"),
        other => format!("(w.data ->> {field})::{}", other.sql()),
    }
}

fn key(keys: &[KeyPath]) -> String {
    let path = |path: &KeyPath| {
        let parts: Vec<String> = path.iter().map(|part| literal(part)).collect();
        format!("w.data #> ARRAY[{}]::text[]", parts.join(", "))
    };
    let parts: Vec<String> = keys.iter().map(path).collect();
    format!("encode(sha256(convert_to(jsonb_build_array({})::text, 'UTF8')), 'hex')", parts.join(", "))
}

/// Moves what waits into its table; parameters: run, when it began.
pub(super) fn insert(place: usize, table: &str, fields: &[(String, ColumnType)], keys: &[KeyPath]) -> String {
    let names: Vec<String> = fields.iter().map(|(field, _)| quoted(&column_name(field))).collect();
    let values: Vec<String> = fields.iter().map(|(field, kind)| value(field, kind)).collect();
    let listed = |first: &[&str], rest: &[String]| {
        let all: Vec<&str> = first.iter().copied().chain(rest.iter().map(String::as_str)).collect();
        all.join(", ")
    };
    let began = "$2::text::timestamp with time zone";
    if keys.is_empty() {
        let (columns, values) = (listed(&[RUN, READ_AT], &names), listed(&["$1::text", began], &values));
        return format!("INSERT INTO {table} ({columns}) SELECT {values} FROM {} AS w ORDER BY w.n", waiting(place));
    }
    let (columns, values) = (listed(&[RUN, READ_AT, KEY], &names), listed(&["$1::text", began, "w.key"], &values));
    let own = [quoted(RUN), quoted(READ_AT)];
    let renewed: Vec<String> = own.iter().chain(&names).map(|name| format!("{name} = EXCLUDED.{name}")).collect();
    format!(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM (SELECT DISTINCT ON (w.key) w.key, w.data, w.n
         FROM (SELECT {} AS key, w.data, w.n FROM {} AS w) AS w ORDER BY w.key, w.n DESC) AS w ORDER BY w.n
         ON CONFLICT ({KEY}) DO UPDATE SET {}",
        key(keys),
        waiting(place),
        renewed.join(", ")
    )
}
