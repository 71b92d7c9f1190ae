//! The rows of both kinds of work. Each kind has tables of its own with the same columns for what all work has; [`work_table`] writes the
//! moves over them.

use std::borrow::Cow;

use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::engines::{Failure, FailureReason, Turn};
use crate::platform::db::Conn;
use crate::platform::jobs::{INTERRUPTED, LogLine, QueueHead, WorkState};

/// So many of those that began last are looked at to see who was served.
pub(super) const BEGUN_LOOKED_AT: i64 = 500;

/// A piece of work as it is stored.
#[derive(Debug, Clone, Queryable)]
pub struct Work<K: WorkTable> {
    /// Its id.
    pub id: K::Id,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The connection it works with.
    pub connection_id: ConnectionId,
    /// Grows in the order in which work of this kind was asked for, whatever the clock said.
    pub number: i64,
    /// How far it is.
    pub state: WorkState,
    /// Who started it, possibly empty.
    pub actor_name: String,
    /// Why it failed, for programs.
    pub reason: Option<String>,
    /// Its kind then: `config_error`, `transient_error`, `system_error`.
    pub kind: Option<String>,
    /// Whose turn it is then; `None` of what an older version has ended.
    pub turn: Option<Turn>,
    /// What came of it, for people.
    pub message: String,
    /// Counted on by its worker while that lives.
    pub beat: i64,
    /// When it was asked for.
    pub created_at: UtcTime,
    /// When a worker took it.
    pub started_at: Option<UtcTime>,
    /// When it was over.
    pub ended_at: Option<UtcTime>,
    /// What only its kind has.
    pub details: K,
}

impl<K: WorkTable> Work<K> {
    /// The one of that id.
    ///
    /// # Errors
    /// The database refuses.
    pub fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &K::Id) -> QueryResult<Option<Self>> {
        K::find(conn, workspace, id)
    }

    /// Why it failed; `None` when it did not. What an older version has written for which there is no word any more counts as refused.
    pub fn failure(&self) -> Option<Failure> {
        if self.state != WorkState::Failed {
            return None;
        }
        let reason = self.reason.as_deref().and_then(FailureReason::parse).unwrap_or(FailureReason::Refused);
        let turn = self.turn.unwrap_or_else(|| Turn::of_kind(self.kind.as_deref().unwrap_or_default()));
        Some(Failure::new(reason, self.message.clone()).on(turn))
    }

    /// The lines of a log after a number, at most `limit`.
    ///
    /// # Errors
    /// The database refuses.
    pub fn log_after(conn: &mut Conn, id: &K::Id, after: i32, limit: i64) -> QueryResult<Vec<LogLine>> {
        K::log_after(conn, id, after, limit)
    }
}

/// What a beat of a worker has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It goes on.
    Ours,
    /// It is still the worker's, and somebody asked to stop it.
    AskedToStop,
    /// Somebody else has ended it.
    Lost,
}

/// What is stored of a failure beside its message.
#[derive(Debug, Clone, Copy)]
pub struct EndFailure {
    pub(super) reason: FailureReason,
    pub(super) turn: Turn,
    pub(super) kind: &'static str,
}

/// How a piece of work ended.
pub struct Ending<K: WorkTable> {
    pub(super) state: WorkState,
    /// Why it failed.
    pub(super) failure: Option<EndFailure>,
    /// What came of it, for people.
    pub(super) message: Cow<'static, str>,
    /// What only this kind of work leaves.
    pub(super) result: K::Result,
}

impl<K: WorkTable> Ending<K> {
    pub(super) fn success(message: impl Into<Cow<'static, str>>, result: K::Result) -> Self {
        Self { state: WorkState::Success, failure: None, message: message.into(), result }
    }

    /// Some of it could not be done.
    pub(super) fn partial(message: impl Into<Cow<'static, str>>, result: K::Result) -> Self {
        Self { state: WorkState::Partial, ..Self::success(message, result) }
    }

    pub(super) fn cancelled(message: &'static str) -> Self {
        let (state, result) = (WorkState::Cancelled, K::Result::default());
        Self { state, failure: None, message: message.into(), result }
    }

    /// What a connector's failure means: somebody stopped it, or it failed.
    pub(super) fn of_failure(failure: Failure) -> Self {
        if failure.is_stop() {
            return Self::cancelled("Stopped as asked.");
        }
        let stored = EndFailure { reason: failure.reason, turn: failure.turn, kind: failure.kind() };
        let (message, result) = (failure.message.into(), K::Result::default());
        Self { state: WorkState::Failed, failure: Some(stored), message, result }
    }

    /// Its worker has died.
    pub(super) fn interrupted() -> Self {
        Self::of_failure(Failure::new(FailureReason::Interrupted, INTERRUPTED))
    }
}

