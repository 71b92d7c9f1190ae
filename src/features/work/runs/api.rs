//! `/api/v1/sources/{slug}/trigger/` and `/api/v1/runs/`.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_view::RunOut;
use super::{NewRun, Run, RunDetails, StartRunError, page, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, RunId, WorkspaceId};
use crate::connectors::Kind;
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadRuns, WriteRuns};
use crate::features::connections::{find_by_id, find_of_kind};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::features::work::log;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::api::{ApiQuery, ApiResult, json, present};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::log_stream::LogText;
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};
use crate::platform::web::urls;

/// How a run is started.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trigger")]
pub struct TriggerIn {
    /// Read everything again, whatever earlier runs have read.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    from_start: Option<bool>,
}

/// What takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Nothing")]
pub struct CancelRunIn {}

/// Which runs a list shows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunsQuery {
    /// Only those of the source with this slug.
    source: Option<String>,
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// `POST /api/v1/sources/{slug}/trigger/`
pub async fn trigger(app: web::Data<App>, key: ApiKey<WriteRuns>, slug: web::Path<String>, once: Once) -> ApiResult {
    match once.open::<TriggerIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let from_start = new.from_start.unwrap_or(false);
            let done = queue(&app, &key, slug.into_inner(), from_start, ticket.clone()).await;
            ticket.settle(&app, done).await
        }
    }
}

async fn queue(
    app: &web::Data<App>,
    caller: &Caller,
    slug: String,
    from_start: bool,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    let (here, caller) = (app.clone(), caller.clone());
    app.try_write(move |tx| {
        let connection = find_of_kind(tx.conn, &caller.workspace, Kind::Source, &slug)?.ok_or(AppError::NotFound)?;
        let actor = caller.actor();
        let new = NewRun { connection: &connection, trigger: "manual", actor: &actor, from_start };
        let run = start(tx, &new, &here)?;
        let answer = Answer::json(StatusCode::ACCEPTED, &RunOut::new(&run, &connection.slug))?;
        ticket.store(tx, &answer)?;
        Ok(answer)
    })
    .await
    .map_err(problem)
}

fn problem(error: StartRunError) -> Problem {
    let code = match error {
        StartRunError::App(error) => return error.into(),
        StartRunError::Waiting => Code::WaitingForApproval,
        _ => Code::Conflict,
    };
    Problem::new(code, error.to_string())
}

/// The slug of a run's source.
fn source_of(conn: &mut Conn, run: &Run) -> AppResult<String> {
    let source = find_by_id(conn, &run.workspace_id, &run.connection_id)?.ok_or(AppError::NotFound)?;
    Ok(source.slug)
}

/// `GET /api/v1/runs/`
pub async fn index(app: web::Data<App>, key: ApiKey<ReadRuns>, query: ApiQuery<RunsQuery>) -> ApiResult {
    let query = query.0;
    let wanted = cursor::page_request(query.cursor.as_deref(), query.limit)?;
    let (workspace, source) = (key.workspace.clone(), query.source.clone());
    let (cut, slugs) = app
        .db
        .read(move |conn| {
            let of = match &source {
                Some(slug) => match find_of_kind(conn, &workspace, Kind::Source, slug)? {
                    Some(connection) => Some(connection.id),
                    // No source of that name: no run is its.
                    None => Some(ConnectionId::from_text("")),
                },
                None => None,
            };
            let cut = page(conn, &workspace, of.as_ref(), &wanted)?;
            let mut slugs = BTreeMap::new();
            for run in &cut.rows {
                if !slugs.contains_key(&run.connection_id) {
                    let slug = find_by_id(conn, &workspace, &run.connection_id)?.map(|one| one.slug);
                    slugs.insert(run.connection_id.clone(), slug.unwrap_or_default());
                }
            }
            Ok((cut, slugs))
        })
        .await?;
    let address = app.config.server.base_url.join(urls::API_RUNS);
    let pairs = [("source", query.source), ("limit", query.limit.map(|limit| limit.to_string()))];
    let pairs: Vec<(&str, String)> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let show = |run: Run| RunOut::new(&run, slugs.get(&run.connection_id).map_or("", String::as_str));
    json(StatusCode::OK, &PageOut::new(cut, &address, &pairs, |run| run.number.to_string(), show))
}

/// `GET /api/v1/runs/{id}/`
pub async fn show(app: web::Data<App>, key: ApiKey<ReadRuns>, id: web::Path<String>) -> ApiResult {
    let (workspace, id) = (key.workspace.clone(), RunId::from_text(&id));
    let shown = app.db.read(move |conn| {
        let run = Run::find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
        Ok(RunOut::new(&run, &source_of(conn, &run)?))
    });
    json(StatusCode::OK, &shown.await?)
}

/// `POST /api/v1/runs/{id}/cancel/`
pub async fn stop(app: web::Data<App>, key: ApiKey<WriteRuns>, id: web::Path<String>, once: Once) -> ApiResult {
    match once.open::<CancelRunIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(_, ticket) => {
            let (workspace, id) = (key.workspace.clone(), RunId::from_text(&id));
            let done = cancel_one(&app, workspace, id, ticket.clone()).await.map_err(Problem::from);
            ticket.settle(&app, done).await
        }
    }
}

async fn cancel_one(app: &web::Data<App>, workspace: WorkspaceId, id: RunId, ticket: Ticket) -> AppResult<Answer> {
    app.write(move |tx| {
        let run = Run::stop(tx, &workspace, &id)?;
        let source = source_of(tx.conn, &run)?;
        let answer = Answer::json(StatusCode::ACCEPTED, &RunOut::new(&run, &source))?;
        ticket.store(tx, &answer)?;
        Ok(answer)
    })
    .await
}

/// `GET /api/v1/runs/{id}/logs/`
pub async fn logs(
    app: web::Data<App>,
    request: HttpRequest,
    key: ApiKey<ReadRuns>,
    id: web::Path<String>,
) -> ApiResult {
    log::follow::<RunDetails, _>(app, &request, &key, &id).await
}

/// What the document says of the list, one, stopping, the log, and starting.
pub fn operations() -> [Operation; 5] {
    let operation = |id: &str, summary: &str| Operation::new("runs", id, summary);
    [
        operation("list_runs", "List runs").query::<RunsQuery>().answers::<PageOut<RunOut>>(200).about("Newest first."),
        operation("get_run", "Read a run").answers::<RunOut>(200),
        operation("cancel_run", "Stop a run")
            .answers::<RunOut>(202)
            .about("One that is over stays as it is. What it has read is dropped."),
        operation("get_run_logs", "Follow the log of a run")
            .answers::<LogText>(200)
            .about("Line by line until the run is over. With `Accept: text/event-stream` as server-sent events."),
        operation("trigger_source", "Start an extraction")
            .body::<TriggerIn>()
            .answers::<RunOut>(202)
            .refuses(&[Code::Conflict, Code::WaitingForApproval])
            .about("Only for a finalised source, one run at a time."),
    ]
}
