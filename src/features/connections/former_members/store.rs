use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::base::forms::FieldPath;
use crate::base::ids::ConnectionId;
use crate::features::connections::{FieldOrigin, Filler};
use crate::platform::db::Conn;
use crate::platform::db::schema::{connection_revisions, connections};
use crate::platform::former_member::{FORMER_MEMBER, FormerMember};

/// Forgets a member in the connections of their workspace and in the revisions of those.
///
/// # Errors
/// The database refuses.
pub fn forget_member(conn: &mut Conn, person: &FormerMember) -> QueryResult<()> {
    let own = connection_revisions::table
        .filter(connection_revisions::workspace_id.eq(&person.workspace))
        .filter(connection_revisions::filled_by.eq(Filler::Member))
        .filter(connection_revisions::name.eq_any(&person.names));
    diesel::update(own).set(connection_revisions::name.eq(FORMER_MEMBER)).execute(conn)?;
    for pattern in person.patterns() {
        let named: Vec<(ConnectionId, String)> = connections::table
            .filter(connections::workspace_id.eq(&person.workspace))
            .filter(connections::origins.like(&pattern))
            .select((connections::id, connections::origins))
            .load(conn)?;
        for (id, origins) in named {
            let Some(origins) = without(person, &origins) else { continue };
            diesel::update(connections::table.find(&id)).set(connections::origins.eq(origins)).execute(conn)?;
        }
        let named: Vec<(ConnectionId, i64, String)> = connection_revisions::table
            .filter(connection_revisions::workspace_id.eq(&person.workspace))
            .filter(connection_revisions::origins.like(&pattern))
            .select((connection_revisions::connection_id, connection_revisions::number, connection_revisions::origins))
            .load(conn)?;
        for (id, number, origins) in named {
            let Some(origins) = without(person, &origins) else { continue };
            let row = connection_revisions::table.find((&id, number));
            diesel::update(row).set(connection_revisions::origins.eq(origins)).execute(conn)?;
        }
    }
    Ok(())
}

/// Stored origins without the member; `None` when they are not among them.
fn without(person: &FormerMember, stored: &str) -> Option<String> {
    let mut origins: BTreeMap<FieldPath, FieldOrigin> = serde_json::from_str(stored).ok()?;
    let is_theirs = |origin: &FieldOrigin| origin.by == Filler::Member && person.is_called(&origin.name);
    let mut theirs = origins.values_mut().filter(|origin| is_theirs(origin)).peekable();
    theirs.peek()?;
    theirs.for_each(|origin| FORMER_MEMBER.clone_into(&mut origin.name));
    serde_json::to_string(&origins).ok()
}
