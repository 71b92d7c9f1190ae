use diesel::prelude::*;

use crate::platform::db::Conn;
use crate::platform::db::schema::{runs, validations};
use crate::platform::former_member::{FORMER_MEMBER, FormerMember};

/// Forgets who asked for validations and extractions.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let checks = validations::table
        .filter(validations::workspace_id.eq(&person.workspace))
        .filter(validations::actor.eq("member"))
        .filter(validations::actor_name.eq_any(&person.names));
    diesel::update(checks).set(validations::actor_name.eq(FORMER_MEMBER)).execute(conn)?;
    let extractions = runs::table
        .filter(runs::workspace_id.eq(&person.workspace))
        .filter(runs::actor.eq("member"))
        .filter(runs::actor_name.eq_any(&person.names));
    diesel::update(extractions).set(runs::actor_name.eq(FORMER_MEMBER)).execute(conn).map(|_| ())
}
