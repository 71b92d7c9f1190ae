//! `/settings/failures`: what failed for good, with what can be done about it.

use actix_web::{HttpRequest, web};
use askama::Template;

use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{JobId, WebhookDeliveryId, WorkspaceId};
use crate::connectors::FileFault;
use crate::features::accounts::guard::{Admin, SignedIn};
use crate::features::accounts::{self, MemberCard};
use crate::features::oauth::grants::{self, BrokenGrant};
use crate::features::recipient::When;
use crate::features::webhooks::{self, Delivery};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{self, FailedJob};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// So many of each kind are listed.
const LISTED: i64 = 100;

/// One failure of the list.
struct FailureView {
    heading: String,
    /// Whom it was to reach, possibly empty.
    receiver: String,
    /// Why, as a sentence or as the other side said it.
    reason: String,
    /// How often it was tried; 0 when that says nothing.
    tries: i32,
    at: Option<When>,
    /// Where it can be looked at or mended.
    look: Vec<FailureLink>,
    /// Where it is tried again, possibly empty.
    retry_url: String,
    /// Where it is dismissed, possibly empty: what mends itself away is not dismissed.
    dismiss_url: String,
}

struct FailureLink {
    url: String,
    text: String,
}

#[derive(Template)]
#[template(path = "failures/index.html")]
struct FailuresPage {
    frame: OwnerFrame,
    tab: &'static str,
    may_change: bool,
    ask: String,
    failures: Vec<FailureView>,
}

struct LoadedFailures {
    jobs: Vec<FailedJob>,
    webhooks: Vec<Delivery>,
    grants: Vec<BrokenGrant>,
    owners: Vec<MemberCard>,
}

impl LoadedFailures {
    fn load(conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime) -> AppResult<Self> {
        Ok(Self {
            jobs: jobs::list_failed(conn, workspace, LISTED)?,
            webhooks: webhooks::list_given_up(conn, workspace, LISTED)?,
            grants: grants::list_broken(conn, workspace, LISTED, now)?,
            owners: accounts::owners_of(conn, workspace)?,
        })
    }
}

/// `GET /settings/failures`
pub async fn index(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let (workspace, now) = (member.workspace_id.clone(), app.clock.now());
    let found = app.db.read(move |conn| LoadedFailures::load(conn, &workspace, now)).await?;
    let LoadedFailures { jobs, webhooks, grants, owners } = found;
    let grants = grants.into_iter().map(|grant| of_grant(&app, grant));
    // They concern the whole installation.
    let files = if member.role.may_administer() { app.connectors.faults() } else { Vec::new() };
    let files = files.into_iter().map(of_file);
    let mut failures: Vec<FailureView> =
        files.chain(grants).chain(jobs.into_iter().map(of_job)).chain(webhooks.into_iter().map(of_webhook)).collect();
    if !member.owns_instance(&app).await? {
        // What failed on the server is told as the server said it, which may name its folders.
        for text in failures.iter_mut().flat_map(|failure| [&mut failure.heading, &mut failure.reason]) {
            *text = accounts::without_operator_facts(&app.config, text);
        }
    }
    page(&FailuresPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_FAILURES,
        may_change: member.role.may_administer(),
        ask: accounts::names_in_words(&owners),
        failures,
    })
}

fn of_job(job: FailedJob) -> FailureView {
    let FailedJob { id, kind, about, shown_receiver, last_error, attempts, failed_at } = job;
    let is_mail = !shown_receiver.is_empty();
    FailureView {
        heading: match (is_mail, about.is_empty()) {
            (true, false) => format!("Mail not sent: {about}"),
            (false, false) => about,
            (_, true) => format!("Not done: {kind}"),
        },
        receiver: shown_receiver,
        reason: last_error.unwrap_or_default(),
        tries: attempts,
        at: failed_at.map(When::from),
        look: Vec::new(),
        retry_url: urls::failure_retry(&id),
        dismiss_url: urls::failure_dismissal(&id),
    }
}

fn of_file(fault: FileFault) -> FailureView {
    FailureView {
        heading: format!("Connector file not usable: {}", fault.place()),
        receiver: String::new(),
        reason: format!(
            "{}. {} Whoever runs this installation can correct the file in VESTIBULE_CONNECTORS_DIR; it is taken in without a restart.",
            fault.reason,
            fault.meanwhile()
        ),
        tries: 0,
        at: None,
        look: Vec::new(),
        retry_url: String::new(),
        dismiss_url: String::new(),
    }
}

fn of_webhook(delivery: Delivery) -> FailureView {
    FailureView {
        heading: format!("Webhook not delivered: {}", delivery.event),
        receiver: delivery.host(),
        reason: "The receiver did not take it. Every try and its answer are on its page, where it can be sent again."
            .to_owned(),
        tries: delivery.attempts,
        at: Some(delivery.updated_at.into()),
        look: vec![FailureLink { url: urls::webhook_delivery(&delivery.id), text: "Look at the webhook".to_owned() }],
        retry_url: String::new(),
        dismiss_url: urls::webhook_dismissal(&delivery.id),
    }
}

fn of_grant(app: &App, grant: BrokenGrant) -> FailureView {
    let provider = grant.provider_name(app);
    let look = |user: grants::GrantUser| FailureLink { url: urls::connection(&user.slug), text: user.description };
    let (what, reason) = if grant.is_ended {
        (
            "Access ended",
            "The provider has ended the access. Somebody has to sign in again, from the connection's page.",
        )
    } else {
        (
            "Access not renewed",
            "Its token ended and could not be renewed so far: the provider does not answer, or refuses the OAuth app. \
             It is tried again every ten minutes.",
        )
    };
    FailureView {
        heading: format!("{what}: {} at {provider}", grant.identity_label),
        receiver: String::new(),
        reason: reason.to_owned(),
        tries: 0,
        at: grant.since.map(When::from),
        look: grant.users.into_iter().map(look).collect(),
        retry_url: String::new(),
        dismiss_url: String::new(),
    }
}

/// `POST /settings/failures/{id}/retry`
pub async fn retry(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id) = (member.workspace_id.clone(), JobId::from_text(&id));
    let done = app.write(move |tx| Ok(jobs::try_failed_again(tx.conn, &workspace, &id, tx.now)?)).await?;
    if !done {
        return Err(AppError::NotFound.into());
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_FAILURES, Flash::FailureRetried))
}

/// `POST /settings/failures/{id}/dismissal`
pub async fn dismiss(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id) = (member.workspace_id.clone(), JobId::from_text(&id));
    if !app.write(move |tx| Ok(jobs::dismiss_failed(tx.conn, &workspace, &id)?)).await? {
        return Err(AppError::NotFound.into());
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_FAILURES, Flash::FailureDismissed))
}

/// `POST /webhook-deliveries/{id}/dismissal`
pub async fn dismiss_webhook(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, id) = (member.workspace_id.clone(), WebhookDeliveryId::from_text(&id));
    if !app.write(move |tx| Ok(webhooks::dismiss_given_up(tx.conn, &workspace, &id, tx.now)?)).await? {
        return Err(AppError::NotFound.into());
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_FAILURES, Flash::FailureDismissed))
}
