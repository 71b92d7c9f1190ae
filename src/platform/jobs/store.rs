use diesel::prelude::*;

use super::{Job, JobSubject, LEASE, Lane};
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{JobId, WorkspaceId};
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
    /// Until when it is ours by the clock of its claim; together with the number of the try it says which claim this is.
    pub(super) lease_until: Option<UtcTime>,
    /// Which receiver the mail is for, once that is settled.
    pub(super) receiver: Option<String>,
    /// How many receivers were settled on together.
    pub(super) receiver_count: Option<i32>,
    /// How often a mail server heard the mail and we never learned what became of it.
    pub(super) handed_over: i32,
}

impl JobRow {
    /// Tells this claim from every other, also of the same job.
    pub(super) fn claim_name(&self) -> String {
        format!("{} {} {:?}", self.id, self.attempts, self.lease_until)
    }
}

impl Tx<'_> {
    /// Writes a job that is due at once.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn enqueue<J: Job>(&mut self, job: &J) -> AppResult<()> {
        Ok(insert(self.conn, &JobId::new(self.now, self.rng), job, self.now)?)
    }
}

/// Makes sure that a recurring job is in the table, once.
pub fn ensure_recurring<J: Job>(conn: &mut Conn, job: &J, now: UtcTime) -> QueryResult<()> {
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

fn insert<J: Job>(conn: &mut Conn, id: &JobId, job: &J, now: UtcTime) -> QueryResult<()> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(id),
            jobs::kind.eq(job.kind()),
            jobs::payload.eq(job.payload()),
            jobs::lane.eq(J::LANE),
            jobs::run_at.eq(now),
            jobs::decided_at.eq(now),
            jobs::attempts.eq(0),
            jobs::created_at.eq(now),
        ))
        .execute(conn)
        .map(|_| ())
}

/// The ids of jobs of a lane that are due and that no worker holds; oldest first.
pub(super) fn due(conn: &mut Conn, lane: Lane, limit: usize, now: UtcTime) -> QueryResult<Vec<JobId>> {
    jobs::table
        .filter(jobs::failed_at.is_null())
        .filter(jobs::lane.eq(lane))
        .filter(jobs::run_at.le(now))
        .filter(jobs::lease_until.is_null())
        .order((jobs::run_at, jobs::id))
        .limit(i64::try_from(limit).unwrap_or(1))
        .select(jobs::id)
        .load(conn)
}

/// How far a row may lie ahead of our clock before it is taken for one that another clock wrote.
const AHEAD: time::Duration = time::Duration::MINUTE;

/// The clock went back: what was put off by a moment that has not come yet is due now.
pub(super) fn pull_in(conn: &mut Conn, now: UtcTime) -> QueryResult<()> {
    let waiting = jobs::table.filter(jobs::failed_at.is_null()).filter(jobs::decided_at.gt(now + AHEAD));
    diesel::update(waiting).set((jobs::run_at.eq(now), jobs::decided_at.eq(now))).execute(conn).map(|_| ())
}

/// The jobs of a lane that workers hold.
pub(super) fn held(conn: &mut Conn, lane: Lane) -> QueryResult<Vec<JobRow>> {
    jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::lease_until.is_not_null())
        .select(JobRow::as_select())
        .load(conn)
}

/// Takes a job for the time of a lease; `None` when another worker was faster.
pub(super) fn claim(conn: &mut Conn, id: &JobId, now: UtcTime) -> QueryResult<Option<JobRow>> {
    let free = jobs::table
        .filter(jobs::id.eq(id))
        .filter(jobs::failed_at.is_null())
        .filter(jobs::run_at.le(now))
        .filter(jobs::lease_until.is_null());
    let taken = diesel::update(free)
        .set((jobs::lease_until.eq(now + LEASE), jobs::attempts.eq(jobs::attempts + 1)))
        .execute(conn)?;
    if taken == 0 {
        return Ok(None);
    }
    jobs::table.find(id).select(JobRow::as_select()).get_result(conn).optional()
}

/// A job as long as it is held by the claim that gave this row.
macro_rules! held_by {
    ($row:expr) => {
        jobs::table
            .filter(jobs::id.eq(&$row.id))
            .filter(jobs::attempts.eq($row.attempts))
            .filter(jobs::lease_until.eq($row.lease_until))
    };
}

