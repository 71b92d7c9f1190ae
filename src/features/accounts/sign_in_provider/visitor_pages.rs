//! `/sign-in/with/{workspace}`: to the workspace's own provider and back.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::super::fields::query_value;
use super::super::guard::{SignedIn, browser, session_cookie};
use super::super::sign_in_pages::local_path;
use super::super::store as workspaces;
use super::super::views::visitor_csrf;
use super::admit::{self, Admitted, Arrival};
use super::protocol::Stop;
use super::refusal::Refusal;
use super::store::Attempt;
use super::way::{self, Answer, Leaving, Returned};
use super::{ATTEMPT_LIFETIME, Provider, store};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::features::accounts::WorkspaceCard;
use crate::platform::app::App;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::cookies::{self, CookieKind};
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageError, PageResult, page, page_with, see_other};
use crate::platform::web::urls;

/// What the button sends.
#[derive(Deserialize)]
pub struct LeaveForm {
    #[serde(default)]
    next: String,
}

/// The page of one workspace, which members can keep as a bookmark.
#[derive(Template)]
#[template(path = "accounts/sign_in_with.html")]
struct WithPage {
    host: String,
    csrf: String,
    workspace: String,
    label: String,
    action: String,
    next: String,
    takes_passwords: bool,
}

/// Sends the browser on. A redirect would be held up by the content security policy, because a form led here.
#[derive(Template)]
#[template(path = "accounts/leaving.html")]
struct LeavingPage {
    host: String,
    label: String,
    url: String,
    to: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in_refused.html")]
struct RefusedPage {
    host: String,
    refusal: Refusal,
    detail: &'static str,
    again: String,
    /// An owner who tests goes back to the settings.
    is_test: bool,
}

impl RefusedPage {
    fn answer(&self) -> PageResult {
        let status = match self.refusal {
            Refusal::Lost | Refusal::OtherBrowser | Refusal::Changed | Refusal::OtherIssuer => StatusCode::BAD_REQUEST,
            refusal if refusal.is_theirs() => StatusCode::BAD_GATEWAY,
            _ => StatusCode::FORBIDDEN,
        };
        page_with(status, self)
    }
}

fn refused(app: &App, slug: &str, is_test: bool, stop: Stop) -> PageResult {
    tracing::info!(reason = ?stop.refusal, detail = stop.detail, "a sign-in through a provider was refused");
    let host = app.config.server.base_url.host();
    let (refusal, detail) = (stop.refusal, if is_test { stop.detail } else { "" });
    RefusedPage { host, refusal, detail, again: urls::sign_in_with(slug), is_test }.answer()
}

/// The workspace of that name in addresses, with its provider.
async fn find(app: &App, slug: &str) -> AppResult<(WorkspaceCard, Provider)> {
    let slug = slug.to_owned();
    let found = app.db.read(move |conn| {
        let Some(workspace) = workspaces::find_workspace_by_slug(conn, &slug)? else { return Ok(None) };
        Ok(store::find(conn, &workspace.id)?.map(|provider| (workspace, provider)))
    });
    found.await?.ok_or(AppError::NotFound)
}

/// `GET /sign-in/with/{workspace}`
pub async fn show(
    request: HttpRequest,
    app: web::Data<App>,
    member: Result<SignedIn, PageError>,
    slug: web::Path<String>,
) -> PageResult {
    let (workspace, provider) = find(&app, &slug).await?;
    if provider.tested_at.is_none() {
        return Err(AppError::NotFound.into());
    }
    let next = local_path(&query_value(&request, "next").unwrap_or_default()).to_owned();
    if member.is_ok_and(|member| member.workspace_id == workspace.id) {
        return Ok(see_other(&next));
    }
    page(&WithPage {
        host: app.config.server.base_url.host(),
        csrf: visitor_csrf(&request, &app),
        workspace: workspace.name,
        label: provider.label,
        action: urls::sign_in_with(&slug),
        next,
        takes_passwords: provider.passwords_off_at.is_none(),
    })
}

/// `POST /sign-in/with/{workspace}`
pub async fn leave(
    request: HttpRequest,
    app: web::Data<App>,
    slug: web::Path<String>,
    form: CsrfForm<LeaveForm>,
) -> PageResult {
    app.limits.submit(client_ip(&request, &app.config.server.trusted_proxies))?;
    let (_, provider) = find(&app, &slug).await?;
    if provider.tested_at.is_none() {
        return Err(AppError::NotFound.into());
    }
    let wanted = local_path(&form.value.next).to_owned();
    send_off(&request, &app, &slug, &provider, None, wanted).await
}

/// `POST /settings/sign-in/test`: an owner goes the way everybody will go.
pub async fn test(
    request: HttpRequest,
    app: web::Data<App>,
    owner: crate::features::accounts::guard::OwnerOnly,
    _form: CsrfForm<crate::features::accounts::fields::NoFields>,
) -> PageResult {
    let (_, provider) = find(&app, &owner.workspace_slug).await?;
    let tester = Some(owner.member_id.clone());
    send_off(&request, &app, &owner.workspace_slug, &provider, tester, urls::SETTINGS_SIGN_IN.to_owned()).await
}

async fn send_off(
    request: &HttpRequest,
    app: &App,
    slug: &str,
    provider: &Provider,
    tester: Option<crate::base::ids::MemberId>,
    wanted: String,
) -> PageResult {
    let base_url = &app.config.server.base_url;
    let known = CookieKind::MemberSignIn.read(request, base_url);
    let binding = known.map_or_else(|| PlainToken::new(&app.rng, ""), |text| PlainToken::presented(&text));
    let is_test = tester.is_some();
    let leaving = Leaving { provider, slug, browser: binding.hash(), tester, wanted };
    let url = match way::leave(app, leaving).await? {
        Ok(url) => url,
        Err(stop) => return refused(app, slug, is_test, stop),
    };
    let to = url::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let mut answer = page(&LeavingPage { host: base_url.host(), label: provider.label.clone(), url, to })?;
    let cookie = CookieKind::MemberSignIn.write(base_url, binding.expose(), Some(ATTEMPT_LIFETIME.whole_seconds()));
    answer.add_cookie(&cookie).map_err(AppError::internal)?;
    Ok(answer)
}

/// `GET /sign-in/with/{workspace}/callback`: the provider sends people back here. HEAD never uses a state up.
pub async fn callback(
    request: HttpRequest,
    app: web::Data<App>,
    member: Result<SignedIn, PageError>,
    slug: web::Path<String>,
) -> PageResult {
    app.limits.open(client_ip(&request, &app.config.server.trusted_proxies))?;
    let (workspace, _) = find(&app, &slug).await?;
    let answer = web::Query::<Answer>::from_query(request.query_string()).map(web::Query::into_inner);
    let answer = answer.ok().filter(|_| request.method() == Method::GET).unwrap_or_default();
    let binding = CookieKind::MemberSignIn.read(&request, &app.config.server.base_url);
    let binding: Option<TokenHash> = binding.map(|text| PlainToken::presented(&text).hash());
    let (attempt, provider) = match way::take(&app, &workspace.id, &answer, binding).await? {
        Ok(found) => found,
        Err(refusal) => return refused(&app, &slug, false, refusal.into()),
    };
    let is_test = attempt.tester.is_some();
    match way::come_back(&app, &slug, &attempt, &provider, &answer).await {
        Err(stop) => refused(&app, &slug, is_test, stop),
        Ok(returned) if is_test => finish_test(&app, &slug, member.ok(), &attempt, &provider, returned).await,
        Ok(returned) => finish(&request, &app, &slug, &attempt, &provider, returned).await,
    }
}

async fn finish(
    request: &HttpRequest,
    app: &App,
    slug: &str,
    attempt: &Attempt,
    provider: &Provider,
    returned: Returned,
) -> PageResult {
    let (browser, workspace) = (browser(request, app), provider.workspace_id.clone());
    let admitted = app.write(move |tx| {
        let arrival = Arrival { workspace: &workspace, revision: &returned.revision, identity: &returned.identity };
        admit::admit(tx, &arrival, &browser)
    });
    let Admitted { token, is_new } = match admitted.await? {
        Ok(admitted) => admitted,
        Err(refusal) => return refused(app, slug, false, refusal.into()),
    };
    let base_url = &app.config.server.base_url;
    cookies::later(request, CookieKind::MemberSignIn.remove(base_url));
    let mut answer: HttpResponse =
        if is_new { see_other_with(base_url, &attempt.wanted, Flash::Joined) } else { see_other(&attempt.wanted) };
    answer.add_cookie(&session_cookie(app, &token)).map_err(AppError::internal)?;
    Ok(answer)
}

async fn finish_test(
    app: &App,
    slug: &str,
    member: Option<SignedIn>,
    attempt: &Attempt,
    provider: &Provider,
    returned: Returned,
) -> PageResult {
    let Some(owner) = member.filter(|member| Some(&member.member_id) == attempt.tester.as_ref()) else {
        return refused(app, slug, false, Refusal::OtherTester.into());
    };
    let (who, workspace) = (owner.acting(), provider.workspace_id.clone());
    let passed = app.write(move |tx| {
        let arrival = Arrival { workspace: &workspace, revision: &returned.revision, identity: &returned.identity };
        admit::pass_test(tx, &arrival, &who)
    });
    match passed.await? {
        Ok(()) => Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_SIGN_IN, Flash::SignInTested)),
        Err(refusal) => refused(app, slug, true, refusal.into()),
    }
}
