use diesel::prelude::*;
use diesel::result::Error;

use super::RemoteRun;
use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, RunId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::db::schema::{run_logs, runs};
use crate::platform::jobs::{LogLine, WorkState};

/// A run that is to be asked about.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub(super) struct DueRun {
    pub(super) id: RunId,
    pub(super) workspace_id: WorkspaceId,
    pub(super) connection_id: ConnectionId,
    pub(super) state: WorkState,
    pub(super) cancel_at: Option<UtcTime>,
    pub(super) started_at: Option<UtcTime>,
    remote: Option<String>,
    pub(super) remote_job: Option<i64>,
    pub(super) trouble_since: Option<UtcTime>,
    /// Counted on by whoever asks.
    pub(super) beat: i64,
}

impl DueRun {
    /// Where it stands there; nowhere yet when nothing was written down.
    pub(super) fn remote(&self) -> RemoteRun {
        self.remote.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// Runs whose time to be asked about has come, or lies so far away that the clock must have gone back; the longest waiting first.
pub(super) fn due(conn: &mut Conn, now: UtcTime, farthest: UtcTime, limit: i64) -> QueryResult<Vec<DueRun>> {
    let come = runs::poll_at.le(now).or(runs::poll_at.gt(farthest));
    runs::table
        .filter(runs::poll_at.is_not_null())
        .filter(come)
        .order(runs::poll_at)
        .limit(limit)
        .select(DueRun::as_select())
        .load(conn)
}

/// Takes one, until a moment; `false` when somebody else was faster.
pub(super) fn claim(conn: &mut Conn, run: &DueRun, until: UtcTime) -> QueryResult<bool> {
    let same = runs::table.find(&run.id).filter(runs::beat.eq(run.beat)).filter(runs::poll_at.is_not_null());
    let mine = (runs::beat.eq(runs::beat + 1_i64), runs::poll_at.eq(until));
    diesel::update(same).set(mine).execute(conn).map(|taken| taken == 1)
}

/// What was learned of a run.
#[derive(Debug, Clone)]
pub(super) struct Learned {
    pub(super) remote: RemoteRun,
    pub(super) job: Option<i64>,
    /// When it is asked about again; `None`: never.
    pub(super) poll_at: Option<UtcTime>,
    /// Why it cannot be asked about, and since when.
    pub(super) trouble: Option<(String, UtcTime)>,
}

fn json(remote: &RemoteRun) -> QueryResult<String> {
    serde_json::to_string(remote).map_err(|error| Error::SerializationError(error.into()))
}

/// Writes down where a run stands there, and nothing else.
pub(super) fn remember(conn: &mut Conn, id: &RunId, remote: &RemoteRun) -> QueryResult<()> {
    diesel::update(runs::table.find(id)).set(runs::remote.eq(json(remote)?)).execute(conn).map(|_| ())
}

/// Writes down what was learned.
pub(super) fn note(conn: &mut Conn, id: &RunId, learned: &Learned) -> QueryResult<()> {
    let changes = (
        runs::remote.eq(json(&learned.remote)?),
        runs::remote_job.eq(learned.job),
        runs::poll_at.eq(learned.poll_at),
        runs::trouble.eq(learned.trouble.as_ref().map(|(words, _)| words)),
        runs::trouble_since.eq(learned.trouble.as_ref().map(|(_, since)| *since)),
    );
    diesel::update(runs::table.find(id)).set(changes).execute(conn).map(|_| ())
}

/// Writes down how much Airbyte has moved; nothing of a run that is over.
pub(super) fn count(conn: &mut Conn, id: &RunId, records: i64, bytes: i64) -> QueryResult<()> {
    let going = runs::table.find(id).filter(runs::ended_at.is_null());
    diesel::update(going).set((runs::records.eq(records), runs::bytes.eq(bytes))).execute(conn).map(|_| ())
}

/// Never asks about one again.
pub(super) fn forget(conn: &mut Conn, id: &RunId) -> QueryResult<()> {
    diesel::update(runs::table.find(id)).set(runs::poll_at.eq(None::<UtcTime>)).execute(conn).map(|_| ())
}

/// The next line of a run's log; `None` when its last line says the same.
pub(super) fn line(conn: &mut Conn, id: &RunId, at: UtcTime, level: &str, text: &str) -> QueryResult<Option<LogLine>> {
    let last: Option<(i32, String)> = run_logs::table
        .filter(run_logs::run_id.eq(id))
        .order(run_logs::number.desc())
        .select((run_logs::number, run_logs::text))
        .first(conn)
        .optional()?;
    let (number, said) = last.unwrap_or_default();
    let line = LogLine { number: number + 1, at, level: level.to_owned(), text: text.replace('\0', "\u{fffd}") };
    Ok((said != line.text).then_some(line))
}
