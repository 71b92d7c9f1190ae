use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, RunId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};
use crate::platform::db::schema::{run_logs, runs, sync_states};
use crate::platform::jobs::{INTERRUPTED, INTERRUPTED_REASON, LogLine, WORK_LEASE, WorkState, is_abandoned};

/// A run as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The source it reads.
    pub connection_id: ConnectionId,
    /// As the row says; [`Run::state_at`] says what is true.
    pub state: WorkState,
    /// `manual` or `cron`.
    pub trigger_type: String,
    /// `member`, `program` or `system`.
    pub actor: String,
    /// Who started it, possibly empty.
    pub actor_name: String,
    /// Where the records go, by its slug.
    pub output_layer: String,
    /// 1: it does not look at what earlier runs have read.
    pub from_start: i32,
    /// Where the records are, once it is a success.
    pub place: String,
    /// What came of each stream, as JSON.
    pub(super) streams: String,
    /// Records so far.
    pub records: i64,
    /// Bytes of records so far, before they are packed.
    pub bytes: i64,
    /// Why it failed, for programs.
    pub reason: Option<String>,
    /// Whose turn it is then.
    pub blame: Option<String>,
    /// What came of it, for people.
    pub message: String,
    /// Until when its worker is believed to live.
    pub lease_until: Option<UtcTime>,
    /// When it was asked for.
    pub created_at: UtcTime,
    /// When a worker took it.
    pub started_at: Option<UtcTime>,
    /// When it was over.
    pub ended_at: Option<UtcTime>,
}

/// What came of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCount {
    /// Its name.
    pub stream: String,
    /// The table or file its records go to.
    pub table: String,
    /// Records so far.
    pub records: i64,
    /// Bytes so far, before they are packed.
    pub bytes: i64,
    /// The source could not read it to the end.
    #[serde(default)]
    pub incomplete: bool,
}

impl Run {
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

    /// What came of each stream.
    pub fn counts(&self) -> Vec<StreamCount> {
        serde_json::from_str(&self.streams).unwrap_or_default()
    }
}

pub(super) struct NewRow<'a> {
    pub(super) id: &'a RunId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) connection: &'a ConnectionId,
    pub(super) trigger: &'a str,
    pub(super) actor: (&'a str, &'a str),
    pub(super) output_layer: &'a str,
    pub(super) from_start: bool,
    pub(super) now: UtcTime,
}

