//! What the next extraction of a source will do, said before it begins.

use super::fingerprint::{self, Fingerprint, OutputMark};
use super::position::{ReadPosition, ReadStream};
use super::{input, store};
use crate::base::error::AppResult;
use crate::engines::SyncType;
use crate::features::connections::Connection;
use crate::features::outputs::{self, Place, PlaceError};
use crate::features::streams::{FILES, Plan, StreamChoice};
use crate::platform::app::App;
use crate::platform::db::Conn;

/// What the next extraction reads of its incremental streams, in sentences; none when there are none, or nothing was read yet.
///
/// # Errors
/// The database cannot be asked, or what is stored does not open.
pub fn next_reading(conn: &mut Conn, app: &App, connection: &Connection, plan: &Plan) -> AppResult<Vec<String>> {
    let Some(kept) = store::kept_state(conn, &connection.id)? else { return Ok(Vec::new()) };
    let address = match outputs::place(conn, app, &connection.workspace_id, &plan.output) {
        Ok(Place::Files(_)) => FILES.to_owned(),
        Ok(Place::Tables(place)) => place.mark,
        Err(PlaceError::None(why)) => return Ok(vec![why.to_string()]),
        Err(PlaceError::App(error)) => return Err(error),
    };
    let account = input::account(conn, &connection.workspace_id, &connection.id)?;
    let settings = fingerprint::settings(&connection.open_values(&app.keys)?, account.as_deref());
    let mark = OutputMark { address: &address, fills_tables: plan.fills_tables() };
    let stream = |choice: &StreamChoice| ReadStream {
        name: choice.full_name(),
        engine_name: choice.full_name(),
        fingerprint: Fingerprint::of(&settings, choice, &mark),
        sync_type: choice.sync_type,
    };
    let streams: Vec<ReadStream> = plan.enabled().map(stream).collect();
    let incremental = streams.iter().filter(|stream| stream.sync_type == SyncType::Incremental).count();
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let engine = connector.and_then(|connector| app.engines.position_member(&connector));
    let position = ReadPosition::new(Some(kept), engine, settings.clone(), streams, false);
    Ok(sentences(&position, incremental))
}

fn sentences(position: &ReadPosition, incremental: usize) -> Vec<String> {
    let notes = position.notes();
    let Some((_, first)) = notes.first() else {
        let goes_on = "It continues where the last one ended.".to_owned();
        return if position.continues() { vec![goes_on] } else { Vec::new() };
    };
    if notes.len() == incremental && notes.iter().all(|(_, restart)| restart == first) {
        return vec![format!("It reads everything again, because {}.", first.reason())];
    }
    notes
        .iter()
        .map(|(stream, restart)| format!("It reads {stream} from the beginning, because {}.", restart.reason()))
        .collect()
}
