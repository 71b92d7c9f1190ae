//! Starting a run, and stopping one.

use std::path::Path;

use super::store::{self, End, NewRow, Run};
use super::{LONGEST_QUEUE, record};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::RunId;
use crate::connectors::{Connector, Kind};
use crate::engines::Engines;
use crate::features::connections::{Connection, ConnectionState, WAITING};
use crate::features::streams::{Plan, find_plan};
use crate::platform::activity::Actor;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::tx::Tx;

/// Why a run does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarted {
    /// It came through an invite link and no member has accepted it yet.
    Waiting,
    /// It is no source that was finalised.
    NotFinalised,
    /// No stream is chosen.
    NoStreams,
    /// Nothing installed here can read it; what to install.
    NothingReads(String),
    /// One goes on already.
    Going(RunId),
    /// Too many wait.
    QueueFull,
}

impl NotStarted {
    /// For people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Waiting => WAITING.to_owned(),
            Self::NotFinalised => "Only a finalised source can be extracted. Finalise it first.".to_owned(),
            Self::NoStreams => "No stream is chosen. Choose at least one.".to_owned(),
            Self::NothingReads(words) => words.clone(),
            Self::Going(id) => {
                format!("An extraction of this source goes on already ({id}). Wait for it, or cancel it.")
            }
            Self::QueueFull => "Too many extractions wait already. Try again when some are done.".to_owned(),
        }
    }
}

/// What a new run needs.
pub struct NewRun<'a> {
    /// The source.
    pub connection: &'a Connection,
    /// Its connector.
    pub connector: &'a Connector,
    /// `manual` or `cron`.
    pub trigger: &'static str,
    /// Who starts it.
    pub actor: &'a Actor,
    /// Read everything again, whatever earlier runs have read.
    pub from_start: bool,
    /// Where what a lost run has left is taken away.
    pub data_dir: &'a Path,
}

/// Queues a run.
///
/// # Errors
/// The database refuses.
pub fn start(tx: &mut Tx<'_>, new: &NewRun<'_>, engines: &Engines) -> AppResult<Result<Run, NotStarted>> {
    let (workspace, connection) = (&new.connection.workspace_id, &new.connection.id);
    let plan = find_plan(tx.conn, workspace, connection)?.unwrap_or_default();
    if let Err(not_started) = may_start(new, &plan, engines) {
        return Ok(Err(not_started));
    }
    if let Some(going) = store::going(tx.conn, workspace, connection)? {
        if !going.state_at(tx.now).is_over() {
            return Ok(Err(NotStarted::Going(going.id)));
        }
        record::end_lost(tx, &going)?;
        record::forget_lost(&going, &new.connection.slug, new.data_dir);
    }
    if store::queued(tx.conn, workspace)? >= LONGEST_QUEUE {
        return Ok(Err(NotStarted::QueueFull));
    }
    let id = RunId::new(tx.now, tx.rng);
    let row = NewRow {
        id: &id,
        workspace,
        connection,
        trigger: new.trigger,
        actor: (new.actor.kind(), new.actor.name()),
        output_layer: &plan.output_layer,
        from_start: new.from_start,
        now: tx.now,
    };
    if !row.insert(tx.conn)? {
        // Somebody else was faster; who that is can be seen now.
        let faster = store::going(tx.conn, workspace, connection)?;
        let faster =
            faster.ok_or(AppError::Conflict("An extraction of this source was started at the same moment."))?;
        return Ok(Err(NotStarted::Going(faster.id)));
    }
    Ok(Ok(store::find(tx.conn, workspace, &id)?.ok_or(AppError::NotFound)?))
}

fn may_start(new: &NewRun<'_>, plan: &Plan, engines: &Engines) -> Result<(), NotStarted> {
    if new.connection.is_waiting() {
        return Err(NotStarted::Waiting);
    }
    if new.connection.state() != ConnectionState::Finalised || new.connection.kind != Kind::Source {
        return Err(NotStarted::NotFinalised);
    }
    if !engines.ability(new.connector).reads {
        return Err(NotStarted::NothingReads(what_to_install(new.connector)));
    }
    if plan.enabled().next().is_none() { Err(NotStarted::NoStreams) } else { Ok(()) }
}

/// What an operator does so that records of this connector can be read here.
pub fn what_to_install(connector: &Connector) -> String {
    let name = connector.name();
    format!(
        "Nothing installed here can read records from {name}. The operator can install an Airbyte source for it and add it with \
         `vestibule connectors import --exec COMMAND`; or hand the source off to an engine of your own."
    )
}

/// Stops a run: at once when nobody works at it, else its worker is asked to. One that is over stays as it is.
///
/// # Errors
/// The database refuses.
pub fn cancel(conn: &mut Conn, run: &Run, now: UtcTime) -> AppResult<()> {
    match run.state_at(now) {
        WorkState::Queued => {
            let end = End {
                state: WorkState::Cancelled,
                reason: None,
                blame: None,
                message: "Stopped before it began.",
                place: "",
            };
            store::end(conn, &run.id, &end, now)?;
        }
        WorkState::InProgress => store::ask_to_stop(conn, &run.id, now)?,
        WorkState::Success | WorkState::Failed | WorkState::Cancelled => {}
    }
    Ok(())
}
