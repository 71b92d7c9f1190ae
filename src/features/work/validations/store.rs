use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{ConnectionId, SetupLinkId, ValidationId, WorkspaceId};
use crate::engines::Turn;
use crate::features::work::store::{BEGUN_LOOKED_AT, Ending, Kept, Work, WorkTable, work_table};
use crate::platform::activity::Actor;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::counts::{self, CountedList};
use crate::platform::db::schema::{validation_logs, validations};
use crate::platform::db::{Conn, ForgetScope, count_up_to, of_workspace};
use crate::platform::jobs::{LogLine, QueueHead, WORK_LEASE, WorkState};

/// A validation as it is stored.
pub type Validation = Work<ValidationDetails>;

/// What only a validation has.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = validations)]
pub struct ValidationDetails {
    /// The link it was started from, when a recipient tests what they typed.
    pub setup_link_id: Option<SetupLinkId>,
    /// Which version of the connection's values it checked; `None` for a test, and while it waits.
    pub connection_version: Option<i64>,
    /// What a test that is not over checks, sealed.
    pub(super) sealed_config: Option<Vec<u8>>,
    /// The streams it found, packed and sealed.
    pub(super) sealed_found: Option<Vec<u8>>,
    /// How many streams it found.
    pub stream_count: i32,
    /// What it is doing, for people.
    pub step: String,
    /// When the source was really asked for the streams; `None` of what an older version has found.
    pub found_at: Option<UtcTime>,
    /// Stands for what they were found with; see `kept`.
    pub(super) found_mark: Option<String>,
    /// 1: the source is asked for them, whatever is kept.
    pub(super) anew: i32,
}

/// What a validation's end leaves; what a test held is erased.
#[derive(Default, AsChangeset)]
#[diesel(table_name = validations, treat_none_as_null = true)]
pub struct ValidationResult {
    pub(super) connection_version: Option<i64>,
    pub(super) sealed_found: Option<Vec<u8>>,
    pub(super) stream_count: i32,
    pub(super) found_at: Option<UtcTime>,
    pub(super) found_mark: Option<String>,
    sealed_config: Option<Vec<u8>>,
}

impl ValidationResult {
    /// Nothing was found with this version of the values.
    pub(super) fn nothing(connection_version: Option<i64>) -> Self {
        Self { connection_version, ..Self::default() }
    }

    pub(super) fn found(connection_version: Option<i64>, sealed: &Sealed, streams: usize) -> Self {
        let stream_count = i32::try_from(streams).unwrap_or(i32::MAX);
        Self { connection_version, sealed_found: Some(sealed.as_bytes().to_vec()), stream_count, ..Self::default() }
    }

    /// The same, with when it was found and a mark of what it was found with.
    pub(super) fn kept_as(self, found_at: Option<UtcTime>, found_mark: Option<String>) -> Self {
        Self { found_at, found_mark, ..self }
    }
}

fn progress_changes(step: &str) -> QueryResult<diesel::dsl::Eq<validations::step, &str>> {
    Ok(validations::step.eq(step))
}

work_table!(ValidationDetails, validations, validation_logs::validation_id, ValidationId, String, ValidationResult);

/// How a validation comes to the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindStreams {
    /// Those that are kept, when nothing has changed since they were found.
    Kept,
    /// The source is asked.
    Anew,
}

pub(super) struct NewValidation<'a> {
    pub(super) id: &'a ValidationId,
    pub(super) number: i64,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) connection: &'a ConnectionId,
    pub(super) setup_link: Option<&'a SetupLinkId>,
    pub(super) actor: &'a Actor,
    pub(super) sealed_config: Option<&'a [u8]>,
    pub(super) streams: FindStreams,
    pub(super) now: UtcTime,
}

