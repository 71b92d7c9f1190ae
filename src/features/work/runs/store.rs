use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fingerprint::Fingerprints;
use super::position::KeptState;
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, RunId, WorkspaceId};
use crate::features::extraction_engine::{EngineKind, LOCAL};
use crate::features::streams::Output;
use crate::features::work::store::{BEGUN_LOOKED_AT, Ending, Kept, Work, WorkTable, work_table};
use crate::platform::activity::Actor;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::counts::{self, Counted, CountedList};
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};
use crate::platform::db::schema::{run_logs, runs, sync_states};
use crate::platform::db::{Conn, ForgetScope, count_up_to};
use crate::platform::jobs::{LogLine, QueueHead, WORK_LEASE, WorkState};

/// A run as it is stored.
pub type Run = Work<RunDetails>;

/// What only a run has.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct RunDetails {
    /// `manual` or `cron`.
    pub trigger_type: String,
    /// Where the records go, as plans name it; see [`RunDetails::output`].
    pub output_layer: String,
    /// 1: it does not look at what earlier runs have read.
    pub from_start: i32,
    /// Where the records are, once it is a success.
    pub place: String,
    /// What came of each stream.
    #[diesel(deserialize_as = String)]
    pub streams: StreamCounts,
    /// Records so far.
    pub records: i64,
    /// Bytes of records so far, before they are packed.
    pub bytes: i64,
    /// Whose workers do it: `local`, or `airbyte`.
    pub engine: String,
    /// The job of the other engine.
    pub remote_job: Option<i64>,
    /// Why the other engine cannot be asked how far it is; `None` when it can.
    pub trouble: Option<String>,
    /// Since when.
    pub trouble_since: Option<UtcTime>,
}

impl RunDetails {
    /// Where the records go.
    pub fn output(&self) -> Output {
        Output::parse(&self.output_layer)
    }
}

/// What a run's end leaves.
#[derive(Default, AsChangeset)]
#[diesel(table_name = runs)]
pub struct RunResult {
    /// Where the records are; empty when none are.
    pub(super) place: String,
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

/// How far a run is, stream by stream.
#[derive(Debug, Clone, Default)]
pub struct StreamCounts(pub Vec<StreamCount>);

impl StreamCounts {
    pub(super) fn records(&self) -> i64 {
        self.0.iter().map(|stream| stream.records).sum()
    }

    fn bytes(&self) -> i64 {
        self.0.iter().map(|stream| stream.bytes).sum()
    }
}

/// Reads the column.
impl TryFrom<String> for StreamCounts {
    type Error = serde_json::Error;

    fn try_from(json: String) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&json).map(Self)
    }
}

type ProgressChanges =
    (diesel::dsl::Eq<runs::streams, String>, diesel::dsl::Eq<runs::records, i64>, diesel::dsl::Eq<runs::bytes, i64>);

fn progress_changes(counts: &StreamCounts) -> QueryResult<ProgressChanges> {
    let json = serde_json::to_string(&counts.0).map_err(|error| Error::SerializationError(error.into()))?;
    Ok((runs::streams.eq(json), runs::records.eq(counts.records()), runs::bytes.eq(counts.bytes())))
}

work_table!(RunDetails, runs, run_logs::run_id, RunId, StreamCounts, RunResult, runs::engine.eq(LOCAL));

