//! A validation as people follow it: progress, log, verdict, streams; started and stopped from the connection.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{Refused, Validation, cancel, find, log_after, start};
use crate::accounts::guard::{Editor, SignedIn};
use crate::app::App;
use crate::connections::{self, Connection};
use crate::connectors::Kind;
use crate::error::{AppError, AppResult};
use crate::ids::ValidationId;
use crate::jobs::{LogLine, WorkState};
use crate::runtimes::{Stream, SyncType};
use crate::streams::key_text;
use crate::web::csrf::CsrfForm;
use crate::web::flash::{Flash, see_other_with};
use crate::web::frame::OwnerFrame;
use crate::web::page::{PageResult, page, see_other};
use crate::web::urls;
use crate::web::work_view::LogItem;

const LINES_SHOWN: usize = 300;

/// The part that changes while it runs.
#[derive(Template)]
#[template(path = "validations/live.html")]
struct LivePart {
    word: &'static str,
    tone: &'static str,
    step: String,
    said: String,
    message: String,
    advice: &'static str,
    is_over: bool,
    succeeded: bool,
    is_failure: bool,
    lines: Vec<LogItem>,
    has_more_lines: bool,
}

struct StreamItem {
    name: String,
    fields: usize,
    keys: String,
    ways: String,
}

#[derive(Template)]
#[template(path = "validations/show.html")]
struct ShowPage {
    frame: OwnerFrame,
    description: String,
    word: &'static str,
    created_iso: String,
    created: String,
    by: String,
    is_test: bool,
    is_over: bool,
    succeeded: bool,
    may_edit: bool,
    live: String,
    streams: Vec<StreamItem>,
    url: String,
    live_url: String,
    cancel_url: String,
    may_start: bool,
    start_url: String,
    next_url: String,
    next_text: &'static str,
    connection_url: String,
    configuration_url: String,
}

struct Loaded {
    validation: Validation,
    connection: Connection,
    lines: Vec<LogLine>,
}

async fn load(app: &App, member: &SignedIn, id: &str) -> AppResult<Loaded> {
    let (workspace, id) = (member.workspace_id.clone(), ValidationId::from_text(id));
    app.db
        .read(move |conn| {
            let validation = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let connection = connections::find_by_id(conn, &workspace, &validation.connection_id)?;
            let connection = connection.filter(|one| one.deleted_at.is_none()).ok_or(AppError::NotFound)?;
            let lines = log_after(conn, &id, 0, i64::from(super::MOST_LINES) + 1)?;
            Ok(Loaded { validation, connection, lines })
        })
        .await
}

/// The word for a state of a validation.
pub fn word(state: WorkState) -> &'static str {
    match state {
        WorkState::Queued => "Waiting",
        WorkState::InProgress => "Validating",
        WorkState::Success => "Validated",
        WorkState::Failed => "Validation failed",
        WorkState::Cancelled => "Cancelled",
    }
}

impl LivePart {
    fn new(app: &App, loaded: &Loaded) -> Self {
        let Loaded { validation, lines, .. } = loaded;
        let now = app.clock.now();
        let state = validation.state_at(now);
        let (_, message) = validation.outcome_at(now);
        let has_more_lines = lines.len() > LINES_SHOWN;
        let newest = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        Self {
            word: word(state),
            tone: state.tone(),
            step: if state.is_over() { String::new() } else { validation.step.clone() },
            said: if state.is_over() { word(state).to_owned() } else { validation.step.clone() },
            message: message.to_owned(),
            advice: advice(validation.blame.as_deref()),
            is_over: state.is_over(),
            succeeded: state == WorkState::Success,
            is_failure: state == WorkState::Failed,
            lines: newest.map(LogItem::from).collect(),
            has_more_lines,
        }
    }
}

/// What to do next, by whose turn it is.
fn advice(blame: Option<&str>) -> &'static str {
    match blame {
        Some("config_error") => "Change the details, or ask whoever knows them with a setup link.",
        Some("transient_error") => "Trying again in a few minutes may help.",
        _ => "The operator of this installation can find out more in the log.",
    }
}

/// `GET /validations/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    let live = LivePart::new(&app, &loaded).render()?;
    let Loaded { validation, connection, .. } = &loaded;
    let state = validation.state_at(app.clock.now());
    let slug = &connection.slug;
    let is_source = connection.kind == Kind::Source;
    page(&ShowPage {
        frame: member.frame(&request, &app, "connections"),
        description: connection.description.clone(),
        word: word(state),
        created_iso: validation.created_at.iso(),
        created: validation.created_at.words(),
        by: validation.actor_name.clone(),
        is_test: validation.setup_link_id.is_some(),
        is_over: state.is_over(),
        succeeded: state == WorkState::Success,
        may_edit: member.role.may_edit(),
        live,
        streams: validation.found(&app.keys)?.streams.iter().map(item).collect(),
        url: urls::validation(&validation.id),
        live_url: urls::validation_live(&validation.id),
        cancel_url: urls::validation_cancellation(&validation.id),
        may_start: !loaded.connection.is_waiting(),
        start_url: urls::connection_validations(slug),
        next_url: if is_source { urls::connection_streams(slug) } else { urls::connection_finish(slug) },
        next_text: if is_source { "Choose streams" } else { "Finish" },
        connection_url: urls::connection(slug),
        configuration_url: urls::connection_configuration(slug),
    })
}

fn item(stream: &Stream) -> StreamItem {
    let ways = stream.sync_types.iter().map(|way| match way {
        SyncType::FullTable => "everything each time",
        SyncType::Incremental => "only new records",
    });
    StreamItem {
        name: stream.full_name(),
        fields: stream.columns.len(),
        keys: stream.primary_key.iter().map(key_text).collect::<Vec<_>>().join(", "),
        ways: ways.collect::<Vec<_>>().join(", "),
    }
}

/// `GET /validations/{id}/live`
pub async fn live(app: web::Data<App>, member: SignedIn, id: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    page(&LivePart::new(&app, &loaded))
}

/// `POST /connections/{slug}/validations`
pub async fn create(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (app_here, workspace, slug) = (app.clone(), member.workspace_id.clone(), slug.into_inner());
    let (actor, now, target) = (member.actor(), app.clock.now(), urls::connection(&slug));
    let started = app
        .db
        .write(move |conn| {
            let connection = connections::find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let connector = app_here.connectors.find(connection.kind, &connection.connector_slug);
            let connector =
                connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
            start(conn, &connection, connector, &actor, (&app_here.keys, now, &app_here.rng))
        })
        .await?;
    Ok(match started {
        Ok(validation) => see_other(&urls::validation(&validation.id)),
        Err(Refused::Missing(_)) => see_other_with(&app.config.server.base_url, &target, Flash::CannotValidateMissing),
        Err(Refused::Waiting) => return Err(AppError::Conflict(connections::WAITING).into()),
        Err(Refused::Wrong(_)) => see_other_with(&app.config.server.base_url, &target, Flash::CannotValidateWrong),
    })
}

/// `POST /validations/{id}/cancellation`
pub async fn stop(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id, now) = (member.workspace_id.clone(), ValidationId::from_text(&id), app.clock.now());
    let target = urls::validation(&id);
    app.db
        .write(move |conn| {
            let validation = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            cancel(conn, &validation, now)
        })
        .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::Stopping))
}
