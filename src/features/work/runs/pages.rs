//! A run as people follow it; started and stopped from the connection.

use actix_web::{HttpRequest, web};
use askama::Template;
use diesel::QueryResult;

use super::history::{self, StreamHistory};
use super::records::{NoFiles, RunFiles};
use super::start::{CONNECTOR_GONE, NOT_FROM_START, SAME_MOMENT};
use super::store;
use super::{NewRun, Run, RunDetails, StartRunError, StreamCount, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::RunId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections;
use crate::features::extraction_engine::LOCAL;
use crate::features::work::live_pages::{self, Followed, LivePage, LiveView};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageResult, see_other};
use crate::platform::web::urls;

struct RunStreamItem {
    name: String,
    records: i64,
    size: String,
    table: String,
    incomplete: bool,
    /// The pages with its first rows and with its file; `None` when there are none, or not for this member.
    records_urls: Option<(String, String)>,
    /// What earlier extractions brought of it.
    history: Option<StreamHistory>,
}

/// The part that changes while it runs.
#[derive(Template)]
#[template(path = "runs/live.html")]
pub(in crate::features::work) struct RunPart {
    work: LiveView,
    so_far: String,
    place: String,
    is_files: bool,
    /// Its files were removed.
    is_gone: bool,
    streams: Vec<RunStreamItem>,
    run_url: String,
    remote: Option<RemoteView>,
}

/// What only a run has that another engine does.
struct RemoteView {
    /// "Airbyte does it as its job 17."
    sentence: String,
    /// Why nobody can tell how far it is, and since when: the sentence, for programs, for people.
    trouble: Option<(String, String, String)>,
}

impl RemoteView {
    fn of(details: &RunDetails) -> Option<Self> {
        if details.engine == LOCAL {
            return None;
        }
        let sentence = match details.remote_job {
            Some(job) => format!("Airbyte does it as its job {job}."),
            None => "Airbyte does it; its job there was not started yet.".to_owned(),
        };
        let since = details.trouble_since.map(|at| (at.iso(), at.words()));
        let trouble = details.trouble.clone().zip(since).map(|(words, (iso, at))| (words, iso, at));
        Some(Self { sentence, trouble })
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

impl LivePage for RunDetails {
    const TITLE: &'static str = "Extraction";
    const CANCEL: &'static str = "Cancel extraction";
    type Part = RunPart;
    type Beside = Vec<Run>;

    fn beside(conn: &mut Conn, run: &Run) -> QueryResult<Vec<Run>> {
        store::list_up_to(conn, run, history::SHOWN)
    }

    fn word(state: WorkState) -> &'static str {
        super::word(state)
    }

    fn remark(&self) -> String {
        let clock = if self.trigger_type == "cron" { " by the clock" } else { "" };
        let start = if self.from_start == 1 { ", from the beginning" } else { "" };
        format!("{clock}{start}")
    }

    fn url(id: &RunId) -> String {
        urls::run(id)
    }

    fn live_url(id: &RunId) -> String {
        urls::run_live(id)
    }

    fn cancel_url(id: &RunId) -> String {
        urls::run_cancellation(id)
    }

    fn part(app: &App, followed: &Followed<Self>, view: LiveView) -> AppResult<RunPart> {
        let details = &followed.work.details;
        let mut so_far = format!("{}, {}", super::records(details.records), size(details.bytes));
        if let (Some(begun), Some(ended)) = (followed.work.started_at, followed.work.ended_at) {
            so_far += &format!(", in {}", history::duration((ended - begun).whole_seconds()));
        }
        // What is not whole is what somebody looks for.
        let files = RunFiles::find(&app.config.storage.data_dir, &followed.work);
        let is_gone = matches!(files, Err(NoFiles::Gone));
        let files = files.ok().filter(|_| view.may_see_records);
        let mut counts: Vec<&StreamCount> = details.streams.0.iter().collect();
        counts.sort_by_key(|count| !count.incomplete);
        Ok(RunPart {
            so_far: if view.state == WorkState::Queued { "Waiting for its turn".to_owned() } else { so_far },
            work: view,
            place: details.place.clone(),
            is_files: details.output().is_files(),
            is_gone,
            streams: counts.into_iter().map(|count| run_stream(count, followed, files.as_ref())).collect(),
            run_url: urls::connection_runs(&followed.connection.slug),
            remote: RemoteView::of(details),
        })
    }
}

fn run_stream(count: &StreamCount, followed: &Followed<RunDetails>, files: Option<&RunFiles>) -> RunStreamItem {
    let has_file = files.is_some_and(|files| files.streams.iter().any(|one| one.stream == count.stream));
    let id = &followed.work.id;
    let of_stream = |path: String| urls::of_stream(&path, &count.stream);
    RunStreamItem {
        name: count.stream.clone(),
        records: count.records,
        size: size(count.bytes),
        table: count.table.clone(),
        incomplete: count.incomplete,
        records_urls: has_file.then(|| (of_stream(urls::run_records(id)), of_stream(urls::run_records_file(id)))),
        history: StreamHistory::of(count, &followed.beside),
    }
}

/// `GET /runs/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    live_pages::show::<RunDetails>(&app, &request, &member, &id).await
}

/// `GET /runs/{id}/live`
pub async fn live(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    live_pages::live::<RunDetails>(&app, &request, &member, &id).await
}

/// `POST /connections/{slug}/runs`
pub async fn create(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let from_start = form.value.iter().any(|(name, value)| name == "from_start" && value == "yes");
    let (here, workspace, slug) = (app.clone(), member.workspace_id.clone(), slug.into_inner());
    let (actor, target) = (member.actor(), urls::connection(&slug));
    let started = app
        .try_write(move |tx| -> Result<Run, StartRunError> {
            let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            start(tx, &NewRun { connection: &connection, trigger: "manual", actor: &actor, from_start }, &here)
        })
        .await;
    let base = &app.config.server.base_url;
    Ok(match started {
        Ok(run) => see_other(&urls::run(&run.id)),
        Err(StartRunError::App(error)) => return Err(error.into()),
        Err(StartRunError::Going(id)) => see_other_with(base, &urls::run(&id), Flash::RunGoesOn),
        Err(StartRunError::ConnectorGone) => return Err(AppError::Conflict(CONNECTOR_GONE).into()),
        Err(StartRunError::SameMoment) => return Err(AppError::Conflict(SAME_MOMENT).into()),
        Err(StartRunError::NotFromStart) => return Err(AppError::Conflict(NOT_FROM_START).into()),
        Err(StartRunError::Waiting) => return Err(AppError::Conflict(connections::WAITING).into()),
        Err(_) => see_other_with(base, &target, Flash::RunNotStarted),
    })
}

/// `POST /runs/{id}/cancellation`
pub async fn stop(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    Ok(live_pages::stop::<RunDetails>(&app, &member, &id).await?)
}
