//! What failed for good, where whoever can act sees it: mails, webhooks, other jobs, sign-ins that have to be made again, connector files
//! that cannot be used.
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

/// More failures than this are not counted.
const MOST_COUNTED: i64 = 100;

/// How many failures of a workspace wait to be looked at, as far as they are counted: somewhere beyond `MOST_COUNTED` there are more.
///
/// # Errors
/// The database cannot be asked.
pub fn count(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> AppResult<usize> {
    let most = MOST_COUNTED + 1;
    Ok(jobs::count_failed(conn, workspace, most)?
        + webhooks::count_given_up(conn, workspace, most)?
        + oauth::grants::count_broken(conn, workspace, now, most)?)
}
