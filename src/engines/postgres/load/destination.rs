//! Whether a destination that somebody handed over can be filled: asked of the real server, which keeps nothing of it.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::room::{self, Room};
use super::target::LoadTarget;
use crate::engines::hosts::Hosts;
use crate::engines::postgres::quote::quoted;
use crate::engines::postgres::session::{Session, StepPurpose};
use crate::engines::postgres::{connect, refusals};
use crate::engines::run::EngineRun;
use crate::engines::{Failure, FailureReason, Level};
use crate::schema::form::secret_values;

/// The table that is made and taken back.
const PROBE: &str = "_vestibule_check";

/// How the session is protected, as the server sees it, and whether the list of our tables may be written.
const SEEN: &str = "SELECT coalesce((SELECT s.ssl FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()), false),
        coalesce((SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()), ''),
        coalesce((SELECT bool_and(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
            AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = '_vestibule_tables'), true)";

/// Signs in, asks for the rights, and makes a table that is taken back in the same transaction.
///
/// # Errors
/// What is missing, in words.
pub(in crate::engines::postgres) async fn check_destination(hosts: &Hosts, run: &EngineRun<'_>) -> Result<(), Failure> {
    let secrets = secret_values(&run.connector.spec, run.config);
    let target = LoadTarget::of_destination(run.config.expose(), secrets, run.host_key)?;
    let session = connect::connect(hosts, &target.options(), run).await?;
    let (room, seen) = session.step(look(&session, &target)).await?;
    if !room.is_pooled {
        let (level, words) = seen.protection();
        run.sink.log(level, &words).await?;
    }
    run.sink.progress("Making a table, which is taken back").await?;
    try_out(&session, &target, &room).await?;
    run.sink.log(Level::Info, &room.in_words(&target)).await
}

struct ServerView {
    is_encrypted: bool,
    protocol: String,
}

impl ServerView {
    fn protection(&self) -> (Level, String) {
        if self.is_encrypted {
            (Level::Info, format!("The connection is encrypted ({}).", self.protocol))
        } else {
            (Level::Warn, "The connection is not encrypted: the password and all records travel readable.".to_owned())
        }
    }
}

async fn look(session: &Session, target: &LoadTarget) -> Result<(Room, ServerView), Failure> {
    let (user, schema) = (&target.user, &target.schema);
    let room = room::look(session, target).await?;
    let words = |error: tokio_postgres::Error| refusals::of_writing(&error, user, schema);
    let row: Row = session.row(SEEN, &[(schema, Type::TEXT)]).await.map_err(words)?;
    if !row.get::<_, bool>(2) {
        let words = format!(
            "The schema {schema} has tables that another user of this product has filled, and {user} may not write into their list \
             _vestibule_tables. An administrator can run: GRANT SELECT, INSERT, UPDATE, DELETE ON {}._vestibule_tables TO {};",
            refusals::identifier(schema),
            refusals::identifier(user)
        );
        return Err(Failure::new(FailureReason::Permission, words));
    }
    Ok((room, ServerView { is_encrypted: row.get(0), protocol: row.get(1) }))
}

/// Rights can be there and a table cannot be made all the same: a trigger, a full disk, a quota. So one is made, and nobody ever sees it.
async fn try_out(session: &Session, target: &LoadTarget, room: &Room) -> Result<(), Failure> {
    let words = |error: tokio_postgres::Error| refusals::of_writing(&error, &target.user, &target.schema);
    let schema = quoted(&target.schema);
    let make_schema = if room.exists { String::new() } else { format!("CREATE SCHEMA {schema}; ") };
    session.begin(StepPurpose::Write).await.map_err(words)?;
    let made = session.run(&format!("{make_schema}CREATE TABLE {schema}.{} (id bigint)", quoted(PROBE))).await;
    let left = session.run("ROLLBACK").await;
    made.map_err(words)?;
    left.map_err(words)
}
