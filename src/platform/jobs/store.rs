use diesel::prelude::*;

use super::{Job, LEASE};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::JobId;
use crate::platform::db::Conn;
use crate::platform::db::schema::jobs;
use crate::platform::tx::Tx;

/// A job a worker has claimed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) payload: String,
    pub(super) attempts: i32,
}

impl Tx<'_> {
    /// Writes a job that is due at once.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn enqueue(&mut self, job: &impl Job) -> AppResult<()> {
        Ok(insert(self.conn, &JobId::new(self.now, self.rng), job, self.now)?)
    }
}

/// Makes sure that a recurring job is in the table, once.
pub fn ensure_recurring(conn: &mut Conn, job: &impl Job, now: UtcTime) -> QueryResult<()> {
    let id = JobId::from_text(&format!("recurring-{}", job.kind()));
    let found: Option<JobId> = jobs::table.find(&id).select(jobs::id).get_result(conn).optional()?;
    if found.is_some() {
        return Ok(());
    }
    match conn.transaction(|conn| insert(conn, &id, job, now)) {
        Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        other => other,
    }
}

fn insert(conn: &mut Conn, id: &JobId, job: &impl Job, now: UtcTime) -> QueryResult<()> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(id),
            jobs::kind.eq(job.kind()),
            jobs::payload.eq(job.payload()),
            jobs::run_at.eq(now),
            jobs::attempts.eq(0),
            jobs::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The ids of jobs that are due and that no worker holds, oldest first.
pub(super) fn due(conn: &mut Conn, now: UtcTime, limit: i64) -> QueryResult<Vec<JobId>> {
    jobs::table
        .filter(jobs::failed_at.is_null())
        .filter(jobs::run_at.le(now))
        .filter(jobs::lease_until.is_null().or(jobs::lease_until.lt(now)))
        .order((jobs::run_at, jobs::id))
        .limit(limit)
        .select(jobs::id)
        .load(conn)
}

/// Takes a job for the time of a lease; `None` when another worker was faster.
pub(super) fn claim(conn: &mut Conn, id: &JobId, now: UtcTime) -> QueryResult<Option<JobRow>> {
    let free = jobs::table
        .filter(jobs::id.eq(id))
        .filter(jobs::failed_at.is_null())
        .filter(jobs::run_at.le(now))
        .filter(jobs::lease_until.is_null().or(jobs::lease_until.lt(now)));
    let taken = diesel::update(free)
        .set((jobs::lease_until.eq(now + LEASE), jobs::attempts.eq(jobs::attempts + 1)))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    jobs::table.find(id).select(JobRow::as_select()).get_result(conn).optional()
}

pub(super) fn delete(conn: &mut Conn, id: &JobId) -> QueryResult<()> {
    diesel::delete(jobs::table.find(id)).execute(conn).map(|_| ())
}

pub(super) fn postpone(conn: &mut Conn, id: &JobId, until: UtcTime, reason: Option<&str>) -> QueryResult<()> {
    diesel::update(jobs::table.find(id))
        .set((jobs::run_at.eq(until), jobs::lease_until.eq(None::<UtcTime>), jobs::last_error.eq(reason)))
        .execute(conn)
        .map(|_| ())
}

/// A job that came round starts counting its tries anew.
pub(super) fn reset(conn: &mut Conn, id: &JobId, until: UtcTime) -> QueryResult<()> {
    diesel::update(jobs::table.find(id)).set(jobs::attempts.eq(0)).execute(conn)?;
    postpone(conn, id, until, None)
}

pub(super) fn fail(conn: &mut Conn, id: &JobId, now: UtcTime, reason: &str) -> QueryResult<()> {
    diesel::update(jobs::table.find(id))
        .set((jobs::failed_at.eq(now), jobs::lease_until.eq(None::<UtcTime>), jobs::last_error.eq(reason)))
        .execute(conn)
        .map(|_| ())
}

/// Forgets up to `limit` jobs that failed for good before a moment; says how many.
pub fn forget_failed(conn: &mut Conn, moment: UtcTime, limit: i64) -> QueryResult<usize> {
    let gone: Vec<JobId> = jobs::table
        .filter(jobs::failed_at.is_not_null())
        .filter(jobs::failed_at.lt(moment))
        .order(jobs::failed_at)
        .limit(limit)
        .select(jobs::id)
        .load(conn)?;
    diesel::delete(jobs::table.filter(jobs::id.eq_any(gone.iter().map(JobId::as_str)))).execute(conn)
}
