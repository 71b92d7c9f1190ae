//! A validation as people follow it: progress, log, verdict, streams; started and stopped from the connection.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{Refused, Validation, cancel, find, log_after, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::ValidationId;
use crate::connectors::Kind;
use crate::engines::{Stream, SyncType};
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::streams::key_text;
use crate::features::work::log_view::LogItem;
use crate::platform::app::App;
use crate::platform::jobs::{LogLine, WorkState};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other};
use crate::platform::web::urls;

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
    streams: Vec<StreamItem>,
    csrf: String,
    may_edit: bool,
    is_test: bool,
    may_start: bool,
    start_url: String,
    next_url: String,
    next_text: &'static str,
    connection_url: String,
    configuration_url: String,
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
    may_edit: bool,
    live: String,
    url: String,
    live_url: String,
    cancel_url: String,
    connection_url: String,
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
    fn new(app: &App, loaded: &Loaded, (csrf, may_edit): (String, bool)) -> AppResult<Self> {
        let Loaded { validation, connection, lines } = loaded;
        let (slug, is_source) = (&connection.slug, connection.kind == Kind::Source);
        let now = app.clock.now();
        let state = validation.state_at(now);
        let (_, message) = validation.outcome_at(now);
        let has_more_lines = lines.len() > LINES_SHOWN;
        let newest = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        Ok(Self {
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
            streams: validation.found(&app.keys)?.streams.iter().map(item).collect(),
            csrf,
            may_edit,
            is_test: validation.setup_link_id.is_some(),
            may_start: !connection.is_waiting(),
            start_url: urls::connection_validations(slug),
            next_url: if is_source { urls::connection_streams(slug) } else { urls::connection_finish(slug) },
            next_text: if is_source { "Choose streams" } else { "Finish" },
            connection_url: urls::connection(slug),
            configuration_url: urls::connection_configuration(slug),
        })
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
    let (frame, may_edit) = (member.frame(&request, &app, "connections"), member.role.may_edit());
    let live = LivePart::new(&app, &loaded, (frame.csrf.clone(), may_edit))?.render()?;
    let Loaded { validation, connection, .. } = &loaded;
    let state = validation.state_at(app.clock.now());
    page(&ShowPage {
        frame,
        description: connection.description.clone(),
        word: word(state),
        created_iso: validation.created_at.iso(),
        created: validation.created_at.words(),
        by: validation.actor_name.clone(),
        is_test: validation.setup_link_id.is_some(),
        is_over: state.is_over(),
        may_edit,
        live,
        url: urls::validation(&validation.id),
        live_url: urls::validation_live(&validation.id),
        cancel_url: urls::validation_cancellation(&validation.id),
        connection_url: urls::connection(&connection.slug),
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
pub async fn live(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    let csrf = member.frame(&request, &app, "connections").csrf;
    page(&LivePart::new(&app, &loaded, (csrf, member.role.may_edit()))?)
}

/// `POST /connections/{slug}/validations`
pub async fn create(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (app_here, workspace, slug) = (app.clone(), member.workspace_id.clone(), slug.into_inner());
    let (actor, target) = (member.actor(), urls::connection(&slug));
    let started = app
        .write(move |tx| {
            let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let connector = app_here.connectors.find(connection.kind, &connection.connector_slug);
            let connector =
                connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
            start(tx, &connection, connector, &actor)
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