impl NewRow<'_> {
    /// Stores it; `false` when the source has a run that is not over.
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<bool> {
        match conn.transaction(|conn| self.insert_plainly(conn)) {
            Ok(()) => Ok(true),
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn insert_plainly(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(runs::table)
            .values((
                runs::id.eq(self.id),
                runs::workspace_id.eq(self.workspace),
                runs::connection_id.eq(self.connection),
                runs::state.eq(WorkState::Queued),
                runs::trigger_type.eq(self.trigger),
                runs::actor.eq(self.actor.0),
                runs::actor_name.eq(self.actor.1),
                runs::output_layer.eq(self.output_layer),
                runs::from_start.eq(i32::from(self.from_start)),
                (
                    runs::place.eq(""),
                    runs::streams.eq("[]"),
                    runs::records.eq(0_i64),
                    runs::bytes.eq(0_i64),
                    runs::message.eq(""),
                    runs::created_at.eq(self.now),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// The run of that id.
pub fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &RunId) -> QueryResult<Option<Run>> {
    runs::table
        .filter(runs::workspace_id.eq(workspace))
        .filter(runs::id.eq(id))
        .select(Run::as_select())
        .get_result(conn)
        .optional()
}

/// A source's runs, newest first, at most `limit`.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId, limit: i64) -> QueryResult<Vec<Run>> {
    narrowed(workspace, Some(connection)).order(runs::id.desc()).limit(limit).select(Run::as_select()).load(conn)
}

/// A source's newest run.
pub fn latest(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Option<Run>> {
    Ok(list(conn, workspace, connection, 1)?.pop())
}

/// The run of a source that waits or goes on.
pub fn going(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Option<Run>> {
    narrowed(workspace, Some(connection))
        .filter(runs::ended_at.is_null())
        .select(Run::as_select())
        .get_result(conn)
        .optional()
}

fn narrowed<'a>(
    workspace: &'a WorkspaceId,
    connection: Option<&'a ConnectionId>,
) -> runs::BoxedQuery<'a, MultiBackend> {
    let all = runs::table.filter(runs::workspace_id.eq(workspace)).into_boxed();
    match connection {
        Some(connection) => all.filter(runs::connection_id.eq(connection)),
        None => all,
    }
}

/// One page of a workspace's runs, or of one source's, newest first.
pub fn page(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: Option<&ConnectionId>,
    wanted: &PageRequest,
) -> QueryResult<Page<Run>> {
    let count: i64 = narrowed(workspace, connection).count().get_result(conn)?;
    let one_more = i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, connection).limit(one_more);
    let (query, backwards) = match &wanted.cursor {
        None => (query.order(runs::id.desc()), false),
        Some(PageCursor::After(id)) => (query.filter(runs::id.lt(id.clone())).order(runs::id.desc()), false),
        Some(PageCursor::Before(id)) => (query.filter(runs::id.gt(id.clone())).order(runs::id.asc()), true),
    };
    let mut rows: Vec<Run> = query.select(Run::as_select()).load(conn)?;
    let more = rows.len() > wanted.limit;
    rows.truncate(wanted.limit);
    if backwards {
        rows.reverse();
    }
    let (has_before, has_after) = if backwards { (more, true) } else { (wanted.cursor.is_some(), more) };
    Ok(Page { count: usize::try_from(count).unwrap_or(0), has_before, has_after, rows })
}

/// How many of a workspace wait.
pub(super) fn queued(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<i64> {
    narrowed(workspace, None).filter(runs::state.eq(WorkState::Queued)).count().get_result(conn)
}

/// The oldest that wait.
pub(super) fn due(conn: &mut Conn, limit: i64) -> QueryResult<Vec<RunId>> {
    runs::table
        .filter(runs::state.eq(WorkState::Queued))
        .order((runs::created_at, runs::id))
        .limit(limit)
        .select(runs::id)
        .load(conn)
}

/// Takes one that waits; `None` when another worker was faster.
pub(super) fn claim(conn: &mut Conn, id: &RunId, now: UtcTime) -> QueryResult<Option<Run>> {
    let waiting = runs::table.find(id).filter(runs::state.eq(WorkState::Queued));
    let taken = diesel::update(waiting)
        .set((runs::state.eq(WorkState::InProgress), runs::lease_until.eq(now + WORK_LEASE), runs::started_at.eq(now)))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    runs::table.find(id).select(Run::as_select()).get_result(conn).optional()
}

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) streams: Vec<StreamCount>,
}

impl Tally {
    pub(super) fn records(&self) -> i64 {
        self.streams.iter().map(|stream| stream.records).sum()
    }

    pub(super) fn bytes(&self) -> i64 {
        self.streams.iter().map(|stream| stream.bytes).sum()
    }

    pub(super) fn json(&self) -> QueryResult<String> {
        serde_json::to_string(&self.streams).map_err(|error| diesel::result::Error::SerializationError(error.into()))
    }
}

/// Says that the worker lives and how far it is; gives when it was asked to stop, or `None` when it is the worker's no more.
pub(super) fn keep(conn: &mut Conn, id: &RunId, tally: &Tally, now: UtcTime) -> QueryResult<Option<Option<UtcTime>>> {
    let ours = runs::table.find(id).filter(runs::state.eq(WorkState::InProgress));
    let kept = diesel::update(ours)
        .set((
            runs::lease_until.eq(now + WORK_LEASE),
            runs::streams.eq(tally.json()?),
            runs::records.eq(tally.records()),
            runs::bytes.eq(tally.bytes()),
        ))
        .execute(conn)?;
    if kept == 0 {
        return Ok(None);
    }
    runs::table.find(id).select(runs::cancel_at).get_result(conn).map(Some)
}

/// How a run ended.
pub(super) struct End<'a> {
    pub(super) state: WorkState,
    pub(super) reason: Option<&'static str>,
    pub(super) blame: Option<&'static str>,
    pub(super) message: &'a str,
    pub(super) place: &'a str,
}

/// Ends one that is not over; `false` when it was over already.
pub(super) fn end(conn: &mut Conn, id: &RunId, end: &End<'_>, now: UtcTime) -> QueryResult<bool> {
    let going = runs::table.find(id).filter(runs::ended_at.is_null());
    let changed = diesel::update(going)
        .set((
            runs::state.eq(end.state),
            runs::reason.eq(end.reason),
            runs::blame.eq(end.blame),
            runs::message.eq(end.message),
            runs::place.eq(end.place),
            runs::lease_until.eq(None::<UtcTime>),
            runs::ended_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Asks a running one to stop.
pub(super) fn ask_to_stop(conn: &mut Conn, id: &RunId, now: UtcTime) -> QueryResult<()> {
    let going = runs::table.find(id).filter(runs::ended_at.is_null());
    diesel::update(going).set(runs::cancel_at.eq(now)).execute(conn).map(|_| ())
}

/// Those whose worker has died.
pub(super) fn abandoned(conn: &mut Conn, now: UtcTime) -> QueryResult<Vec<Run>> {
    runs::table
        .filter(runs::state.eq(WorkState::InProgress))
        .filter(runs::lease_until.is_null().or(runs::lease_until.lt(now)))
        .select(Run::as_select())
        .load(conn)
}

/// Adds lines to a log.
pub(super) fn append(conn: &mut Conn, id: &RunId, lines: &[LogLine]) -> QueryResult<()> {
    for line in lines {
        diesel::insert_into(run_logs::table)
            .values((
                run_logs::run_id.eq(id),
                run_logs::number.eq(line.number),
                run_logs::at.eq(line.at),
                run_logs::level.eq(&line.level),
                run_logs::text.eq(&line.text),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The lines after a number, at most `limit`.
pub fn log_after(conn: &mut Conn, id: &RunId, after: i32, limit: i64) -> QueryResult<Vec<LogLine>> {
    let rows: Vec<(i32, UtcTime, String, String)> = run_logs::table
        .filter(run_logs::run_id.eq(id))
        .filter(run_logs::number.gt(after))
        .order(run_logs::number)
        .limit(limit)
        .select((run_logs::number, run_logs::at, run_logs::level, run_logs::text))
        .load(conn)?;
    Ok(rows.into_iter().map(|(number, at, level, text)| LogLine { number, at, level, text }).collect())
}

/// How far the last whole run of a source came.
pub(super) fn sync_state(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<Option<Value>> {
    let text: Option<String> =
        sync_states::table.find(connection).select(sync_states::state).get_result(conn).optional()?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

/// Forgets how far the runs of a source came.
pub fn forget_state(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::delete(sync_states::table.find(connection)).execute(conn).map(|_| ())
}

/// Saves how far a run came.
pub(super) fn save_sync_state(conn: &mut Conn, run: &Run, state: &Value, now: UtcTime) -> QueryResult<()> {
    let text = state.to_string();
    let contents = (sync_states::run_id.eq(&run.id), sync_states::state.eq(text), sync_states::updated_at.eq(now));
    let changed = diesel::update(sync_states::table.find(&run.connection_id)).set(contents.clone()).execute(conn)?;
    if changed == 0 {
        diesel::insert_into(sync_states::table)
            .values((
                sync_states::connection_id.eq(&run.connection_id),
                sync_states::workspace_id.eq(&run.workspace_id),
                contents,
            ))
            .execute(conn)?;
    }
    Ok(())
}
