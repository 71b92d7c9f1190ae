use std::collections::HashMap;

use diesel::prelude::*;

use super::Of;
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, SetupLinkId, ValidationId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{validation_logs, validations};
use crate::platform::jobs::{INTERRUPTED, INTERRUPTED_REASON, LogLine, WORK_LEASE, WorkState, is_abandoned};

/// A validation as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = validations)]
pub struct Validation {
    /// Its id.
    pub id: ValidationId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The connection it checks.
    pub connection_id: ConnectionId,
    /// The link it was started from, when a recipient tests what they typed.
    pub setup_link_id: Option<SetupLinkId>,
    /// As the row says; [`Validation::state_at`] says what is true.
    pub state: WorkState,
    /// `member`, `program` or `recipient`.
    pub actor: String,
    /// Who started it, possibly empty.
    pub actor_name: String,
    /// Which version of the connection's values it checked; `None` for a test, and while it waits.
    pub connection_version: Option<i64>,
    /// The streams it found, packed and sealed.
    pub(super) sealed_found: Option<Vec<u8>>,
    /// How many streams it found.
    pub stream_count: i32,
    /// Why it failed, for programs.
    pub reason: Option<String>,
    /// Whose turn it is then: `config_error`, `transient_error`, `system_error`.
    pub blame: Option<String>,
    /// What came of it, for people.
    pub message: String,
    /// What it is doing, for people.
    pub step: String,
    /// Until when its worker is believed to live.
    pub lease_until: Option<UtcTime>,
    /// When somebody asked to stop it.
    pub cancel_at: Option<UtcTime>,
    /// When it was asked for.
    pub created_at: UtcTime,
    /// When a worker took it.
    pub started_at: Option<UtcTime>,
    /// When it was over.
    pub ended_at: Option<UtcTime>,
}

impl Validation {
    /// What is true at a moment: a row whose worker has died does not know it yet.
    pub fn state_at(&self, now: UtcTime) -> WorkState {
        if is_abandoned(self.state, self.lease_until, now) { WorkState::Failed } else { self.state }
    }

    /// Why it failed, for programs and for people.
    pub fn outcome_at(&self, now: UtcTime) -> (Option<&str>, &str) {
        if is_abandoned(self.state, self.lease_until, now) {
            (Some(INTERRUPTED_REASON), INTERRUPTED)
        } else {
            (self.reason.as_deref(), &self.message)
        }
    }
}

pub(super) struct NewRow<'a> {
    pub(super) id: &'a ValidationId,
    pub(super) of: Of<'a>,
    pub(super) setup_link: Option<&'a SetupLinkId>,
    pub(super) actor: (&'a str, &'a str),
    pub(super) sealed_config: Option<&'a [u8]>,
    pub(super) now: UtcTime,
}

