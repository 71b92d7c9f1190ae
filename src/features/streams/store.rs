use std::collections::HashMap;

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::schedule::{CRON, Cron, Trigger};
use super::{Output, StreamChoice};
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::engines::FileFormat;
use crate::platform::db::schema::plans;
use crate::platform::db::{Conn, of_workspace};

/// What a source is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The streams as they were chosen.
    pub streams: Vec<StreamChoice>,
    /// What every table's name begins with.
    pub table_prefix: String,
    /// Where the records go.
    pub output: Output,
    /// When it is read.
    pub trigger: Trigger,
    /// When it comes next; saved by [`set_next`] and [`advance`] only.
    pub next_at: Option<UtcTime>,
    /// Why its times start nothing; `None` when they do.
    pub blocked: Option<Blocked>,
    /// Grows with every change; 0: it was never saved.
    pub version: i64,
}

/// Times of a schedule that start nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Since when.
    pub since: UtcTime,
    /// Why, in a sentence for people.
    pub reason: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            streams: Vec::new(),
            table_prefix: String::new(),
            output: Output::Files(FileFormat::default()),
            trigger: Trigger::Manual,
            next_at: None,
            blocked: None,
            version: 0,
        }
    }
}

impl Plan {
    /// The streams that are read.
    pub fn enabled(&self) -> impl Iterator<Item = &StreamChoice> {
        self.streams.iter().filter(|stream| stream.enabled)
    }

    /// Whether records go into tables that last, not into files of one run.
    pub fn fills_tables(&self) -> bool {
        self.output.fills_tables()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plans)]
struct Row {
    streams: String,
    table_prefix: String,
    output_layer: String,
    cron: Option<String>,
    zone: Option<String>,
    next_at: Option<UtcTime>,
    blocked_since: Option<UtcTime>,
    blocked_reason: Option<String>,
    version: i64,
}

/// The plan of a connection, if one was saved.
pub fn find_plan(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Option<Plan>> {
    let row: Option<Row> = plans::table
        .filter(plans::connection_id.eq(connection))
        .filter(plans::workspace_id.eq(workspace))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.map(read).transpose()
}

/// The plans of these connections; those without one are absent.
pub fn plans_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    of: &[ConnectionId],
) -> QueryResult<HashMap<ConnectionId, Plan>> {
    let rows: Vec<(ConnectionId, Row)> = plans::table
        .filter(of_workspace!(plans, workspace))
        .filter(plans::connection_id.eq_any(of.iter().map(ConnectionId::as_str)))
        .select((plans::connection_id, Row::as_select()))
        .load(conn)?;
    rows.into_iter().map(|(id, row)| Ok((id, read(row)?))).collect()
}

fn read(row: Row) -> QueryResult<Plan> {
    let streams = serde_json::from_str(&row.streams)
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
    let trigger = match (row.cron, row.zone) {
        (Some(expression), Some(zone)) => Trigger::Cron(Cron { expression, zone }),
        _ => Trigger::Manual,
    };
    Ok(Plan {
        streams,
        table_prefix: row.table_prefix,
        output: Output::parse(&row.output_layer),
        trigger,
        next_at: row.next_at,
        blocked: row.blocked_since.zip(row.blocked_reason).map(|(since, reason)| Blocked { since, reason }),
        version: row.version,
    })
}

