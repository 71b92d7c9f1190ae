use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use super::{JobCounts, LaneAge};
use crate::base::clock::UtcTime;
use crate::base::ids::{JobId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::jobs;
use crate::platform::jobs::Lane;

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct FailedJob {
    /// Its id.
    pub id: JobId,
    /// What kind of job it is.
    pub kind: String,
    /// What it was to do: the subject of a mail.
    pub about: String,
    /// Whom it was to reach, masked; empty when it is no mail.
    pub shown_receiver: String,
    /// Why it failed in the end.
    pub last_error: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was given up.
    pub failed_at: Option<UtcTime>,
}

/// The jobs of a workspace that were given up, the newest first.
pub fn list_failed(conn: &mut Conn, workspace: &WorkspaceId, limit: i64) -> QueryResult<Vec<FailedJob>> {
    jobs::table
        .filter(jobs::workspace_id.eq(workspace))
        .filter(jobs::failed_at.is_not_null())
        .order((jobs::failed_at.desc(), jobs::id.desc()))
        .limit(limit)
        .select(FailedJob::as_select())
        .load(conn)
}

/// How many jobs of a workspace were given up, at most so many.
pub fn count_failed(conn: &mut Conn, workspace: &WorkspaceId, most: i64) -> QueryResult<usize> {
    let failed = jobs::table.filter(jobs::workspace_id.eq(workspace)).filter(jobs::failed_at.is_not_null());
    let found: Vec<JobId> = failed.limit(most).select(jobs::id).load(conn)?;
    Ok(found.len())
}

/// Puts a job that was given up at the start of its tries; `false` when the workspace has no such job.
pub fn try_failed_again(conn: &mut Conn, workspace: &WorkspaceId, id: &JobId, now: UtcTime) -> QueryResult<bool> {
    let failed = jobs::table
        .filter(jobs::id.eq(id))
        .filter(jobs::workspace_id.eq(workspace))
        .filter(jobs::failed_at.is_not_null());
    let changed = diesel::update(failed)
        .set((
            jobs::failed_at.eq(None::<UtcTime>),
            jobs::attempts.eq(0),
            // Somebody has seen what is known of it, and wants it sent.
            jobs::handed_over.eq(0),
            jobs::run_at.eq(now),
            jobs::decided_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Forgets a job that was given up; `false` when the workspace has no such job.
pub fn dismiss_failed(conn: &mut Conn, workspace: &WorkspaceId, id: &JobId) -> QueryResult<bool> {
    let failed = jobs::table
        .filter(jobs::id.eq(id))
        .filter(jobs::workspace_id.eq(workspace))
        .filter(jobs::failed_at.is_not_null());
    Ok(diesel::delete(failed).execute(conn)? == 1)
}

/// How many jobs of each kind wait, and how many were given up.
pub fn job_counts(conn: &mut Conn) -> QueryResult<JobCounts> {
    let by_kind = jobs::table.group_by(jobs::kind).order(jobs::kind);
    let waiting = by_kind.filter(jobs::failed_at.is_null()).select((jobs::kind, count_star())).load(conn)?;
    let failed = by_kind.filter(jobs::failed_at.is_not_null()).select((jobs::kind, count_star())).load(conn)?;
    Ok(JobCounts { waiting, failed })
}

/// For how long the oldest job of each lane has been due; a lane where nothing is due is left out.
pub fn lane_ages(conn: &mut Conn, now: UtcTime) -> QueryResult<Vec<LaneAge>> {
    let due = jobs::table.filter(jobs::failed_at.is_null()).filter(jobs::run_at.le(now));
    let oldest: Vec<(Lane, Option<UtcTime>)> =
        due.group_by(jobs::lane).select((jobs::lane, min(jobs::run_at))).load(conn)?;
    let age = |(lane, at): (Lane, Option<UtcTime>)| at.map(|at| LaneAge { lane, age: now - at });
    Ok(oldest.into_iter().filter_map(age).collect())
}
