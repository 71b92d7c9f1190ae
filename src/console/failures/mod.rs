//! What failed for good, where whoever can act sees it: mails, webhooks, other jobs, and sign-ins that have to be made again.
//!
//! Why: nothing may fail where nobody looks. Each failure stands here once, however often it was tried, until it is tried again with
//! success, mended, or dismissed.

pub mod pages;

use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::features::{oauth, webhooks};
use crate::platform::db::Conn;
use crate::platform::jobs;

/// How many failures of a workspace wait to be looked at.
///
/// # Errors
/// The database cannot be asked.
pub fn count(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> AppResult<i64> {
    Ok(jobs::count_failed(conn, workspace)?
        + webhooks::count_given_up(conn, workspace)?
        + oauth::grants::count_broken(conn, workspace, now)?)
}
