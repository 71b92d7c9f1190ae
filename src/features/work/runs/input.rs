//! What a run reads, and where to.

use std::sync::Arc;

use super::files;
use super::fingerprint::{self, Fingerprint, OutputMark};
use super::position::{ReadPosition, ReadStream};
use super::sink::{RunOutput, Sink};
use super::store::{self, Run, StreamCount, StreamCounts};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::connectors::Connector;
use crate::engines::{ChosenStream, LoadTable, Loading, SyncType};
use crate::features::connections::{self, Connection};
use crate::features::oauth::grants;
use crate::features::outputs::{self, Place};
use crate::features::streams::{StreamChoice, find_plan};
use crate::features::work::validations;
use crate::features::work::worker::CannotBegin;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::schema::form::Values;

pub(super) struct RunInput {
    pub(super) connection: Connection,
    pub(super) connector: Arc<Connector>,
    pub(super) values: Values,
    pub(super) choices: Vec<StreamChoice>,
    pub(super) chosen: Vec<ChosenStream>,
    /// Where each stream begins.
    pub(super) position: ReadPosition,
    pub(super) output: RunOutput,
}

impl RunInput {
    pub(super) fn read(conn: &mut Conn, app: &App, run: &Run) -> Result<Self, CannotBegin> {
        let (workspace, id) = (&run.workspace_id, &run.connection_id);
        let connection = connections::find_by_id(conn, workspace, id)?.ok_or(AppError::NotFound)?;
        let success = validations::last_success(conn, workspace, id)?;
        let found = success.map(|success| success.found(&app.keys)).transpose()?.unwrap_or_default();
        let plan = find_plan(conn, workspace, id)?.unwrap_or_default();
        let kept = store::kept_state(conn, id)?;
        let account = account(conn, workspace, id)?;
        let output = match outputs::place(conn, app, workspace, &run.details.output())? {
            Place::Files(format) => RunOutput::Files { place: files::place(run, &connection.slug), format },
            Place::Tables(place) => RunOutput::Tables(place),
        };
        if connection.deleted_at.is_some() {
            return Err(CannotBegin::ConnectionDeleted);
        }
        let connector = app.connectors.find(connection.kind, &connection.connector_slug);
        let connector = connector.ok_or(CannotBegin::ConnectorGone)?;
        let values = connection.open_values(&app.keys)?;
        let choices: Vec<StreamChoice> = plan.enabled().cloned().collect();
        let chosen: Option<Vec<ChosenStream>> =
            choices.iter().map(|choice| choice.of(&found).map(|stream| choice.chosen(stream))).collect();
        let chosen = chosen.ok_or(CannotBegin::StreamGone)?;
        let settings = fingerprint::settings(&values, account.as_deref());
        let mark = OutputMark { address: output.mark(), fills_tables: matches!(output, RunOutput::Tables(_)) };
        let streams = choices.iter().zip(&chosen).map(|(choice, chosen)| ReadStream {
            name: choice.full_name(),
            engine_name: chosen.stream.full_name(),
            fingerprint: Fingerprint::of(&settings, choice, &mark),
            sync_type: choice.sync_type,
        });
        let (streams, engine) = (streams.collect(), app.engines.position_member(&connector));
        let position = ReadPosition::new(kept, engine, settings, streams, run.details.from_start == 1);
        Ok(Self { connection, connector, values, choices, chosen, position, output })
    }

    pub(super) fn tables(&self) -> Vec<LoadTable> {
        let both = self.choices.iter().zip(&self.chosen).enumerate();
        let table = |(place, (choice, chosen)): (usize, (&StreamChoice, &ChosenStream))| {
            let run = self.position.continued_run(place);
            LoadTable::new(&choice.table_name, chosen, run.is_none()).continuing(run)
        };
        both.map(table).collect()
    }

    /// Streams whose table does not hold what they would add to begin anew, and whoever shares their position.
    pub(super) fn fit(&mut self, sink: &mut Sink) {
        self.position.begin_anew(sink.lost_tables());
        (0..self.choices.len())
            .filter(|place| self.position.restart(*place).is_some())
            .for_each(|place| sink.begin_anew(place));
    }

    /// Whether the records of this incremental stream take the place of all that its table holds.
    pub(super) fn begins_anew(&self, stream: usize) -> bool {
        let is_incremental = self.choices.get(stream).is_some_and(|one| one.sync_type == SyncType::Incremental);
        is_incremental && self.position.restart(stream).is_some() && matches!(self.output, RunOutput::Tables(_))
    }

    pub(super) fn loading(&self, run: &Run) -> Loading {
        Loading {
            source_id: self.connection.id.to_string(),
            source: self.connection.slug.clone(),
            run: run.id.to_string(),
            began: run.started_at.unwrap_or(run.created_at).iso(),
        }
    }

    pub(super) fn greeting(&self) -> String {
        let how = if self.position.continues() { "continuing where the last one ended" } else { "from the beginning" };
        let streams = super::streams(self.chosen.len());
        format!("Reading {streams} of {}, {how}", self.connector.name())
    }

    pub(super) fn no_counts(&self) -> StreamCounts {
        let zero = |choice: &StreamChoice| StreamCount {
            stream: choice.full_name(),
            table: choice.table_name.clone(),
            records: 0,
            bytes: 0,
            incomplete: false,
        };
        StreamCounts(self.choices.iter().map(zero).collect())
    }
}

/// Who has signed in with the provider for a connection, when somebody has.
pub(super) fn account(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> AppResult<Option<String>> {
    let connected = grants::of_connection(conn, workspace, connection)?;
    Ok(connected.map(|one| one.grant.identity_id).filter(|identity| !identity.is_empty()))
}