/// Saves a plan in the place of the one that was read; `false` when somebody else saved one meanwhile. When it comes next is not saved with
/// it: the clock may have moved that on since it was read.
pub fn save_plan(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    plan: &Plan,
    now: UtcTime,
) -> QueryResult<bool> {
    let streams = serde_json::to_string(&plan.streams).map_err(|error| Error::SerializationError(error.into()))?;
    let (cron, zone) = match &plan.trigger {
        Trigger::Manual => (None, None),
        Trigger::Cron(cron) => (Some(cron.expression.as_str()), Some(cron.zone.as_str())),
    };
    let contents = (
        plans::streams.eq(streams),
        plans::table_prefix.eq(&plan.table_prefix),
        plans::output_layer.eq(plan.output.to_string()),
        plans::trigger_type.eq(plan.trigger.word()),
        plans::cron.eq(cron),
        plans::zone.eq(zone),
        plans::version.eq(plan.version + 1),
        plans::updated_at.eq(now),
    );
    if plan.version > 0 {
        let read = plans::table
            .filter(plans::connection_id.eq(connection))
            .filter(plans::workspace_id.eq(workspace))
            .filter(plans::version.eq(plan.version));
        return Ok(diesel::update(read).set(contents).execute(conn)? == 1);
    }
    let new = (plans::connection_id.eq(connection), plans::workspace_id.eq(workspace), contents);
    match diesel::insert_into(plans::table).values(new).execute(conn) {
        Ok(_) => Ok(true),
        // Somebody else was first; on PostgreSQL the transaction is lost, and whoever called ends it.
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A next time that was worked out so much after now was worked out before the clock went back.
const CLOCK_WENT_BACK: time::Duration = time::Duration::MINUTE;

/// Sources whose time has come.
pub fn due_plans(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<(WorkspaceId, ConnectionId)>> {
    plans::table
        .filter(plans::next_at.le(now))
        .order(plans::next_at)
        .limit(limit)
        .select((plans::workspace_id, plans::connection_id))
        .load(conn)
}

/// Plans by the clock whose next time was never worked out, or before the clock went back; those of drafts are among them.
pub fn astray_plans(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<(WorkspaceId, ConnectionId)>> {
    plans::table
        .filter(plans::trigger_type.eq(CRON))
        .filter(plans::reckoned_at.is_null().or(plans::reckoned_at.gt(now + CLOCK_WENT_BACK)))
        .limit(limit)
        .select((plans::workspace_id, plans::connection_id))
        .load(conn)
}

/// Moves a plan to its next time; `false` when another worker did. Times that were missed are not made up for.
pub fn advance(conn: &mut Conn, connection: &ConnectionId, plan: &Plan, now: UtcTime) -> QueryResult<bool> {
    let due = plans::table
        .filter(plans::connection_id.eq(connection))
        .filter(plans::version.eq(plan.version))
        .filter(plans::next_at.eq(plan.next_at));
    let next = (plans::next_at.eq(plan.trigger.next_after(now)), plans::reckoned_at.eq(now));
    Ok(diesel::update(due).set(next).execute(conn)? == 1)
}

/// Says when a plan comes next.
pub fn set_next(conn: &mut Conn, connection: &ConnectionId, next: Option<UtcTime>, now: UtcTime) -> QueryResult<()> {
    let clock = (plans::next_at.eq(next), plans::reckoned_at.eq(now));
    diesel::update(plans::table.find(connection)).set(clock).execute(conn).map(|_| ())
}

/// The clock starts nothing for this connection any more.
pub fn stop_plan(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::update(plans::table.find(connection)).set(plans::next_at.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}

/// Notes why a time of the clock started nothing. Since when that is so stays until it is over.
pub fn block_plan(conn: &mut Conn, connection: &ConnectionId, blocked: &Blocked) -> QueryResult<()> {
    let contents = (plans::blocked_since.eq(blocked.since), plans::blocked_reason.eq(&blocked.reason));
    diesel::update(plans::table.find(connection)).set(contents).execute(conn).map(|_| ())
}

/// Times of the clock start extractions again.
pub fn unblock_plan(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    let contents = (plans::blocked_since.eq(None::<UtcTime>), plans::blocked_reason.eq(None::<String>));
    diesel::update(plans::table.find(connection)).set(contents).execute(conn).map(|_| ())
}

/// The connections of a workspace whose records go there; those that were deleted are among them.
pub fn users_of_output(conn: &mut Conn, workspace: &WorkspaceId, output: &Output) -> QueryResult<Vec<ConnectionId>> {
    plans::table
        .filter(plans::workspace_id.eq(workspace))
        .filter(plans::output_layer.eq(output.to_string()))
        .order(plans::connection_id)
        .select(plans::connection_id)
        .load(conn)
}

/// Forgets what a connection that was deleted was to bring.
pub fn forget_plan(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<usize> {
    diesel::delete(plans::table.find(connection)).execute(conn)
}