pub(super) struct NewRunRow<'a> {
    pub(super) id: &'a RunId,
    pub(super) number: i64,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) connection: &'a ConnectionId,
    pub(super) trigger: &'a str,
    pub(super) actor: &'a Actor,
    pub(super) output: &'a Output,
    pub(super) from_start: bool,
    pub(super) engine: EngineKind,
    pub(super) now: UtcTime,
}
impl NewRunRow<'_> {
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
                runs::actor.eq(self.actor.kind()),
                runs::actor_name.eq(self.actor.name()),
                runs::output_layer.eq(self.output.to_string()),
                runs::from_start.eq(i32::from(self.from_start)),
                (
                    runs::place.eq(""),
                    runs::streams.eq("[]"),
                    runs::records.eq(0_i64),
                    runs::bytes.eq(0_i64),
                    runs::message.eq(""),
                    runs::created_at.eq(self.now),
                    runs::number.eq(self.number),
                    runs::engine.eq(self.engine.as_str()),
                    runs::poll_at.eq((self.engine == EngineKind::Airbyte).then_some(self.now)),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// A source's runs, newest first, at most `limit`.
pub fn list(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId, limit: i64) -> QueryResult<Vec<Run>> {
    narrowed(workspace, Some(connection))
        .order((runs::number.desc(), runs::id.desc()))
        .limit(limit)
        .select(Run::as_select())
        .load(conn)
}

/// The newest runs of all sources whose records go, or went, there; at most `limit`.
pub fn into_output(conn: &mut Conn, workspace: &WorkspaceId, output: &Output, limit: i64) -> QueryResult<Vec<Run>> {
    narrowed(workspace, None)
        .filter(runs::output_layer.eq(output.to_string()))
        .order(runs::number.desc())
        .limit(limit)
        .select(Run::as_select())
        .load(conn)
}

/// The runs that wait or go on and whose records go there.
pub fn going_into(conn: &mut Conn, workspace: &WorkspaceId, output: &Output) -> QueryResult<Vec<Run>> {
    narrowed(workspace, None)
        .filter(runs::output_layer.eq(output.to_string()))
        .filter(runs::ended_at.is_null())
        .order(runs::number)
        .select(Run::as_select())
        .load(conn)
}

/// A run and those of the same source before it, newest first, at most `limit`.
pub(super) fn list_up_to(conn: &mut Conn, run: &Run, limit: i64) -> QueryResult<Vec<Run>> {
    narrowed(&run.workspace_id, Some(&run.connection_id))
        .filter(runs::number.le(run.number))
        .order((runs::number.desc(), runs::id.desc()))
        .limit(limit)
        .select(Run::as_select())
        .load(conn)
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
    request: &PageRequest,
) -> QueryResult<Page<Run>> {
    let count = match connection {
        Some(_) => {
            let found: i64 = narrowed(workspace, connection).count().get_result(conn)?;
            usize::try_from(found).unwrap_or(0)
        }
        None => counts::counted(conn, workspace, CountedList::Runs, &Counted::default())?,
    };
    let one_more = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, connection).limit(one_more);
    let (query, backwards) = match &request.cursor {
        None => (query.order(runs::number.desc()), false),
        Some(PageCursor::After(at)) => (query.filter(runs::number.lt(edge(at))).order(runs::number.desc()), false),
        Some(PageCursor::Before(at)) => (query.filter(runs::number.gt(edge(at))).order(runs::number.asc()), true),
    };
    let rows: Vec<Run> = query.select(Run::as_select()).load(conn)?;
    Ok(request.edges(count, rows, backwards))
}

/// The number a cursor names. An older version named rows by their id; such a cursor leads to the end of the list.
fn edge(cursor: &str) -> i64 {
    cursor.parse().unwrap_or_default()
}

