use std::collections::HashMap;

use diesel::prelude::*;

use crate::base::clock::UtcTime;
use crate::base::crypto::Sealed;
use crate::base::ids::{ConnectionId, SetupLinkId, ValidationId, WorkspaceId};
use crate::engines::Blame;
use crate::features::work::store::{Ending, Kept, Work, WorkTable, work_table};
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::db::conn::MultiBackend;
use crate::platform::db::schema::{validation_logs, validations};
use crate::platform::jobs::{LogLine, WORK_LEASE, WorkState, is_abandoned};

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
}

/// What a validation's end leaves; what a test held is erased.
#[derive(Default, AsChangeset)]
#[diesel(table_name = validations, treat_none_as_null = true)]
pub struct ValidationResult {
    pub(super) connection_version: Option<i64>,
    pub(super) sealed_found: Option<Vec<u8>>,
    pub(super) stream_count: i32,
    sealed_config: Option<Vec<u8>>,
}

impl ValidationResult {
    /// Nothing was found with this version of the values.
    pub(super) fn nothing(connection_version: Option<i64>) -> Self {
        Self { connection_version, ..Self::default() }
    }

    pub(super) fn found(connection_version: Option<i64>, sealed: &Sealed, streams: usize) -> Self {
        let stream_count = i32::try_from(streams).unwrap_or(i32::MAX);
        Self { connection_version, sealed_found: Some(sealed.as_bytes().to_vec()), stream_count, sealed_config: None }
    }
}

fn progress_changes(step: &str) -> QueryResult<diesel::dsl::Eq<validations::step, &str>> {
    Ok(validations::step.eq(step))
}

work_table!(ValidationDetails, validations, validation_logs::validation_id, ValidationId, String, ValidationResult);

pub(super) struct NewValidation<'a> {
    pub(super) id: &'a ValidationId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) connection: &'a ConnectionId,
    pub(super) setup_link: Option<&'a SetupLinkId>,
    pub(super) actor: &'a Actor,
    pub(super) sealed_config: Option<&'a [u8]>,
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
        .order((validations::created_at.desc(), validations::id.desc()))
        .limit(limit)
        .select(Validation::as_select())
        .load(conn)
}

/// The newest validation of the stored values; tests of recipients do not count.
pub fn latest(conn: &mut Conn, workspace: &WorkspaceId, connection: &ConnectionId) -> QueryResult<Option<Validation>> {
    of_connection(workspace, connection)
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
pub fn last_success(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> QueryResult<Option<Validation>> {
    of_connection(workspace, connection)
        .filter(validations::setup_link_id.is_null())
        .filter(validations::state.eq(WorkState::Success))
        .order((validations::created_at.desc(), validations::id.desc()))
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

/// How many wait in all.
pub(super) fn queued(conn: &mut Conn) -> QueryResult<i64> {
    validations::table.filter(validations::state.eq(WorkState::Queued)).count().get_result(conn)
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
    let by_state = validations::table.group_by(validations::state).order(validations::state);
    by_state.select((validations::state, diesel::dsl::count_star())).load(conn)
}