impl NewRow<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(validations::table)
            .values((
                validations::id.eq(self.id),
                validations::workspace_id.eq(self.of.workspace),
                validations::connection_id.eq(self.of.connection),
                validations::setup_link_id.eq(self.setup_link),
                validations::state.eq(WorkState::Queued),
                validations::actor.eq(self.actor.0),
                validations::actor_name.eq(self.actor.1),
                validations::sealed_config.eq(self.sealed_config),
                (
                    validations::stream_count.eq(0),
                    validations::message.eq(""),
                    validations::step.eq("Waiting for its turn"),
                    validations::created_at.eq(self.now),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// The validation of that id.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &ValidationId) -> QueryResult<Option<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(workspace))
        .filter(validations::id.eq(id))
        .select(Validation::as_select())
        .get_result(conn)
        .optional()
}

/// The same, when it belongs to that connection.
pub fn find_of_connection(conn: &mut Conn, of: Of<'_>, id: &ValidationId) -> QueryResult<Option<Validation>> {
    Ok(find(conn, of.workspace, id)?.filter(|found| found.connection_id == *of.connection))
}

/// A connection's validations, newest first, at most `limit`; tests of recipients are among them.
pub fn list(conn: &mut Conn, of: Of<'_>, limit: i64) -> QueryResult<Vec<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(of.workspace))
        .filter(validations::connection_id.eq(of.connection))
        .order((validations::created_at.desc(), validations::id.desc()))
        .limit(limit)
        .select(Validation::as_select())
        .load(conn)
}

/// The newest validation of the stored values; tests of recipients do not count.
pub fn latest(conn: &mut Conn, of: Of<'_>) -> QueryResult<Option<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(of.workspace))
        .filter(validations::connection_id.eq(of.connection))
        .filter(validations::setup_link_id.is_null())
        .order((validations::created_at.desc(), validations::id.desc()))
        .select(Validation::as_select())
        .first(conn)
        .optional()
}

/// What is true of a validation at a moment, and which version of the values it checked.
pub type Newest = (WorkState, Option<i64>);

/// The newest validations of the stored values of many connections; those without one are absent.
pub fn newest_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connections: &[ConnectionId],
    now: UtcTime,
) -> QueryResult<HashMap<ConnectionId, Newest>> {
    let newest: Vec<Option<ValidationId>> = validations::table
        .filter(validations::workspace_id.eq(workspace))
        .filter(validations::connection_id.eq_any(connections.iter().map(ConnectionId::as_str)))
        .filter(validations::setup_link_id.is_null())
        .group_by(validations::connection_id)
        .select(diesel::dsl::max(validations::id))
        .load(conn)?;
    let rows: Vec<(ConnectionId, WorkState, Option<UtcTime>, Option<i64>)> = validations::table
        .filter(validations::id.eq_any(newest.iter().flatten().map(ValidationId::as_str)))
        .select((
            validations::connection_id,
            validations::state,
            validations::lease_until,
            validations::connection_version,
        ))
        .load(conn)?;
    let seen = |state, lease| if is_abandoned(state, lease, now) { WorkState::Failed } else { state };
    Ok(rows.into_iter().map(|(id, state, lease, version)| (id, (seen(state, lease), version))).collect())
}

/// The newest success, of whatever values.
pub fn last_success(conn: &mut Conn, of: Of<'_>) -> QueryResult<Option<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(of.workspace))
        .filter(validations::connection_id.eq(of.connection))
        .filter(validations::setup_link_id.is_null())
        .filter(validations::state.eq(WorkState::Success))
        .order((validations::created_at.desc(), validations::id.desc()))
        .select(Validation::as_select())
        .first(conn)
        .optional()
}

/// The success that speaks of this very version of the values.
pub fn current_success(conn: &mut Conn, of: Of<'_>, version: i64) -> QueryResult<Option<Validation>> {
    Ok(last_success(conn, of)?.filter(|found| found.connection_version == Some(version)))
}

/// Says that a success speaks of the next version, too: the values are the same ones.
pub fn carry_over(conn: &mut Conn, success: &Validation, version: i64) -> QueryResult<()> {
    let row = validations::table.find(&success.id);
    diesel::update(row).set(validations::connection_version.eq(version)).execute(conn).map(|_| ())
}

/// The newest test of a link that is not over.
pub fn running_test(conn: &mut Conn, of: Of<'_>, link: &SetupLinkId) -> QueryResult<Option<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(of.workspace))
        .filter(validations::connection_id.eq(of.connection))
        .filter(validations::setup_link_id.eq(link))
        .filter(validations::ended_at.is_null())
        .order((validations::created_at.desc(), validations::id.desc()))
        .select(Validation::as_select())
        .first(conn)
        .optional()
}

/// How many wait in all.
pub(super) fn queued(conn: &mut Conn) -> QueryResult<i64> {
    validations::table.filter(validations::state.eq(WorkState::Queued)).count().get_result(conn)
}

/// Those of a connection that wait or run: the owner's, or those of one link.
pub(super) fn going(conn: &mut Conn, of: Of<'_>, link: Option<&SetupLinkId>) -> QueryResult<Vec<Validation>> {
    let all = all_going(conn, of)?;
    Ok(all.into_iter().filter(|one| one.setup_link_id.as_ref() == link).collect())
}

/// Everything of a connection that waits or runs.
pub(super) fn all_going(conn: &mut Conn, of: Of<'_>) -> QueryResult<Vec<Validation>> {
    validations::table
        .filter(validations::workspace_id.eq(of.workspace))
        .filter(validations::connection_id.eq(of.connection))
        .filter(validations::ended_at.is_null())
        .select(Validation::as_select())
        .load(conn)
}

/// The oldest that wait.
pub(super) fn due(conn: &mut Conn, limit: i64) -> QueryResult<Vec<ValidationId>> {
    validations::table
        .filter(validations::state.eq(WorkState::Queued))
        .order((validations::created_at, validations::id))
        .limit(limit)
        .select(validations::id)
        .load(conn)
}

/// Takes one that waits; `None` when another worker was faster. Gives what a recipient's test checks, too.
pub(super) fn claim(
    conn: &mut Conn,
    id: &ValidationId,
    now: UtcTime,
) -> QueryResult<Option<(Validation, Option<Vec<u8>>)>> {
    let waiting = validations::table.find(id).filter(validations::state.eq(WorkState::Queued));
    let taken = diesel::update(waiting)
        .set((
            validations::state.eq(WorkState::InProgress),
            validations::lease_until.eq(now + WORK_LEASE),
            validations::started_at.eq(now),
        ))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    validations::table
        .find(id)
        .select((Validation::as_select(), validations::sealed_config))
        .get_result(conn)
        .optional()
}

/// Says that the worker lives and what it does; gives when it was asked to stop, or `None` when it is the worker's no more.
pub(super) fn keep(
    conn: &mut Conn,
    id: &ValidationId,
    step: &str,
    now: UtcTime,
) -> QueryResult<Option<Option<UtcTime>>> {
    let ours = validations::table.find(id).filter(validations::state.eq(WorkState::InProgress));
    let kept = diesel::update(ours)
        .set((validations::lease_until.eq(now + WORK_LEASE), validations::step.eq(step)))
        .execute(conn)?;
    if kept == 0 {
        return Ok(None);
    }
    validations::table.find(id).select(validations::cancel_at).get_result(conn).map(Some)
}

/// How a validation ended.
pub(super) struct End<'a> {
    pub(super) state: WorkState,
    pub(super) reason: Option<&'static str>,
    pub(super) blame: Option<&'static str>,
    pub(super) message: &'a str,
    pub(super) version: Option<i64>,
    pub(super) sealed_found: Option<&'a [u8]>,
    pub(super) stream_count: i32,
}

