use diesel::prelude::*;

use crate::base::ids::{JobId, MemberId};
use crate::platform::db::Conn;
use crate::platform::db::schema::jobs;
use crate::platform::email::masked_address;
use crate::platform::former_member::FormerMember;
use crate::platform::jobs::Job;

/// Forgets a job, whether it waits or has failed.
///
/// # Errors
/// The database refuses.
pub fn forget_job(conn: &mut Conn, job: &impl Job) -> QueryResult<()> {
    let rows = jobs::table.filter(jobs::kind.eq(job.kind())).filter(jobs::payload.eq(job.payload()));
    diesel::delete(rows).execute(conn).map(|_| ())
}

/// Forgets the mails to a member, and the member in what is said of other jobs of their workspace.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let theirs = jobs::receiver.eq_any(person.ids.iter().map(MemberId::as_str));
    diesel::delete(jobs::table.filter(theirs)).execute(conn)?;
    let told: Vec<(JobId, String, Option<String>, String)> = jobs::table
        .filter(jobs::workspace_id.eq(&person.workspace))
        .select((jobs::id, jobs::about, jobs::last_error, jobs::shown_receiver))
        .load(conn)?;
    let masked: Vec<String> = person.emails.iter().map(|email| masked_address(email)).collect();
    for (id, about, error, receiver) in told {
        let new_about = person.erased_from(&about);
        let new_error = error.as_deref().and_then(|error| person.erased_from(error));
        let is_theirs = masked.contains(&receiver);
        if new_about.is_none() && new_error.is_none() && !is_theirs {
            continue;
        }
        let changed = (
            jobs::about.eq(new_about.unwrap_or(about)),
            jobs::last_error.eq(new_error.or(error)),
            jobs::shown_receiver.eq(if is_theirs { String::new() } else { receiver }),
        );
        diesel::update(jobs::table.find(&id)).set(changed).execute(conn)?;
    }
    Ok(())
}
