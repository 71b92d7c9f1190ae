//! The built-in reader against a real PostgreSQL: the server of TEST_POSTGRES, or else that of TEST_DATABASE_URL. What needs passwords
//! and certificates wants a server that asks for them, which `tests/run` makes and names in TEST_POSTGRES_CA.

mod discover;
mod incremental;
mod load;
mod pooler;
mod read;
mod refusals;
mod secure;
mod tunnel;
mod typed;
mod typed_values;
