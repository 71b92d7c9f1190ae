//! `/settings/webhooks`: the endpoints of the workspace, the secret that signs, and what was sent lately.

use actix_web::{HttpRequest, web};
use askama::Template;
use zeroize::Zeroizing;

use super::{EndpointRow, NewEndpoint};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldProblem;
use crate::base::ids::WebhookEndpointId;
use crate::features::accounts::guard::{Admin, SignedIn};
use crate::features::webhooks::EventKind;
use crate::features::webhooks::deliveries::{self, DeliveryItem, Moment};
use crate::features::webhooks::secrets::{self, SecretTimes};
use crate::features::webhooks::tell::send_endpoint_test;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

const LISTED: i64 = 20;
const TOO_MANY: FieldProblem = FieldProblem {
    field: "url",
    code: "too_many_endpoints",
    sentence: "This workspace has 20 endpoints and can have no more. Delete one first",
};

struct EndpointItem {
    name: String,
    host: String,
    events: Vec<&'static str>,
    is_off: bool,
    url: String,
}

#[derive(Template)]
#[template(path = "webhooks/settings.html")]
struct WebhooksPage {
    frame: OwnerFrame,
    tab: &'static str,
    may_change: bool,
    endpoints: Vec<EndpointItem>,
    deliveries: Vec<DeliveryItem>,
    secret_made: Option<Moment>,
    old_until: Option<Moment>,
    /// The secret that was just made, on the one page that shows it.
    made: Option<Zeroizing<String>>,
}

struct EventChoice {
    value: &'static str,
    words: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "webhooks/endpoint.html")]
struct EndpointPage {
    frame: OwnerFrame,
    tab: &'static str,
    /// The endpoint's own addresses; `None` for a new one.
    own: Option<OwnUrls>,
    is_off: bool,
    url: String,
    description: String,
    events: Vec<EventChoice>,
    problems: Vec<FieldProblem>,
    deliveries: Vec<DeliveryItem>,
}

struct OwnUrls {
    deletion: String,
    test: String,
}

impl EndpointPage {
    fn error(&self, field: &str) -> &'static str {
        self.problems.iter().find(|problem| problem.field == field).map_or("", |problem| problem.sentence)
    }

    fn items(&self) -> Vec<(&'static str, &'static str)> {
        self.problems.iter().map(|problem| (problem.field, problem.sentence)).collect()
    }
}

/// What the form of an endpoint sends: one `events` for every box that is ticked.
struct EndpointForm {
    url: String,
    description: String,
    events: Vec<String>,
}

impl EndpointForm {
    fn read(pairs: Vec<(String, String)>) -> Self {
        let first =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let (url, description) = (first("url"), first("description"));
        Self {
            url,
            description,
            events: pairs.into_iter().filter(|(key, _)| key == "events").map(|(_, value)| value).collect(),
        }
    }

    async fn validate(&self, app: &App) -> Result<NewEndpoint, Vec<FieldProblem>> {
        let new = NewEndpoint::parse(&self.url, &self.description, &self.events)?;
        match app.http.judge(&new.url).await {
            Ok(()) => Ok(new),
            Err(problem) => Err(vec![problem.into()]),
        }
    }
}

fn choices(chosen: impl Fn(EventKind) -> bool) -> Vec<EventChoice> {
    EventKind::ALL
        .iter()
        .map(|kind| EventChoice { value: kind.as_str(), words: kind.words(), chosen: chosen(*kind) })
        .collect()
}

async fn settings(app: &App, request: &HttpRequest, member: &SignedIn) -> AppResult<WebhooksPage> {
    let (workspace, now) = (member.workspace_id.clone(), app.clock.now());
    let (rows, sent, secret) = app
        .db
        .read(move |conn| {
            let sent = deliveries::list_endpoint_deliveries(conn, &workspace, None, LISTED)?;
            Ok((super::list(conn, &workspace)?, sent, secrets::secret_times(conn, &workspace, now)?))
        })
        .await?;
    Ok(WebhooksPage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_WEBHOOKS,
        may_change: member.role.may_administer(),
        endpoints: rows.iter().map(item).collect(),
        deliveries: deliveries::items(&sent),
        secret_made: secret.map(|SecretTimes { made, .. }| made.into()),
        old_until: secret.and_then(|times| times.old_until).map(Moment::from),
        made: None,
    })
}

fn item(row: &EndpointRow) -> EndpointItem {
    EndpointItem {
        name: if row.description.is_empty() { row.host() } else { row.description.clone() },
        host: row.host(),
        events: row.events().into_iter().map(EventKind::as_str).collect(),
        is_off: row.disabled_at.is_some(),
        url: urls::webhook_endpoint(&row.id),
    }
}

