//! A validation as people follow it: progress, log, verdict, streams; started and stopped from the connection.

use actix_web::{HttpRequest, web};
use askama::Template;
use diesel::QueryResult;

use super::{FindStreams, StartValidationError, Validation, ValidationDetails, start};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::ValidationId;
use crate::engines::{Stream, SyncType};
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections;
use crate::features::streams::key_text;
use crate::features::work::live_pages::{self, Followed, LivePage, LiveView};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::WorkState;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageResult, see_other};
use crate::platform::web::urls;

/// The part that changes while it runs.
#[derive(Template)]
#[template(path = "validations/live.html")]
pub(in crate::features::work) struct ValidationPart {
    work: LiveView,
    step: String,
    streams: Vec<FoundStreamItem>,
    /// When they were read, where that was before this validation began.
    kept_since: Option<(String, String)>,
    is_test: bool,
    may_start: bool,
    start_url: String,
    next_url: String,
    next_text: &'static str,
    configuration_url: String,
}

struct FoundStreamItem {
    name: String,
    fields: usize,
    keys: String,
    ways: String,
}

/// The word for a state of a validation.
pub fn word(state: WorkState) -> &'static str {
    match state {
        WorkState::Queued => "Waiting",
        WorkState::InProgress => "Validating",
        WorkState::Success | WorkState::Partial => "Validated",
        WorkState::Failed => "Validation failed",
        WorkState::Cancelled => "Cancelled",
    }
}

impl LivePage for ValidationDetails {
    const TITLE: &'static str = "Validation";
    const CANCEL: &'static str = "Cancel validation";
    type Part = ValidationPart;
    type Beside = ();

    fn beside(_: &mut Conn, _: &Validation) -> QueryResult<()> {
        Ok(())
    }

    fn word(state: WorkState) -> &'static str {
        word(state)
    }

    fn remark(&self) -> String {
        if self.setup_link_id.is_some() { ", as a test before sending".to_owned() } else { String::new() }
    }

    fn url(id: &ValidationId) -> String {
        urls::validation(id)
    }

    fn live_url(id: &ValidationId) -> String {
        urls::validation_live(id)
    }

    fn cancel_url(id: &ValidationId) -> String {
        urls::validation_cancellation(id)
    }

    fn part(app: &App, followed: &Followed<Self>, mut view: LiveView) -> AppResult<ValidationPart> {
        let Followed { work: validation, connection, .. } = followed;
        let slug = &connection.slug;
        let connector = app.connectors.find(connection.kind, &connection.connector_slug);
        let ability = connector.map(|connector| app.engines.ability(&connector)).unwrap_or_default();
        let step = if view.is_over { String::new() } else { validation.details.step.clone() };
        if !view.is_over {
            view.said.clone_from(&step);
        }
        Ok(ValidationPart {
            work: view,
            step,
            streams: validation.found(&app.keys)?.streams.iter().map(found_stream).collect(),
            kept_since: validation.kept_since().map(|at| (at.iso(), at.words())),
            is_test: validation.details.setup_link_id.is_some(),
            may_start: ability.check && !connection.is_waiting(),
            start_url: urls::connection_validations(slug),
            next_url: if ability.read { urls::connection_streams(slug) } else { urls::connection_finish(slug) },
            next_text: if ability.read { "Choose streams" } else { "Finish" },
            configuration_url: urls::connection_configuration(slug),
        })
    }
}

/// `GET /validations/{id}`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    live_pages::show::<ValidationDetails>(&app, &request, &member, &id).await
}

fn found_stream(stream: &Stream) -> FoundStreamItem {
    let ways = stream.sync_types.iter().map(|way| match way {
        SyncType::FullTable => "everything each time",
        SyncType::Incremental => "only new records",
    });
    FoundStreamItem {
        name: stream.full_name(),
        fields: stream.columns.len(),
        keys: stream.primary_key.iter().map(key_text).collect::<Vec<_>>().join(", "),
        ways: ways.collect::<Vec<_>>().join(", "),
    }
}

/// `GET /validations/{id}/live`
pub async fn live(app: web::Data<App>, request: HttpRequest, member: SignedIn, id: web::Path<String>) -> PageResult {
    live_pages::live::<ValidationDetails>(&app, &request, &member, &id).await
}

/// `POST /connections/{slug}/validations`
pub async fn create(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let anew = form.value.iter().any(|(name, value)| name == "streams" && value == "anew");
    let streams = if anew { FindStreams::Anew } else { FindStreams::Kept };
    let (here, workspace, slug) = (app.clone(), member.workspace_id.clone(), slug.into_inner());
    let (actor, target) = (member.actor(), urls::connection(&slug));
    let started = app
        .try_write(move |tx| -> Result<Validation, StartValidationError> {
            let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let connector = here.connectors.find(connection.kind, &connection.connector_slug);
            let connector =
                connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
            start(tx, &connection, &connector, &here.engines, streams, &actor)
        })
        .await;
    let back = |flash| see_other_with(&app.config.server.base_url, &target, flash);
    Ok(match started {
        Ok(validation) => see_other(&urls::validation(&validation.id)),
        Err(StartValidationError::App(error)) => return Err(error.into()),
        Err(StartValidationError::Missing(_)) => back(Flash::CannotValidateMissing),
        Err(StartValidationError::Wrong(_)) => back(Flash::CannotValidateWrong),
        Err(StartValidationError::QueueFull) => back(Flash::CannotValidateFull),
        // The page has no such button: a program was taken away since it was shown.
        Err(StartValidationError::CannotBeChecked(_)) => back(Flash::CannotValidateNobody),
        Err(StartValidationError::Waiting) => return Err(AppError::Conflict(connections::WAITING).into()),
    })
}

/// `POST /validations/{id}/cancellation`
pub async fn stop(
    app: web::Data<App>,
    member: Editor,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    Ok(live_pages::stop::<ValidationDetails>(&app, &member, &id).await?)
}
