use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::InstallAct;
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectorInstallId, WorkspaceId};
use crate::connectors::Kind;
use crate::platform::db::Conn;
use crate::platform::db::schema::connector_installs;
use crate::platform::jobs::WorkState;

/// One that was asked for.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = connector_installs)]
pub struct ConnectorInstall {
    /// Its id.
    pub id: ConnectorInstallId,
    /// The workspace whose owner asked for it.
    pub workspace_id: WorkspaceId,
    /// Of which connector.
    pub kind: Kind,
    /// Its short name.
    pub slug: String,
    /// What was asked for.
    pub act: InstallAct,
    /// How far it is.
    pub state: WorkState,
    /// What is going on, in a line.
    pub step: String,
    /// What came of it, for people.
    pub message: String,
    /// The last words of the tool that failed.
    pub detail: Option<String>,
    /// How many workers have taken it.
    pub(super) tries: i32,
    /// Counted on by its worker while that lives.
    pub(super) beat: i64,
    /// When it was asked for.
    pub created_at: UtcTime,
    /// When it was over.
    pub ended_at: Option<UtcTime>,
}

/// Which connector, in which data folder.
#[derive(Debug, Clone)]
pub(super) struct InstallPlace {
    pub(super) folder: String,
    pub(super) kind: Kind,
    pub(super) slug: String,
}

/// How one ended.
#[derive(Debug, Clone)]
pub(super) struct InstallEnd {
    pub(super) succeeded: bool,
    pub(super) message: String,
    pub(super) detail: Option<String>,
}

pub(super) struct NewInstall<'a> {
    pub(super) id: &'a ConnectorInstallId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) place: &'a InstallPlace,
    pub(super) act: InstallAct,
    pub(super) now: UtcTime,
}

impl NewInstall<'_> {
    /// Stores it, in the place of those that are over; `false` when one goes on.
    pub(super) fn insert(&self, conn: &mut Conn) -> QueryResult<bool> {
        match conn.transaction(|conn| self.insert_plainly(conn)) {
            Ok(()) => Ok(true),
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn insert_plainly(&self, conn: &mut Conn) -> QueryResult<()> {
        let place = self.place;
        let over = connector_installs::table
            .filter(connector_installs::folder.eq(&place.folder))
            .filter(connector_installs::kind.eq(place.kind))
            .filter(connector_installs::slug.eq(&place.slug))
            .filter(connector_installs::ended_at.is_not_null());
        diesel::delete(over).execute(conn)?;
        diesel::insert_into(connector_installs::table)
            .values((
                connector_installs::id.eq(self.id),
                connector_installs::workspace_id.eq(self.workspace),
                connector_installs::folder.eq(&place.folder),
                connector_installs::kind.eq(place.kind),
                connector_installs::slug.eq(&place.slug),
                connector_installs::act.eq(self.act),
                connector_installs::state.eq(WorkState::Queued),
                connector_installs::step.eq("Waiting for its turn"),
                (
                    connector_installs::message.eq(""),
                    connector_installs::tries.eq(0),
                    connector_installs::beat.eq(0_i64),
                    connector_installs::created_at.eq(self.now),
                ),
            ))
            .execute(conn)
            .map(|_| ())
    }
}

/// The one that goes on, else the last.
pub(super) fn last(conn: &mut Conn, place: &InstallPlace) -> QueryResult<Option<ConnectorInstall>> {
    connector_installs::table
        .filter(connector_installs::folder.eq(&place.folder))
        .filter(connector_installs::kind.eq(place.kind))
        .filter(connector_installs::slug.eq(&place.slug))
        .order((connector_installs::created_at.desc(), connector_installs::id.desc()))
        .select(ConnectorInstall::as_select())
        .first(conn)
        .optional()
}

/// What is not over in a folder, the first that was asked for first.
pub(super) fn going(conn: &mut Conn, folder: &str) -> QueryResult<Vec<ConnectorInstall>> {
    connector_installs::table
        .filter(connector_installs::folder.eq(folder))
        .filter(connector_installs::ended_at.is_null())
        .order((connector_installs::created_at, connector_installs::id))
        .select(ConnectorInstall::as_select())
        .load(conn)
}

/// Takes one that waits; `None` when somebody else was faster.
pub(super) fn claim(conn: &mut Conn, id: &ConnectorInstallId, now: UtcTime) -> QueryResult<Option<ConnectorInstall>> {
    let waiting = connector_installs::table.find(id).filter(connector_installs::state.eq(WorkState::Queued));
    let mine = (
        connector_installs::state.eq(WorkState::InProgress),
        connector_installs::step.eq("Beginning"),
        connector_installs::tries.eq(connector_installs::tries + 1),
        connector_installs::beat.eq(connector_installs::beat + 1_i64),
        connector_installs::started_at.eq(now),
    );
    if diesel::update(waiting).set(mine).execute(conn)? == 0 {
        return Ok(None);
    }
    connector_installs::table.find(id).select(ConnectorInstall::as_select()).get_result(conn).optional()
}

/// Shows that its worker lives, and what it does; `false` when it is that worker's no more. `tries` tells one worker from the next.
pub(super) fn keep(conn: &mut Conn, own: &ConnectorInstall, step: &str) -> QueryResult<bool> {
    let row = held(own);
    let alive = (connector_installs::beat.eq(connector_installs::beat + 1_i64), connector_installs::step.eq(step));
    diesel::update(row).set(alive).execute(conn).map(|kept| kept == 1)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn held<'a>(own: &'a ConnectorInstall) -> _ {
    let id: &'a ConnectorInstallId = &own.id;
    let tries: i32 = own.tries;
    connector_installs::table
        .filter(connector_installs::id.eq(id))
        .filter(connector_installs::tries.eq(tries))
        .filter(connector_installs::ended_at.is_null())
}

/// Puts one back that could not begin, or whose worker died; `spent` says whether the try counts. `false` when it moved since it was read.
pub(super) fn put_back(conn: &mut Conn, own: &ConnectorInstall, step: &str, spent: bool) -> QueryResult<bool> {
    let waits = (
        connector_installs::state.eq(WorkState::Queued),
        connector_installs::step.eq(step),
        connector_installs::tries.eq(if spent { own.tries } else { own.tries - 1 }),
        connector_installs::beat.eq(connector_installs::beat + 1_i64),
    );
    diesel::update(held(own)).set(waits).execute(conn).map(|moved| moved == 1)
}

/// The same, of one whose worker shows no sign: only when it has shown none since it was read.
pub(super) fn is_still(conn: &mut Conn, lost: &ConnectorInstall) -> QueryResult<bool> {
    let row = connector_installs::table.find(&lost.id).filter(connector_installs::beat.eq(lost.beat));
    Ok(row.select(connector_installs::id).get_result::<ConnectorInstallId>(conn).optional()?.is_some())
}

/// Ends one; `false` when it is not its worker's any more.
pub(super) fn end(conn: &mut Conn, own: &ConnectorInstall, end: &InstallEnd, now: UtcTime) -> QueryResult<bool> {
    let state = if end.succeeded { WorkState::Success } else { WorkState::Failed };
    let over = (
        connector_installs::state.eq(state),
        connector_installs::step.eq(""),
        connector_installs::message.eq(&end.message),
        connector_installs::detail.eq(end.detail.as_deref()),
        connector_installs::ended_at.eq(now),
    );
    diesel::update(held(own)).set(over).execute(conn).map(|ended| ended == 1)
}