/// Ends one that is not over; `false` when it was over already. What a test held is erased.
pub(super) fn end(conn: &mut Conn, id: &ValidationId, end: &End<'_>, now: UtcTime) -> QueryResult<bool> {
    let going = validations::table.find(id).filter(validations::ended_at.is_null());
    let changed = diesel::update(going)
        .set((
            validations::state.eq(end.state),
            validations::reason.eq(end.reason),
            validations::blame.eq(end.blame),
            validations::message.eq(end.message),
            validations::connection_version.eq(end.version),
            validations::sealed_found.eq(end.sealed_found),
            validations::stream_count.eq(end.stream_count),
            validations::sealed_config.eq(None::<Vec<u8>>),
            validations::lease_until.eq(None::<UtcTime>),
            validations::ended_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Asks a running one to stop.
pub(super) fn ask_to_stop(conn: &mut Conn, id: &ValidationId, now: UtcTime) -> QueryResult<()> {
    let going = validations::table.find(id).filter(validations::ended_at.is_null());
    diesel::update(going).set(validations::cancel_at.eq(now)).execute(conn).map(|_| ())
}

/// Those whose worker has died.
pub(super) fn abandoned(conn: &mut Conn, now: UtcTime) -> QueryResult<Vec<Validation>> {
    validations::table
        .filter(validations::state.eq(WorkState::InProgress))
        .filter(validations::lease_until.is_null().or(validations::lease_until.lt(now)))
        .select(Validation::as_select())
        .load(conn)
}

/// Adds lines to a log; numbers that are there already are left out by the caller.
pub(super) fn append(conn: &mut Conn, id: &ValidationId, lines: &[LogLine]) -> QueryResult<()> {
    for line in lines {
        diesel::insert_into(validation_logs::table)
            .values((
                validation_logs::validation_id.eq(id),
                validation_logs::number.eq(line.number),
                validation_logs::at.eq(line.at),
                validation_logs::level.eq(&line.level),
                validation_logs::text.eq(&line.text),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The lines after a number, at most `limit`.
pub fn log_after(conn: &mut Conn, id: &ValidationId, after: i32, limit: i64) -> QueryResult<Vec<LogLine>> {
    let rows: Vec<(i32, UtcTime, String, String)> = validation_logs::table
        .filter(validation_logs::validation_id.eq(id))
        .filter(validation_logs::number.gt(after))
        .order(validation_logs::number)
        .limit(limit)
        .select((validation_logs::number, validation_logs::at, validation_logs::level, validation_logs::text))
        .load(conn)?;
    Ok(rows.into_iter().map(|(number, at, level, text)| LogLine { number, at, level, text }).collect())
}
