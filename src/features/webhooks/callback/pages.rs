//! `/connections/{slug}/webhook`: where a connection's callback webhook goes, its header, a test, its removal.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::{
    CallbackShown, CallbackWebhook, check_callback, find_callback, move_callback, remove_callback, set_callback,
};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldProblem;
use crate::base::http_client::HttpsUrl;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::webhooks::{send_test, validate};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

/// What the form sends.
#[derive(Deserialize)]
pub struct CallbackForm {
    url: String,
    #[serde(default)]
    header_name: String,
    #[serde(default = "nothing", deserialize_with = "secret")]
    header_value: SecretString,
}

fn nothing() -> SecretString {
    SecretString::from("")
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// What becomes of the header.
enum CallbackChange {
    /// Everything as it was typed.
    Set(CallbackWebhook),
    /// Another path on the same host; the header that is stored stays.
    Move(HttpsUrl),
}

#[derive(Template)]
#[template(path = "webhooks/callback.html")]
struct CallbackPage {
    frame: OwnerFrame,
    description: String,
    connection_url: String,
    url: String,
    header_name: String,
    header_is_set: bool,
    is_there: bool,
    disabled: bool,
    problem: Option<FieldProblem>,
    removal_url: String,
    test_url: String,
}

impl CallbackPage {
    fn error(&self, field: &str) -> &'static str {
        self.problem.filter(|problem| problem.field == field).map_or("", |problem| problem.sentence)
    }
}

async fn load(app: &App, member: &SignedIn, slug: String) -> AppResult<(Connection, Option<CallbackShown>)> {
    let workspace = member.workspace_id.clone();
    app.db
        .read(move |conn| {
            let connection = connections::find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let callback = find_callback(conn, &workspace, &connection.id)?;
            Ok((connection, callback))
        })
        .await
}

fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    connection: &Connection,
    callback: Option<&CallbackShown>,
) -> CallbackPage {
    CallbackPage {
        frame: member.frame(request, app, "connections"),
        description: connection.description.clone(),
        connection_url: urls::connection(&connection.slug),
        url: callback.map(|callback| callback.url.clone()).unwrap_or_default(),
        header_name: callback.and_then(|callback| callback.header_name.clone()).unwrap_or_default(),
        header_is_set: callback.is_some_and(|callback| callback.header_name.is_some()),
        is_there: callback.is_some(),
        disabled: callback.is_some_and(|callback| callback.disabled.is_some()),
        problem: None,
        removal_url: urls::connection_webhook_removal(&connection.slug),
        test_url: urls::connection_webhook_test(&connection.slug),
    }
}

/// `GET /connections/{slug}/webhook`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: Editor, slug: web::Path<String>) -> PageResult {
    let (connection, callback) = load(&app, &member, slug.into_inner()).await?;
    page(&view(&app, &request, &member, &connection, callback.as_ref()))
}

/// Validates a form. A stored value goes nowhere but to the server it was given for: for another host or port it must be typed again.
fn validate_form(form: &CallbackForm, stored: Option<&CallbackShown>) -> Result<CallbackChange, FieldProblem> {
    let (url, name) = (form.url.trim(), form.header_name.trim());
    let same_header =
        stored.and_then(|stored| stored.header_name.as_deref()).is_some_and(|stored| stored.eq_ignore_ascii_case(name));
    if same_header && form.header_value.expose_secret().is_empty() {
        let url = validate::address(url)?;
        let stored_origin = stored.and_then(|stored| HttpsUrl::parse(&stored.url).ok()).map(|url| url.origin());
        if stored_origin.as_ref() == Some(&url.origin()) {
            return Ok(CallbackChange::Move(url));
        }
        let sentence = "Header value must be entered again, because the URL leads to another host or port";
        return Err(FieldProblem { field: "header_value", code: "header_value_missing", sentence });
    }
    CallbackWebhook::parse(url, Some(name), Some(form.header_value.clone())).map(CallbackChange::Set)
}

/// `POST /connections/{slug}/webhook`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<CallbackForm>,
) -> PageResult {
    let (connection, stored) = load(&app, &member, slug.into_inner()).await?;
    let change = match validate_form(&form.value, stored.as_ref()) {
        Ok(change) => look_up(&app, &change).await.map(|()| change),
        Err(problem) => Err(problem),
    };
    let change = match change {
        Ok(change) if !form.is_review => change,
        checked => {
            let view = view(&app, &request, &member, &connection, stored.as_ref());
            let (url, header_name) = (form.value.url, form.value.header_name);
            return unprocessable(&CallbackPage { problem: checked.err(), url, header_name, ..view });
        }
    };
    let actor = member.actor();
    let target = urls::connection(&connection.slug);
    app.write(move |tx| match &change {
        CallbackChange::Set(callback) => set_callback(tx, &connection, callback, actor),
        CallbackChange::Move(url) => move_callback(tx, &connection, url, actor),
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::WebhookSaved))
}

async fn look_up(app: &App, change: &CallbackChange) -> Result<(), FieldProblem> {
    match change {
        CallbackChange::Set(callback) => check_callback(app, callback).await,
        CallbackChange::Move(url) => Ok(app.http.judge(url).await?),
    }
}

/// `POST /connections/{slug}/webhook/removal`
pub async fn remove(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (connection, _) = load(&app, &member, slug.into_inner()).await?;
    let actor = member.actor();
    let target = urls::connection(&connection.slug);
    app.write(move |tx| remove_callback(tx, &connection, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::WebhookRemoved))
}

/// `POST /connections/{slug}/webhook/test`
pub async fn test(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (connection, _) = load(&app, &member, slug.into_inner()).await?;
    let app_here = app.clone();
    let id = app.write(move |tx| send_test(tx, &app_here.connectors, &connection)).await?;
    Ok(see_other_with(&app.config.server.base_url, &urls::webhook_delivery(&id), Flash::WebhookQueued))
}