/// `GET /settings/webhooks`
pub async fn index(app: web::Data<App>, request: HttpRequest, member: SignedIn) -> PageResult {
    page(&settings(&app, &request, &member).await?)
}

/// `POST /settings/webhooks/secret`: answers with the page that shows the secret, this once.
pub async fn make_secret(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let secret = app.write(move |tx| secrets::make_secret(tx, &workspace, actor)).await?;
    let view = settings(&app, &request, &member).await?;
    page(&WebhooksPage { made: Some(secret.expose()), ..view })
}

/// `GET /settings/webhooks/new`
pub async fn new(app: web::Data<App>, request: HttpRequest, member: Admin) -> PageResult {
    page(&blank(&app, &request, &member))
}

fn blank(app: &App, request: &HttpRequest, member: &SignedIn) -> EndpointPage {
    EndpointPage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_WEBHOOKS,
        own: None,
        is_off: false,
        url: String::new(),
        description: String::new(),
        events: choices(|_| false),
        problems: Vec::new(),
        deliveries: Vec::new(),
    }
}

fn refused(view: EndpointPage, typed: EndpointForm, problems: Vec<FieldProblem>) -> PageResult {
    let events = choices(|kind| typed.events.iter().any(|name| name == kind.as_str()));
    unprocessable(&EndpointPage { url: typed.url, description: typed.description, events, problems, ..view })
}

/// `POST /settings/webhooks/new`
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let typed = EndpointForm::read(form.value);
    let new = match typed.validate(&app).await {
        Ok(new) if !form.is_review => new,
        checked => return refused(blank(&app, &request, &member), typed, checked.err().unwrap_or_default()),
    };
    // The nonce of the form is the endpoint's id: the same form sent twice adds one.
    let id = WebhookEndpointId::from_text(&form.token.nonce);
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    if !app.write(move |tx| super::add(tx, &workspace, &id, &new, actor)).await? {
        return refused(blank(&app, &request, &member), typed, vec![TOO_MANY]);
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_WEBHOOKS, Flash::EndpointSaved))
}

async fn stored(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    id: &WebhookEndpointId,
) -> AppResult<EndpointPage> {
    let (workspace, key) = (member.workspace_id.clone(), id.clone());
    let (row, sent) = app
        .db
        .read(move |conn| {
            let row = super::find(conn, &workspace, &key)?.ok_or(AppError::NotFound)?;
            Ok((row, deliveries::list_endpoint_deliveries(conn, &workspace, Some(&key), LISTED)?))
        })
        .await?;
    let chosen = row.events();
    Ok(EndpointPage {
        own: Some(OwnUrls { deletion: urls::webhook_endpoint_deletion(id), test: urls::webhook_endpoint_test(id) }),
        is_off: row.disabled_at.is_some(),
        url: row.url,
        description: row.description,
        events: choices(|kind| chosen.contains(&kind)),
        deliveries: deliveries::items(&sent),
        ..blank(app, request, member)
    })
}

/// `GET /settings/webhooks/{id}`
pub async fn edit(app: web::Data<App>, request: HttpRequest, member: Admin, id: web::Path<String>) -> PageResult {
    page(&stored(&app, &request, &member, &WebhookEndpointId::from_text(&id)).await?)
}

/// `POST /settings/webhooks/{id}`
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    id: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let id = WebhookEndpointId::from_text(&id);
    let view = stored(&app, &request, &member, &id).await?;
    let typed = EndpointForm::read(form.value);
    let new = match typed.validate(&app).await {
        Ok(new) if !form.is_review => new,
        checked => return refused(view, typed, checked.err().unwrap_or_default()),
    };
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    app.write(move |tx| super::change(tx, &workspace, &id, &new, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_WEBHOOKS, Flash::EndpointSaved))
}

/// `POST /settings/webhooks/{id}/deletion`
pub async fn delete(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let id = WebhookEndpointId::from_text(&id);
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    app.write(move |tx| super::delete(tx, &workspace, &id, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_WEBHOOKS, Flash::EndpointDeleted))
}

/// `POST /settings/webhooks/{id}/test`
pub async fn test(
    app: web::Data<App>,
    member: Admin,
    id: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let id = WebhookEndpointId::from_text(&id);
    let workspace = member.workspace_id.clone();
    let delivery = app.write(move |tx| send_endpoint_test(tx, &workspace, &id)).await?;
    Ok(see_other_with(&app.config.server.base_url, &urls::webhook_delivery(&delivery), Flash::WebhookQueued))
}
