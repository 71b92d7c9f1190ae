//! `/settings/account`: the member's own name, password and sessions. Every role may change these.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::fields::{FormErrors, NoFields, secret};
use super::guard::SignedIn;
use super::members::{self, PasswordChange};
use super::sessions::{self, SessionRow, device_in_words};
use super::views::MomentView;
use super::{identities, memberships, passwords, store};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::SessionId;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::{known_browser, urls};

/// What the profile form sends.
#[derive(Deserialize)]
pub struct ProfileForm {
    name: String,
}

/// What the password form sends.
#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(deserialize_with = "secret")]
    current_password: SecretString,
    #[serde(deserialize_with = "secret")]
    new_password: SecretString,
}

struct SessionView {
    device: String,
    begun: MomentView,
    seen: MomentView,
    this_one: bool,
    end_url: String,
}

#[derive(Template)]
#[template(path = "accounts/settings/account.html")]
struct AccountPage {
    frame: OwnerFrame,
    tab: &'static str,
    errors: FormErrors,
    name: String,
    email: String,
    /// What members call the provider, when passwords open nothing they are a member of.
    only: Option<String>,
    sessions: Vec<SessionView>,
}

/// `GET /settings/account`
pub async fn show(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    page(&account_page(&request, &app, &member).await?)
}

async fn account_page(request: &HttpRequest, app: &App, member: &SignedIn) -> AppResult<AccountPage> {
    let (reach, now) = (member.reach.clone(), app.clock.now());
    let found = app
        .db
        .read(move |conn| Ok((sessions::list(conn, &reach, now)?, memberships::list(conn, &reach.identity, None)?)));
    let (rows, memberships) = found.await?;
    let here = memberships.iter().find(|one| one.member_id == member.member_id);
    let only = here.filter(|_| memberships.iter().all(|one| one.only_provider().is_some()));
    let only = only.and_then(|one| one.only_provider()).map(str::to_owned);
    Ok(AccountPage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_ACCOUNT,
        errors: FormErrors::default(),
        name: member.member_name.clone(),
        email: member.member_email.clone(),
        only,
        sessions: rows.into_iter().map(|row| session_view(row, &member.session_id)).collect(),
    })
}

fn session_view(row: SessionRow, current: &SessionId) -> SessionView {
    SessionView {
        this_one: &row.id == current,
        device: device_in_words(&row.user_agent),
        begun: row.created_at.into(),
        seen: row.last_seen_at.into(),
        end_url: urls::session_end(&row.id),
    }
}

/// `POST /settings/account`
pub async fn save_profile(
    request: HttpRequest,
    app: web::Data<App>,
    member: SignedIn,
    form: CsrfForm<ProfileForm>,
) -> PageResult {
    let mut errors = FormErrors::default();
    let name = errors.name("name", "Your name", &form.value.name);
    if form.is_review || !errors.is_empty() {
        let view = account_page(&request, &app, &member).await?;
        return unprocessable(&AccountPage { errors, name: form.value.name, ..view });
    }
    let (workspace, id) = (member.workspace_id.clone(), member.member_id.clone());
    app.db.write(move |conn| store::set_name(conn, &workspace, &id, &name)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ACCOUNT, Flash::ProfileSaved))
}

/// `POST /settings/account/password`
pub async fn change_password(
    request: HttpRequest,
    app: web::Data<App>,
    member: SignedIn,
    form: CsrfForm<PasswordForm>,
) -> PageResult {
    let mut errors = FormErrors::default();
    if form.value.current_password.expose_secret().is_empty() {
        errors.add("current_password", "Enter your current password");
    }
    errors.new_password("new_password", "New password", &form.value.new_password);
    if errors.is_empty() && !replace_password(&request, &app, &member, form.value).await? {
        errors.add("current_password", "Current password is not right");
    }
    if !errors.is_empty() {
        let view = account_page(&request, &app, &member).await?;
        return unprocessable(&AccountPage { errors, ..view });
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ACCOUNT, Flash::PasswordChanged))
}

/// Sets the new password; `false` when the current one is not right.
async fn replace_password(request: &HttpRequest, app: &App, member: &SignedIn, form: PasswordForm) -> AppResult<bool> {
    let attempt = app.begin_own_try(&member.session_id).await?;
    let id = member.identity_id.clone();
    let stored = app.db.read(move |conn| Ok(identities::find(conn, &id)?)).await?;
    let old = stored.ok_or(AppError::NotFound)?.password_hash;
    let judged = passwords::verify(app, form.current_password, Some(old.clone())).await;
    if app.settle_try(attempt, judged.map(|fits| fits.then_some(()))).await?.is_none() {
        return Ok(false);
    }
    known_browser::remember(request, app, &member.member_email);
    let new = passwords::hash(app, form.new_password).await?;
    let who = member.acting();
    let identity = member.identity_id.clone();
    let change = PasswordChange { identity, old_hash: old, new_hash: new, keep: member.session_id.clone() };
    app.write(move |tx| members::change_password(tx, &who, &change)).await
}

/// `POST /settings/account/sessions/{id}/end`
pub async fn end_session(
    app: web::Data<App>,
    member: SignedIn,
    id: web::Path<String>,
    _form: CsrfForm<NoFields>,
) -> PageResult {
    let (reach, id) = (member.reach.clone(), SessionId::from_text(&id));
    let ended = app.db.write(move |conn| Ok(sessions::end(conn, &reach, &id)?)).await?;
    if !ended {
        return Err(AppError::NotFound.into());
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ACCOUNT, Flash::SessionEnded))
}

/// `POST /settings/account/other-sessions/end`
pub async fn end_other_sessions(app: web::Data<App>, member: SignedIn, _form: CsrfForm<NoFields>) -> PageResult {
    let (reach, keep) = (member.reach.clone(), member.session_id.clone());
    app.db.write(move |conn| Ok(sessions::end_others(conn, &reach, &keep)?)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ACCOUNT, Flash::SessionsEnded))
}
