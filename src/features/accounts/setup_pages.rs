//! `/setup`: the first workspace and its owner, once.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use super::fields::{FormErrors, query_value, secret};
use super::first_run::{self, NewOwner, create_workspace_with_owner, first_run_code};
use super::guard::{browser, session_cookie};
use super::passwords;
use super::sessions::{Browser, SignInProof};
use super::views::visitor_csrf;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::slowed_tries::TryKind;
use crate::platform::web::{known_browser, urls};

/// What the form sends.
#[derive(Deserialize)]
pub struct SetupForm {
    code: String,
    workspace: String,
    name: String,
    email: String,
    #[serde(deserialize_with = "secret")]
    password: SecretString,
}

#[derive(Template)]
#[template(path = "accounts/setup.html")]
struct SetupPage {
    host: String,
    csrf: String,
    errors: FormErrors,
    code: String,
    workspace: String,
    name: String,
    email: String,
}

/// `GET /setup`
pub async fn show(request: HttpRequest, app: web::Data<App>) -> PageResult {
    first_run_code(&app).await?.ok_or(AppError::NotFound)?;
    let code = query_value(&request, "code").unwrap_or_default();
    page(&SetupPage {
        host: app.config.server.base_url.host(),
        csrf: visitor_csrf(&request, &app),
        errors: FormErrors::default(),
        code,
        workspace: String::new(),
        name: String::new(),
        email: String::new(),
    })
}

/// `POST /setup`
pub async fn create(request: HttpRequest, app: web::Data<App>, form: CsrfForm<SetupForm>) -> PageResult {
    let attempt = app.begin_try(&request, TryKind::SetupCode, "").await?;
    let code = first_run_code(&app).await?.ok_or(AppError::NotFound)?;
    let mut view = SetupPage {
        host: app.config.server.base_url.host(),
        csrf: visitor_csrf(&request, &app),
        errors: FormErrors::default(),
        code: form.value.code,
        workspace: form.value.workspace,
        name: form.value.name,
        email: form.value.email,
    };
    check(&mut view, &form.value.password, &code);
    if !view.errors.is_empty() {
        return unprocessable(&view);
    }
    app.try_was_right(attempt).await?;
    let password_hash = passwords::hash(&app, form.value.password).await?;
    known_browser::remember(&request, &app, &view.email);
    let token = claim(&app, view, password_hash, browser(&request, &app)).await?;
    signed_in(&app, &token, Flash::WorkspaceMade)
}

fn check(view: &mut SetupPage, password: &SecretString, code: &str) {
    if view.code.trim().is_empty() {
        view.errors.add("code", "Enter the setup code. It is printed in the server's log when it starts.");
    } else if !first_run::is_code(&view.code, code) {
        view.errors.add("code", "Setup code does not match. It is printed in the server's log when it starts.");
    }
    view.workspace = view.errors.name("workspace", "Workspace name", &view.workspace);
    view.name = view.errors.name("name", "Your name", &view.name);
    view.email = view.errors.email("email", &view.email);
    view.errors.new_password("password", "Password", password);
}

/// Makes the workspace unless another request was faster, and begins the owner's session.
async fn claim(app: &App, view: SetupPage, password_hash: String, browser: Browser) -> AppResult<PlainToken> {
    app.write(move |tx| {
        if !first_run::claim(tx.conn)? {
            return Err(AppError::Conflict(
                "The setup was finished a moment ago. Sign in with the account that was made there.",
            ));
        }
        let new = NewOwner { workspace_name: view.workspace, name: view.name, email: view.email, password_hash };
        let made = create_workspace_with_owner(tx, &new)?;
        Ok(browser.sign_in(tx, &made.id, &made.owner, SignInProof::Password)?)
    })
    .await
}

/// Home, signed in, with a message.
pub(super) fn signed_in(app: &App, token: &PlainToken, flash: Flash) -> PageResult {
    let mut answer: HttpResponse = see_other_with(&app.config.server.base_url, urls::HOME, flash);
    answer.add_cookie(&session_cookie(app, token)).map_err(AppError::internal)?;
    Ok(answer)
}
