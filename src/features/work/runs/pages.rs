//! A run as people follow it; started and stopped from the connection.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{NewRun, Run, cancel, find, log_after, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::RunId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::outputs::FILES;
use crate::features::work::log_view::LogItem;
use crate::platform::app::App;
use crate::platform::jobs::{LogLine, WorkState};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other};
use crate::platform::web::urls;

const LINES_SHOWN: usize = 300;

struct StreamItem {
    name: String,
    records: i64,
    size: String,
    table: String,
    incomplete: bool,
}

#[derive(Template)]
#[template(path = "runs/live.html")]
struct LivePart {
    word: &'static str,
    tone: &'static str,
    so_far: String,
    said: String,
    message: String,
    place: String,
    is_files: bool,
    is_over: bool,
    succeeded: bool,
    is_failure: bool,
    streams: Vec<StreamItem>,
    lines: Vec<LogItem>,
    has_more_lines: bool,
    csrf: String,
    may_edit: bool,
    run_url: String,
    connection_url: String,
}

#[derive(Template)]
#[template(path = "runs/show.html")]
struct ShowPage {
    frame: OwnerFrame,
    description: String,
    word: &'static str,
    created_iso: String,
    created: String,
    by: String,
    is_cron: bool,
    from_start: bool,
    is_over: bool,
    may_edit: bool,
    live: String,
    url: String,
    live_url: String,
    cancel_url: String,
    connection_url: String,
}

struct Loaded {
    run: Run,
    connection: Connection,
    lines: Vec<LogLine>,
}

async fn load(app: &App, member: &SignedIn, id: &str) -> AppResult<Loaded> {
    let (workspace, id) = (member.workspace_id.clone(), RunId::from_text(id));
    app.db
        .read(move |conn| {
            let run = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let connection = connections::find_by_id(conn, &workspace, &run.connection_id)?;
            let connection = connection.filter(|one| one.deleted_at.is_none()).ok_or(AppError::NotFound)?;
            let lines = log_after(conn, &id, 0, i64::from(super::MOST_LINES) + 1)?;
            Ok(Loaded { run, connection, lines })
        })
        .await
}

/// The word for a state of a run.
pub fn word(state: WorkState) -> &'static str {
    match state {
        WorkState::Queued => "Waiting",
        WorkState::InProgress => "Extracting",
        WorkState::Success => "Done",
        WorkState::Failed => "Failed",
        WorkState::Cancelled => "Cancelled",
    }
}

/// "812 bytes", "1.4 MB".
pub fn size(bytes: i64) -> String {
    let tenths = |unit: i64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        ..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

impl LivePart {
    fn new(app: &App, Loaded { run, lines, connection }: &Loaded, (csrf, may_edit): (String, bool)) -> Self {
        let state = run.state_at(app.clock.now());
        let (_, message) = run.outcome_at(app.clock.now());
        let has_more_lines = lines.len() > LINES_SHOWN;
        let newest = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        let streams = run.counts().into_iter().map(|count| StreamItem {
            name: count.stream,
            records: count.records,
            size: size(count.bytes),
            table: count.table,
            incomplete: count.incomplete,
        });
        let so_far = format!("{}, {}", super::records(run.records), size(run.bytes));
        Self {
            word: word(state),
            tone: state.tone(),
            said: if state.is_over() { word(state).to_owned() } else { String::new() },
            so_far: if state == WorkState::Queued { "Waiting for its turn".to_owned() } else { so_far },
            message: message.to_owned(),
            place: run.place.clone(),
            is_files: run.output_layer == FILES,
            is_over: state.is_over(),
            succeeded: state == WorkState::Success,
            is_failure: state == WorkState::Failed,
            streams: streams.collect(),
            lines: newest.map(LogItem::from).collect(),
            has_more_lines,
            csrf,
            may_edit,
            run_url: urls::connection_runs(&connection.slug),
            connection_url: urls::connection(&connection.slug),
        }
    }
}

/// `GET /runs/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    let frame = member.frame(&request, &app, "connections");
    let may_edit = member.role.may_edit();
    let live = LivePart::new(&app, &loaded, (frame.csrf.clone(), may_edit)).render()?;
    let Loaded { run, connection, .. } = &loaded;
    let state = run.state_at(app.clock.now());
    page(&ShowPage {
        frame,
        description: connection.description.clone(),
        word: word(state),
        created_iso: run.created_at.iso(),
        created: run.created_at.words(),
        by: run.actor_name.clone(),
        is_cron: run.trigger_type == "cron",
        from_start: run.from_start == 1,
        is_over: state.is_over(),
        may_edit,
        live,
        url: urls::run(&run.id),
        live_url: urls::run_live(&run.id),
        cancel_url: urls::run_cancellation(&run.id),
        connection_url: urls::connection(&connection.slug),
    })
}

/// `GET /runs/{id}/live`
pub async fn live(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    let loaded = load(&app, &member, &id).await?;
    let csrf = member.frame(&request, &app, "connections").csrf;
    page(&LivePart::new(&app, &loaded, (csrf, member.role.may_edit())))
}

/// `POST /connections/{slug}/runs`
pub async fn create(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let from_start = form.value.iter().any(|(name, value)| name == "from_start" && value == "yes");
    let (app_here, workspace, slug) = (app.clone(), member.workspace_id.clone(), slug.into_inner());
    let (actor, target) = (member.actor(), urls::connection(&slug));
    let started = app
        .write(move |tx| {
            let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let connector = app_here.connectors.find(connection.kind, &connection.connector_slug);
            let connector =
                connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
            let data_dir = &app_here.config.storage.data_dir;
            let new =
                NewRun { connection: &connection, connector, trigger: "manual", actor: &actor, from_start, data_dir };
            start(tx, &new, &app_here.engines)
        })
        .await?;
    Ok(match started {
        Ok(run) => see_other(&urls::run(&run.id)),
        Err(super::NotStarted::Going(id)) => {
            see_other_with(&app.config.server.base_url, &urls::run(&id), Flash::RunGoesOn)
        }
        Err(super::NotStarted::Waiting) => return Err(AppError::Conflict(connections::WAITING).into()),
        Err(_) => see_other_with(&app.config.server.base_url, &target, Flash::RunNotStarted),
    })
}

/// `POST /runs/{id}/cancellation`
pub async fn stop(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id, now) = (member.workspace_id.clone(), RunId::from_text(&id), app.clock.now());
    let target = urls::run(&id);
    app.db
        .write(move |conn| {
            let run = find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            cancel(conn, &run, now)
        })
        .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::Stopping))
}
