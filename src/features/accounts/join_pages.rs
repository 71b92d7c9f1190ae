//! `/join/{token}`: what an account link opens, to join a workspace or to choose a new password.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::fields::{FormErrors, secret};
use super::guard::browser;
use super::links::{self, OpenAccountLink, Purpose};
use super::setup_pages::signed_in;
use super::{invitations, passwords, resets, sign_in_provider};
use crate::base::error::AppResult;
use crate::platform::app::App;
use crate::platform::web::csrf::{self, FormBehind};
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

use super::views::When;

/// What the form sends; a link to choose a new password asks for no name.
#[derive(Deserialize)]
pub struct JoinForm {
    #[serde(default)]
    name: String,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
}

#[derive(Template)]
#[template(path = "accounts/join.html")]
struct JoinPage {
    frame: RecipientFrame,
    csrf: String,
    errors: FormErrors,
    joins: bool,
    workspace: String,
    inviter: String,
    email: String,
    role: &'static str,
    may: &'static str,
    until: When,
    name: String,
    /// What members call the provider, when it is the only way in.
    only: Option<String>,
    with_url: String,
}

impl JoinPage {
    async fn new(request: &HttpRequest, app: &App, link: &OpenAccountLink) -> AppResult<Self> {
        let workspace = link.workspace.id.clone();
        let only = app.db.read(move |conn| Ok(sign_in_provider::passwords_off(conn, &workspace)?)).await?;
        Ok(Self {
            frame: RecipientFrame::new(&link.workspace.name, &link.workspace.accent, &app.config.server.base_url),
            csrf: csrf::token(request, app).map(|token| token.text).unwrap_or_default(),
            errors: FormErrors::default(),
            joins: link.row.purpose == Purpose::Join,
            workspace: link.workspace.name.clone(),
            inviter: link.inviter.as_ref().map(|member| member.name.clone()).unwrap_or_default(),
            email: link.row.email.clone(),
            role: link.row.role.words(),
            may: link.row.role.means(),
            until: link.row.expires_at.into(),
            name: String::new(),
            only: only.filter(|_| link.row.purpose == Purpose::Join),
            with_url: urls::sign_in_with(&link.workspace.slug),
        })
    }
}

/// `GET /join/{token}`
pub async fn show(request: HttpRequest, app: web::Data<App>, link: OpenAccountLink) -> PageResult {
    page(&JoinPage::new(&request, &app, &link).await?)
}

/// `POST /join/{token}`
pub async fn accept(
    request: HttpRequest,
    app: web::Data<App>,
    sent: FormBehind<OpenAccountLink, JoinForm>,
) -> PageResult {
    let FormBehind { guard: link, form } = sent;
    let mut view = JoinPage::new(&request, &app, &link).await?;
    if view.joins {
        view.name = view.errors.name("name", "Your name", &form.value.name);
    }
    view.errors.new_password("password", "Password", &form.value.password);
    if !view.errors.is_empty() {
        return unprocessable(&view);
    }
    let hash = passwords::hash(&app, form.value.password).await?;
    if view.joins {
        join(&request, &app, link, view.name, hash).await
    } else {
        choose(&request, &app, link, hash).await
    }
}

async fn join(request: &HttpRequest, app: &App, link: OpenAccountLink, name: String, hash: String) -> PageResult {
    let browser = browser(request, app);
    let joined = app.write(move |tx| invitations::accept(tx, &link, (&name, &hash), &browser));
    match joined.await? {
        Some(token) => signed_in(app, &token, Flash::Joined),
        None => Err(closed_meanwhile(request, app).await?),
    }
}

async fn choose(request: &HttpRequest, app: &App, link: OpenAccountLink, hash: String) -> PageResult {
    if app.write(move |tx| resets::choose(tx, &link, &hash)).await? {
        Ok(see_other_with(&app.config.server.base_url, urls::SIGN_IN, Flash::PasswordChosen))
    } else {
        Err(closed_meanwhile(request, app).await?)
    }
}

/// The reason why the link, open a moment ago, is not any more.
async fn closed_meanwhile(
    request: &HttpRequest,
    app: &App,
) -> Result<crate::platform::web::page::PageError, crate::platform::web::page::PageError> {
    Ok(links::closed_page(app, &links::find_by_path(request, app).await?))
}
