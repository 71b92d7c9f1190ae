use diesel::prelude::*;

use crate::base::ids::ActivityId;
use crate::platform::db::Conn;
use crate::platform::db::schema::activity;
use crate::platform::former_member::{FORMER_MEMBER, FormerMember};

/// Forgets a member in everything that happened in their workspace.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let own = activity::table
        .filter(activity::workspace_id.eq(&person.workspace))
        .filter(activity::actor.eq("member"))
        .filter(activity::actor_name.eq_any(&person.names));
    diesel::update(own).set(activity::actor_name.eq(FORMER_MEMBER)).execute(conn)?;
    for pattern in person.patterns() {
        let named: Vec<(ActivityId, String)> = activity::table
            .filter(activity::workspace_id.eq(&person.workspace))
            .filter(activity::detail.like(pattern))
            .select((activity::id, activity::detail))
            .load(conn)?;
        for (id, detail) in named {
            let Some(detail) = person.erased_from(&detail) else { continue };
            diesel::update(activity::table.find(&id)).set(activity::detail.eq(detail)).execute(conn)?;
        }
    }
    Ok(())
}