/// The rows of one kind of work; the type itself holds the columns that only this kind has.
pub trait WorkTable: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// The name of a row.
    type Id: std::fmt::Debug + std::fmt::Display + Clone + PartialEq + Send + Sync + 'static;
    /// How far one is, as every beat of its worker saves it.
    type Progress: Clone + Send + Sync + 'static;
    /// What an end leaves in columns that only this kind has.
    type Result: Default + Send + 'static;

    /// An id somebody named.
    fn id(text: &str) -> Self::Id;
    /// The one of that id.
    fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &Self::Id) -> QueryResult<Option<Work<Self>>>;
    /// What each workspace has waited for longest, of what workers of this installation do. Of those an older version has queued without a number there may be several.
    fn heads(conn: &mut Conn) -> QueryResult<Vec<QueueHead<Self::Id>>>;
    /// Takes one that waits; `None` when another worker was faster.
    fn claim(conn: &mut Conn, id: &Self::Id, now: UtcTime) -> QueryResult<Option<Work<Self>>>;
    /// Says that the worker lives and how far it is.
    fn keep(conn: &mut Conn, id: &Self::Id, progress: &Self::Progress, now: UtcTime) -> QueryResult<Kept>;
    /// Ends one that is not over; `false` when it was over already.
    fn end(conn: &mut Conn, id: &Self::Id, ending: &Ending<Self>, now: UtcTime) -> QueryResult<bool>;
    /// Ends one whose worker was lost after this beat; `false` when it has counted on since, or the work is over.
    fn end_lost(conn: &mut Conn, lost: &Work<Self>, ending: &Ending<Self>, now: UtcTime) -> QueryResult<bool>;
    /// Asks a running one to stop.
    fn ask_to_stop(conn: &mut Conn, id: &Self::Id, now: UtcTime) -> QueryResult<()>;
    /// All that a worker of this installation has.
    fn in_progress(conn: &mut Conn) -> QueryResult<Vec<Work<Self>>>;
    /// Adds lines to a log.
    fn append(conn: &mut Conn, id: &Self::Id, lines: &[LogLine]) -> QueryResult<()>;
    /// The lines after a number, at most `limit`.
    fn log_after(conn: &mut Conn, id: &Self::Id, after: i32, limit: i64) -> QueryResult<Vec<LogLine>>;
}