/// How many of a workspace wait.
pub(super) fn queued(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<i64> {
    narrowed(workspace, None).filter(runs::state.eq(WorkState::Queued)).count().get_result(conn)
}

/// How far the last whole run of a source came.
pub(super) fn kept_state(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<Option<KeptState>> {
    let row: Option<(String, Option<String>, String)> = sync_states::table
        .find(connection)
        .select((sync_states::state, sync_states::fingerprints, sync_states::run_id))
        .get_result(conn)
        .optional()?;
    let Some((state, fingerprints, run)) = row else { return Ok(None) };
    let unreadable = |error: serde_json::Error| Error::DeserializationError(error.into());
    let state: Value = serde_json::from_str(&state).map_err(unreadable)?;
    let fingerprints: Option<Fingerprints> =
        fingerprints.map(|text| serde_json::from_str(&text)).transpose().map_err(unreadable)?;
    Ok(Some(KeptState { state, fingerprints, run }))
}

/// How many runs of the whole installation have each state.
pub fn count_by_state(conn: &mut Conn) -> QueryResult<Vec<(String, i64)>> {
    counts::by_state(conn, CountedList::Runs)
}

/// Forgets how far the runs of a source came.
pub fn forget_state(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<()> {
    diesel::delete(sync_states::table.find(connection)).execute(conn).map(|_| ())
}

/// Saves how far a run came.
pub(super) fn save_sync_state(
    conn: &mut Conn,
    run: &Run,
    state: &Value,
    fingerprints: &Fingerprints,
    now: UtcTime,
) -> QueryResult<()> {
    let of = serde_json::to_string(fingerprints).map_err(|error| Error::SerializationError(error.into()))?;
    let contents = (
        sync_states::run_id.eq(&run.id),
        sync_states::state.eq(state.to_string()),
        sync_states::fingerprints.eq(of),
        sync_states::updated_at.eq(now),
    );
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

diesel::alias!(runs as newer_runs: NewerRuns);

/// A run that is to be forgotten, and where its records lie.
#[derive(Debug, Clone, Queryable)]
pub struct OldRun {
    /// The run.
    pub id: RunId,
    /// The output layer its records went to.
    pub output_layer: String,
    /// Where its records are; empty when none are.
    pub place: String,
}

/// Up to `limit` runs that are to be forgotten. Of those of a moment, a source's newest run stays, and the one whose position the next
/// run begins at.
pub fn forgettable(conn: &mut Conn, scope: &ForgetScope, limit: i64) -> QueryResult<Vec<OldRun>> {
    let query = runs::table
        .filter(runs::workspace_id.eq(scope.workspace()))
        .filter(runs::ended_at.is_not_null())
        .order(runs::id)
        .limit(limit)
        .select((runs::id, runs::output_layer, runs::place))
        .into_boxed();
    let query = match scope {
        ForgetScope::Before { moment, .. } => {
            let newer = newer_runs
                .filter(newer_runs.field(runs::connection_id).eq(runs::connection_id))
                .filter(newer_runs.field(runs::workspace_id).eq(runs::workspace_id))
                .filter(newer_runs.field(runs::number).gt(runs::number))
                .select(newer_runs.field(runs::id));
            let positions = sync_states::table.filter(sync_states::run_id.eq(runs::id)).select(sync_states::run_id);
            query
                .filter(runs::created_at.lt(*moment))
                .filter(diesel::dsl::exists(newer))
                .filter(diesel::dsl::not(diesel::dsl::exists(positions)))
        }
        ForgetScope::OfConnection { connection, .. } => query.filter(runs::connection_id.eq(connection)),
    };
    query.load(conn)
}

/// Forgets runs with their logs; says how many.
pub fn forget(conn: &mut Conn, old: &[OldRun]) -> QueryResult<usize> {
    let ids = || old.iter().map(|run| run.id.as_str());
    diesel::delete(run_logs::table.filter(run_logs::run_id.eq_any(ids()))).execute(conn)?;
    diesel::delete(runs::table.filter(runs::id.eq_any(ids())).filter(runs::ended_at.is_not_null())).execute(conn)
}

/// A line of a log, by its run and its number.
pub type LogLineKey = (RunId, i32);
/// Up to `limit` lines of logs of runs that ended before a moment.
pub fn forgettable_logs(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    moment: UtcTime,
    limit: i64,
) -> QueryResult<Vec<LogLineKey>> {
    run_logs::table
        .inner_join(runs::table.on(runs::id.eq(run_logs::run_id)))
        .filter(runs::workspace_id.eq(workspace))
        .filter(runs::created_at.lt(moment))
        .filter(runs::ended_at.lt(moment))
        .order(runs::id)
        .limit(limit)
        .select((run_logs::run_id, run_logs::number))
        .load(conn)
}

/// Forgets lines of logs; says how many.
pub fn forget_logs(conn: &mut Conn, lines: &[LogLineKey]) -> QueryResult<usize> {
    let mut gone = 0;
    for (run, number) in lines {
        gone += diesel::delete(run_logs::table.find((run, number))).execute(conn)?;
    }
    Ok(gone)
}

count_up_to!(
    /// How many runs a workspace has, at most so many.
    count_up_to, runs
);