impl NewValidation<'_> {
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<()> {
        diesel::insert_into(validations::table)
            .values((
                validations::id.eq(self.id),
                validations::workspace_id.eq(self.workspace),
                validations::connection_id.eq(self.connection),
                validations::setup_link_id.eq(self.setup_link),
                validations::state.eq(WorkState::Queued),
                validations::actor.eq(self.actor.kind()),
                validations::actor_name.eq(self.actor.name()),
                validations::sealed_config.eq(self.sealed_config),
                (
                    validations::stream_count.eq(0),
                    validations::message.eq(""),
                    validations::step.eq("Waiting for its turn"),
                    validations::created_at.eq(self.now),
                    validations::number.eq(self.number),
                    validations::anew.eq(i32::from(self.streams == FindStreams::Anew)),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

fn of_connection<'a>(
    workspace: &'a WorkspaceId,
    connection: &'a ConnectionId,
) -> validations::BoxedQuery<'a, MultiBackend> {
    let all = validations::table.filter(validations::workspace_id.eq(workspace));
    all.filter(validations::connection_id.eq(connection)).into_boxed()
}

/// A connection's validations, newest first, at most `limit`; tests of recipients are among them.
pub fn list(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    limit: i64,
) -> QueryResult<Vec<Validation>> {
    of_connection(workspace, connection)
        .order((validations::number.desc(), validations::id.desc()))
        .limit(limit)
        .select(Validation::as_select())
        .load(conn)
}

/// The newest validation of the stored values; tests of recipients do not count.
pub fn latest(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Option<Validation>> {
    of_connection(workspace, connection)
        .filter(validations::setup_link_id.is_null())
        .order((validations::number.desc(), validations::id.desc()))
        .select(Validation::as_select())
        .first(conn)
        .optional()
}

/// What lists know of a validation.
#[derive(Debug, Clone, Copy)]
pub struct Newest {
    /// How far it is.
    pub state: WorkState,
    /// Which version of the values it checked.
    pub version: Option<i64>,
    /// The other side said no to the values themselves.
    pub says_no: bool,
}

impl Newest {
    pub(super) fn of(validation: &Validation) -> Self {
        let says_no = validation.failure().is_some_and(|failure| failure.turn == Turn::Giver);
        Self { state: validation.state, version: validation.details.connection_version, says_no }
    }
}

/// A row of [`newest_of`].
#[derive(Queryable)]
struct NewestRow {
    connection: ConnectionId,
    state: WorkState,
    version: Option<i64>,
    turn: Option<Turn>,
    kind: Option<String>,
}

/// The newest validations of the stored values of many connections; those without one are absent.
pub fn newest_of(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connections: &[ConnectionId],
) -> QueryResult<HashMap<ConnectionId, Newest>> {
    let own = || {
        validations::table
            .filter(of_workspace!(validations, workspace))
            .filter(validations::connection_id.eq_any(connections.iter().map(ConnectionId::as_str)))
            .filter(validations::setup_link_id.is_null())
    };
    let newest: Vec<Option<i64>> =
        own().group_by(validations::connection_id).select(diesel::dsl::max(validations::number)).load(conn)?;
    let rows: Vec<NewestRow> = own()
        .filter(validations::number.eq_any(newest.into_iter().flatten()))
        .select((
            validations::connection_id,
            validations::state,
            validations::connection_version,
            validations::turn,
            validations::blame,
        ))
        .load(conn)?;
    let newest = rows.into_iter().map(|NewestRow { connection, state, version, turn, kind }| {
        let turn = turn.unwrap_or_else(|| Turn::of_kind(kind.as_deref().unwrap_or_default()));
        let says_no = state == WorkState::Failed && turn == Turn::Giver;
        (connection, Newest { state, version, says_no })
    });
    Ok(newest.collect())
}

/// The newest success, of whatever values.
pub fn last_success(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> QueryResult<Option<Validation>> {
    of_connection(workspace, connection)
        .filter(validations::setup_link_id.is_null())
        .filter(validations::state.eq(WorkState::Success))
        .order((validations::number.desc(), validations::id.desc()))
        .select(Validation::as_select())
        .first(conn)
        .optional()
}

/// The success that speaks of this very version of the values.
pub fn current_success(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    version: i64,
) -> QueryResult<Option<Validation>> {
    Ok(last_success(conn, workspace, connection)?.filter(|found| found.details.connection_version == Some(version)))
}

/// Says that a success speaks of the next version, too: the values are the same ones.
pub fn carry_over(conn: &mut Conn, success: &Validation, version: i64) -> QueryResult<()> {
    let row = validations::table.find(&success.id);
    diesel::update(row).set(validations::connection_version.eq(version)).execute(conn).map(|_| ())
}

/// How many of a workspace wait.
pub(super) fn queued(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<i64> {
    let own = validations::table.filter(validations::workspace_id.eq(workspace));
    own.filter(validations::state.eq(WorkState::Queued)).count().get_result(conn)
}

/// Those of a connection that wait or run: the owner's, or those of one link.
pub(super) fn going(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
    link: Option<&SetupLinkId>,
) -> QueryResult<Vec<Validation>> {
    let all = all_going(conn, workspace, connection)?;
    Ok(all.into_iter().filter(|one| one.details.setup_link_id.as_ref() == link).collect())
}

/// Everything of a connection that waits or runs.
pub(super) fn all_going(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> QueryResult<Vec<Validation>> {
    of_connection(workspace, connection)
        .filter(validations::ended_at.is_null())
        .select(Validation::as_select())
        .load(conn)
}

/// How many validations of the whole installation have each state.
pub fn count_by_state(conn: &mut Conn) -> QueryResult<Vec<(String, i64)>> {
    counts::by_state(conn, CountedList::Validations)
}

diesel::alias!(validations as newer_validations: NewerValidations);

/// Up to `limit` validations that are to be forgotten. Of those of a moment, a connection's newest validation stays, and its newest
/// success with the streams it found.
pub fn forgettable(conn: &mut Conn, scope: &ForgetScope, limit: i64) -> QueryResult<Vec<ValidationId>> {
    let query = validations::table
        .filter(validations::workspace_id.eq(scope.workspace()))
        .filter(validations::ended_at.is_not_null())
        .order(validations::id)
        .limit(limit)
        .select(validations::id)
        .into_boxed();
    let query = match scope {
        ForgetScope::Before { moment, .. } => {
            let newer = || {
                newer_validations
                    .filter(newer_validations.field(validations::connection_id).eq(validations::connection_id))
                    .filter(newer_validations.field(validations::workspace_id).eq(validations::workspace_id))
                    .filter(newer_validations.field(validations::number).gt(validations::number))
                    .filter(newer_validations.field(validations::setup_link_id).is_null())
            };
            let success = WorkState::Success.as_str();
            // Not as "is a success": SQLite without statistics would walk along all successes of the workspace, for every row.
            let others =
                WorkState::ALL.iter().filter(|state| **state != WorkState::Success).map(|state| state.as_str());
            let succeeded = newer()
                .filter(newer_validations.field(validations::state).ne_all(others))
                .select(newer_validations.field(validations::id));
            let other = newer().select(newer_validations.field(validations::id));
            let outdone = validations::setup_link_id
                .is_not_null()
                .or(diesel::dsl::exists(succeeded))
                .or(validations::state.ne(success).and(diesel::dsl::exists(other)));
            query.filter(validations::created_at.lt(*moment)).filter(outdone)
        }
        ForgetScope::OfConnection { connection, .. } => query.filter(validations::connection_id.eq(connection)),
    };
    query.load(conn)
}

/// Forgets validations with their logs; says how many.
pub fn forget(conn: &mut Conn, _: &ForgetScope, gone: &[ValidationId]) -> QueryResult<usize> {
    let ids = || gone.iter().map(ValidationId::as_str);
    diesel::delete(validation_logs::table.filter(validation_logs::validation_id.eq_any(ids()))).execute(conn)?;
    diesel::delete(validations::table.filter(validations::id.eq_any(ids()))).execute(conn)
}

count_up_to!(
    /// How many validations a workspace has, at most so many.
    count_up_to, validations
);

/// Those of these links that recipients tested something with.
pub fn links_tried_with(conn: &mut Conn, links: &[SetupLinkId]) -> QueryResult<HashSet<SetupLinkId>> {
    let tried: Vec<Option<SetupLinkId>> = validations::table
        .filter(validations::setup_link_id.eq_any(links.iter().map(SetupLinkId::as_str)))
        .select(validations::setup_link_id)
        .distinct()
        .load(conn)?;
    Ok(tried.into_iter().flatten().collect())
}
