use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, RunId, WorkspaceId};
use crate::engines::Blame;
use crate::features::work::store::{Ending, Kept, Work, WorkTable, work_table};
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::cursor::{Page, PageCursor, PageRequest};
use crate::platform::db::schema::{run_logs, runs, sync_states};
use crate::platform::jobs::{LogLine, WORK_LEASE, WorkState};

/// A run as it is stored.
pub type Run = Work<RunDetails>;

/// What only a run has.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct RunDetails {
    /// `manual` or `cron`.
    pub trigger_type: String,
    /// Where the records go, by its slug.
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

work_table!(RunDetails, runs, run_logs::run_id, RunId, StreamCounts, RunResult);

pub(super) struct NewRunRow<'a> {
    pub(super) id: &'a RunId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) connection: &'a ConnectionId,
    pub(super) trigger: &'a str,
    pub(super) actor: &'a Actor,
    pub(super) output_layer: &'a str,
    pub(super) from_start: bool,
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
    request: &PageRequest,
) -> QueryResult<Page<Run>> {
    let count: i64 = narrowed(workspace, connection).count().get_result(conn)?;
    let one_more = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
    let query = narrowed(workspace, connection).limit(one_more);
    let (query, backwards) = match &request.cursor {
        None => (query.order(runs::id.desc()), false),
        Some(PageCursor::After(id)) => (query.filter(runs::id.lt(id.clone())).order(runs::id.desc()), false),
        Some(PageCursor::Before(id)) => (query.filter(runs::id.gt(id.clone())).order(runs::id.asc()), true),
    };
    let rows: Vec<Run> = query.select(Run::as_select()).load(conn)?;
    Ok(request.edges(usize::try_from(count).unwrap_or(0), rows, backwards))
}

/// How many of a workspace wait.
pub(super) fn queued(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<i64> {
    narrowed(workspace, None).filter(runs::state.eq(WorkState::Queued)).count().get_result(conn)
}

/// How far the last whole run of a source came.
pub(super) fn sync_state(conn: &mut Conn, connection: &ConnectionId) -> QueryResult<Option<Value>> {
    let text: Option<String> =
        sync_states::table.find(connection).select(sync_states::state).get_result(conn).optional()?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| Error::DeserializationError(error.into()))
}

/// How many runs of the whole installation have each state.
pub fn count_by_state(conn: &mut Conn) -> QueryResult<Vec<(String, i64)>> {
    runs::table.group_by(runs::state).order(runs::state).select((runs::state, diesel::dsl::count_star())).load(conn)
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
