//! The statements of a load. Names are quoted, texts are literals; nothing else of a record or a person stands in one.

use sha2::{Digest as _, Sha256};

use super::types::ColumnType;
use crate::engines::postgres::quote::quoted;

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
/// With what nobody fills in here: columns with a value of their own.
pub(super) const COLUMNS: &str =
    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.atthasdef OR a.attidentity <> '', c.relname::text
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ANY($2) AND a.attnum > 0 AND NOT a.attisdropped";
/// The primary key of a table: its name and its columns in order.
pub(super) const PRIMARY: &str = "SELECT k.conname::text,
        (SELECT array_agg(a.attname::text ORDER BY o.n) FROM unnest(k.conkey) WITH ORDINALITY AS o(number, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.number)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND k.contype = 'p'";
/// Joins of many rows stay in memory then; the server gives it back with the transaction.
pub(super) const MEMORY: &str = "SET LOCAL work_mem = '64MB'";
/// What is tried between these can be taken back alone.
pub(super) const TRY: &str = "SAVEPOINT vestibule_try";
pub(super) const TRIED: &str = "RELEASE SAVEPOINT vestibule_try";
pub(super) const TAKE_BACK: &str = "ROLLBACK TO SAVEPOINT vestibule_try; RELEASE SAVEPOINT vestibule_try";

/// The table where records of a stream wait.
pub(super) fn waiting(place: usize) -> String {
    format!("pg_temp.waiting_{place}")
}

/// Makes it: until the session ends, or only `within` the transaction.
pub(super) fn waiting_room(place: usize, within: bool) -> String {
    let end = if within { "DROP" } else { "PRESERVE ROWS" };
    format!("CREATE TEMPORARY TABLE waiting_{place} (n bigint NOT NULL, key jsonb) ON COMMIT {end}")
}

/// Adds columns to it.
pub(super) fn waiting_columns(place: usize, columns: &[(usize, String)]) -> String {
    let columns: Vec<String> = columns.iter().map(|(number, kind)| format!("ADD COLUMN c{number} {kind}")).collect();
    format!("ALTER TABLE {} {}", waiting(place), columns.join(", "))
}

/// Fills it.
pub(super) fn copy(place: usize, is_hashed: bool, columns: impl Iterator<Item = usize>) -> String {
    let key = if is_hashed { ", key" } else { "" };
    let columns: String = columns.map(|number| format!(", c{number}")).collect();
    format!("COPY {} (n{key}{columns}) FROM STDIN (FORMAT binary)", waiting(place))
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
         keys text NOT NULL, run text NOT NULL, records bigint NOT NULL, loaded_at timestamp with time zone NOT NULL,
         widened text NOT NULL DEFAULT '')",
        table_of(schema, REGISTER)
    )
}

/// What registers of earlier times lack.
pub(super) fn renew_register(schema: &str) -> String {
    format!("ALTER TABLE {} ADD COLUMN widened text NOT NULL DEFAULT ''", table_of(schema, REGISTER))
}

pub(super) fn entries(schema: &str) -> String {
    format!(
        "SELECT table_name, source_id, source, keys, run FROM {} WHERE table_name = ANY($1)",
        table_of(schema, REGISTER)
    )
}

/// Writes the register; parameters: table, source id, source, stream, keys, run, what differs from the source's types, records.
pub(super) fn enter(schema: &str) -> String {
    format!(
        "INSERT INTO {} AS t (table_name, source_id, source, stream, keys, run, widened, records, loaded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now()) ON CONFLICT (table_name) DO UPDATE SET
         source_id = EXCLUDED.source_id, source = EXCLUDED.source, stream = EXCLUDED.stream, keys = EXCLUDED.keys,
         run = EXCLUDED.run, widened = EXCLUDED.widened, records = EXCLUDED.records, loaded_at = EXCLUDED.loaded_at",
        table_of(schema, REGISTER)
    )
}

pub(super) fn create(table: &str) -> String {
    format!("CREATE TABLE {table} ({RUN} text NOT NULL, {READ_AT} timestamp with time zone NOT NULL)")
}

pub(super) fn add_column(table: &str, column: &str, kind: &ColumnType) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {} {}", quoted(column), kind.sql())
}

/// Gives a column a wider type, with its values.
pub(super) fn widen(table: &str, column: &str, before: &ColumnType, kind: &ColumnType) -> String {
    let name = quoted(column);
    format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {} USING {}", kind.sql(), before.cast(&name, kind))
}

/// Gives a column of an empty table another type.
pub(super) fn retype(table: &str, column: &str, kind: &ColumnType) -> String {
    let name = quoted(column);
    format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {0} USING NULL::{0}", kind.sql())
}

pub(super) fn add_hash(table: &str) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {KEY} text PRIMARY KEY")
}

pub(super) fn drop_hash(table: &str) -> String {
    format!("ALTER TABLE {table} DROP COLUMN {KEY}")
}

pub(super) fn drop_constraint(table: &str, name: &str) -> String {
    format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(name))
}

/// The columns of a primary key that was dropped are still said to be never empty.
pub(super) fn allow_nothing(table: &str, columns: &[String]) -> String {
    let parts: Vec<String> =
        columns.iter().map(|column| format!("ALTER COLUMN {} DROP NOT NULL", quoted(column))).collect();
    format!("ALTER TABLE {table} {}", parts.join(", "))
}

pub(super) fn add_primary(table: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!("ALTER TABLE {table} ADD PRIMARY KEY ({})", columns.join(", "))
}