/// Takes a job from a worker that was lost; nothing happens when it has come to an end after all.
pub(super) fn release(conn: &mut Conn, row: &JobRow) -> QueryResult<()> {
    diesel::update(held_by!(row)).set(jobs::lease_until.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}

/// Settles which receiver the mail is for, and writes one more job for each of the others; `false` when the job is not ours any more.
pub(super) fn settle_receivers(
    tx: &mut Tx<'_>,
    row: &JobRow,
    lane: Lane,
    workspace: &WorkspaceId,
    receivers: &[String],
) -> QueryResult<bool> {
    let Some((first, others)) = receivers.split_first() else { return Ok(false) };
    let count = i32::try_from(receivers.len()).unwrap_or(i32::MAX);
    let settled = (jobs::receiver.eq(first), jobs::receiver_count.eq(count), jobs::workspace_id.eq(workspace));
    if diesel::update(held_by!(row)).set(settled).execute(tx.conn)? == 0 {
        return Ok(false);
    }
    for receiver in others {
        diesel::insert_into(jobs::table)
            .values((
                jobs::id.eq(JobId::new(tx.now, tx.rng)),
                jobs::kind.eq(&row.kind),
                jobs::payload.eq(&row.payload),
                jobs::lane.eq(lane),
                (jobs::run_at.eq(tx.now), jobs::decided_at.eq(tx.now), jobs::created_at.eq(tx.now)),
                jobs::attempts.eq(0),
                (jobs::receiver.eq(receiver), jobs::receiver_count.eq(count), jobs::workspace_id.eq(workspace)),
            ))
            .execute(tx.conn)?;
    }
    Ok(true)
}

/// Notes that a mail server is about to hear the mail; `false` when the job is not ours any more: then it must not.
pub(super) fn note_hand_over(conn: &mut Conn, row: &JobRow) -> QueryResult<bool> {
    let noted = diesel::update(held_by!(row)).set(jobs::handed_over.eq(row.handed_over + 1)).execute(conn)?;
    Ok(noted == 1)
}

/// Takes that note back: the mail was surely not taken.
pub(super) fn forget_hand_over(conn: &mut Conn, row: &JobRow) -> QueryResult<()> {
    diesel::update(held_by!(row)).set(jobs::handed_over.eq(row.handed_over)).execute(conn).map(|_| ())
}

/// A job that is over is over whoever holds it: a worker that has taken it since must find nothing to do again.
pub(super) fn delete(conn: &mut Conn, id: &JobId) -> QueryResult<()> {
    diesel::delete(jobs::table.find(id)).execute(conn).map(|_| ())
}

/// Gives a job back to be tried later; nothing happens when it is not ours any more.
pub(super) fn postpone(
    conn: &mut Conn,
    row: &JobRow,
    wait: time::Duration,
    reason: &str,
    now: UtcTime,
) -> QueryResult<()> {
    diesel::update(held_by!(row))
        .set((
            jobs::run_at.eq(now + wait),
            jobs::decided_at.eq(now),
            jobs::lease_until.eq(None::<UtcTime>),
            jobs::last_error.eq(reason),
        ))
        .execute(conn)
        .map(|_| ())
}

/// A job that came round starts counting its tries anew.
pub(super) fn reset(conn: &mut Conn, row: &JobRow, wait: time::Duration, now: UtcTime) -> QueryResult<()> {
    diesel::update(held_by!(row))
        .set((
            jobs::attempts.eq(0),
            jobs::run_at.eq(now + wait),
            jobs::decided_at.eq(now),
            jobs::lease_until.eq(None::<UtcTime>),
            jobs::last_error.eq(None::<String>),
        ))
        .execute(conn)
        .map(|_| ())
}

/// How a job failed for good.
pub(super) struct JobFailure<'a> {
    pub(super) reason: &'a str,
    pub(super) subject: Option<&'a JobSubject>,
    /// The receiver as lists show it, possibly empty.
    pub(super) shown_receiver: &'a str,
}

/// Gives a job up; nothing happens when it is not ours any more.
pub(super) fn fail(conn: &mut Conn, row: &JobRow, failure: &JobFailure<'_>, now: UtcTime) -> QueryResult<()> {
    if let Some(JobSubject { workspace, about }) = failure.subject {
        diesel::update(held_by!(row))
            .set((
                jobs::workspace_id.eq(workspace),
                jobs::about.eq(about),
                jobs::shown_receiver.eq(failure.shown_receiver),
            ))
            .execute(conn)?;
    }
    diesel::update(held_by!(row))
        .set((jobs::failed_at.eq(now), jobs::lease_until.eq(None::<UtcTime>), jobs::last_error.eq(failure.reason)))
        .execute(conn)
        .map(|_| ())
}

/// Up to `limit` jobs that failed for good before a moment, the oldest first.
pub fn forgettable_failed(conn: &mut Conn, moment: UtcTime, limit: i64) -> QueryResult<Vec<JobId>> {
    jobs::table
        .filter(jobs::failed_at.is_not_null())
        .filter(jobs::failed_at.lt(moment))
        .order(jobs::failed_at)
        .limit(limit)
        .select(jobs::id)
        .load(conn)
}

/// Forgets jobs that failed for good, but for those that somebody has tried again since; says how many.
pub fn forget_failed(conn: &mut Conn, gone: &[JobId]) -> QueryResult<usize> {
    let failed =
        jobs::table.filter(jobs::id.eq_any(gone.iter().map(JobId::as_str))).filter(jobs::failed_at.is_not_null());
    diesel::delete(failed).execute(conn)
}