/// Writes [`WorkTable`] over a table, the table of its log and the column there that names the work. The kind gives
/// `progress_changes(&Progress)`; its `Result` is a changeset. A last expression says which rows workers of this installation work at, when
/// that is not all of them.
macro_rules! work_table {
    ($kind:ident, $table:ident, $logs:ident :: $owner:ident, $id:ty, $progress:ty, $result:ty $(, $ours:expr)?) => {
        impl Selectable<MultiBackend> for Work<$kind> {
            type SelectExpression = (
                $table::id,
                $table::workspace_id,
                $table::connection_id,
                $table::number,
                $table::state,
                $table::actor_name,
                $table::reason,
                $table::blame,
                $table::turn,
                $table::message,
                $table::beat,
                $table::created_at,
                $table::started_at,
                $table::ended_at,
                <$kind as Selectable<MultiBackend>>::SelectExpression,
            );

            fn construct_selection() -> Self::SelectExpression {
                (
                    $table::id,
                    $table::workspace_id,
                    $table::connection_id,
                    $table::number,
                    $table::state,
                    $table::actor_name,
                    $table::reason,
                    $table::blame,
                    $table::turn,
                    $table::message,
                    $table::beat,
                    $table::created_at,
                    $table::started_at,
                    $table::ended_at,
                    <$kind as Selectable<MultiBackend>>::construct_selection(),
                )
            }
        }

        impl WorkTable for $kind {
            type Id = $id;
            type Progress = $progress;
            type Result = $result;

            fn id(text: &str) -> $id {
                <$id>::from_text(text)
            }

            fn find(conn: &mut Conn, workspace: &WorkspaceId, id: &$id) -> QueryResult<Option<Work<Self>>> {
                $table::table
                    .filter($table::workspace_id.eq(workspace))
                    .filter($table::id.eq(id))
                    .select(Work::<Self>::as_select())
                    .get_result(conn)
                    .optional()
            }

            fn heads(conn: &mut Conn) -> QueryResult<Vec<QueueHead<$id>>> {
                let lowest: Vec<Option<i64>> = $table::table
                    .filter($table::state.eq(WorkState::Queued))
                    $(.filter($ours))?
                    .group_by($table::workspace_id)
                    .select(diesel::dsl::min($table::number))
                    .load(conn)?;
                let waiting: Vec<(WorkspaceId, $id, i64, UtcTime)> = $table::table
                    .filter($table::state.eq(WorkState::Queued))
                    $(.filter($ours))?
                    .filter($table::number.eq_any(lowest.into_iter().flatten()))
                    .select(($table::workspace_id, $table::id, $table::number, $table::created_at))
                    .load(conn)?;
                let Some(oldest) = waiting.iter().map(|one| one.3).min() else { return Ok(Vec::new()) };
                let going: Vec<(WorkspaceId, i64)> = $table::table
                    .filter($table::state.eq(WorkState::InProgress))
                    $(.filter($ours))?
                    .group_by($table::workspace_id)
                    .select(($table::workspace_id, diesel::dsl::count_star()))
                    .load(conn)?;
                let begun: Vec<(WorkspaceId, Option<UtcTime>)> = $table::table
                    .filter($table::started_at.ge(oldest))
                    .order($table::started_at.desc())
                    .limit(BEGUN_LOOKED_AT)
                    .select(($table::workspace_id, $table::started_at))
                    .load(conn)?;
                let mut heads = Vec::new();
                for (workspace, id, number, since) in waiting {
                    let of_it = going.iter().find(|one| one.0 == workspace);
                    let going = of_it.and_then(|one| usize::try_from(one.1).ok()).unwrap_or_default();
                    let served = begun.iter().filter(|one| one.0 == workspace && one.1 >= Some(since)).count();
                    heads.push(QueueHead { workspace, id, number, going, served });
                }
                Ok(heads)
            }

            fn claim(conn: &mut Conn, id: &$id, now: UtcTime) -> QueryResult<Option<Work<Self>>> {
                let waiting = $table::table.find(id).filter($table::state.eq(WorkState::Queued));
                let lease = ($table::beat.eq($table::beat + 1_i64), $table::lease_until.eq(now + WORK_LEASE));
                let claim = ($table::state.eq(WorkState::InProgress), lease, $table::started_at.eq(now));
                if diesel::update(waiting).set(claim).execute(conn)? == 0 {
                    return Ok(None);
                }
                $table::table.find(id).select(Work::<Self>::as_select()).get_result(conn).optional()
            }

            fn keep(conn: &mut Conn, id: &$id, progress: &$progress, now: UtcTime) -> QueryResult<Kept> {
                let ours = $table::table.find(id).filter($table::state.eq(WorkState::InProgress));
                let lease = ($table::beat.eq($table::beat + 1_i64), $table::lease_until.eq(now + WORK_LEASE));
                let changes = (lease, progress_changes(progress)?);
                if diesel::update(ours).set(changes).execute(conn)? == 0 {
                    return Ok(Kept::Lost);
                }
                let cancel_at: Option<UtcTime> = $table::table.find(id).select($table::cancel_at).get_result(conn)?;
                Ok(if cancel_at.is_some() { Kept::AskedToStop } else { Kept::Ours })
            }

            fn end(conn: &mut Conn, id: &$id, ending: &Ending<Self>, now: UtcTime) -> QueryResult<bool> {
                let going = $table::table.find(id).filter($table::ended_at.is_null());
                let changes = (
                    $table::state.eq(ending.state),
                    $table::reason.eq(ending.failure.map(|failure| failure.reason.as_str())),
                    $table::blame.eq(ending.failure.map(|failure| failure.kind)),
                    $table::turn.eq(ending.failure.map(|failure| failure.turn)),
                    $table::message.eq(&*ending.message),
                    $table::lease_until.eq(None::<UtcTime>),
                    $table::ended_at.eq(now),
                    &ending.result,
                );
                Ok(diesel::update(going).set(changes).execute(conn)? == 1)
            }

            fn end_lost(conn: &mut Conn, lost: &Work<Self>, ending: &Ending<Self>, now: UtcTime) -> QueryResult<bool> {
                let same = $table::table
                    .find(&lost.id)
                    .filter($table::state.eq(WorkState::InProgress))
                    .filter($table::beat.eq(lost.beat));
                // From here to the end of the transaction the row is ours.
                if diesel::update(same).set($table::beat.eq(lost.beat)).execute(conn)? == 0 {
                    return Ok(false);
                }
                Self::end(conn, &lost.id, ending, now)
            }

            fn ask_to_stop(conn: &mut Conn, id: &$id, now: UtcTime) -> QueryResult<()> {
                let going = $table::table.find(id).filter($table::ended_at.is_null());
                diesel::update(going).set($table::cancel_at.eq(now)).execute(conn).map(|_| ())
            }

            fn in_progress(conn: &mut Conn) -> QueryResult<Vec<Work<Self>>> {
                $table::table
                    .filter($table::state.eq(WorkState::InProgress))
                    $(.filter($ours))?
                    .select(Work::<Self>::as_select())
                    .load(conn)
            }

            fn append(conn: &mut Conn, id: &$id, lines: &[LogLine]) -> QueryResult<()> {
                for line in lines {
                    diesel::insert_into($logs::table)
                        .values((
                            $logs::$owner.eq(id),
                            $logs::number.eq(line.number),
                            $logs::at.eq(line.at),
                            $logs::level.eq(&line.level),
                            $logs::text.eq(&line.text),
                        ))
                        .execute(conn)?;
                }
                Ok(())
            }

            fn log_after(conn: &mut Conn, id: &$id, after: i32, limit: i64) -> QueryResult<Vec<LogLine>> {
                let rows: Vec<(i32, UtcTime, String, String)> = $logs::table
                    .filter($logs::$owner.eq(id))
                    .filter($logs::number.gt(after))
                    .order($logs::number)
                    .limit(limit)
                    .select(($logs::number, $logs::at, $logs::level, $logs::text))
                    .load(conn)?;
                Ok(rows.into_iter().map(|(number, at, level, text)| LogLine { number, at, level, text }).collect())
            }
        }
    };
}
pub(super) use work_table;
